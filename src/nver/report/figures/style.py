"""What all figures share: colours that every kind of colour vision tells apart, and how they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, VERMILION = "#0072B2", "#D55E00"

COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222", "#8C8C8C")
"""Okabe and Ito's, without the yellow that paper swallows, and a grey."""

MARKERS = ("o", "^", "s", "D")

N_LOOKS = len(COLOURS) * len(MARKERS)
"""Categories that look different from each other."""

SUFFIXES = (".png", ".svg")


def look(index: int) -> tuple[str, str]:
    """Colour and marker of a category; neighbours differ in both, and the first ``N_LOOKS`` from all others.

    >>> look(0), look(1), look(8)
    (('#0072B2', 'o'), ('#D55E00', '^'), ('#0072B2', '^'))
    """
    n = len(COLOURS)
    return COLOURS[index % n], MARKERS[(index + index // n) % len(MARKERS)]


def tidy(axes: Axes) -> None:
    """A faint grid behind the data, and no box around it."""
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    """``path`` as PNG, and beside it as SVG: names whole, no date: equal inputs give equal bytes.

    Args:
        figure: What to save.
        path: Of the PNG.
    """
    figure.draw_without_rendering()
    box = figure.get_tightbbox().padded(0.15)  # found once for both: it takes as long as drawing
    figure.savefig(path, format="png", metadata={"Software": None}, bbox_inches=box)
    # Ids of clip paths are drawn at random without a salt; words stay words, which can be searched for.
    with rc_context({"svg.hashsalt": "nver", "svg.fonttype": "none"}):
        metadata: dict[str, Any] = {"Date": None, "Creator": None}
        figure.savefig(path.with_suffix(".svg"), format="svg", metadata=metadata, bbox_inches=box)
