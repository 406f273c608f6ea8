from __future__ import annotations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation import metrics, resampling
from nver.evaluation.intervals import over_speakers


def guesses(seed: int, n_clips: int = 240, n_classes: int = 4):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n_clips)
    guess = np.where(rng.random(n_clips) < 0.5, truth, rng.integers(0, n_classes, n_clips))
    return truth, guess, [f"s{i % 12}" for i in range(n_clips)]


@pytest.mark.parametrize("seed", range(4))
def test_figures_of_a_matrix_are_those_of_the_clips(seed):
    truth, guess, _ = guesses(seed, n_clips=9, n_classes=5)  # some classes have no clip
    counts = metrics.confusion_matrix(truth, guess, n_classes=5)
    assert resampling.accuracy(counts) == pytest.approx(metrics.accuracy(truth, guess))
    assert resampling.macro_f1(counts) == pytest.approx(metrics.macro_f1(truth, guess, n_classes=5))
    absent = metrics.unweighted_average_recall(truth, guess, n_classes=5, absent="leave out")
    assert resampling.uar(counts) == pytest.approx(absent)


def test_an_interval_of_drawn_matrices_is_that_of_drawn_speakers():
    truth, guess, speakers = guesses(1)
    drawn = resampling.confusions(truth, guess, n_classes=4, speakers=speakers, n_draws=4000)
    slow = over_speakers(lambda rows: metrics.accuracy(truth[rows], guess[rows]), speakers, n_draws=4000)
    fast = np.quantile(resampling.accuracy(drawn), [0.025, 0.975])
    assert fast == pytest.approx((slow.low, slow.high), abs=0.01)  # of 4,000 draws each


def test_clips_are_drawn_where_a_speaker_is_unknown():
    truth, guess, speakers = guesses(2)
    drawn = resampling.confusions(truth, guess, n_classes=4, speakers=[None, *speakers[1:]], n_draws=2000)
    assert (drawn.sum(axis=(1, 2)) == len(truth)).all()
    spread = resampling.accuracy(drawn).std()
    share = metrics.accuracy(truth, guess)
    assert spread == pytest.approx(np.sqrt(share * (1 - share) / len(truth)), rel=0.1)


def test_a_single_clip_cannot_vary_and_clips_without_speakers_are_refused():
    one = np.array([0])
    assert resampling.confusions(one, one, n_classes=2, speakers=["ann"]) is None
    with pytest.raises(MetricError, match="1 clips came with 0 speakers"):
        resampling.confusions(one, one, n_classes=2, speakers=[])
