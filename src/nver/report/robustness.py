"""What a recogniser loses under each condition: a table with intervals over speakers, and curves."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nver import atomic
from nver.degradations import CLEAN, KINDS, Condition
from nver.errors import ResultError
from nver.evaluation.intervals import N_DRAWS, Interval, of_differences, of_scores
from nver.evaluation.tallies import ScoreName, tally, units_of
from nver.recogniser.robustness import Heard
from nver.report.figures.panels import Panel, Series, draw_panels

FIGURES: dict[ScoreName, str] = {"accuracy": "accuracy", "macro_f1": "macro F1", "uar": "UAR"}
"""Columns, and how they are read."""

COLUMNS = (
    *("kind", "level", "unit", "n_clips", "n_speakers", "n_unreadable"),
    *(f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high")),
    *("macro_f1_change", "macro_f1_change_low", "macro_f1_change_high", "mean_confidence"),
)


@dataclass(frozen=True)
class Measured:
    """What one condition did.

    Attributes:
        figures: Each of ``FIGURES`` on the clips under the condition.
        change: Macro F1 minus that of the same clips left as they are; the interval is that of the
            difference, over the same draws of speakers.
        mean_confidence: Of the guesses, as the recogniser says it.
    """

    condition: Condition
    n_clips: int
    n_speakers: int
    n_unreadable: int
    figures: Mapping[ScoreName, Interval]
    change: Interval
    mean_confidence: float


def measure(answers: Sequence[Heard], *, n_draws: int = N_DRAWS) -> tuple[Measured, ...]:
    """Figures of every condition.

    Args:
        answers: Of one recogniser on the same clips, ``CLEAN`` among them.
        n_draws: Of speakers, for the 95 % intervals.

    Raises:
        ResultError: The clean answers are missing, or lack a clip that others have.
        MetricError: There are fewer than two speakers.
    """
    clean = next((heard for heard in answers if heard.condition == CLEAN), None)
    if clean is None:
        raise ResultError("there are no answers to the clean clips, with which all others are compared")
    return tuple(_measure(heard, clean, n_draws) for heard in answers)


def write(measured: Sequence[Measured], out: Path, *, title: str, n_classes: int) -> None:
    """``robustness.csv``, ``robustness.md``, ``robustness.png`` and ``.svg`` below ``out``.

    Args:
        measured: From ``measure``.
        out: A folder that is there.
        title: Which recogniser, on which clips.
        n_classes: For the line of chance.
    """
    atomic.write_file(out / "robustness.csv", as_csv(measured).encode())
    atomic.write_file(out / "robustness.md", as_markdown(measured, title=title).encode())
    draw(measured, title=title, path=out / "robustness.png", n_classes=n_classes)


def plain(measured: Measured) -> dict[str, Any]:
    """One condition as JSON has it."""
    return {
        **asdict(measured),
        "condition": measured.condition.slug,
        "figures": {name: asdict(interval) for name, interval in measured.figures.items()},
    }


def as_csv(measured: Sequence[Measured]) -> str:
    """A row a condition, shares as fractions of one."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in measured:
        kind = KINDS.get(one.condition.kind)
        intervals = [*one.figures.values(), one.change]
        ends = [f"{end:.5f}" for i in intervals for end in (i.value, i.low, i.high)]
        writer.writerow(
            [
                *(one.condition.kind, f"{one.condition.level:g}" if kind else "", kind.unit if kind else ""),
                *(one.n_clips, one.n_speakers, one.n_unreadable),
                *ends,
                f"{one.mean_confidence:.5f}",
            ]
        )
    return file.getvalue()


def as_markdown(measured: Sequence[Measured], *, title: str) -> str:
    """The table for a reader, in percent and points."""
    n_clips, n_speakers = measured[0].n_clips, measured[0].n_speakers
    lines = [
        f"# {title}",
        "",
        f"{n_clips:,} clips of {n_speakers} speakers; percent, in brackets 95 % intervals over speakers. The "
        "change is that of macro F1 in points, on the same clips and the same draws of speakers. Confidence "
        "is what the recogniser says of its guesses; where it is above the accuracy, it is too sure.",
        "",
        "| condition | accuracy | macro F1 | UAR | change of macro F1 | confidence |",
        "|---|---|---|---|---|---|",
    ]
    for one in measured:
        shares = [_text(interval) for interval in one.figures.values()]
        is_clean = one.condition == CLEAN
        change = "" if is_clean else _text(one.change, sign=True)
        lines.append(
            f"| {one.condition.title} | {' | '.join(shares)} | {change} | {100 * one.mean_confidence:.1f} |"
        )
    left_out = [f"{one.condition.title}: {one.n_unreadable}" for one in measured if one.n_unreadable]
    if left_out:
        lines += ["", f"Clips that could not be asked about: {'; '.join(left_out)}."]
    return "\n".join(lines) + "\n"


def draw(measured: Sequence[Measured], *, title: str, path: Path, n_classes: int) -> None:
    """Macro F1 over the levels of every kind, a panel a group."""
    by_kind: dict[str, list[Measured]] = {}
    for one in measured:
        if one.condition != CLEAN:
            by_kind.setdefault(one.condition.kind, []).append(one)
    panels = [
        _panel(group, {kind: by_kind[kind] for kind in by_kind if KINDS[kind].group == group})
        for group in dict.fromkeys(KINDS[kind].group for kind in by_kind)
    ]
    clean = next(one for one in measured if one.condition == CLEAN)
    draw_panels(
        panels,
        figure_name="macro F1",
        title=f"{title}: {clean.n_clips:,} clips, 95 % intervals over {clean.n_speakers} speakers",
        path=path,
        reference=("clips as they are", clean.figures["macro_f1"]),
        chance=1 / n_classes,
    )


def _measure(heard: Heard, clean: Heard, n_draws: int) -> Measured:
    row_of = {clip_id: row for row, clip_id in enumerate(clean.clip_ids)}
    if missing := [clip_id for clip_id in heard.clip_ids if clip_id not in row_of]:
        raise ResultError(
            f"{heard.condition.title} has {len(missing)} clips that the clean answers lack "
            f"('{missing[0]}' the first); they are of different runs"
        )
    same = np.array([row_of[clip_id] for clip_id in heard.clip_ids], np.int64)
    units = units_of(heard.speakers, n_clips=len(heard.speakers)).numbers
    now, before = (
        tally(heard.truth, guess, units, n_classes=len(heard.labels))
        for guess in (heard.guess, clean.guess[same])
    )
    return Measured(
        condition=heard.condition,
        n_clips=len(heard.truth),
        n_speakers=len(set(heard.speakers)),
        n_unreadable=heard.n_unreadable,
        figures=of_scores(now, n_draws=n_draws).scores,
        change=of_differences(now, before, n_draws=n_draws)["macro_f1"],
        mean_confidence=float(heard.confidence.mean()),
    )


def _panel(group: str, kinds: Mapping[str, Sequence[Measured]]) -> Panel:
    first = next(iter(kinds))
    several = len(kinds) > 1
    levels = {one.condition.level for rows in kinds.values() for one in rows}
    falls = KINDS[first].levels[0] > KINDS[first].levels[-1]
    return Panel(
        title=group if several else KINDS[first].title,
        unit=KINDS[first].unit,
        series=tuple(
            Series(
                KINDS[kind].title,
                tuple(f"{one.condition.level:g}" for one in rows),
                tuple(one.figures["macro_f1"] for one in rows),
            )
            for kind, rows in kinds.items()
        ),
        levels=tuple(f"{level:g}" for level in sorted(levels, reverse=falls)),
    )


def _text(interval: Interval, *, sign: bool = False) -> str:
    form = "{:+.1f}" if sign else "{:.1f}"
    value, low, high = (form.format(100 * share) for share in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"
