"""Whether a system's probabilities mean what they say, and how right it is on what it is sure of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nver.differences import units_of
from nver.evaluation import calibration, intervals
from nver.evaluation.calibration import Reliability
from nver.evaluation.intervals import Interval
from nver.evaluation.metrics import Shares
from nver.evaluation.selective import RiskCoverage, risk_coverage
from nver.results import Predictions


@dataclass(frozen=True, eq=False)
class Certainty:
    """Figures of all tested clips together.

    Attributes:
        ece: Expected calibration error, in bins of equal numbers of clips; it has no interval, since a draw
            of speakers makes it larger by itself.
        brier: Mean squared distance from the truth, 0 to 2.
        nll: Negative log-likelihood in nats; infinite where a true class has probability zero.
        confidence: Mean confidence.
        reliability: The bins.
        curve: Risk by coverage.
    """

    ece: float
    brier: Interval
    nll: Interval
    confidence: float
    reliability: Reliability
    curve: RiskCoverage


def certainty_of(made: Predictions) -> Certainty:
    """The figures of saved probabilities; with a single speaker intervals are their value alone."""
    p, truth = made.probabilities.astype(np.float64), made.truth
    rows = np.arange(len(p))
    squares = (p**2).sum(axis=1) - 2 * p[rows, truth] + 1
    with np.errstate(divide="ignore"):
        losses = -np.log(p[rows, truth])
    units = units_of(made)

    def interval(values: Shares) -> Interval:
        if len(units) < 2 or not np.isfinite(values).all():
            mean = float(values.mean())
            return Interval(mean, math.nan, math.nan, intervals.LEVEL)
        return intervals.of_mean(values, units.numbers)

    return Certainty(
        ece=calibration.expected_calibration_error(p, truth),
        brier=interval(squares),
        nll=interval(losses),
        confidence=float(p.max(axis=1).mean()),
        reliability=calibration.reliability(p, truth),
        curve=risk_coverage(p, truth),
    )
