from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.errors import MetricError
from nver.evaluation.selective import risk_coverage, threshold_for


def answers(confidences, rights):
    """Probabilities of two classes with these confidences, and a truth that is guessed right where said."""
    p = np.array([[c, 1 - c] for c in confidences])
    return p, np.where(rights, 0, 1)


def test_a_curve_worked_by_hand():
    curve = risk_coverage(*answers([0.9, 0.8, 0.7, 0.6], [True, False, True, False]))
    assert curve.threshold.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert curve.excess_area == pytest.approx(curve.area - (0 + 0 + 1 / 3 + 1 / 2) / 4)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_order_of_clips_does_not_matter_and_all_clips_have_the_risk_of_all(seed):
    rng = np.random.default_rng(seed)
    p, truth = answers(rng.integers(50, 56, size=40) / 100 + 0.001, rng.random(40) < 0.6)
    order = rng.permutation(40)
    one, other = risk_coverage(p, truth), risk_coverage(p[order], truth[order])
    assert one.area == pytest.approx(other.area, abs=1e-12)
    assert one.risk.tolist() == other.risk.tolist()
    assert one.risk[-1] == pytest.approx((p.argmax(axis=1) != truth).mean())
    assert one.excess_area >= 0


def test_equally_confident_clips_have_the_area_of_a_random_order():
    curve = risk_coverage(*answers([0.8] * 10, [True] * 7 + [False] * 3))
    assert curve.coverage.tolist() == [1.0]
    assert curve.area == pytest.approx(0.3)


def test_wrong_guesses_that_are_the_least_confident_have_no_excess():
    assert risk_coverage(*answers([0.9, 0.8, 0.7], [True, True, False])).excess_area == 0


def test_a_threshold_answers_as_much_as_it_may():
    p, truth = answers([0.9, 0.8, 0.7, 0.6], [True, False, True, True])
    assert threshold_for(p, truth, accuracy=0.75) == 0.6
    assert threshold_for(p, truth, accuracy=0.8) == 0.9
    assert threshold_for(p, 1 - truth, accuracy=0.9) is None


def test_a_threshold_that_is_to_hold_for_new_clips_answers_fewer():
    rng = np.random.default_rng(0)
    confidence = 0.5 + 0.5 * rng.random(400)
    p, truth = answers(confidence, rng.random(400) < confidence)
    seen = threshold_for(p, truth, accuracy=0.8)
    sure = threshold_for(p, truth, accuracy=0.8, confidence=0.95)
    assert 0.5 <= seen < sure < 1


def test_a_threshold_holds_as_often_as_it_was_promised():
    n_kept = n_found = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        confidence = 0.5 + 0.5 * rng.random(300)
        p, truth = answers(confidence, rng.random(300) < confidence)
        threshold = threshold_for(p, truth, accuracy=0.75, confidence=0.9)
        if threshold is not None:
            n_found += 1
            n_kept += (1 + threshold) / 2 >= 0.75  # the true accuracy above a threshold
    assert n_found > 50
    assert n_kept / n_found >= 0.9


@pytest.mark.parametrize(
    ("p", "truth", "message"),
    [
        (np.ones((2, 2)), np.array([0]), "expected .n_clips, n_classes. and .n_clips,."),
        (np.ones((0, 2)), np.array([], int), "no clips to score"),
        (np.array([[np.nan, 1]]), np.array([0]), "NaN or infinite"),
    ],
)
def test_what_has_no_curve_is_refused(p, truth, message):
    with pytest.raises(MetricError, match=message):
        risk_coverage(p, truth)


def test_a_target_that_is_no_share_is_refused():
    with pytest.raises(MetricError, match=r"accuracy=1\.5"):
        threshold_for(*answers([0.9], [True]), accuracy=1.5)
