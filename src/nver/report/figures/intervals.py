"""Repeated systems as dots with intervals, beside what they are compared with: one line a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nver.evaluation.intervals import Interval
from nver.report.figures.style import BLUE, VERMILION, save, tidy

_LINE_INCHES = 0.205


@dataclass(frozen=True)
class Dots:
    """One system.

    Attributes:
        name: Drawn beside its dots.
        group: The heading that it stands below; equal neighbours share one, "" has none.
        scores: By heading of a panel.
        seeds: The single seeds' figures, by heading of a panel.
        differences: To the reference, by heading of a panel; empty for the reference itself.
    """

    name: str
    group: str
    scores: Mapping[str, Interval]
    seeds: Mapping[str, Sequence[float]]
    differences: Mapping[str, Interval]


def draw_intervals(
    dots: Sequence[Dots], *, reference: str, chance: Mapping[str, float], title: str, note: str, path: Path
) -> None:
    """Two panels a score: the figure with its interval and single seeds, and the difference to the reference.

    A difference whose interval leaves out zero is a filled diamond, any other a hollow circle: told apart by
    shape and filling, not by colour alone.

    Args:
        dots: From top to bottom; all with the same panels.
        reference: Name of the one that differences are to.
        chance: Share reached without listening, by heading of a panel.
        title: Drawn above.
        note: Drawn below: how to read it.
        path: The PNG to write; an SVG is written beside it.
    """
    panels = list(chance)
    places, headings = _places(dots)
    n_lines = places[-1] + 1
    figure = Figure(figsize=(11, 1.9 + _LINE_INCHES * n_lines), dpi=150, layout="constrained")
    axes = figure.subplots(1, 2 * len(panels), sharey=True, squeeze=False)[0]
    for panel, left, right in zip(panels, axes[::2], axes[1::2], strict=True):
        for place, system in zip(places, dots, strict=True):
            _score(left, place, system, panel, is_reference=system.name == reference)
            _difference(right, place, system, panel)
        _lines(left, right, panel, dots, reference, chance[panel])
    axes[0].set_yticks(places, [system.name for system in dots], fontsize=8)
    axes[0].set_ylim(n_lines - 0.4, -0.6)
    for place, heading in headings:
        axes[0].annotate(
            heading, (0, place), xycoords=("axes fraction", "data"), xytext=(-4, 0),
            textcoords="offset points", ha="right", va="center", fontsize=8, fontweight="bold",
            annotation_clip=False,
        )  # fmt: skip
    figure.legend(handles=_legend(reference), loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    words = "\n".join(fill(text, 140, break_on_hyphens=False) for text in (title, note))
    figure.suptitle(words, fontsize=8.5, x=0.01, ha="left")
    save(figure, path)


def _places(dots: Sequence[Dots]) -> tuple[list[int], list[tuple[int, str]]]:
    """The line of each system, and the lines that hold headings."""
    places: list[int] = []
    headings: list[tuple[int, str]] = []
    line = 0
    for group, members in groupby(dots, key=lambda system: system.group):
        if group:
            headings.append((line, group))
            line += 1
        for _ in members:
            places.append(line)
            line += 1
    return places, headings


def _score(axes: Axes, place: int, system: Dots, panel: str, *, is_reference: bool) -> None:
    score = system.scores[panel]
    colour = VERMILION if is_reference else "black"
    axes.plot([100 * score.low, 100 * score.high], [place, place], color=colour, linewidth=1.3, zorder=2)
    seeds = [100 * share for share in system.seeds[panel]]
    axes.plot(seeds, [place] * len(seeds), "|", color=BLUE, markersize=5, alpha=0.8, zorder=3)
    axes.plot(100 * score.value, place, "s" if is_reference else "o", color=colour, markersize=4.5, zorder=4)


def _difference(axes: Axes, place: int, system: Dots, panel: str) -> None:
    if panel not in system.differences:
        return
    found = system.differences[panel]
    apart = found.low > 0 or found.high < 0
    axes.plot([100 * found.low, 100 * found.high], [place, place], color="black", linewidth=1.3, zorder=2)
    axes.plot(
        100 * found.value, place, "D" if apart else "o", color="black", markersize=4.5,
        markerfacecolor="black" if apart else "white", zorder=4,
    )  # fmt: skip


def _lines(left: Axes, right: Axes, panel: str, dots: Sequence[Dots], reference: str, chance: float) -> None:
    at = next(100 * system.scores[panel].value for system in dots if system.name == reference)
    left.axvline(at, color=VERMILION, linewidth=0.9)
    left.axvline(100 * chance, color="0.35", linewidth=0.9, linestyle=(0, (4, 3)))
    left.set_xlabel(f"{panel} (percent)", fontsize=9)
    right.axvline(0, color=VERMILION, linewidth=0.9)
    right.set_xlabel(f"difference in {panel} (points)", fontsize=9)
    for axes in (left, right):
        tidy(axes)
        axes.tick_params(labelsize=8)


def _legend(reference: str) -> list[Line2D]:
    def mark(marker: str, label: str, colour: str = "black", *, hollow: bool = False) -> Line2D:
        return Line2D(
            [], [], marker=marker, color=colour, markersize=5, label=label, linewidth=1.3,
            markerfacecolor="white" if hollow else colour,
        )  # fmt: skip

    return [
        Line2D([], [], marker="|", linestyle="", color=BLUE, label="one seed"),
        mark("s", reference, VERMILION),
        mark("D", "interval leaves out 0"),
        mark("o", "interval holds 0", hollow=True),
        Line2D([], [], color="0.35", linestyle=(0, (4, 3)), label="always guessing the largest class"),
    ]
