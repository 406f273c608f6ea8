"""How good guesses are on parts of the clips: each speaker, each sex, short clips and long ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation import intervals, tallies
from nver.evaluation.folds import Names
from nver.evaluation.intervals import Interval
from nver.types import Labels

SMALL = 20
"""A slice of fewer clips is marked: its figures say little."""


@dataclass(frozen=True)
class Slice:
    """The clips that share a value.

    Attributes:
        value: As the corpus codes it; ``unknown`` where it does not.
        n_speakers: Known ones.
        accuracy: With its 95 % interval.
        macro_f1: Over the classes that have a clip or a guess in the slice, with its 95 % interval.
        over: What the intervals draw: whole speakers (and clips of nobody known); clips where there is one
            speaker, or none known.
    """

    value: str
    n_clips: int
    n_speakers: int
    accuracy: Interval
    macro_f1: Interval
    over: str

    @property
    def is_small(self) -> bool:
        """Whether it has fewer than ``SMALL`` clips."""
        return self.n_clips < SMALL


def slices(
    truth: Labels,
    guess: Labels,
    values: Names,
    *,
    n_classes: int,
    speakers: Names,
    order: Sequence[str] = (),
    n_draws: int = 1000,
) -> tuple[Slice, ...]:
    """The scores of every slice.

    Args:
        truth: (n_clips,) class indices.
        guess: (n_clips,) indices.
        values: What divides the clips, one a clip; None is ``unknown``.
        n_classes: Classes of the corpus.
        speakers: Who is heard in each clip, None where unknown.
        order: Of the values; without it they are sorted.
        n_draws: Of the bootstrap.

    Returns:
        Each value once.

    Raises:
        MetricError: Arguments differ in length, or as ``tallies.tally``.
    """
    if not len(truth) == len(guess) == len(values) == len(speakers):
        raise MetricError(
            f"{len(truth)} clips came with {len(guess)} guesses, {len(values)} values and {len(speakers)} "
            "speakers; expected one a clip of each"
        )
    named = np.array(["unknown" if value is None else value for value in values])
    there = set(named.tolist())
    found = []
    for value in [one for one in order if one in there] or sorted(there):
        rows = np.flatnonzero(named == value)
        who = [speakers[row] for row in rows.tolist()]
        found.append(_slice(value, truth[rows], guess[rows], who, n_classes=n_classes, n_draws=n_draws))
    return tuple(found)


def quantile_bins(
    numbers: npt.NDArray[np.floating], *, n_bins: int = 4, unit: str = "s"
) -> tuple[list[str], list[str]]:
    """Numbers as names of bins that hold about equally many.

    Args:
        numbers: (n_clips,) finite.
        n_bins: At most; equal numbers share a bin.
        unit: What stands behind a number.

    Returns:
        ((n_clips,) names, the names in their order).

    >>> quantile_bins(np.array([0.5, 1.0, 1.5, 2.0]), n_bins=2)
    (['up to 1.25 s', 'up to 1.25 s', 'over 1.25 s', 'over 1.25 s'], ['up to 1.25 s', 'over 1.25 s'])
    """
    edges = np.unique(np.quantile(numbers, np.arange(1, n_bins) / n_bins).round(2))
    edges = edges[edges < numbers.max()]
    if not edges.size:
        return ["all"] * len(numbers), ["all"]
    said = [f"{edge:g}" for edge in edges]
    names = [f"up to {said[0]} {unit}"]
    names += [f"{low} to {high} {unit}" for low, high in pairwise(said)]
    names.append(f"over {said[-1]} {unit}")
    return [names[i] for i in np.searchsorted(edges, numbers)], names


def _slice(
    value: str, truth: Labels, guess: Labels, speakers: Names, *, n_classes: int, n_draws: int
) -> Slice:
    known = set(speakers) - {None}
    # The clips of one speaker alone can only vary as clips.
    units = tallies.units_of([] if len(known) < 2 else speakers, n_clips=len(truth))
    each = tallies.tally(truth, guess, units.numbers, n_classes=n_classes)
    if len(units) > 1:
        found = intervals.of_scores(each, n_draws=n_draws).scores
    else:
        figures = {name: float(figure(each.sum(axis=0))) for name, figure in tallies.FIGURES.items()}
        nan = float("nan")
        found = {name: Interval(at, nan, nan, intervals.LEVEL) for name, at in figures.items()}
    return Slice(
        value=value,
        n_clips=len(truth),
        n_speakers=len(known),
        accuracy=found["accuracy"],
        macro_f1=found["macro_f1"],
        over="speakers" if units.n_speakers else "clips",
    )
