"""Saying "not sure": how wrong a system is on the clips that it answers, by how many it answers.

    c         (n_clips,) confidence: the largest probability of each clip
    coverage  share of the clips that are answered: those with a confidence of the threshold or more
    risk      share of the answered clips that are guessed wrong

Thresholds are chosen on people whom nothing was trained on and no score is reported of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation.metrics import Shares
from nver.types import Labels


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The curve, from the most confident clips alone to all of them.

    Clips of one confidence are answered together, so that the order of clips does not matter.

    Attributes:
        threshold: (n,) falling: the confidence from which on clips are answered.
        coverage: (n,) rising to 1.
        risk: (n,) of the clips that are answered.
        area: Mean risk when each of the clips in turn is the last that is answered (AURC); clips of one
            confidence share the risk that they have in a random order.
        excess_area: Above that of a system as accurate whose wrong guesses are its least confident (E-AURC).
    """

    threshold: Shares
    coverage: Shares
    risk: Shares
    area: float
    excess_area: float


def risk_coverage(probabilities: npt.ArrayLike, truth: Labels) -> RiskCoverage:
    """The risk at every coverage.

    Args:
        probabilities: (n_clips, n_classes).
        truth: (n_clips,) class indices.

    Raises:
        MetricError: There are no clips, or the shapes differ.

    Source:
        Geifman and El-Yaniv (2017), "Selective classification for deep neural networks", NeurIPS; Geifman,
        Uziel, El-Yaniv (2019), "Bias-reduced uncertainty estimation for deep neural classifiers", ICLR.

    >>> curve = risk_coverage([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.array([0, 1, 1]))
    >>> curve.coverage.round(2).tolist(), curve.risk.round(2).tolist()
    ([0.33, 0.67, 1.0], [0.0, 0.0, 0.33])
    >>> round(curve.area, 3), round(curve.excess_area, 3)
    (0.111, 0.0)
    """
    confidence, is_wrong = _answers(probabilities, truth)
    n = len(confidence)
    levels, number, n_at = np.unique(-confidence, return_inverse=True, return_counts=True)
    n_wrong_at = np.bincount(number, weights=is_wrong)
    n_answered, n_wrong = np.cumsum(n_at), np.cumsum(n_wrong_at)
    # In a random order of equals, the i-th of them is wrong as often as any of them.
    of_clip = np.repeat(np.arange(len(levels)), n_at)  # (n,) from the most confident on
    ranks = np.arange(1, n + 1)
    before = n_answered[of_clip] - n_at[of_clip]
    expected = (n_wrong - n_wrong_at)[of_clip] + (ranks - before) * (n_wrong_at / n_at)[of_clip]
    area = float((expected / ranks).mean())
    best = float((np.maximum(ranks - (n - is_wrong.sum()), 0) / ranks).mean())
    return RiskCoverage(-levels, n_answered / n, n_wrong / n_answered, area, max(0.0, area - best))


def threshold_for(
    probabilities: npt.ArrayLike, truth: Labels, *, accuracy: float, confidence: float = 0.0
) -> float | None:
    """The lowest confidence to answer at so that at least this share of the answers is right.

    Args:
        probabilities: (n_clips, n_classes) of people whom nothing was trained on, and who are not tested on.
        truth: (n_clips,) class indices.
        accuracy: Wanted of the answered clips, between 0 and 1.
        confidence: With 0 the share seen on these clips counts. Above 0 the accuracy is to hold with this
            probability for new clips like these (Clopper-Pearson, a clip a draw, over all thresholds at once
            by Bonferroni): fewer are answered.

    Returns:
        The threshold; None where no answer is right often enough.

    Raises:
        MetricError: As for ``risk_coverage``, or a share is not between 0 and 1.

    Source:
        Geifman and El-Yaniv (2017), "Selective classification for deep neural networks" (risk guarantee).

    >>> threshold_for([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.array([0, 1, 1]), accuracy=0.9)
    0.8
    """
    from scipy import stats

    if not 0 < accuracy <= 1 or not 0 <= confidence < 1:
        raise MetricError(
            f"accuracy={accuracy}, confidence={confidence}: expected shares, above 0 and below 1"
        )
    curve = risk_coverage(probabilities, truth)
    n_answered = np.rint(curve.coverage * len(np.asarray(truth)))
    worst = curve.risk
    if confidence:
        n_wrong = np.rint(curve.risk * n_answered)
        doubt = (1 - confidence) / len(worst)
        with np.errstate(invalid="ignore"):
            worst = stats.beta.ppf(1 - doubt, n_wrong + 1, n_answered - n_wrong)
        worst = np.where(n_wrong == n_answered, 1.0, worst)
    good = np.flatnonzero(worst <= 1 - accuracy + 1e-12)
    return float(curve.threshold[good[-1]]) if good.size else None


def _answers(probabilities: npt.ArrayLike, truth: Labels) -> tuple[Shares, npt.NDArray[np.bool_]]:
    p, classes = np.asarray(probabilities, np.float64), np.asarray(truth)
    if p.ndim != 2 or classes.shape != p.shape[:1]:
        raise MetricError(
            f"probabilities of shape {p.shape} came with truth of shape {classes.shape}; "
            "expected (n_clips, n_classes) and (n_clips,)"
        )
    if not len(p):
        raise MetricError("there are no clips to score")
    if not np.isfinite(p).all():
        raise MetricError("a probability is NaN or infinite")
    return p.max(axis=1), p.argmax(axis=1) != classes
