"""Who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nver.evaluation.metrics import Counts
from nver.report.figures.style import save

MANY_CLASSES = 12
"""Above this, cells and letters are drawn smaller."""

NUMBERED_CLASSES = 40
"""Above this, two digits do not fit a cell, and the colour alone tells the share."""


def draw_confusion(
    counts: Counts,
    labels: Sequence[str],
    *,
    title: str,
    path: Path,
    of: Literal["shares", "clips"] = "shares",
) -> None:
    """The confusion matrix; a class without clips is grey.

    Args:
        counts: (n_classes, n_classes) clips by true class (row) and guessed class (column).
        labels: Class names in the order of the indices.
        title: Drawn above.
        path: The PNG to write; an SVG is written beside it.
        of: What a cell shows: the share of the row's clips, in percent, or the number of clips.
    """
    n = len(labels)
    support = counts.sum(axis=1)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, support[:, None], out=shares, where=support[:, None] > 0)
    shown = shares if of == "shares" else np.where(np.isnan(shares), np.nan, counts)
    cell_in, points = (0.55, 10) if n <= MANY_CLASSES else (0.3, 7)

    figure = Figure(figsize=(n * cell_in, n * cell_in), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))  # a cell has its size whatever the names need; `save` makes room
    largest = _end_of_scale(shown)
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(shown), cmap=_blues(), vmin=0, vmax=largest, edgecolors="white", linewidth=1
    )
    middles = np.arange(n) + 0.5
    names = [f"{label} ({k})" for label, k in zip(labels, support, strict=True)]
    axes.set_xticks(middles, labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=points)
    axes.set_yticks(middles, names, fontsize=points)
    axes.set_xlabel("guessed", fontsize=10)
    axes.set_ylabel("true (clips)", fontsize=10)
    axes.set_title(title, fontsize=11, loc="left", pad=10)
    _bare(axes)
    if n <= NUMBERED_CLASSES:
        factor = 100.0 if of == "shares" else 1.0
        _write_numbers(axes, factor * shown, points=points - 1, dark_above=0.5 * factor * largest)
    _draw_scale(figure, mesh, of=of, cells=n * cell_in)
    save(figure, path)


def _end_of_scale(shown: npt.NDArray[np.float64]) -> float:
    """The largest figure, rounded up: thirty classes share few percents, and counts have no natural end."""
    largest = float(np.nanmax(shown, initial=0.1))
    step = 10.0 ** np.floor(np.log10(largest))
    return float(np.ceil(largest / step - 1e-9) * step)


def _draw_scale(figure: Figure, mesh: QuadMesh, *, of: str, cells: float) -> None:
    bar = figure.colorbar(mesh, cax=figure.add_axes((1 + 0.25 / cells, 0, 0.15 / cells, 1)))
    bar.ax.tick_params(labelsize=8, length=2)
    if of == "shares":
        bar.ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    bar.set_label("share of the true class" if of == "shares" else "clips", fontsize=8)
    for spine in bar.ax.spines.values():
        spine.set_visible(False)


def _blues() -> Colormap:
    return colormaps["Blues"].with_extremes(bad="0.85")


def _bare(axes: Axes) -> None:
    """The first class above, and nothing around the cells."""
    axes.invert_yaxis()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write_numbers(axes: Axes, shown: npt.NDArray[np.float64], *, points: float, dark_above: float) -> None:
    """Whole numbers in the cells; one that rounds to zero stays empty, so that the others stand out."""
    for (row, column), figure in np.ndenumerate(shown):
        if np.isfinite(figure) and (text := f"{figure:.0f}") != "0":
            shade = "white" if figure > dark_above else "0.15"
            size = points if len(text) < 4 else 0.75 * points
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=shade)
