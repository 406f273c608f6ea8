from __future__ import annotations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation import metrics
from nver.evaluation.repetitions import Repetitions


def test_scores_are_the_means_of_those_of_each_repetition_whatever_rows_are_drawn():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 40)
    guesses = [rng.integers(0, 4, 40) for _ in range(3)]
    many = Repetitions(truth, guesses, n_classes=4)
    for rows in (np.arange(40), rng.integers(0, 40, 40), np.array([3, 3, 7])):
        found = [metrics.accuracy(truth[rows], guess[rows]) for guess in guesses]
        assert many.accuracy(rows) == pytest.approx(np.mean(found), abs=1e-12)
        found = [metrics.macro_f1(truth[rows], guess[rows], n_classes=4) for guess in guesses]
        assert many.macro_f1(rows) == pytest.approx(np.mean(found), abs=1e-12)


def test_guesses_out_of_step_with_the_truth_are_refused():
    with pytest.raises(MetricError, match=r"^truth of shape \(3,\) came with guesses of shapes \[\(2,\)\]"):
        Repetitions(np.zeros(3, int), [np.zeros(2, int)], n_classes=2)
    with pytest.raises(MetricError, match=r"expected one a clip, and one array or more$"):
        Repetitions(np.zeros(3, int), [], n_classes=2)
