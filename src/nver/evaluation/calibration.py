"""Whether probabilities mean what they say: temperature, calibration error, proper scores.

    p  (n_clips, n_classes) probabilities, rows sum to one
    z  (n_clips, n_classes) logits: p is their softmax
    T  temperature: the softmax of z / T has the same order of classes and another spread
    c  (n_clips,) confidence: the largest probability of each clip

Arrays in, figures out. A temperature is fitted to clips that nothing was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation.metrics import Shares
from nver.types import Labels

TEMPERATURES = (0.01, 100.0)
"""What a fitted temperature lies between."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Clips gathered by confidence: what was promised, and what was kept.

    Attributes:
        confidence: (n_bins,) mean confidence of the clips of each bin, rising.
        accuracy: (n_bins,) share of them that were guessed right.
        n_clips: (n_bins,) how many they are, one or more.
    """

    confidence: Shares
    accuracy: Shares
    n_clips: Labels


def softmax(logits: npt.ArrayLike, *, temperature: float = 1.0) -> Shares:
    """(n_clips, n_classes) float64 probabilities of logits at a temperature.

    >>> softmax([[0.0, np.log(3.0)]]).round(2).tolist()
    [[0.25, 0.75]]
    """
    return np.asarray(np.exp(log_softmax(logits, temperature=temperature)))


def log_softmax(logits: npt.ArrayLike, *, temperature: float = 1.0) -> Shares:
    """(n_clips, n_classes) float64: logarithms of ``softmax``, finite where a probability rounds to zero."""
    from scipy import special

    if not temperature > 0:
        raise MetricError(f"a temperature is above 0, got {temperature}")
    return np.asarray(special.log_softmax(np.asarray(logits, np.float64) / temperature, axis=1))


def fit_temperature(logits: npt.ArrayLike, truth: Labels) -> float:
    """The temperature at which the clips' true classes are most likely.

    The negative log-likelihood is convex in 1/T; its slope there, the expected logit less the true class's,
    has the minimum as its only root. Where there is none (every clip is right, or logits say nothing), the
    nearest end of ``TEMPERATURES`` is returned.

    Args:
        logits: (n_clips, n_classes) of clips that were not trained on, at temperature one.
        truth: (n_clips,) class indices.

    Raises:
        MetricError: There are no clips, the shapes differ, a class is unknown, or a logit is not finite.

    Source:
        Guo et al. (2017), "On Calibration of Modern Neural Networks", ICML, section 4.2.

    >>> rng = np.random.default_rng(0)
    >>> logits = 4 * rng.normal(size=(500, 3))
    >>> truth = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    >>> 1.7 < fit_temperature(logits, truth) < 2.3
    True
    """
    from scipy.optimize import brentq

    z = np.asarray(logits, np.float64)
    _require(z, truth)
    true_logit = z[np.arange(len(z)), truth]  # (n_clips,)

    def slope(log_inverse: float) -> float:
        p = softmax(z * np.exp(log_inverse))
        return float(np.mean((p * z).sum(axis=1) - true_logit))

    coldest, hottest = -np.log(TEMPERATURES)
    if slope(hottest) >= 0:
        return TEMPERATURES[1]
    if slope(coldest) <= 0:
        return TEMPERATURES[0]
    return float(np.exp(-brentq(slope, hottest, coldest, xtol=1e-12)))


def negative_log_likelihood(probabilities: npt.ArrayLike, truth: Labels) -> float:
    """Mean of -log of the true class's probability, in nats; infinite where one of them is zero.

    Args:
        probabilities: (n_clips, n_classes).
        truth: (n_clips,) class indices.

    Raises:
        MetricError: There are no clips, the shapes differ, a class is unknown, or a value is not finite.

    >>> round(negative_log_likelihood([[0.5, 0.5], [0.25, 0.75]], np.array([0, 1])), 4)
    0.4904
    """
    with np.errstate(divide="ignore"):
        return float(-np.log(_of_truth(probabilities, truth)).mean())


def brier_score(probabilities: npt.ArrayLike, truth: Labels) -> float:
    """Mean squared distance from the one-hot truth, summed over classes: 0 (sure and right) to 2 (and wrong).

    Raises:
        MetricError: As for ``negative_log_likelihood``.

    Source:
        Brier (1950), "Verification of forecasts expressed in terms of probability".

    >>> brier_score([[0.5, 0.5], [0.0, 1.0]], np.array([0, 1]))
    0.25
    """
    p = np.asarray(probabilities, np.float64)
    of_truth = _of_truth(p, truth)
    return float(((p**2).sum(axis=1) - 2 * of_truth + 1).mean())


def top_k_accuracy(probabilities: npt.ArrayLike, truth: Labels, *, k: int) -> float:
    """Share of the clips whose class is among the k most probable; of equal ones the first class counts.

    Raises:
        MetricError: As for ``negative_log_likelihood``, or ``k`` is not between 1 and the number of classes.

    >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], np.array([1, 2]), k=2)
    0.5
    """
    p = np.asarray(probabilities, np.float64)
    of_truth = _of_truth(p, truth)[:, None]
    if not 1 <= k <= p.shape[1]:
        raise MetricError(f"k={k}: expected 1 to {p.shape[1]}, the number of classes")
    is_earlier = np.arange(p.shape[1]) < np.asarray(truth)[:, None]
    rank = ((p > of_truth) | ((p == of_truth) & is_earlier)).sum(axis=1)
    return float((rank < k).mean())


def reliability(probabilities: npt.ArrayLike, truth: Labels, *, n_bins: int = 15) -> Reliability:
    """Clips in bins of about equal numbers, from the least confident to the most.

    Clips of one confidence are never divided among bins, so that the order of clips does not matter and bins
    may be fewer than asked for.

    Args:
        probabilities: (n_clips, n_classes).
        truth: (n_clips,) class indices.
        n_bins: As many, or as there are confidences that differ.

    Raises:
        MetricError: As for ``negative_log_likelihood``, or ``n_bins`` is below one.

    Source:
        Nguyen and O'Connor (2015), "Posterior calibration and exploratory analysis for natural language
        processing models", EMNLP (adaptive bins).
    """
    p = np.asarray(probabilities, np.float64)
    _require(p, truth)
    if n_bins < 1:
        raise MetricError(f"n_bins={n_bins}: expected 1 or more")
    confidence, is_right = p.max(axis=1), p.argmax(axis=1) == np.asarray(truth)
    last = (
        -(-np.arange(1, n_bins) * len(p) // n_bins) - 1
    )  # of each bin but the final one, among sorted clips
    ends = np.sort(confidence)[last]
    numbers = np.unique(np.searchsorted(ends, confidence, side="left"), return_inverse=True)[1]
    n_clips = np.bincount(numbers)
    return Reliability(
        confidence=np.bincount(numbers, weights=confidence) / n_clips,
        accuracy=np.bincount(numbers, weights=is_right) / n_clips,
        n_clips=n_clips.astype(np.int64),
    )


def expected_calibration_error(probabilities: npt.ArrayLike, truth: Labels, *, n_bins: int = 15) -> float:
    """Mean over clips of the distance between the confidence and the accuracy of their bin.

    Bins hold about equal numbers of clips (``reliability``). It is zero only where every bin's confidence is
    its accuracy, and biased upwards for few clips.

    Raises:
        MetricError: As for ``reliability``.

    >>> expected_calibration_error([[0.75, 0.25]] * 4, np.array([0, 0, 0, 1]))
    0.0
    >>> expected_calibration_error([[1.0, 0.0]] * 4, np.array([0, 0, 0, 1]))
    0.25
    """
    found = reliability(probabilities, truth, n_bins=n_bins)
    gaps = np.abs(found.accuracy - found.confidence)
    return float((found.n_clips * gaps).sum() / found.n_clips.sum())


def _of_truth(probabilities: npt.ArrayLike, truth: Labels) -> Shares:
    """(n_clips,) the probability of each clip's true class."""
    p = np.asarray(probabilities, np.float64)
    _require(p, truth)
    return p[np.arange(len(p)), truth]


def _require(rows: Shares, truth: Labels) -> None:
    truth = np.asarray(truth)
    if rows.ndim != 2 or truth.shape != rows.shape[:1]:
        raise MetricError(
            f"probabilities or logits of shape {rows.shape} came with truth of shape {truth.shape}; "
            "expected (n_clips, n_classes) and (n_clips,)"
        )
    if not truth.size:
        raise MetricError("there are no clips to score")
    if truth.min() < 0 or truth.max() >= rows.shape[1]:
        raise MetricError(f"truth holds an index outside 0..{rows.shape[1] - 1}")
    if not np.isfinite(rows).all():
        raise MetricError("a probability or logit is NaN or infinite")
