from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile
import soxr

from nver import Prediction, Recogniser, load_encoder
from nver.errors import AudioError, BundleError, ConfigError, EncoderError, TruncatedAudioError
from nver.evaluation.calibration import softmax
from nver.recogniser import recogniser as room
from nver.types import AudioFile


def test_probabilities_are_the_softmax_of_the_logits_at_the_temperature(toy, waves):
    expected = softmax(toy.logits(waves), temperature=2.0)
    for prediction, row in zip(toy.predict_many(waves), expected, strict=True):
        assert tuple(prediction.probabilities) == toy.labels == ("hum", "hiss", "shout")
        np.testing.assert_allclose(list(prediction.probabilities.values()), row, rtol=1e-12)
        assert prediction.label == toy.labels[row.argmax()]
        assert prediction.confidence == max(prediction.probabilities.values())


@pytest.mark.parametrize("n_at_once", [1, 2, 3])
def test_a_clip_is_predicted_as_if_it_were_alone(toy, waves, monkeypatch, n_at_once):
    alone = [toy.predict(wave, 16_000) for wave in waves]
    monkeypatch.setattr(room, "BATCH_CLIPS", n_at_once)
    assert list(toy.predict_many(waves)) == alone
    assert list(toy.predict_many(reversed(waves))) == alone[::-1]


@pytest.mark.parametrize("workers", [None, 0, 1])
def test_files_are_predicted_as_their_samples_are(toy, waves, files, workers):
    assert list(toy.predict_files(files, workers=workers)) == list(toy.predict_many(waves))
    assert list(toy.predict_files(map(str, files))) == list(toy.predict_many(waves))
    assert list(toy.predict_files([])) == []


def test_a_file_that_cannot_be_read_is_an_error_in_its_place(toy, waves, files):
    files[1].write_bytes(files[1].read_bytes()[:-100])
    files[3].unlink()
    found = list(toy.predict_files(files))
    assert [type(outcome) for outcome in found] == [
        *(Prediction, TruncatedAudioError, Prediction, AudioError, Prediction)
    ]
    assert str(files[3]) in str(found[3])
    assert [found[i] for i in (0, 2, 4)] == list(toy.predict_many([waves[i] for i in (0, 2, 4)]))


def test_sources_are_predicted_as_files_are_with_their_seconds(toy, waves, files):
    files[1].write_bytes(b"")
    found = list(toy.predict_sources([AudioFile(path) for path in files]))
    assert isinstance(found.pop(1), AudioError)
    assert [prediction for prediction, _ in found] == list(toy.predict_many([waves[0], *waves[2:]]))
    assert [seconds * 16_000 for _, seconds in found] == [len(wave) for wave in (waves[0], *waves[2:])]


def test_recognisers_have_one_identity_if_and_only_if_their_bundles_say_the_same(save_toy, toy_tensors):
    first = Recogniser.load(save_toy()).identity
    assert first.startswith("toy@")
    assert Recogniser.load(save_toy()).identity == first
    others = [
        Recogniser.load(save_toy(temperature=3.0)).identity,
        Recogniser.load(save_toy({"weight": toy_tensors["weight"] + 1})).identity,
    ]
    assert len({first, *others}) == 3


def test_a_wave_that_the_network_refuses_costs_no_other_clip_its_prediction(toy, waves, files):
    soundfile.write(files[2], 1000 * waves[2], 16_000, subtype="FLOAT")
    found = list(toy.predict_files(files))
    assert isinstance(found[2], EncoderError)
    assert sum(isinstance(outcome, Prediction) for outcome in found) == 4


def test_another_rate_and_two_channels_are_brought_to_16_khz_mono(toy, waves):
    at_48_khz = soxr.resample(waves[0].astype(float), 16_000, 48_000)
    stereo = np.stack([2 * at_48_khz, np.zeros_like(at_48_khz)], axis=1)
    plain, found = toy.predict(waves[0], 16_000), toy.predict(stereo, 48_000)
    assert found.label == plain.label
    assert found.confidence == pytest.approx(plain.confidence, abs=0.01)


@pytest.mark.parametrize(
    ("wave", "rate_hz", "message"),
    [
        (np.zeros(0), 16_000, "wave 0 is empty"),
        (np.array([0.0, np.nan]), 16_000, "wave 0 is not finite: sample 1 of 2"),
        (np.array([0.0, 1e300]), 16_000, "wave 0 is not finite: sample 1 of 2"),
        (np.zeros(9, np.int16), 16_000, "16-bit integers are to be divided by 32768"),
        (np.zeros((1, 2, 3)), 16_000, r"wave 0 has shape \(1, 2, 3\)"),
        (np.zeros(9), 0, "a rate of 0 Hz; expected a positive number"),
    ],
)
def test_a_wave_that_is_none_is_refused(toy, wave, rate_hz, message):
    with pytest.raises(AudioError, match=message):
        toy.predict(wave, rate_hz)


def test_a_view_sums_its_members_and_reports_what_is_outside(toy, waves):
    assert toy.views == ("loudness",)
    prediction = toy.predict(waves[0], 16_000)
    p, seen = prediction.probabilities, prediction.view("loudness")
    assert seen.outside == pytest.approx(p["hiss"])
    assert tuple(seen.probabilities) == ("quiet", "loud")
    assert seen.probabilities["loud"] == pytest.approx(p["shout"] / (p["hum"] + p["shout"]))
    assert sum(seen.probabilities.values()) == pytest.approx(1)
    assert prediction.outside == 0


def test_a_view_that_is_not_there_is_an_error_that_names_those_that_are(toy, waves):
    prediction = toy.predict(waves[0], 16_000)
    with pytest.raises(ConfigError, match="Did you mean 'loudness'"):
        prediction.view("loudnes")
    with pytest.raises(ConfigError, match="recogniser 'toy' has no view 'six'"):
        toy.require_view("six")
    with pytest.raises(ConfigError, match="It has none"):
        prediction.view("loudness").view("loudness")


def test_the_most_probable_come_first(toy, waves):
    prediction = toy.predict(waves[2], 16_000)
    best = prediction.top(2)
    assert best[0] == (prediction.label, prediction.confidence)
    assert best[0][1] >= best[1][1] == sorted(prediction.probabilities.values())[-2]
    assert len(prediction.top(9)) == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((1, 2), np.float32), r"logits of shape \(1, 2\)"),
        (np.zeros((1, 3)), "type float64; expected"),
        (np.full((1, 3), np.nan, np.float32), "NaN or infinity for finite audio"),
    ],
)
def test_a_network_that_breaks_its_promise_is_an_error(toy, waves, rows, message):
    broken = dataclasses.replace(toy, network=lambda _: rows)
    with pytest.raises(BundleError, match=message):
        broken.predict(waves[0], 16_000)


def test_a_saved_head_gives_the_logits_of_the_head_that_was_trained(trained):
    directory, corpus, table, _ = trained
    recogniser = Recogniser.load(directory)
    rows = np.stack(list(recogniser.file_logits([clip.source for clip in corpus.clips], workers=1)))
    trained_head = recogniser.network.trained
    expected = trained_head.logits([table.rows([clip.id for clip in corpus.clips])])
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_a_head_on_another_encoder_than_it_was_trained_on_is_refused(trained, monkeypatch):
    other = dataclasses.replace(load_encoder("mfcc-stats"), settings={"window": 800})
    monkeypatch.setattr("nver.recogniser.heads.load_encoder", lambda name, **options: other)
    with pytest.raises(
        BundleError, match=r"the head was trained on 'mfcc-stats' with fingerprint .* train again"
    ):
        Recogniser.load(trained[0])
