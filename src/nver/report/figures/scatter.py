"""Embeddings on a plane."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nver.report.figures.style import N_LOOKS, look, save
from nver.types import Matrix

_RASTER_ABOVE = 2000
"""Points that an SVG holds as shapes; more would make it slow to open, and are a picture within it."""


def draw_map(
    places: Matrix, categories: Sequence[str], *, order: Sequence[str], title: str, path: Path
) -> None:
    """Points by category: colour and marker together tell up to ``N_LOOKS`` of them apart.

    Up to ``N_LOOKS`` categories get a legend with their names. More share looks, and the title says so.

    Args:
        places: (n_clips, 2).
        categories: (n_clips,) what each point is coloured by.
        order: Categories in the order of their looks.
        title: Drawn above.
        path: The PNG to write; an SVG is written beside it.
    """
    index = {category: i for i, category in enumerate(order)}
    of_point = np.array([index[category] for category in categories])
    figure = Figure(figsize=(8.4, 6), dpi=150)
    axes = figure.add_axes((0, 0, 0.71, 1))
    for i, category in enumerate(order):
        _draw_category(axes, places[of_point == i], i, category, raster=len(places) > _RASTER_ABOVE)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])  # distances on such a map have no unit
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("0.8")
    shared = "" if len(order) <= N_LOOKS else f"; {len(order)} values share {N_LOOKS} looks"
    axes.set_title(title + shared, fontsize=11, loc="left", pad=8)
    if not shared:
        columns = 1 if len(order) <= 16 else 2
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(1.01, 1),
            frameon=False,
            fontsize=9 if columns == 1 else 8,
            ncols=columns,
            markerscale=1.6,
            handletextpad=0.2,
            columnspacing=0.8,
        )
    save(figure, path)


def _draw_category(
    axes: Axes, places: npt.NDArray[np.float32], index: int, name: str, *, raster: bool
) -> None:
    colour, marker = look(index)
    axes.plot(
        places[:, 0],
        places[:, 1],
        marker,
        color=colour,
        markersize=3.2 if raster else 4.5,
        markeredgewidth=0.3,
        markeredgecolor="white",
        alpha=0.8,
        label=name,
        rasterized=raster,
    )
