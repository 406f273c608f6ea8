"""Figures by two names, as fields of a matrix with their intervals written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nver.evaluation.intervals import Interval
from nver.report.figures.style import save

_FIELD_IN = 1.15


def draw_matrices(
    by_system: Mapping[str, Mapping[tuple[str, str], Interval]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    row_name: str,
    column_name: str,
    figure_name: str,
    title: str,
    path: Path,
) -> None:
    """A matrix a system on one scale of blues; a pair that was not measured is grey.

    Args:
        by_system: Heading -> (row, column) -> share.
        rows: From the top.
        columns: From the left.
        row_name: What rows are.
        column_name: What columns are.
        figure_name: What the fields show, in percent.
        title: Drawn above.
        path: The PNG to write; an SVG is written beside it.
    """
    n = len(by_system)
    wide = 1.5 + n * (_FIELD_IN * len(columns) + 0.5)
    figure = Figure(figsize=(wide, 1.5 + 0.62 * _FIELD_IN * len(rows)), dpi=150, layout="constrained")
    grid = figure.subplots(1, n, sharey=True, squeeze=False)[0]
    largest = max(interval.value for one in by_system.values() for interval in one.values())
    for axes, (system, shares) in zip(grid, by_system.items(), strict=True):
        _draw_one(axes, shares, rows, columns, largest)
        axes.set_title(system, fontsize=9.5, loc="left")
        axes.set_xlabel(column_name, fontsize=9)
    grid[0].set_ylabel(row_name, fontsize=9)
    figure.suptitle(f"{figure_name} in percent: {title}", fontsize=11, x=0.01, ha="left")
    save(figure, path)


def _draw_one(
    axes: Axes,
    shares: Mapping[tuple[str, str], Interval],
    rows: Sequence[str],
    columns: Sequence[str],
    largest: float,
) -> None:
    values = np.full((len(rows), len(columns)), np.nan)
    for (row, column), interval in shares.items():
        values[rows.index(row), columns.index(column)] = interval.value
    axes.pcolormesh(
        np.ma.masked_invalid(values),
        cmap=colormaps["Blues"].with_extremes(bad="0.88"),
        vmin=0,
        vmax=largest,
        edgecolors="white",
        linewidth=1.5,
    )
    for (row, column), interval in shares.items():
        shade = "white" if interval.value > 0.6 * largest else "0.15"
        at = (columns.index(column) + 0.5, rows.index(row) + 0.5)
        axes.annotate(f"{100 * interval.value:.1f}", at, ha="center", va="bottom", fontsize=11, color=shade)
        axes.annotate(
            f"{100 * interval.low:.1f} to {100 * interval.high:.1f}",
            at,
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7.5,
            color=shade,
        )
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=9)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=9)
    axes.set_ylim(len(rows), 0)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
