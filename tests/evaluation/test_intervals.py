from __future__ import annotations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation import intervals, metrics, tallies
from nver.evaluation.intervals import of_differences, of_mean, of_scores, over_speakers


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


def tallied(seed: int, *, n_speakers: int = 9, n_clips: int = 150, n_classes: int = 3, hit_rate: float = 0.5):
    """Truth, two systems' guesses, speakers, and the tallies of both."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n_clips)
    guesses = [
        np.where(rng.random(n_clips) < hit_rate, truth, rng.integers(n_classes, size=n_clips)) for _ in "ab"
    ]
    numbers = rng.integers(n_speakers, size=n_clips)
    numbers[:n_speakers] = np.arange(n_speakers)
    return truth, guesses, numbers, [tallies.tally(truth, g, numbers, n_classes=n_classes) for g in guesses]


def figures_of(truth, guess):
    """The slow definitions."""
    return {
        "accuracy": lambda rows: metrics.accuracy(truth[rows], guess[rows]),
        "macro_f1": lambda rows: metrics.macro_f1(truth[rows], guess[rows], n_classes=3),
        "uar": lambda rows: metrics.unweighted_average_recall(
            truth[rows], guess[rows], n_classes=3, absent="leave out"
        ),
    }


def ends(interval):
    return interval.value, interval.low, interval.high


@pytest.mark.parametrize("seed", [0, 1])
def test_intervals_from_tallies_are_those_of_the_clips(seed):
    truth, (guess, other), numbers, (a, b) = tallied(seed)
    speakers = [f"s{number}" for number in numbers]
    found = of_scores(a, n_draws=60, seed=seed).scores
    gaps = of_differences(a, b, n_draws=60, seed=seed)
    of_other = figures_of(truth, other)
    for name, figure in figures_of(truth, guess).items():
        slow = over_speakers(figure, speakers, n_draws=60, seed=seed)
        assert ends(found[name]) == pytest.approx(ends(slow), abs=1e-12)
        slow = over_speakers(
            lambda rows, one=figure, two=of_other[name]: one(rows) - two(rows),
            speakers,
            n_draws=60,
            seed=seed,
        )
        assert ends(gaps[name]) == pytest.approx(ends(slow), abs=1e-12)


def test_the_interval_of_a_mean_is_that_of_the_clips():
    values, speakers = clips(1, n_speakers=6, per_speaker=5)
    numbers = np.array([int(name[1:]) for name in speakers])
    slow = over_speakers(lambda rows: values[rows].mean(), speakers, n_draws=60)
    assert ends(of_mean(values, numbers, n_draws=60)) == pytest.approx(ends(slow), abs=1e-12)


def test_a_class_that_is_never_there_has_no_interval():
    truth, guess = np.array([0, 1, 0, 1]), np.array([0, 1, 1, 1])
    found = of_scores(tallies.tally(truth, guess, np.array([0, 0, 1, 1]), n_classes=3), n_draws=50)
    assert [one[2] for one in (found.recall, found.precision, found.f1)] == [None] * 3
    assert [one.value for one in found.recall[:2]] == [0.5, 1.0]


def test_many_clips_of_nobody_known_are_drawn_as_if_one_by_one(monkeypatch):
    truth, (guess, _), _, _ = tallied(2, n_clips=400)
    each = tallies.tally(truth, guess, np.arange(400), n_classes=3)
    one_by_one = of_scores(each, n_draws=4000).scores["macro_f1"]
    monkeypatch.setattr(intervals, "MANY", 100)
    together = of_scores(each, n_draws=4000, seed=1).scores["macro_f1"]
    assert together.value == pytest.approx(one_by_one.value, abs=1e-12)
    # Both ends are quantiles of 4,000 draws, whose own error is a thirtieth of the interval.
    room = (one_by_one.high - one_by_one.low) / 15
    assert ends(together)[1:] == pytest.approx(ends(one_by_one)[1:], abs=room)


def test_few_speakers_make_an_interval_wider_than_the_middle_of_the_draws():
    _, _, _, (a, _) = tallied(3, n_speakers=5)
    drawn = tallies.accuracy(intervals.drawn_tallies(a, n_draws=1000, seed=0))
    found = of_scores(a).scores["accuracy"]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.low < low
    assert high < found.high


def test_systems_of_different_clips_have_no_difference():
    _, _, _, (a, _) = tallied(0)
    _, _, _, (other, _) = tallied(1)
    with pytest.raises(MetricError, match="tested on different clips"):
        of_differences(a, other)
