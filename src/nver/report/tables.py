"""Scores as tables, and as CSV with every digit."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from nver.evaluation.intervals import Interval
from nver.evaluation.metrics import Score, Scores
from nver.evaluation.tallies import ScoreName
from nver.report.comparison import Comparison, Row
from nver.report.provenance import calibrated_how, n_parameters, parameters_text
from nver.report.typeset import Cell, Grid, compete

SCORES: dict[str, Callable[[Scores], Score]] = {
    "accuracy": lambda scores: scores.accuracy,
    "macro F1": lambda scores: scores.macro_f1,
    "UAR": lambda scores: scores.uar,
}
"""What tables call a score, and where it is."""

FIELDS: dict[str, ScoreName] = {"accuracy": "accuracy", "macro F1": "macro_f1", "UAR": "uar"}
"""What tables call a score, and its name among intervals."""


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


def of_score(row: Row, name: str) -> Interval | None:
    """The interval of a pooled score, by what tables call it."""
    return None if row.intervals is None else row.intervals.scores[FIELDS[name]]


def with_ends(share: float, interval: Interval | None) -> str:
    """Percent, and the ends of its interval where it has one.

    >>> with_ends(0.465, Interval(0.465, 0.4123, 0.51, 0.95)), with_ends(0.465, None)
    ('46.5 [41.2, 51.0]', '46.5')
    """
    if interval is None:
        return percent(share)
    return f"{percent(share)} [{percent(interval.low)}, {percent(interval.high)}]"


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
    columns["parameters"] = [Cell(parameters_text(row.result)) for row in rows]
    for name, get in SCORES.items():
        scores = [get(row.scores) for row in rows]
        columns[name] = compete([score.mean for score in scores], [spread(score) for score in scores])
    for name, get in SCORES.items():
        pooled = [get(row.scores).pooled for row in rows]
        texts = [with_ends(share, of_score(row, name)) for share, row in zip(pooled, rows, strict=True)]
        columns[f"pooled {name}"] = compete(pooled, texts)
    return Grid(tuple(columns), tuple(zip(*columns.values(), strict=True)), n_names=len(words))


def class_grid(comparison: Comparison) -> Grid:
    """A line a class: its clips, and the F1 that each system reaches on it, pooled over all tested clips."""
    lines = []
    for i, of_class in enumerate(zip(*(row.scores.per_class for row in comparison.rows), strict=True)):
        shares = [score.f1 for score in of_class]
        ends = [None if row.intervals is None else row.intervals.f1[i] for row in comparison.rows]
        figures = compete(shares, list(map(with_ends, shares, ends)))
        lines.append((Cell(of_class[0].label), Cell(str(of_class[0].support)), *figures))
    return Grid(("class", "clips", *(row.system for row in comparison.rows)), tuple(lines), n_names=1)


CERTAINTY = (
    "Confidence: the mean of each clip's largest probability, in percent. ECE: its distance from the "
    "accuracy, in 15 bins of equal numbers of clips, in percent. Brier: 0 to 2; NLL in nats; AURC: the risk "
    "over all coverages, in percent, and how far it is above the least that this accuracy allows. Less is "
    "better."
)
"""What stands below a table of certainty."""


def certainty_grid(comparison: Comparison) -> Grid:
    """A line a system: whether its probabilities mean what they say; the least is the best."""
    found = [row.certainty for row in comparison.rows]

    def least(values: Sequence[float], texts: Sequence[str], digits: int) -> list[Cell]:
        finite = [-value if math.isfinite(value) else math.nan for value in values]
        return compete(finite, texts, unit=1.0, digits=digits)

    columns = {
        "system": [Cell(row.system) for row in comparison.rows],
        "probabilities": [Cell(calibrated_how(row.result)) for row in comparison.rows],
        "confidence": [Cell(percent(one.confidence)) for one in found],
        "ECE": least([100 * one.ece for one in found], [percent(one.ece) for one in found], 1),
        "Brier": least([one.brier.value for one in found], [decimals(one.brier) for one in found], 3),
        "NLL": least([one.nll.value for one in found], [decimals(one.nll) for one in found], 3),
        "AURC": least(
            [100 * one.curve.area for one in found],
            [f"{percent(one.curve.area)} (+{percent(one.curve.excess_area)})" for one in found],
            1,
        ),
    }
    return Grid(tuple(columns), tuple(zip(*columns.values(), strict=True)), n_names=2)


def decimals(interval: Interval) -> str:
    """Three decimals, and the ends where it has some.

    >>> decimals(Interval(0.7, 0.65, 0.751, 0.95))
    '0.700 [0.650, 0.751]'
    """
    if math.isnan(interval.low):
        return "∞" if math.isinf(interval.value) else f"{interval.value:.3f}"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


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
            **_ends_of_scores(row),
            "intervals_over": comparison.units.text,
            **_certainty(row),
        }
        for comparison in comparisons
        for row in comparison.rows
    ]
    return csv_text(records)


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
            **_ends_of_class(row, i),
        }
        for comparison in comparisons
        for row in comparison.rows
        for i, score in enumerate(row.scores.per_class)
    ]
    return csv_text(records)


def _ends_of_scores(row: Row) -> dict[str, float | None]:
    return {
        f"{field}_pooled_{end}": None if found is None else float(getattr(found, end))
        for name, field in FIELDS.items()
        for found in [of_score(row, name)]
        for end in ("low", "high")
    }


def _ends_of_class(row: Row, i: int) -> dict[str, float | None]:
    every: dict[str, float | None] = {}
    for figure in ("precision", "recall", "f1"):
        found = None if row.intervals is None else getattr(row.intervals, figure)[i]
        for end in ("low", "high"):
            every[f"{figure}_{end}"] = None if found is None else float(getattr(found, end))
    return every


def _certainty(row: Row) -> dict[str, float]:
    certainty = row.certainty
    return {
        "ece": certainty.ece,
        "brier": certainty.brier.value,
        "nll": certainty.nll.value,
        "mean_confidence": certainty.confidence,
        "aurc": certainty.curve.area,
        "excess_aurc": certainty.curve.excess_area,
    }


def csv_text(records: Sequence[Mapping[str, object]]) -> str:
    """Records with equal keys as CSV, the keys above."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
