"""The study's layout: a block a head, a row an encoder or pair, three corpora side by side."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Literal

from nver.report.study.cells import StudyTable
from nver.report.study.published import CORPORA, HEADS, SCORES, Published
from nver.report.tables import spread
from nver.report.typeset import Cell, Grid, compete

_SCORES: tuple[Literal["accuracy", "macro_f1"], ...] = ("accuracy", "macro_f1")
_COLUMNS = ("published", "ours", "difference")
_NOTHING = "–"


def study_grid(table: StudyTable) -> Grid:
    """Of every corpus and score the published figure, ours (mean ± sd), and the difference, in percent.

    The best and the second best are marked in each column of published figures and of ours, over all heads.
    """
    at: dict[tuple[str, str], dict[str, Published]] = {}
    for cell in table.cells:
        at.setdefault((cell.head, cell.encoders), {})[cell.corpus] = cell
    columns = [
        column
        for corpus in CORPORA
        for score in _SCORES
        for column in _three_columns(table, [cells.get(corpus) for cells in at.values()], score)
    ]
    names = [Cell(encoders) for _, encoders in at]
    heads = [head for head, _ in at]
    return Grid(
        header=("encoders", *_COLUMNS * (len(CORPORA) * len(_SCORES))),
        lines=tuple(zip(names, *columns, strict=True)),
        n_names=1,
        groups=(
            ("", *(corpus for corpus in CORPORA for _ in range(len(_SCORES) * len(_COLUMNS)))),
            ("", *(SCORES[score] for _ in CORPORA for score in _SCORES for _ in _COLUMNS)),
        ),
        sections=tuple((i, HEADS[head]) for i, head in enumerate(heads) if i == 0 or head != heads[i - 1]),
    )


def caption(table: StudyTable) -> str:
    """What the figures are."""
    n_seeds = max(len(ours.results) for ours in table.ours.values())
    over = "folds" if n_seeds == 1 else f"folds and up to {n_seeds} seeds"
    return (
        f"Table {table.number} of the study under protocol {table.protocol}, in percent. Published: mean of "
        f"five folds (arXiv:2506.02258). Ours: mean ± standard deviation over {over}; difference: ours minus "
        f"published; 95 % intervals of pooled figures are in study.csv. Best and second best are marked in "
        f"each column. Training: {table.settings}."
    )


def study_csv(tables: Sequence[StudyTable]) -> str:
    """Every cell of every table with all digits, in percent; nothing where there is no result."""
    records = [_record(table, cell) for table in tables for cell in table.cells]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _record(table: StudyTable, cell: Published) -> dict[str, object]:
    ours = table.ours.get(cell)
    record: dict[str, object] = {
        "slug": table.slug,
        "table": table.number,
        "protocol": table.protocol,
        "head": cell.head,
        "encoders": cell.encoders,
        "corpus": cell.corpus,
        "seeds": " ".join(map(str, ours.seeds)) if ours else "",
    }
    for name in _SCORES:
        score = ours.score(name) if ours else None
        interval = ours.interval(name) if ours else None
        record |= {
            f"{name}_published": getattr(cell, name),
            f"{name}_ours": None if score is None else 100 * score.mean,
            f"{name}_sd": None if score is None or math.isnan(score.sd) else 100 * score.sd,
            f"{name}_pooled": None if score is None else 100 * score.pooled,
            f"{name}_pooled_low": None if interval is None else 100 * interval.low,
            f"{name}_pooled_high": None if interval is None else 100 * interval.high,
            f"{name}_difference": None if score is None else 100 * score.mean - getattr(cell, name),
        }
    return record


def _three_columns(
    table: StudyTable, cells: Sequence[Published | None], name: Literal["accuracy", "macro_f1"]
) -> list[list[Cell]]:
    said = [float("nan") if cell is None else float(getattr(cell, name)) for cell in cells]
    scores = [
        table.ours[cell].score(name) if cell is not None and cell in table.ours else None for cell in cells
    ]
    means = [float("nan") if score is None else score.mean for score in scores]
    return [
        compete(said, [_NOTHING if math.isnan(s) else f"{s:.2f}" for s in said], unit=1.0, digits=2),
        compete(means, [_NOTHING if score is None else spread(score) for score in scores]),
        [Cell(_signed(100 * mean - s)) for mean, s in zip(means, said, strict=True)],
    ]


def _signed(points: float) -> str:
    """One decimal with its sign, minus as minus; a dash where there is nothing to subtract.

    >>> _signed(1.25), _signed(-0.04), _signed(-3.0)
    ('+1.2', '0.0', '−3.0')
    """
    if math.isnan(points):
        return _NOTHING
    rounded = round(points, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"
