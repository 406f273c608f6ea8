"""Where the files of a report lie, below its folder and with forward slashes."""

from __future__ import annotations

import re

from nver.report.comparison import Comparison
from nver.report.maps import ClipSet


def confusion(comparison: Comparison, system: str) -> str:
    """Of a confusion matrix, each row as shares."""
    return f"figures/{comparison.slug}/{system}-confusion.png"


def confusion_counts(comparison: Comparison, system: str) -> str:
    """Of a confusion matrix in clips."""
    return f"figures/{comparison.slug}/{system}-confusion-counts.png"


def curves(comparison: Comparison, system: str) -> str:
    """Of learning curves."""
    return f"figures/{comparison.slug}/{system}-learning.png"


def bars(comparison: Comparison) -> str:
    """Of the chart of all systems."""
    return f"figures/{comparison.slug}/all-systems.png"


def repeats(comparison: Comparison) -> str:
    """Of the chart of systems that were trained under several seeds."""
    return f"figures/{comparison.slug}/repeated-systems.png"


def side_by_side(number: int, score: str) -> str:
    """Of protocols side by side; ``number`` counts selections of clips from 1."""
    return f"figures/protocols-{number}-{_plain(score).lower()}.png"


def embedding_map(clip_set: ClipSet, encoder: str, category: str) -> str:
    """Of a map of embeddings, coloured by a category."""
    return f"figures/{clip_set.slug}/map-{_plain(encoder)}-by-{_plain(category)}.png"


def _plain(name: str) -> str:
    """Letters, digits and dashes.

    >>> _plain("logmel-stats (bands=40)")
    'logmel-stats-bands-40'
    """
    return re.sub(r"\W+", "-", name).strip("-")
