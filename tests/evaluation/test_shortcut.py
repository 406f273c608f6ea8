from __future__ import annotations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation import shortcut
from nver.evaluation.folds import by_speaker
from nver.evaluation.sides import both_sides


def studied(*, tell: float, seed: int = 0):
    """360 clips of twelve speakers in three classes; a clip's first number tells its class so clearly."""
    rng = np.random.default_rng(seed)
    truth = np.arange(360) % 3
    speakers = [f"s{i // 30:02}" for i in range(360)]
    features = rng.normal(size=(360, 4)) + tell * truth[:, None] * np.array([1, 0, 0, 0])
    folds = by_speaker(truth, speakers, class_names=["a", "b", "c"], n_folds=4, seed=0)
    return features, truth, speakers, folds


@pytest.fixture(autouse=True)
def _a_small_forest(monkeypatch):
    monkeypatch.setattr(shortcut, "N_TREES", 8)


def reached(**study):
    features, truth, speakers, folds = studied(**study)
    guess = shortcut.guesses(features, truth, folds, seed=0)
    return shortcut.score(truth, guess, n_classes=3, speakers=speakers)


def test_numbers_that_tell_the_class_are_found_out():
    found = reached(tell=3.0)
    assert found.uar > 0.8
    assert found.uar_low > 1 / 3
    assert found.majority == pytest.approx(1 / 3)


def test_numbers_that_tell_nothing_are_at_chance():
    lows = [reached(tell=0.0, seed=seed).uar_low for seed in range(4)]
    assert sum(low > 1 / 3 for low in lows) <= 1


def test_a_clip_that_is_tested_in_no_fold_is_not_guessed():
    features, truth, _, folds = studied(tell=1.0)
    guess = shortcut.guesses(features, truth, folds[:1], seed=0)
    assert set(np.flatnonzero(guess >= 0)) == set(folds[0].test)


def test_numbers_that_are_out_of_step_are_refused():
    _, truth, _, folds = studied(tell=1.0)
    with pytest.raises(MetricError, match="came with 360 classes"):
        shortcut.guesses(np.zeros((3, 4)), truth, folds, seed=0)


def test_no_speaker_is_on_both_sides_of_folds_by_speaker_and_half_a_group_is():
    _, truth, speakers, folds = studied(tell=1.0)
    assert both_sides(folds, speakers).size == 0
    assert both_sides(folds, ["one"] * len(truth)).tolist() == list(range(len(truth)))
    assert both_sides(folds, [None] * len(truth)).size == 0
