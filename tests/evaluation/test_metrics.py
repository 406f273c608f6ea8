from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from nver.errors import MetricError
from nver.evaluation import metrics

few = settings(max_examples=60, deadline=None, derandomize=True)
pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40).map(
    lambda rows: (np.array([t for t, _ in rows]), np.array([g for _, g in rows]))
)


@few
@given(pairs)
def test_every_figure_agrees_with_scikit_learn(pair):
    truth, guess = pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f1 = oracle.f1_score(truth, guess, average="macro")
        recall = oracle.balanced_accuracy_score(truth, guess)
        by_class = oracle.precision_recall_fscore_support(truth, guess, labels=range(5), zero_division=np.nan)
    assert metrics.accuracy(truth, guess) == pytest.approx(oracle.accuracy_score(truth, guess))
    assert metrics.macro_f1(truth, guess, n_classes=5) == pytest.approx(f1)
    uar = metrics.unweighted_average_recall(truth, guess, n_classes=5, absent="leave out")
    assert uar == pytest.approx(recall)
    scored = metrics.scores(truth, guess, np.zeros(len(truth), np.int64), labels="abcde")
    ours = np.array([(c.precision, c.recall, c.f1, c.support) for c in scored.per_class]).T
    np.testing.assert_allclose(ours, np.array(by_class, dtype=float))
    np.testing.assert_array_equal(scored.confusion, oracle.confusion_matrix(truth, guess, labels=range(5)))


@few
@given(pairs, st.permutations(range(5)), st.randoms(use_true_random=False))
def test_neither_the_order_of_clips_nor_the_names_of_classes_matter(pair, renamed, random):
    truth, guess = pair
    order = list(range(len(truth)))
    random.shuffle(order)
    other_truth, other_guess = np.array(renamed)[truth[order]], np.array(renamed)[guess[order]]
    assert metrics.macro_f1(other_truth, other_guess, n_classes=5) == pytest.approx(
        metrics.macro_f1(truth, guess, n_classes=5)
    )
    assert metrics.accuracy(other_truth, other_guess) == metrics.accuracy(truth, guess)


def test_the_confusion_matrix_has_true_classes_in_rows():
    counts = metrics.confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), n_classes=3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]


def test_a_class_without_clip_and_guess_counts_for_nothing_and_one_that_is_guessed_counts_as_missed():
    truth = np.array([0, 0, 1, 1])
    assert metrics.macro_f1(truth, truth, n_classes=3) == 1.0
    assert metrics.macro_f1(truth, np.array([0, 0, 1, 2]), n_classes=3) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_undefined_figures_are_nan_and_not_zero():
    scored = metrics.scores(np.array([0, 0]), np.array([0, 1]), np.array([0, 0]), labels=("a", "b", "c"))
    a, b, c = scored.per_class
    assert (a.precision, a.recall, a.support) == (1.0, 0.5, 2)
    assert b.precision == 0.0
    assert math.isnan(b.recall)
    assert b.f1 == 0.0
    assert all(math.isnan(x) for x in (c.precision, c.recall, c.f1))


def test_mean_and_spread_are_over_folds_and_pooled_is_over_clips():
    truth = np.array([0, 0, 0, 0, 1, 1])
    guess = np.array([0, 0, 0, 1, 1, 0])
    scored = metrics.scores(truth, guess, np.array([0, 0, 0, 0, 1, 1]), labels=("a", "b"))
    assert scored.accuracy.per_fold == (0.75, 0.5)
    assert scored.accuracy.mean == 0.625
    assert scored.accuracy.sd == pytest.approx(math.sqrt(2 * 0.125**2))
    assert scored.accuracy.pooled == pytest.approx(4 / 6)
    assert scored.uar.per_fold == (0.75, 0.5)
    assert scored.uar.pooled == pytest.approx((0.75 + 0.5) / 2)


def test_the_spread_of_one_fold_is_undefined():
    scored = metrics.scores(np.array([0, 1]), np.array([0, 1]), np.array([3, 3]), labels=("a", "b"))
    assert math.isnan(scored.accuracy.sd)


def test_average_recall_refuses_a_class_without_a_clip():
    with pytest.raises(MetricError, match=r"^class 1 has no clip, so that its recall is undefined"):
        metrics.unweighted_average_recall(np.array([0, 2]), np.array([0, 0]), n_classes=3)


@pytest.mark.parametrize(
    ("truth", "guess", "message"),
    [
        ([], [], "^there are no clips to score$"),
        ([0, 1], [0], r"^truth has shape \(2,\) and guess \(1,\); expected one index a clip in both$"),
        ([0, 3], [0, 0], r"^truth holds an index outside 0\.\.2$"),
        ([0, 1], [0, -1], r"^guess holds an index outside 0\.\.2$"),
    ],
)
def test_guesses_that_cannot_be_scored_are_refused(truth, guess, message):
    with pytest.raises(MetricError, match=message):
        metrics.confusion_matrix(np.array(truth, np.int64), np.array(guess, np.int64), n_classes=3)


def test_folds_out_of_step_are_refused():
    with pytest.raises(MetricError, match="expected one fold a clip"):
        metrics.scores(np.array([0, 1]), np.array([0, 1]), np.array([0]), labels=("a", "b"))
