"""Small lines side by side: a figure with intervals at each of a few levels, several panels on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from nver.evaluation.intervals import Interval
from nver.report.figures.style import look, save, tidy

_COLUMNS = 4


@dataclass(frozen=True)
class Series:
    """One line: an interval at each level.

    Attributes:
        name: In the legend of its panel, which is left out for a single series.
        levels: As they stand on the axis, from left to right.
        values: One a level.
    """

    name: str
    levels: tuple[str, ...]
    values: tuple[Interval, ...]


@dataclass(frozen=True)
class Panel:
    """Series on one axis.

    Attributes:
        title: Above it.
        unit: Below it.
        series: Their levels may differ.
        levels: All levels from left to right.
    """

    title: str
    unit: str
    series: tuple[Series, ...]
    levels: tuple[str, ...]


def draw_panels(
    panels: Sequence[Panel],
    *,
    figure_name: str,
    title: str,
    path: Path,
    reference: tuple[str, Interval] | None = None,
    chance: float | None = None,
) -> None:
    """Panels with one vertical scale in percent.

    Args:
        panels: One or more; at most four beside each other.
        figure_name: What is on the vertical scale.
        title: Drawn above.
        path: The PNG to write; an SVG is written beside it.
        reference: Name and interval of what all else is compared with, a band through every panel.
        chance: A share that needs no listening, a dashed line.
    """
    n_columns = min(_COLUMNS, len(panels))
    n_rows = math.ceil(len(panels) / n_columns)
    wide = 5.6 if n_columns == 1 else 2.6 * n_columns
    figure = Figure(figsize=(wide, 0.9 + 2.6 * n_rows), dpi=150, layout="constrained")
    grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        if reference is not None:
            name, band = reference
            axes.axhspan(100 * band.low, 100 * band.high, color="0.9", zorder=0)
            axes.axhline(100 * band.value, color="0.45", linewidth=0.9, label=name, zorder=1)
        if chance is not None:
            axes.axhline(100 * chance, color="0.35", linewidth=0.9, linestyle=(0, (4, 3)), label="chance")
        _draw_panel(axes, panel)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    for row in grid:
        row[0].set_ylabel(figure_name, fontsize=9)
    shared = [line for line in grid[0][0].lines if line.get_label() in (*(reference or ())[:1], "chance")]
    if shared:
        figure.legend(
            handles=shared, loc="outside lower center", ncols=len(shared), frameon=False, fontsize=8.5
        )
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    save(figure, path)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    places = {level: place for place, level in enumerate(panel.levels)}
    shift = 0.12 if len(panel.series) > 1 else 0.0
    own: list[Line2D] = []
    for i, one in enumerate(panel.series):
        colour, marker = look(i)
        at = [places[level] + shift * (i - (len(panel.series) - 1) / 2) for level in one.levels]
        axes.vlines(
            at,
            [100 * value.low for value in one.values],
            [100 * value.high for value in one.values],
            color=colour,
            linewidth=1.1,
            zorder=2,
        )
        own += axes.plot(
            at,
            [100 * value.value for value in one.values],
            color=colour,
            marker=marker,
            markersize=4.5,
            linewidth=1.1,
            label=one.name,
            zorder=3,
        )
    axes.set_title(panel.title, fontsize=9.5, loc="left")
    axes.set_xticks(list(places.values()), list(places), fontsize=8)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_xlabel(panel.unit, fontsize=8.5)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
    axes.tick_params(axis="y", labelsize=8)
    tidy(axes)
    axes.grid(visible=False, axis="x")
    if len(own) > 1:
        axes.legend(handles=own, frameon=False, fontsize=7.5, loc="best", handlelength=1.4)
