from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from nver.errors import MetricError
from nver.evaluation import paired, tallies
from nver.evaluation.paired import corrected_t, holm, mcnemar, permutation


def two_systems(seed: int, *, n_speakers: int, n_clips: int = 120, gain: float = 0.0):
    """Truth, guesses of two systems of which the first is better by about ``gain``, and their tallies."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n_clips)
    numbers = np.arange(n_clips) % n_speakers
    guesses = [
        np.where(rng.random(n_clips) < rate, truth, rng.integers(3, size=n_clips))
        for rate in (0.4 + gain, 0.4)
    ]
    return truth, guesses, [tallies.tally(truth, guess, numbers, n_classes=3) for guess in guesses]


def test_of_few_speakers_every_assignment_is_tried():
    truth, guesses, (a, b) = two_systems(0, n_speakers=6, gain=0.15)
    found = permutation(a, b)["macro_f1"]
    numbers = np.arange(len(truth)) % 6
    gaps = []
    for swapped in product([False, True], repeat=6):
        swap = np.array(swapped)[numbers]
        first, second = np.where(swap, guesses[1], guesses[0]), np.where(swap, guesses[0], guesses[1])
        each = [tallies.tally(truth, g, numbers, n_classes=3).sum(axis=0) for g in (first, second)]
        gaps.append(abs(tallies.macro_f1(each[0]) - tallies.macro_f1(each[1])))
    assert found.is_exact
    assert found.n_swaps == 64
    assert found.p_value == np.mean(np.array(gaps) >= gaps[0] - 1e-12)


def test_drawn_assignments_agree_with_all_of_them(monkeypatch):
    _, _, (a, b) = two_systems(1, n_speakers=12, gain=0.1)
    exact = permutation(a, b)["accuracy"]
    monkeypatch.setattr(paired, "EXACT_UP_TO", 5)
    drawn = permutation(a, b, n_swaps=20_000)["accuracy"]
    assert exact.is_exact
    assert not drawn.is_exact
    error = np.sqrt(exact.p_value / 20_000)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=4 * error)


def test_many_clips_of_nobody_known_are_swapped_as_if_one_by_one(monkeypatch):
    _, _, (a, b) = two_systems(2, n_speakers=120, gain=0.1)
    one_by_one = permutation(a, b, n_swaps=20_000)["uar"].p_value
    monkeypatch.setattr(paired, "MANY", 50)
    monkeypatch.setattr(paired, "N_SWAPS_OF_MANY", 20_000)
    together = permutation(a, b, n_swaps=20_000, seed=1)["uar"].p_value
    assert together == pytest.approx(one_by_one, abs=6 * np.sqrt(one_by_one / 20_000))


def test_a_p_value_of_drawn_assignments_is_never_zero():
    truth = np.zeros(40, np.int64)
    numbers = np.arange(40) // 2
    right, wrong = (tallies.tally(truth, truth + k, numbers, n_classes=2) for k in (0, 1))
    assert permutation(right, wrong, n_swaps=99)["accuracy"].p_value == 1 / 100


def test_which_system_comes_first_does_not_matter():
    _, _, (a, b) = two_systems(3, n_speakers=8, gain=0.1)
    assert permutation(a, b) == permutation(b, a)


def test_a_system_against_itself_is_never_better():
    _, _, (a, _) = two_systems(4, n_speakers=20)
    assert {found.p_value for found in permutation(a, a, n_swaps=50).values()} == {1.0}
    many = np.concatenate([a] * 30)  # 600 units of which no swap changes anything
    assert {found.p_value for found in permutation(many, many, n_swaps=50).values()} == {1.0}


def test_alike_speakers_are_swapped_and_not_their_clips():
    """Ten speakers, all of whose clips one system gets right: ten differences, and not two hundred."""
    truth, numbers = np.zeros(200, np.int64), np.arange(200) // 20
    better = np.where(numbers < 8, 0, 1)
    a, b = (tallies.tally(truth, guess, numbers, n_classes=2) for guess in (better, 1 - better))
    assert permutation(a, b)["accuracy"].p_value == pytest.approx(stats.binomtest(8, 10).pvalue, abs=1e-12)
    assert mcnemar(truth, better, 1 - better).p_value < 1e-10


def test_without_overlap_of_training_parts_the_corrected_test_is_students():
    gaps = np.random.default_rng(0).normal(0.01, 0.02, size=25)
    found, students = corrected_t(gaps, test_over_train=0.0), stats.ttest_1samp(gaps, 0)
    assert (found.statistic, found.p_value) == pytest.approx((students.statistic, students.pvalue))
    low, high = students.confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))


def test_overlap_of_training_parts_makes_it_less_sure():
    gaps = np.random.default_rng(0).normal(0.01, 0.02, size=25)
    assert corrected_t(gaps, test_over_train=0.25).statistic == pytest.approx(
        stats.ttest_1samp(gaps, 0).statistic / np.sqrt(1 + 25 * 0.25)
    )


@pytest.mark.parametrize(("gaps", "p_value"), [([0.0, 0.0], 1.0), ([0.1, 0.1], 0.0)])
def test_folds_that_all_differ_alike_leave_no_doubt(gaps, p_value):
    assert corrected_t(np.array(gaps), test_over_train=0.25).p_value == p_value


def test_one_fold_has_no_t_test():
    with pytest.raises(MetricError, match="two folds or more, got 1"):
        corrected_t(np.array([0.1]), test_over_train=0.2)


def test_mcnemar_counts_clips_that_one_alone_got_right():
    truth = np.zeros(10, np.int64)
    a, b = np.array([0] * 7 + [1] * 3), np.array([0] * 2 + [1] * 5 + [0] + [1] * 2)
    found = mcnemar(truth, a, b)
    assert (found.n_only_a, found.n_only_b, found.is_exact) == (5, 1, True)
    assert found.p_value == pytest.approx(stats.binomtest(1, 6).pvalue)


def test_mcnemar_of_many_clips_is_chi_square_with_edwards_correction():
    truth = np.zeros(100, np.int64)
    a, b = np.repeat([0, 1], [60, 40]), np.repeat([1, 0], [60, 40])
    found = mcnemar(truth, a, b)
    assert not found.is_exact
    assert found.p_value == pytest.approx(stats.chi2.sf((60 - 40 - 1) ** 2 / 100, df=1))


def test_equal_guesses_are_not_told_apart():
    truth = np.zeros(5, np.int64)
    assert mcnemar(truth, truth, truth).p_value == 1.0


def test_holm_multiplies_by_what_is_left():
    assert holm([0.01, 0.02, 0.03, 0.5]) == pytest.approx((0.04, 0.06, 0.06, 0.5))
    assert holm([]) == ()
