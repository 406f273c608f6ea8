from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, top_k_accuracy_score

from nver.errors import MetricError
from nver.evaluation import calibration

few = settings(max_examples=40, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, *, n: int = 400, n_classes: int = 5, temperature: float = 1.0):
    """Logits, and classes drawn from their softmax at a temperature: calibrated there, and nowhere else."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(n, n_classes))
    truth = (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return logits, truth


@few
@given(SEEDS, st.floats(0.2, 5))
def test_logits_in_another_unit_have_the_temperature_in_that_unit(seed, unit):
    logits, truth = drawn(seed)
    expected = unit * calibration.fit_temperature(logits, truth)
    assert calibration.fit_temperature(unit * logits, truth) == pytest.approx(expected, rel=1e-9)


@few
@given(SEEDS, st.floats(0.3, 3))
def test_no_other_temperature_makes_the_truth_more_likely(seed, factor):
    logits, truth = drawn(seed, n=60)
    best = calibration.fit_temperature(logits, truth)

    def loss(temperature):
        p = calibration.softmax(logits, temperature=temperature)
        return calibration.negative_log_likelihood(p, truth)

    assert loss(best) <= loss(best * factor) + 1e-12


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_drew_the_classes_is_found_and_calibrates(temperature):
    logits, truth = drawn(0, n=20_000, temperature=temperature)
    found = calibration.fit_temperature(logits, truth)
    assert found == pytest.approx(temperature, rel=0.05)
    after = calibration.expected_calibration_error(calibration.softmax(logits, temperature=found), truth)
    assert after < 0.02  # 15 bins of 1,333 clips: 0.8 * sqrt(0.25 / 1333) = 0.011 is what chance alone gives
    if temperature != 1.0:
        assert calibration.expected_calibration_error(calibration.softmax(logits), truth) > 3 * after


@pytest.mark.parametrize(("truth", "end"), [([0, 1, 2], 0.01), ([1, 2, 0], 100.0)])
def test_without_a_minimum_the_temperature_is_the_nearest_end(truth, end):
    assert calibration.fit_temperature(np.eye(3), np.array(truth)) == end


def test_a_temperature_changes_no_guess_and_no_top_k():
    logits, truth = drawn(1)
    cold, hot = (calibration.softmax(logits, temperature=t) for t in (0.5, 4.0))
    np.testing.assert_array_equal(cold.argmax(axis=1), hot.argmax(axis=1))
    assert calibration.top_k_accuracy(cold, truth, k=2) == calibration.top_k_accuracy(hot, truth, k=2)


@few
@given(SEEDS)
def test_likelihood_and_top_k_are_those_of_scikit_learn(seed):
    logits, truth = drawn(seed, n=50)
    p, classes = calibration.softmax(logits), range(5)
    assert calibration.negative_log_likelihood(p, truth) == pytest.approx(log_loss(truth, p, labels=classes))
    for k in (1, 2, 4):
        expected = top_k_accuracy_score(truth, p, k=k, labels=classes)
        assert calibration.top_k_accuracy(p, truth, k=k) == expected


@few
@given(SEEDS)
def test_the_brier_score_is_the_squared_distance_from_the_one_hot_truth(seed):
    logits, truth = drawn(seed, n=50)
    p = calibration.softmax(logits)
    expected = ((p - np.eye(5)[truth]) ** 2).sum(axis=1).mean()
    assert calibration.brier_score(p, truth) == pytest.approx(expected)


def test_of_equal_probabilities_the_first_class_counts_as_argmax_has_it():
    p, truth = np.full((4, 4), 0.25), np.arange(4)
    assert [calibration.top_k_accuracy(p, truth, k=k) for k in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]
    assert calibration.top_k_accuracy(p, truth, k=1) == (p.argmax(axis=1) == truth).mean()


@few
@given(SEEDS, st.integers(1, 20))
def test_bins_hold_every_clip_once_in_rising_confidence_and_about_equal_numbers(seed, n_bins):
    logits, truth = drawn(seed, n=200)
    p = calibration.softmax(logits)
    found = calibration.reliability(p, truth, n_bins=n_bins)
    assert found.n_clips.sum() == 200
    assert len(found.n_clips) == n_bins
    assert found.n_clips.max() - found.n_clips.min() <= 1
    assert (np.diff(found.confidence) > 0).all()
    share_right = (p.argmax(axis=1) == truth).mean()
    assert (found.n_clips * found.accuracy).sum() / 200 == pytest.approx(share_right)
    assert (found.n_clips * found.confidence).sum() / 200 == pytest.approx(p.max(axis=1).mean())


@few
@given(SEEDS)
def test_the_order_of_clips_does_not_matter_even_where_confidences_are_equal(seed):
    rng = np.random.default_rng(seed)
    p = calibration.softmax(rng.integers(0, 3, size=(60, 3)).astype(float))
    truth = rng.integers(0, 3, 60)
    order = rng.permutation(60)
    before, after = (
        calibration.expected_calibration_error(p[rows], truth[rows], n_bins=7)
        for rows in (np.arange(60), order)
    )
    assert before == pytest.approx(after, abs=1e-12)


def test_one_confidence_is_one_bin():
    found = calibration.reliability(np.tile([0.6, 0.4], (10, 1)), np.array([0] * 9 + [1]), n_bins=5)
    assert (found.n_clips.tolist(), found.accuracy.tolist()) == ([10], [0.9])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: calibration.brier_score(np.ones((2, 2)), np.array([0])),
            "truth of shape (1,)",
        ),
        (lambda: calibration.brier_score(np.ones((0, 2)), np.array([], int)), "there are no clips to score"),
        (lambda: calibration.brier_score(np.ones((1, 2)), np.array([2])), "an index outside 0..1"),
        (lambda: calibration.fit_temperature([[np.nan, 0]], np.array([0])), "NaN or infinite"),
        (lambda: calibration.top_k_accuracy(np.ones((1, 2)), np.array([0]), k=3), "k=3: expected 1 to 2"),
        (lambda: calibration.reliability(np.ones((1, 2)), np.array([0]), n_bins=0), "n_bins=0: expected 1"),
        (lambda: calibration.softmax([[0.0]], temperature=0), "a temperature is above 0, got 0"),
    ],
)
def test_what_cannot_be_scored_is_refused(call, message):
    with pytest.raises(MetricError, match=re.escape(message)):
        call()
