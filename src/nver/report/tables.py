"""Scores as tables, and as CSV with every digit."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from nver.evaluation.metrics import Score, Scores
from nver.report.comparison import Comparison
from nver.report.provenance import n_parameters
from nver.report.typeset import Cell, Grid, compete

SCORES: dict[str, Callable[[Scores], Score]] = {
    "accuracy": lambda scores: scores.accuracy,
    "macro F1": lambda scores: scores.macro_f1,
    "UAR": lambda scores: scores.uar,
}
"""What tables call a score, and where it is."""


def percent(share: float) -> str:
    """One decimal; a dash where the figure is undefined.

    >>> percent(0.4649), percent(float("nan"))
    ('46.5', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def spread(score: Score) -> str:
    """Percent, as mean ± standard deviation over folds; the mean alone for a single fold.

    >>> spread(Score(mean=0.465, sd=0.0123, pooled=0.46, per_fold=(0.47, 0.46)))
    '46.5 ± 1.2'
    """
    return percent(score.mean) if math.isnan(score.sd) else f"{percent(score.mean)} ± {percent(score.sd)}"


def main_grid(comparison: Comparison) -> Grid:
    """A line a system: what it is, its scores over folds, and pooled over all tested clips."""
    rows = comparison.rows
    words: dict[str, list[str]] = {
        "system": [row.system for row in rows],
        "encoders": [row.encoders for row in rows],
        "head": [row.head for row in rows],
    }
    if any(row.settings for row in rows):
        words["settings"] = [row.settings for row in rows]
    columns = {name: [Cell(text) for text in texts] for name, texts in words.items()}
    columns["parameters"] = [Cell(f"{n_parameters(row.result):,}") for row in rows]
    for name, get in SCORES.items():
        scores = [get(row.scores) for row in rows]
        columns[name] = compete([score.mean for score in scores], [spread(score) for score in scores])
    for name, get in SCORES.items():
        pooled = [get(row.scores).pooled for row in rows]
        columns[f"pooled {name}"] = compete(pooled, [percent(share) for share in pooled])
    return Grid(tuple(columns), tuple(zip(*columns.values(), strict=True)), n_names=len(words))


def class_grid(comparison: Comparison) -> Grid:
    """A line a class: its clips, and the F1 that each system reaches on it, pooled over all tested clips."""
    lines = []
    for of_class in zip(*(row.scores.per_class for row in comparison.rows), strict=True):
        shares = [score.f1 for score in of_class]
        figures = compete(shares, [percent(share) for share in shares])
        lines.append((Cell(of_class[0].label), Cell(str(of_class[0].support)), *figures))
    return Grid(("class", "clips", *(row.system for row in comparison.rows)), tuple(lines), n_names=1)


def figures(scores: Scores) -> dict[str, float | None]:
    """``accuracy_mean``, ``accuracy_sd``, ``accuracy_pooled``... as fractions of one, None if undefined."""
    return {
        f"{name.lower().replace(' ', '_')}_{part}": None if math.isnan(figure) else figure
        for name, get in SCORES.items()
        for part in ("mean", "sd", "pooled")
        for figure in [float(getattr(get(scores), part))]
    }


def systems_csv(comparisons: Iterable[Comparison]) -> str:
    """Every row of every main table, with full precision and as fractions of one."""
    records = [
        {
            "table": comparison.slug,
            "corpus": comparison.corpus.name,
            "n_classes": len(comparison.labels),
            "protocol": comparison.folds.protocol,
            "n_clips": comparison.n_clips,
            "n_folds": comparison.n_folds,
            "system": row.system,
            "encoders": row.encoders,
            "head": row.head,
            "seed": row.result.experiment.seed,
            "parameters": n_parameters(row.result),
            **figures(row.scores),
        }
        for comparison in comparisons
        for row in comparison.rows
    ]
    return _csv(records)


def classes_csv(comparisons: Iterable[Comparison]) -> str:
    """Precision, recall and F1 of every class of every row, pooled over its tested clips."""
    records = [
        {
            "table": comparison.slug,
            "system": row.system,
            "class": score.label,
            "n_clips": score.support,
            "precision": score.precision,
            "recall": score.recall,
            "f1": score.f1,
        }
        for comparison in comparisons
        for row in comparison.rows
        for score in row.scores.per_class
    ]
    return _csv(records)


def _csv(records: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
