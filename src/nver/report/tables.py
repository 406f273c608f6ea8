"""Scores as tables: for Markdown, for a terminal, and as CSV with every digit."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from nver.evaluation.metrics import Score, Scores
from nver.report.comparison import Comparison
from nver.report.provenance import n_parameters

SCORES: dict[str, Callable[[Scores], Score]] = {
    "accuracy": lambda scores: scores.accuracy,
    "macro F1": lambda scores: scores.macro_f1,
    "UAR": lambda scores: scores.uar,
}
"""What tables call a score, and where it is."""


@dataclass(frozen=True)
class Cell:
    """One entry; ``best`` where it is a figure that no figure it competes with exceeds."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Grid:
    """A table before it has a form; the first ``n_names`` columns hold words, the others figures."""

    header: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    n_names: int

    def markdown(self) -> str:
        """A pipe table: figures to the right, the best in bold."""
        rule = ["---"] * self.n_names + ["---:"] * (len(self.header) - self.n_names)
        lines = [[_bold(cell) if cell.best else _escaped(cell.text) for cell in line] for line in self.lines]
        header = [_escaped(name) for name in self.header]
        return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))

    def terminal(self, columns: Iterable[str]) -> Table:
        """Some of its columns for a terminal, the best with a star: a log has no bold."""
        kept = [self.header.index(column) for column in columns]
        table = Table()
        for j in kept:
            table.add_column(
                self.header[j], justify="right" if j >= self.n_names else "left", overflow="fold"
            )
        for line in self.lines:
            table.add_row(*(_starred(line[j], is_figure=j >= self.n_names) for j in kept))
        return table


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
        columns[name] = _compete([score.mean for score in scores], [spread(score) for score in scores])
    for name, get in SCORES.items():
        pooled = [get(row.scores).pooled for row in rows]
        columns[f"pooled {name}"] = _compete(pooled, [percent(share) for share in pooled])
    return Grid(tuple(columns), tuple(zip(*columns.values(), strict=True)), n_names=len(words))


def class_grid(comparison: Comparison) -> Grid:
    """A line a class: its clips, and the F1 that each system reaches on it, pooled over all tested clips."""
    lines = []
    for of_class in zip(*(row.scores.per_class for row in comparison.rows), strict=True):
        shares = [score.f1 for score in of_class]
        figures = _compete(shares, [percent(share) for share in shares])
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


def _compete(shares: Sequence[float], texts: Sequence[str]) -> list[Cell]:
    """Cells of which those with the largest share, as it is printed, are the best; alone there is no best."""
    printed = [-1.0 if math.isnan(share) else round(100 * share, 1) for share in shares]
    largest = max(printed)
    return [
        Cell(text, best=len(texts) > 1 and figure == largest >= 0)
        for figure, text in zip(printed, texts, strict=True)
    ]


def _starred(cell: Cell, *, is_figure: bool) -> Text:
    """The star has a place of its own, so that figures stay below each other."""
    return Text(cell.text + (" *" if cell.best else "  ") * is_figure, style="bold" if cell.best else "")


def _bold(cell: Cell) -> str:
    return f"**{_escaped(cell.text)}**"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")
