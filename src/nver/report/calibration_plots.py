"""Reliability diagrams: what a recogniser promised, and what it kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nver.evaluation.calibration import Reliability
from nver.report.figures.style import BLUE, VERMILION


def draw_reliability(curves: Mapping[str, Reliability], *, title: str, path: Path) -> None:
    """Accuracy over confidence, a line for each set of probabilities; on the diagonal promises are kept.

    Args:
        curves: What the legend says -> the bins. Up to two: the first is orange, the second blue.
        title: Drawn above.
        path: The PNG to write.
    """
    figure = Figure(figsize=(4.6, 4.8), dpi=150, layout="constrained")
    axes = figure.subplots()
    largest = min(
        1.0, 1.08 * max(max(bins.confidence.max(), bins.accuracy.max()) for bins in curves.values())
    )
    axes.plot([0, largest], [0, largest], color="0.6", linewidth=0.8, linestyle="--")
    for (label, bins), colour in zip(curves.items(), (VERMILION, BLUE), strict=False):
        axes.plot(
            bins.confidence, bins.accuracy, "o-", color=colour, label=label, linewidth=1.2, markersize=4
        )
    axes.set_xlim(0, largest)
    axes.set_ylim(0, largest)
    axes.set_aspect("equal")
    axes.set_xlabel("confidence")
    axes.set_ylabel("share of clips that were guessed right")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    axes.set_title(title, fontsize=11, loc="left")
    # No version and no date: equal inputs give equal bytes.
    figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.15, metadata={"Software": None})
