"""What a search tried and chose, fold by fold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from nver.report.comparison import Comparison, settings_text
from nver.report.tables import percent
from nver.report.typeset import Cell, Grid
from nver.results import FoldHistory


def search_text(past: FoldHistory) -> str:
    """``training.lr=0.003 (inner score 41.2, of 20 trials from 33.0 to 41.2)``."""
    best = past.chosen
    if best is None:
        return ""
    scores = [trial.score for trial in past.trials]
    return (
        f"{settings_text(_short(best.settings))} (inner score {percent(best.score)}, of {len(scores)} trials "
        f"from {percent(min(scores))} to {percent(max(scores))})"
    )


def chosen_grid(comparison: Comparison) -> Grid | None:
    """A line a system and fold: what was chosen, and what it scored on inner folds; None without a search."""
    lines = []
    for row in comparison.rows:
        for past in row.result.history:
            if (best := past.chosen) is None:
                continue
            scores = [trial.score for trial in past.trials]
            texts = (row.system, past.name, settings_text(_short(best.settings)), str(len(scores)))
            figures = (percent(best.score), percent(min(scores)), percent(max(scores)))
            lines.append(tuple(Cell(text) for text in (*texts, *figures)))
    if not lines:
        return None
    header = ("system", "fold", "chosen", "trials", "inner score", "lowest tried", "highest tried")
    return Grid(header, tuple(lines), n_names=3)


def trials_csv(comparisons: Sequence[Comparison]) -> str:
    """Every trial of every search, settings as JSON; "" where nothing was searched."""
    records = [
        {
            "table": comparison.slug,
            "system": row.system,
            "fold": past.name,
            "trial": number,
            "settings": json.dumps(dict(trial.settings)),
            "inner_score": trial.score,
            "is_chosen": trial is past.chosen,
        }
        for comparison in comparisons
        for row in comparison.rows
        for past in row.result.history
        for number, trial in enumerate(past.trials, start=1)
    ]
    if not records:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _short(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers with four digits: a range gives sixteen."""
    return {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in settings.items()}
