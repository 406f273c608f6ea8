"""Intervals of a system that was trained several times: speakers and seeds are both drawn.

Two things make a mean over seeds uncertain: other seeds (folds, first weights, orders of clips) would have
given other heads, and other speakers other clips. An interval over seeds alone is blind to the second, one
over speakers alone to the first; here both are drawn with replacement, each independently of the other.

What stays out: other speakers in training would have given other heads as well, and each clip is in the
training part of most folds. Such intervals are a lower bound of what a new corpus would show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation.intervals import Interval
from nver.evaluation.metrics import confusion_matrix
from nver.types import Labels

N_DRAWS = 2000

Numbers: TypeAlias = npt.NDArray[np.float64]

Figure: TypeAlias = Callable[[Numbers], Numbers]
"""(..., n_classes, n_classes) numbers of clips, a row a true class -> (...) fractions of one."""


def accuracy(counts: Numbers) -> Numbers:
    """Share of the clips whose class was found."""
    return np.asarray(_hits(counts).sum(axis=-1) / counts.sum(axis=(-2, -1)))


def macro_f1(counts: Numbers) -> Numbers:
    """Mean of F1 over the classes that have a clip or a guess."""
    return _mean_of_defined(2 * _hits(counts), counts.sum(axis=-1) + counts.sum(axis=-2))


def unweighted_average_recall(counts: Numbers) -> Numbers:
    """Mean of the recall over the classes that have a clip."""
    return _mean_of_defined(_hits(counts), counts.sum(axis=-1))


FIGURES: Mapping[str, Figure] = MappingProxyType(
    {"accuracy": accuracy, "macro F1": macro_f1, "UAR": unweighted_average_recall}
)
"""The scores of ``nver.evaluation.metrics``, of many confusion matrices at once."""


@dataclass(frozen=True, eq=False)
class Repeated:
    """Guesses of one system under several seeds, as confusion matrices that can be drawn from.

    Attributes:
        seeds: Each once.
        counts: (n_seeds, n_clusters, n_classes, n_classes) numbers of clips: a cluster is a speaker's clips.
    """

    seeds: tuple[int, ...]
    counts: Numbers

    def of(self, seeds: Sequence[int]) -> Repeated:
        """The same system under some of its seeds, in this order."""
        return Repeated(tuple(seeds), self.counts[[self.seeds.index(seed) for seed in seeds]])


def repeated(
    truth: Labels, guesses: Mapping[int, Labels], clusters: Sequence[str], *, n_classes: int
) -> Repeated:
    """Count guesses by seed and cluster.

    Args:
        truth: (n_clips,) class indices.
        guesses: Seed -> (n_clips,) indices, in the same order.
        clusters: (n_clips,) what is drawn as a whole: who is heard in each clip.
        n_classes: Classes of the corpus.

    Raises:
        MetricError: There is no seed, fewer than two clusters, or an array has another length.
    """
    if not guesses:
        raise MetricError("there are no guesses of any seed")
    if len(clusters) != len(truth):
        raise MetricError(f"{len(truth)} clips came with {len(clusters)} clusters; expected one a clip")
    _, numbers = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    n_clusters = int(numbers.max()) + 1
    if n_clusters < 2:
        raise MetricError("an interval over speakers needs two speakers or more, got 1")
    counts = [
        [
            confusion_matrix(truth[numbers == cluster], guess[numbers == cluster], n_classes=n_classes)
            for cluster in range(n_clusters)
        ]
        for guess in guesses.values()
    ]
    return Repeated(tuple(guesses), np.array(counts, dtype=float))


def over_seeds_and_speakers(
    figure: Figure,
    system: Repeated,
    minus: Repeated | None = None,
    *,
    n_draws: int = N_DRAWS,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """A percentile interval of the seeds' mean of a figure, or of its difference to another system's.

    A draw takes as many seeds and as many clusters as there are, each with replacement, and the same ones of
    both systems: what seeds (the folds) and speakers have in common cancels in a difference.

    Args:
        figure: One of ``FIGURES``.
        system: The system.
        minus: Another one with the same seeds and clusters; None for the figure itself.
        n_draws: How often.
        level: Between 0 and 1.
        seed: Of the draws; equal seeds draw the same seeds and clusters whatever the system.

    Raises:
        MetricError: The two differ in seeds or clusters, or the level is no share.

    Source:
        Owen (2007), "The pigeonhole bootstrap", Annals of Applied Statistics 1: rows and columns of a crossed
        table are drawn independently, which errs towards wide intervals.

    >>> truth, right, wrong = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0])
    >>> found = repeated(truth, {0: right, 1: wrong}, ["ann", "ann", "bob", "bob"], n_classes=2)
    >>> interval = over_seeds_and_speakers(accuracy, found)
    >>> interval.value, interval.low, interval.high
    (0.75, 0.5, 1.0)
    """
    if not 0 < level < 1:
        raise MetricError(f"level={level}: expected a share between 0 and 1, such as 0.95")
    if minus is not None and (minus.seeds != system.seeds or minus.counts.shape != system.counts.shape):
        raise MetricError(
            f"a difference needs equal seeds and clips: {system.seeds} and {minus.seeds}, counts of shape "
            f"{system.counts.shape} and {minus.counts.shape}"
        )
    rng = np.random.default_rng(seed)
    n_seeds, n_clusters = system.counts.shape[:2]
    of_seeds = _times_drawn(rng, n_seeds, n_draws) / n_seeds
    of_clusters = _times_drawn(rng, n_clusters, n_draws)

    def both(times: Numbers) -> Numbers:
        """(n_seeds, n): the figure of each seed with clusters drawn so often, (n, n_clusters)."""
        own = _drawn(figure, system, times)
        return own if minus is None else own - _drawn(figure, minus, times)

    drawn = np.einsum("ns,sn->n", of_seeds, both(of_clusters))
    value = both(np.ones((1, n_clusters))).mean()
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high), level)


def _times_drawn(rng: np.random.Generator, n: int, n_draws: int) -> Numbers:
    """(n_draws, n): how often each of n is there when n are drawn with replacement."""
    return rng.multinomial(n, np.full(n, 1 / n), size=n_draws).astype(float)


def _drawn(figure: Figure, system: Repeated, times: Numbers) -> Numbers:
    n_seeds, n_clusters, n_classes, _ = system.counts.shape
    flat = system.counts.reshape(n_seeds, n_clusters, -1)
    return np.stack([figure((times @ of_seed).reshape(-1, n_classes, n_classes)) for of_seed in flat])


def _hits(counts: Numbers) -> Numbers:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _mean_of_defined(part: Numbers, whole: Numbers) -> Numbers:
    """Of the shares part / whole over the last axis, without those of nothing."""
    defined = whole > 0
    shares: Any = np.divide(part, whole, out=np.zeros_like(part), where=defined)
    return np.asarray(shares.sum(axis=-1) / defined.sum(axis=-1))
