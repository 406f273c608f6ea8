"""Systems over seeds as a table (Markdown, LaTeX) and as CSV with every digit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from nver.evaluation.intervals import Interval
from nver.report.protocols import headline
from nver.report.repeats import Line, Repeats
from nver.report.tables import csv_text, percent
from nver.report.typeset import MARKS, Cell, Grid, compete, latex_text

SHOWN = ("accuracy", "macro F1")
"""Scores with a column: the study's two. The CSV has UAR as well."""


def repeats_grid(repeats: Repeats) -> Grid:
    """A line a system: seeds, each score's mean and its difference to the reference, with intervals."""
    lines = repeats.lines
    columns = {
        "system": [Cell(line.system) for line in lines],
        "seeds": [Cell(str(len(line.seeds))) for line in lines],
    }
    for score in SHOWN:
        means = [line.scores[score] for line in lines]
        columns[score] = compete([mean.value for mean in means], [interval(mean) for mean in means])
        columns[f"{score} less {repeats.reference}"] = [Cell(_difference(line, score)) for line in lines]
    sections = tuple(
        (i, line.group)
        for i, line in enumerate(lines)
        if line.group and (i == 0 or lines[i - 1].group != line.group)
    )
    return Grid(tuple(columns), tuple(zip(*columns.values(), strict=True)), n_names=1, sections=sections)


def markdown(repeats: Repeats) -> str:
    """The table with what must be known to read it."""
    above = f"# {repeats.comparison.title}: over seeds\n\n{headline(repeats.comparison.folds.protocol)}"
    return (
        f"{above}\n\n{repeats_grid(repeats).markdown()}\n\nPercent and points. {repeats.statement} {MARKS}\n"
    )


def latex(repeats: Repeats) -> str:
    """A ``table*`` that needs booktabs and graphicx."""
    comparison = repeats.comparison
    caption = (
        f"{comparison.title}, {comparison.n_clips:,} tested clips. Percent and points. {repeats.statement} "
        "Bold: the best of a column; underlined: the second best."
    )
    return "\n".join(
        [
            "\\begin{table*}",
            "\\centering",
            f"\\caption{{{latex_text(caption)}}}",
            f"\\label{{tab:repeats-{comparison.slug}}}",
            "\\resizebox{\\textwidth}{!}{%",
            repeats_grid(repeats).latex(),
            "}",
            "\\end{table*}\n",
        ]
    )


def repeats_csv(repeats: Iterable[Repeats]) -> str:
    """Every line, as fractions of one."""
    return csv_text(
        [
            {
                "table": repeated.comparison.slug,
                "system": line.system,
                "group": line.group,
                "head": line.rows[0].head,
                "seeds": " ".join(map(str, line.seeds)),
                "reference": repeated.reference,
                **_figures(line),
            }
            for repeated in repeats
            for line in repeated.lines
        ]
    )


def interval(found: Interval) -> str:
    """Percent.

    >>> interval(Interval(0.4649, 0.41, 0.52, 0.95))
    '46.5 [41.0, 52.0]'
    """
    return f"{percent(found.value)} [{percent(found.low)}, {percent(found.high)}]"


def points(share: float) -> str:
    """A difference, with its sign.

    >>> points(0.0123), points(-0.2), points(0.0)
    ('+1.2', '−20.0', '0.0')
    """
    if math.isnan(share):
        return "–"
    text = f"{100 * share:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def _difference(line: Line, score: str) -> str:
    found = line.differences.get(score)
    return "–" if found is None else f"{points(found.value)} [{points(found.low)}, {points(found.high)}]"


def _figures(line: Line) -> dict[str, float | None]:
    figures: dict[str, float | None] = {}
    for score, found in line.scores.items():
        name = score.lower().replace(" ", "_")
        figures |= _parts(name, found)
        figures[f"{name}_sd_over_seeds"] = _sd(line.per_seed(score))
        figures |= _parts(f"{name}_difference", line.differences.get(score))
    return figures


def _parts(name: str, found: Interval | None) -> dict[str, float | None]:
    return {
        f"{name}{ending}": None if found is None else getattr(found, part)
        for ending, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


def _sd(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
