from __future__ import annotations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation import metrics
from nver.evaluation.slices import SMALL, quantile_bins, slices


def clips(seed: int = 0, n_clips: int = 300):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n_clips)
    guess = np.where(rng.random(n_clips) < 0.6, truth, rng.integers(0, 3, n_clips))
    return truth, guess, [f"s{i % 10}" for i in range(n_clips)]


def test_the_scores_of_a_slice_are_those_of_its_clips_alone():
    truth, guess, speakers = clips()
    sex = ["f" if i % 3 else None for i in range(300)]
    known, unknown = slices(truth, guess, sex, n_classes=3, speakers=speakers)
    rows = np.array([i for i in range(300) if i % 3])
    assert (known.value, known.n_clips, unknown.value, unknown.n_clips) == ("f", 200, "unknown", 100)
    assert known.accuracy.value == pytest.approx(metrics.accuracy(truth[rows], guess[rows]))
    assert known.macro_f1.value == pytest.approx(metrics.macro_f1(truth[rows], guess[rows], n_classes=3))
    assert known.accuracy.low < known.accuracy.value < known.accuracy.high


def test_intervals_draw_speakers_where_a_slice_has_several_and_clips_where_it_has_one():
    truth, guess, speakers = clips()
    by_speaker = slices(truth, guess, speakers, n_classes=3, speakers=speakers)
    assert {(one.over, one.n_speakers) for one in by_speaker} == {("clips", 1)}
    (all_of_them,) = slices(truth, guess, ["any"] * 300, n_classes=3, speakers=speakers)
    assert (all_of_them.over, all_of_them.n_speakers) == ("speakers", 10)
    (nobody,) = slices(truth, guess, ["any"] * 300, n_classes=3, speakers=[None] * 300)
    assert (nobody.over, nobody.n_speakers) == ("clips", 0)


def test_a_slice_of_few_clips_is_marked_and_one_clip_has_no_interval():
    truth, guess, speakers = clips()
    values = ["one"] + ["few"] * (SMALL - 1) + ["enough"] * SMALL + ["rest"] * (300 - 2 * SMALL)
    marked = {one.value: one for one in slices(truth, guess, values, n_classes=3, speakers=speakers)}
    assert {value for value, one in marked.items() if one.is_small} == {"one", "few"}
    assert np.isnan(marked["one"].accuracy.low)


def test_slices_keep_the_order_that_they_are_given():
    truth, guess, speakers = clips()
    values = ["long" if i % 2 else "short" for i in range(300)]
    given = slices(truth, guess, values, n_classes=3, speakers=speakers, order=["short", "middling", "long"])
    assert [one.value for one in given] == ["short", "long"]
    with pytest.raises(MetricError, match="300 clips came with 300 guesses, 3 values"):
        slices(truth, guess, ["a"] * 3, n_classes=3, speakers=speakers)


@pytest.mark.parametrize("seed", range(3))
def test_quantile_bins_hold_about_equally_many_and_are_in_order(seed):
    numbers = np.random.default_rng(seed).lognormal(size=400)
    names, order = quantile_bins(numbers)
    assert len(order) == 4
    assert {names.count(name) for name in order} <= set(range(90, 111))
    largest = [max(n for n, name in zip(numbers, names, strict=True) if name == one) for one in order]
    assert largest == sorted(largest)


def test_equal_numbers_share_a_bin():
    assert quantile_bins(np.ones(9)) == (["all"] * 9, ["all"])
    names, order = quantile_bins(np.array([1.0] * 9 + [2.0]))
    assert (names, order) == (["up to 1 s"] * 9 + ["over 1 s"], ["up to 1 s", "over 1 s"])
