"""Systems under several protocols beside each other, and the gap between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nver.evaluation.intervals import Interval
from nver.report.figures.style import look, save, tidy


@dataclass(frozen=True)
class Track:
    """One system: its score under each protocol, and what the first is above each of the others."""

    name: str
    scores: dict[str, Interval]
    gaps: dict[str, Interval]


def draw_protocols(tracks: Sequence[Track], *, score: str, title: str, note: str, path: Path) -> None:
    """Left the scores, right the gaps, a line a system; whiskers are intervals.

    Args:
        tracks: All with the same first protocol.
        score: What is measured.
        title: Drawn above.
        note: Drawn below the title: protocol, n, seeds, what intervals are of.
        path: The PNG to write; an SVG is written beside it.
    """
    protocols = list(dict.fromkeys(name for track in tracks for name in track.scores))
    figure = Figure(figsize=(9.5, 1.7 + 0.5 * len(tracks)), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for place, track in enumerate(tracks):
        _draw(left, place, track.scores, protocols)
        _draw(right, place, track.gaps, protocols)
    right.axvline(0, color="0.35", linewidth=0.9, linestyle=(0, (4, 3)))
    left.set_xlabel(f"{score} (percent)")
    right.set_xlabel(f"{protocols[0].partition(',')[0]} above the others (points)")
    for axes in (left, right):
        tidy(axes)
        axes.grid(visible=False, axis="y")
    left.set_yticks(range(len(tracks)), [track.name for track in tracks], fontsize=8)
    left.set_ylim(len(tracks) - 0.5, -0.5)
    handles = [
        left.plot([], [], linestyle="-", **_look(i), label=name)[0] for i, name in enumerate(protocols)
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(protocols), frameon=False, fontsize=8
    )
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    left.set_title(note, fontsize=7, color="0.3", loc="left")
    save(figure, path)


def _draw(axes: Axes, place: int, intervals: dict[str, Interval], protocols: Sequence[str]) -> None:
    for i, name in enumerate(protocols):
        if (interval := intervals.get(name)) is None:
            continue
        y = place + 0.2 * (i - (len(protocols) - 1) / 2)
        value, low, high = (100 * figure for figure in (interval.value, interval.low, interval.high))
        axes.plot([low, high], [y, y], color=_look(i)["color"], linewidth=1.4)
        axes.plot(value, y, linestyle="", **_look(i))


def _look(index: int) -> dict[str, Any]:
    colour, marker = look(index)
    return {"color": colour, "marker": marker, "markersize": 5}
