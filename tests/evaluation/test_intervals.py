from __future__ import annotations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation.intervals import over_speakers


def clips(seed: int, *, n_speakers: int = 40, per_speaker: int = 30, spread: float = 1.0):
    """Values of clips that are a speaker's own mean and a little noise, and who is heard in each."""
    rng = np.random.default_rng(seed)
    values = np.repeat(spread * rng.normal(size=n_speakers), per_speaker)
    values += 0.1 * rng.normal(size=len(values))
    return values, [f"s{i}" for i in range(n_speakers) for _ in range(per_speaker)]


def test_the_true_mean_is_inside_about_as_often_as_the_level_says():
    inside = 0
    for seed in range(200):
        values, speakers = clips(seed)
        found = over_speakers(lambda rows, v=values: v[rows].mean(), speakers, n_draws=200, seed=seed)
        inside += found.low <= 0 <= found.high
    assert 0.88 < inside / 200 <= 0.99


def test_drawing_clips_as_if_they_were_speakers_is_far_too_sure():
    values, speakers = clips(0)
    honest = over_speakers(lambda rows: values[rows].mean(), speakers, n_draws=300)
    naive = over_speakers(lambda rows: values[rows].mean(), [str(i) for i in range(len(values))], n_draws=300)
    assert honest.high - honest.low > 3 * (naive.high - naive.low)


def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_clips():
    values, speakers = clips(3)
    order = np.random.default_rng(0).permutation(len(values))
    first = over_speakers(lambda rows: values[rows].mean(), speakers, n_draws=50, seed=1)
    again = over_speakers(lambda rows: values[rows].mean(), speakers, n_draws=50, seed=1)
    moved = over_speakers(
        lambda rows: values[order][rows].mean(), [speakers[i] for i in order], n_draws=50, seed=1
    )
    assert first == again
    assert (moved.low, moved.high) == pytest.approx((first.low, first.high))
    assert first != over_speakers(lambda rows: values[rows].mean(), speakers, n_draws=50, seed=2)


def test_speakers_who_are_all_alike_leave_no_doubt():
    found = over_speakers(lambda rows: float(np.ones(6)[rows].mean()), list("aabbcc"), n_draws=20)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_every_draw_holds_whole_speakers():
    sizes = {"a": 1, "b": 2, "c": 4}
    speakers = [name for name, size in sizes.items() for _ in range(size)]

    def check(rows):
        counts = {name: sum(speakers[row] == name for row in rows) for name in sizes}
        assert all(counts[name] % size == 0 for name, size in sizes.items())
        assert sum(counts[name] // size for name, size in sizes.items()) == 3
        return 0.0

    over_speakers(check, speakers, n_draws=50)


def test_undefined_draws_are_left_out_and_a_figure_that_never_is_defined_is_refused():
    nan_without_a = np.array([1.0, np.nan])
    found = over_speakers(lambda rows: float(nan_without_a[rows].mean()), ["a", "b"], n_draws=40, level=0.9)
    assert (found.low, found.high) == (1.0, 1.0)
    with pytest.raises(MetricError, match="undefined for every draw"):
        over_speakers(lambda rows: float("nan"), ["a", "b"], n_draws=5)


@pytest.mark.parametrize(
    ("speakers", "level", "message"),
    [(["a", "a"], 0.95, "two speakers or more, got 1"), (["a", "b"], 1.0, "level=1.0: expected a share")],
)
def test_what_has_no_interval_is_refused(speakers, level, message):
    with pytest.raises(MetricError, match=message):
        over_speakers(lambda rows: 0.0, speakers, level=level)
