"""Intervals that know that clips of one speaker are alike: the cluster bootstrap over speakers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nver.errors import MetricError
from nver.evaluation.folds import Rows

N_DRAWS = 1000


@dataclass(frozen=True)
class Interval:
    """A figure, and what it could have been with other speakers of the same kind.

    Attributes:
        value: Of the clips at hand.
        low: Lower end.
        high: Upper end.
        level: Share of the draws between the ends.
    """

    value: float
    low: float
    high: float
    level: float


def over_speakers(
    figure: Callable[[Rows], float],
    speakers: Sequence[str],
    *,
    n_draws: int = N_DRAWS,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """A percentile interval: as many speakers are drawn with replacement, each with all clips.

    Clips of one speaker are not independent, so drawing clips would give intervals that are too narrow.

    Args:
        figure: Of the clips in these rows; a row is there as often as its speaker was drawn. NaN where it is
            undefined for a draw: such draws are left out.
        speakers: (n_clips,) who is heard in each clip.
        n_draws: How often.
        level: Between 0 and 1.
        seed: Of the draws.

    Raises:
        MetricError: There are fewer than two speakers, the level is no share, or the figure is undefined for
            every draw.

    Source:
        Field and Welsh (2007), "Bootstrapping clustered data", JRSS B 69 (the randomised cluster bootstrap).

    >>> truth, guess = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    >>> found = over_speakers(lambda rows: (truth == guess)[rows].mean(), ["ann", "ann", "bob", "bob"])
    >>> found.value, found.low, found.high
    (0.75, 0.5, 1.0)
    """
    if not 0 < level < 1:
        raise MetricError(f"level={level}: expected a share between 0 and 1, such as 0.95")
    names, numbers = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
    if len(names) < 2:
        raise MetricError(f"an interval over speakers needs two speakers or more, got {len(names)}")
    rows_of = [np.flatnonzero(numbers == number) for number in range(len(names))]
    rng = np.random.default_rng(seed)
    draws = [
        figure(np.concatenate([rows_of[i] for i in rng.integers(len(names), size=len(names))]))
        for _ in range(n_draws)
    ]
    defined = np.array(draws)[~np.isnan(draws)]
    if not defined.size:
        raise MetricError("the figure is undefined for every draw of speakers")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(figure(np.arange(len(numbers)))), float(low), float(high), level)
