"""Intervals that know that clips of one speaker are alike: the cluster bootstrap over speakers.

As many speakers as there are get drawn with replacement, each with all clips, and the figure is taken anew.
Of few speakers the middle 95 % of such draws are too narrow, as a normal interval with the plain standard
deviation is, by sqrt((n - 1) / n) and by the normal quantile in the place of Student's t. So the ends are
taken further out, where a normal distribution of draws would put Student's interval: the expanded percentile
interval (Hesterberg 2015, "What teachers should know about the bootstrap", The American Statistician 69).
docs/statistics.md says why, docs/numerics.md how often the truth is inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation import tallies
from nver.evaluation.folds import Rows
from nver.evaluation.metrics import Shares
from nver.evaluation.tallies import ScoreName, Tallies
from nver.types import Labels

N_DRAWS = 1000
LEVEL = 0.95
MANY = 500
"""Units above which equal ones are drawn together: so many are clips whose speakers are unknown."""


@dataclass(frozen=True)
class Interval:
    """A figure, and what it could have been with other speakers of the same kind.

    Attributes:
        value: Of the clips at hand.
        low: Lower end.
        high: Upper end.
        level: How often such an interval holds the truth.
    """

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class ScoreIntervals:
    """Every score of one set of predictions; a class whose figure is undefined has None.

    Attributes:
        scores: Accuracy, macro F1 and UAR, pooled over all clips.
        recall: One a class.
        precision: One a class.
        f1: One a class.
    """

    scores: dict[ScoreName, Interval]
    recall: tuple[Interval | None, ...]
    precision: tuple[Interval | None, ...]
    f1: tuple[Interval | None, ...]


def over_speakers(
    figure: Callable[[Rows], float],
    speakers: Sequence[str],
    *,
    n_draws: int = N_DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """The interval of any figure of rows; for scores of guesses ``of_scores`` gives the same at once.

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
    names, numbers = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
    shares = _shares_below(level, n_units=len(names))
    rows_of = [np.flatnonzero(numbers == number) for number in range(len(names))]
    draws = [
        figure(np.concatenate([rows_of[i] for i in drawn])) for drawn in _drawn(len(names), n_draws, seed)
    ]
    value = float(figure(np.arange(len(numbers))))
    return _defined(_intervals(np.array([value]), np.array(draws, np.float64)[:, None], shares, level)[0])


def of_scores(
    each: Tallies, *, n_draws: int = N_DRAWS, level: float = LEVEL, seed: int = 0
) -> ScoreIntervals:
    """Every score of tallied guesses with its interval, from one set of draws.

    Args:
        each: (S, 3, C) from ``tallies.tally``.
        n_draws: How often units are drawn.
        level: Between 0 and 1.
        seed: Of the draws: those of ``over_speakers`` with the same seed.

    Raises:
        MetricError: There are fewer than two units, or the level is no share.
    """
    shares = _shares_below(level, n_units=len(each))
    drawn, whole = drawn_tallies(each, n_draws=n_draws, seed=seed), each.sum(axis=0)

    def found(figure: Callable[[Tallies], Shares]) -> tuple[Interval | None, ...]:
        values = np.atleast_1d(figure(whole))
        return _intervals(values, figure(drawn).reshape(n_draws, -1), shares, level)

    return ScoreIntervals(
        scores={name: _defined(found(figure)[0]) for name, figure in tallies.FIGURES.items()},
        recall=found(tallies.recall),
        precision=found(tallies.precision),
        f1=found(tallies.f1),
    )


def of_guesses(
    truth: Labels, guess: Labels, speakers: Sequence[str], *, n_classes: int, n_draws: int = N_DRAWS
) -> ScoreIntervals:
    """``of_scores`` of guesses that nobody has tallied yet.

    Args:
        truth: (n_clips,) class indices.
        guess: (n_clips,) class indices.
        speakers: (n_clips,) who is heard in each clip, or whatever else is to be drawn as a whole.
        n_classes: Classes of the corpus.
        n_draws: How often speakers are drawn.

    Raises:
        MetricError: As ``of_scores`` and ``tallies.tally``.
    """
    units = tallies.units_of(speakers, n_clips=len(truth)).numbers
    return of_scores(tallies.tally(truth, guess, units, n_classes=n_classes), n_draws=n_draws)


def of_mean(
    values: Shares, units: Labels, *, n_draws: int = N_DRAWS, level: float = LEVEL, seed: int = 0
) -> Interval:
    """The mean over clips of a figure that each clip has of its own, such as a loss.

    Args:
        values: (n_clips,)
        units: (n_clips,) the unit of each clip, from 0, every unit with a clip.
        n_draws: How often units are drawn.
        level: Between 0 and 1.
        seed: Of the draws: those of ``over_speakers`` with the same seed.

    Raises:
        MetricError: There are fewer than two units, or the level is no share.
    """
    n = np.bincount(units)
    shares = _shares_below(level, n_units=len(n))
    sums = np.stack([np.bincount(units, weights=values), n], axis=1).astype(np.float64)  # (S, 2)
    drawn = drawn_tallies(sums, n_draws=n_draws, seed=seed)
    draws = drawn[:, :1] / drawn[:, 1:]
    return _defined(_intervals(np.array([values.mean()]), draws, shares, level)[0])


def of_differences(
    a: Tallies, b: Tallies, *, n_draws: int = N_DRAWS, level: float = LEVEL, seed: int = 0
) -> dict[ScoreName, Interval]:
    """How much better ``a`` is than ``b`` on the same clips: both are scored on the same draws of units.

    Args:
        a: (S, 3, C) of one system.
        b: (S, 3, C) of another, unit by unit of the same clips.
        n_draws: How often units are drawn.
        level: Between 0 and 1.
        seed: Of the draws.

    Raises:
        MetricError: The tallies are not of the same clips, there are fewer than two units, or the level is no
            share.
    """
    require_paired(a, b)
    shares = _shares_below(level, n_units=len(a))
    both = np.concatenate([a, b], axis=1)  # (S, 6, C)
    drawn, whole = drawn_tallies(both, n_draws=n_draws, seed=seed), both.sum(axis=0)
    found: dict[ScoreName, Interval] = {}
    for name, figure in tallies.FIGURES.items():
        draws = figure(drawn[:, :3]) - figure(drawn[:, 3:])
        value = np.atleast_1d(figure(whole[:3]) - figure(whole[3:]))
        found[name] = _defined(_intervals(value, draws[:, None], shares, level)[0])
    return found


def require_paired(a: Tallies, b: Tallies) -> None:
    """Both are of the same clips: as many of each unit in each class.

    Raises:
        MetricError: They are not.
    """
    if a.shape != b.shape or not np.array_equal(a[:, 1], b[:, 1]):
        raise MetricError("the two systems were tested on different clips, so that they have no difference")


def drawn_tallies(each: Tallies, *, n_draws: int, seed: int) -> Tallies:
    """(n_draws, ..., C): tallies of as many units as there are, drawn with replacement, time and again.

    Of many units (clips whose speakers are unknown) equal ones are drawn together: so many of each kind.
    """
    n_units = len(each)
    if n_units <= MANY:
        return tallies.weighted(weights(n_units, n_draws, seed), each)
    kinds, n_of_kind = tallies.kinds_of(each)
    drawn = np.random.default_rng(seed).multinomial(n_units, n_of_kind / n_units, size=n_draws)
    return tallies.weighted(drawn.astype(np.float64), kinds)


def weights(n_units: int, n_draws: int, seed: int) -> npt.NDArray[np.float64]:
    """(n_draws, n_units): how often each unit was drawn."""
    drawn = _drawn(n_units, n_draws, seed)
    flat = (drawn + n_units * np.arange(n_draws)[:, None]).ravel()
    return np.bincount(flat, minlength=n_draws * n_units).reshape(n_draws, n_units).astype(np.float64)


def _drawn(n_units: int, n_draws: int, seed: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).integers(n_units, size=(n_draws, n_units))


def _shares_below(level: float, *, n_units: int) -> tuple[float, float]:
    """The shares of draws below the two ends."""
    from scipy import stats

    if not 0 < level < 1:
        raise MetricError(f"level={level}: expected a share between 0 and 1, such as 0.95")
    if n_units < 2:
        raise MetricError(f"an interval over speakers needs two speakers or more, got {n_units}")
    students = stats.t.ppf((1 + level) / 2, df=n_units - 1) * np.sqrt(n_units / (n_units - 1))
    return float(stats.norm.cdf(-students)), float(stats.norm.cdf(students))


def _intervals(
    values: Shares, draws: npt.NDArray[np.float64], shares: tuple[float, float], level: float
) -> tuple[Interval | None, ...]:
    """One for each of the (n_figures,) values and columns of (n_draws, n_figures); None where undefined."""
    defined = ~np.isnan(draws)
    if defined.all():
        ends = np.quantile(draws, shares, axis=0).T
        return tuple(
            Interval(float(v), float(low), float(high), level)
            for v, (low, high) in zip(values, ends, strict=True)
        )
    found: list[Interval | None] = []
    for value, column, is_defined in zip(values, draws.T, defined.T, strict=True):
        if not is_defined.any():
            found.append(None)
            continue
        low, high = np.quantile(column[is_defined], shares)
        found.append(Interval(float(value), float(low), float(high), level))
    return tuple(found)


def _defined(interval: Interval | None) -> Interval:
    if interval is None:
        raise MetricError("the figure is undefined for every draw of speakers")
    return interval
