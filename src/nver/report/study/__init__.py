"""The study's Tables I and II: its published figures, and ours beside them."""

from __future__ import annotations

from nver.report.study.cells import Ours, StudyTable, study_tables
from nver.report.study.layout import caption, study_csv, study_grid
from nver.report.study.published import Published, published

__all__ = [
    "Ours",
    "Published",
    "StudyTable",
    "caption",
    "published",
    "study_csv",
    "study_grid",
    "study_tables",
]
