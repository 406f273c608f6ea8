from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.errors import MetricError
from nver.evaluation import metrics, tallies


def guesses(seed: int, *, n_clips: int = 60, n_classes: int = 4, n_speakers: int = 5):
    """Truth, guesses and speakers; the last class is often without a clip or a guess."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.5] * n_classes)
    truth, guess = rng.choice(n_classes, size=(2, n_clips), p=shares)
    speakers = np.concatenate([np.arange(n_speakers), rng.integers(n_speakers, size=n_clips - n_speakers)])
    return truth, guess, speakers


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_scores_of_summed_tallies_are_those_of_the_clips(seed):
    truth, guess, speakers = guesses(seed)
    weights = np.random.default_rng(seed).integers(0, 3, size=(7, 5)).astype(float)
    weights[0] = 1
    drawn = tallies.weighted(weights, tallies.tally(truth, guess, speakers, n_classes=4))
    for row, w in zip(drawn, weights, strict=True):
        clips = np.repeat(np.arange(len(truth)), w[speakers].astype(int))
        if not len(clips):
            continue
        t, g = truth[clips], guess[clips]
        assert tallies.accuracy(row) == pytest.approx(metrics.accuracy(t, g), abs=1e-12)
        assert tallies.macro_f1(row) == pytest.approx(metrics.macro_f1(t, g, n_classes=4), abs=1e-12)
        uar = metrics.unweighted_average_recall(t, g, n_classes=4, absent="leave out")
        assert tallies.unweighted_average_recall(row) == pytest.approx(uar, abs=1e-12)
        per_class = metrics.scores(t, g, np.zeros_like(t), labels=list("abcd")).per_class
        for name in ("precision", "recall", "f1"):
            expected = [getattr(one, name) for one in per_class]
            assert getattr(tallies, name)(row) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_clip_of_nobody_known_is_a_unit_of_its_own():
    units = tallies.units_of(["b", None, "a", "b", None], n_clips=5)
    assert units.numbers.tolist() == [1, 2, 0, 1, 3]
    assert (units.n_speakers, units.n_lone_clips, len(units)) == (2, 2, 4)
    assert units.text == "2 speakers and 2 clips whose speakers are unknown"


def test_it_is_said_over_what_intervals_are():
    assert tallies.units_of(["a", "b"], n_clips=2).text == "2 speakers"
    assert "3 clips, whose speakers are unknown" in tallies.units_of((), n_clips=3).text


@pytest.mark.parametrize(
    ("truth", "guess", "units", "message"),
    [
        ([0, 1], [0], [0, 1], "expected one index a clip"),
        ([], [], [], "no clips to score"),
        ([0, 2], [0, 1], [0, 1], r"truth holds an index outside 0\.\.1"),
        ([0, 1], [0, -1], [0, 1], r"guess holds an index outside 0\.\.1"),
    ],
)
def test_what_cannot_be_tallied_is_refused(truth, guess, units, message):
    with pytest.raises(MetricError, match=message):
        tallies.tally(*(np.array(x, np.int64) for x in (truth, guess, units)), n_classes=2)


def test_speakers_are_one_a_clip_or_none():
    with pytest.raises(MetricError, match="2 speakers came with 3 clips"):
        tallies.units_of(["a", "b"], n_clips=3)
