"""``NverClassifier`` keeps scikit-learn's promises where waves can, and our own."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from nver import NverClassifier
from nver.errors import AudioError, ConfigError, EncoderError

QUICK = {"head": {"kind": "fcn", "dense": (8, 8)}, "max_epochs": 3, "lr": 1e-2}


LENGTH = "waves have any length: another one than in training is no mistake"
INTEGERS = "integers are refused: 16-bit samples taken for floats would be 32,768 times too loud"
POINTS = "points in a plane are waves of two samples, in which an encoder hears too little"
NOT_FOR_WAVES = {
    "check_n_features_in": LENGTH,
    "check_n_features_in_after_fitting": LENGTH,
    "check_estimators_dtypes": INTEGERS,
    "check_classifier_data_not_an_array": INTEGERS,
    "check_classifiers_train": POINTS,
}


def expected_failures(estimator: NverClassifier) -> dict[str, str]:
    del estimator
    return NOT_FOR_WAVES


@parametrize_with_checks([NverClassifier(**QUICK)], expected_failed_checks=expected_failures)
def test_scikit_learn_finds_what_it_expects_of_a_classifier(estimator: NverClassifier, check: Any) -> None:
    check(estimator)


def hiss(rng: np.random.Generator, n: int) -> np.ndarray:
    return (0.1 * rng.normal(size=n)).astype(np.float32)


def hum(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.asarray(0.2 * np.sin(np.arange(n) / rng.uniform(15, 25)), np.float32)


@pytest.fixture(scope="module")
def clips() -> tuple[list[np.ndarray], list[str]]:
    """Twelve hisses and twelve hums of many lengths, by turns."""
    rng = np.random.default_rng(0)
    waves = [kind(rng, int(rng.integers(800, 4000))) for _ in range(12) for kind in (hiss, hum)]
    return waves, ["hiss", "hum"] * 12


@pytest.fixture(scope="module")
def fitted(clips) -> NverClassifier:
    return NverClassifier(**QUICK, random_state=0).fit(*clips)


def test_hisses_and_hums_are_told_apart_and_probabilities_sum_to_one(fitted):
    rng = np.random.default_rng(1)
    waves = [hiss(rng, 1234), hum(rng, 999), hum(rng, 5000)]
    assert fitted.predict(waves).tolist() == ["hiss", "hum", "hum"]
    probabilities = fitted.predict_proba(waves)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert fitted.classes_[probabilities.argmax(axis=1)].tolist() == ["hiss", "hum", "hum"]


def test_a_wave_has_the_same_answer_in_any_company(fitted, clips):
    waves, _ = clips
    together = fitted.predict_proba(waves)
    np.testing.assert_allclose(fitted.predict_proba(waves[::-1])[::-1], together, atol=1e-6)
    np.testing.assert_allclose(fitted.predict_proba(waves[3:4])[0], together[3], atol=1e-6)


@pytest.mark.parametrize("as_", [tuple, np.stack, lambda waves: [wave.tolist() for wave in waves]])
def test_a_rectangle_is_its_rows_however_it_comes(fitted, clips, as_):
    rows = [wave[:800] for wave in clips[0][:4]]
    ragged = fitted.predict_proba([*rows, clips[0][4]])[:4]
    np.testing.assert_allclose(fitted.predict_proba(as_(rows)), ragged, atol=1e-6)


def test_two_channels_are_their_mean(fitted, clips):
    wave = clips[0][0]
    stereo = np.stack([2 * wave, np.zeros_like(wave)], axis=1)
    np.testing.assert_allclose(fitted.predict_proba([stereo]), fitted.predict_proba([wave]), atol=1e-6)


def test_the_same_seed_gives_the_same_classifier_and_another_gives_another(fitted, clips):
    again = clone(fitted).fit(*clips).predict_proba(clips[0])
    other = clone(fitted).set_params(random_state=1).fit(*clips).predict_proba(clips[0])
    np.testing.assert_array_equal(again, fitted.predict_proba(clips[0]))
    assert np.abs(other - again).max() > 1e-3


def test_a_copy_through_a_pickle_says_the_same_and_refuses_another_encoder(fitted, clips, monkeypatch):
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    np.testing.assert_array_equal(copy.predict_proba(clips[0]), fitted.predict_proba(clips[0]))
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    monkeypatch.setattr(copy, "_fingerprints", ("f00d",))
    with pytest.raises(EncoderError, match="'logmel-stats' has other weights, settings or version here"):
        copy.predict(clips[0])


def test_it_cross_validates_as_any_classifier(clips):
    waves, labels = clips
    rows = np.stack([np.resize(wave, 1600) for wave in waves])
    model = NverClassifier(**(QUICK | {"max_epochs": 20, "monitor": "loss"}), random_state=0)
    scores = cross_val_score(model, rows, labels, cv=2)
    assert scores.min() > 0.9


def test_a_fusion_takes_two_encoders(clips):
    head = {"kind": "gated-sum", "dense": (8, 8), "filters": (2, 4), "tokens": 4}
    model = NverClassifier(["logmel-stats", "mfcc-stats"], head, max_epochs=1, random_state=0)
    assert model.fit(*clips).predict_proba(clips[0][:2]).shape == (2, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoders": "logmel-stat"}, "Did you mean 'logmel-stats'"),
        ({"head": "fnc"}, "NverClassifier: 'head' got"),
        ({"lr": -1.0}, r"'training.lr' got -1.0"),
        ({"encoders": ["logmel-stats", "mfcc-stats"]}, r"head 'fcn' takes 1 encoder\(s\), got 2"),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_an_error_at_fit(clips, changes, message):
    with pytest.raises(ConfigError, match=message):
        NverClassifier(**(QUICK | changes)).fit(*clips)


def test_waves_that_are_none_are_refused(fitted, clips):
    waves, labels = clips
    with pytest.raises(AudioError, match="16-bit integers are to be divided by 32768"):
        fitted.predict([np.zeros(9, np.int16), np.zeros(8, np.int16)])
    with pytest.raises(AudioError, match="wave 1 is not finite"):
        fitted.predict([waves[0], np.array([0.0, np.nan])])
    with pytest.raises(ValueError, match="24 waves came with 23 labels"):
        NverClassifier(**QUICK).fit(waves, labels[:-1])
    with pytest.raises(ValueError, match="all clips are of one class, 'hum'"):
        NverClassifier(**QUICK).fit(waves, ["hum"] * 24)


def test_whole_speakers_are_held_back_where_they_are_known(clips, monkeypatch):
    from nver.training import calibrated

    seen = []

    def spying(*args, speakers, **kwargs):
        rows = hold_out(*args, speakers=speakers, **kwargs)
        seen.append([{speakers[row] for row in part} for part in rows])
        return rows

    hold_out = calibrated.hold_out
    monkeypatch.setattr(calibrated, "hold_out", spying)
    NverClassifier(**QUICK).fit(*clips, speakers=[f"s{i // 4}" for i in range(24)])
    ((trained_on, held_back),) = seen
    assert held_back
    assert not trained_on & held_back
