"""Figures as PNG and SVG, drawn with matplotlib's objects alone: no pyplot, no display, no global state."""

from __future__ import annotations

from nver.report.figures.bars import Bar, draw_bars
from nver.report.figures.confusion import draw_confusion
from nver.report.figures.curves import draw_learning_curves
from nver.report.figures.intervals import Dots, draw_intervals
from nver.report.figures.protocols import Track, draw_protocols
from nver.report.figures.scatter import draw_map

__all__ = [
    "Bar",
    "Dots",
    "Track",
    "draw_bars",
    "draw_confusion",
    "draw_intervals",
    "draw_learning_curves",
    "draw_map",
    "draw_protocols",
]
