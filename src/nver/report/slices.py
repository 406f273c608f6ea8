"""A result by slices: which there are, and the scores of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nver.errors import ResultError
from nver.evaluation.intervals import Interval
from nver.evaluation.slices import SMALL, Slice, quantile_bins, slices
from nver.report.tables import percent
from nver.report.typeset import Cell, Grid
from nver.results import Result

DURATION = "duration_s"
"""The attribute that ``nver run`` adds; what is sliced by it is called ``duration``, in quantiles."""

MAX_VALUES = 64
"""What has more values is sliced by only when it is asked for."""


@dataclass(frozen=True)
class SliceTable:
    """The slices of one result by one thing.

    Attributes:
        by: ``speaker``, ``duration``, or the name of an attribute.
        slices: In their order.
    """

    by: str
    slices: tuple[Slice, ...]

    def grid(self) -> Grid:
        """A line a slice, scores in percent; ``*`` marks a slice of few clips."""
        head = (self.by, "clips", "speakers", "accuracy", "macro F1", "drawn")
        return Grid(
            head,
            tuple(
                tuple(
                    Cell(text)
                    for text in (
                        f"{one.value}{' *' if one.is_small else ''}",
                        f"{one.n_clips:,}",
                        f"{one.n_speakers:,}",
                        _text(one.accuracy),
                        _text(one.macro_f1),
                        one.over,
                    )
                )
                for one in self.slices
            ),
            n_names=1,
        )

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data, a slice each."""
        return [
            {
                self.by: one.value,
                "n_clips": one.n_clips,
                "n_speakers": one.n_speakers,
                "is_small": one.is_small,
                "interval_over": one.over,
                "accuracy": _three(one.accuracy),
                "macro_f1": _three(one.macro_f1),
            }
            for one in self.slices
        ]


CAPTION = (
    "Percent with 95 % intervals: bootstrap over speakers where a slice has several, else "
    f"over clips (last column). * fewer than {SMALL} clips. Macro F1 is over the classes with a clip or a "
    "guess in a slice."
)


def sliceable(result: Result) -> tuple[str, ...]:
    """What a result can be sliced by: has two values or more."""
    made = result.predictions
    found = ["speaker"] if len(set(made.speakers) - {None}) > 1 else []
    found += [
        "duration" if name == DURATION else name
        for name, column in made.attributes.items()
        if len(set(column)) > 1
    ]
    return tuple(found)


def usual(result: Result) -> tuple[str, ...]:
    """What a result is sliced by unless something is asked for: what has no more than ``MAX_VALUES``."""
    return tuple(by for by in sliceable(result) if len(set(_values(result, by)[0])) <= MAX_VALUES)


def slice_table(result: Result, by: str, *, n_draws: int = 1000) -> SliceTable:
    """The scores of every slice by one thing.

    Args:
        result: With speakers and attributes.
        by: One of ``sliceable(result)``.
        n_draws: Of the bootstrap.

    Raises:
        ResultError: The result does not know that of its clips.
    """
    if by not in sliceable(result):
        known = ", ".join(sliceable(result)) or "nothing"
        raise ResultError(
            f"{result.experiment.name} cannot be sliced by '{by}', but by {known}; results of an earlier "
            "version keep less, and are to be run again"
        )
    made = result.predictions
    values, order = _values(result, by)
    return SliceTable(
        by,
        slices(
            made.truth,
            made.guess,
            values,
            n_classes=len(result.labels),
            speakers=made.speakers or (None,) * len(made.clip_ids),
            order=order,
            n_draws=n_draws,
        ),
    )


def _values(result: Result, by: str) -> tuple[Sequence[str | None], Sequence[str]]:
    """One value a clip, and the order of the values where it is not that of their letters."""
    made = result.predictions
    if by == "speaker":
        return made.speakers, ()
    if by == "duration":
        return quantile_bins(np.array([float(str(text)) for text in made.attributes[DURATION]]))
    return made.attributes[by], ()


def _text(interval: Interval) -> str:
    """``46.5 [43.1, 49.9]``."""
    return f"{percent(interval.value)} [{percent(interval.low)}, {percent(interval.high)}]"


def _three(interval: Interval) -> list[float | None]:
    """Value, low and high; None where undefined."""
    return [None if np.isnan(x) else round(x, 6) for x in (interval.value, interval.low, interval.high)]
