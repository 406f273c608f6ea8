"""All cells of a comparison beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nver.evaluation.metrics import Score
from nver.report.figures.style import COLOURS, save, tidy

_USUAL = ("fcn", "cnn", "concat", "reno")
"""The study's kinds in its order; others come after them."""

HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++++", "----", "oooo")
"""What tells kinds of heads apart where print has no colour."""


@dataclass(frozen=True)
class Bar:
    """One cell.

    Attributes:
        name: Drawn at its foot.
        kind: Which bars look alike: the kind of head.
        scores: By heading of a panel.
        published: Percent, by heading; empty where nothing was published.
    """

    name: str
    kind: str
    scores: dict[str, Score]
    published: dict[str, float]


def draw_bars(bars: Sequence[Bar], *, chance: dict[str, float], title: str, path: Path) -> None:
    """A panel a score: bars are means over folds, whiskers one standard deviation, dots the single folds.

    Args:
        bars: All with the same panels; drawn best first, by the last panel.
        chance: Share reached without listening, by heading of a panel.
        title: Drawn above.
        path: The PNG to write; an SVG is written beside it.
    """
    panels = list(bars[0].scores)
    kinds = sorted({bar.kind for bar in bars}, key=_place)
    ordered = sorted(bars, key=lambda bar: -bar.scores[panels[-1]].mean)
    figure = Figure(figsize=(10, 1.4 + 0.24 * len(bars)), dpi=150, layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, ax in zip(panels, axes, strict=True):
        for place, bar in enumerate(ordered):
            _draw_bar(ax, place, bar, panel, kinds.index(bar.kind))
        ax.axvline(100 * chance[panel], color="0.35", linewidth=0.9, linestyle=(0, (4, 3)))
        ax.set_xlabel(f"{panel} (percent)")
        ax.set_xlim(left=0)
        tidy(ax)
        ax.grid(visible=False, axis="y")
    axes[0].set_yticks(range(len(ordered)), [bar.name for bar in ordered], fontsize=8)
    axes[0].set_ylim(len(ordered) - 0.4, -0.6)
    figure.legend(
        handles=_legend(kinds, published=any(bar.published for bar in bars)),
        loc="outside lower center",
        ncols=4 + len(kinds),
        frameon=False,
        fontsize=8,
    )
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    save(figure, path)


def _draw_bar(axes: Axes, place: int, bar: Bar, panel: str, kind: int) -> None:
    score = bar.scores[panel]
    axes.barh(place, 100 * score.mean, height=0.72, **_fill(kind))
    if not math.isnan(score.sd):
        axes.errorbar(
            100 * score.mean, place, xerr=100 * score.sd, color="black", linewidth=1, capsize=2, zorder=3
        )
        folds = [100 * share for share in score.per_fold]
        axes.plot(folds, [place] * len(folds), ".", color="black", markersize=3, alpha=0.55, zorder=4)
    if panel in bar.published:
        axes.plot(bar.published[panel], place, **_PUBLISHED, zorder=5)


_PUBLISHED: dict[str, Any] = {
    "marker": "D",
    "linestyle": "",
    "markersize": 5,
    "markerfacecolor": "white",
    "markeredgecolor": "black",
}


def _place(kind: str) -> tuple[int, str]:
    return _USUAL.index(kind) if kind in _USUAL else len(_USUAL), kind


def _fill(kind: int) -> dict[str, Any]:
    """A tint with a pattern, so that whiskers and dots stay visible in front of it."""
    colour = COLOURS[kind % len(COLOURS)]
    return {
        "facecolor": f"{colour}66",
        "edgecolor": colour,
        "hatch": HATCHES[kind % len(HATCHES)],
        "linewidth": 0.8,
    }


def _legend(kinds: Sequence[str], *, published: bool) -> list[Patch | Line2D]:
    handles: list[Patch | Line2D] = [Patch(label=kind, **_fill(i)) for i, kind in enumerate(kinds)]
    handles.append(
        Line2D([], [], color="black", marker=".", markersize=3, label="± one sd over folds; each fold")
    )
    if published:
        handles.append(Line2D([], [], label="published", **_PUBLISHED))
    return [*handles, Line2D([], [], color="0.35", linestyle=(0, (4, 3)), label="chance")]
