"""The main tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from nver.report.comparison import Comparison, compare
from nver.report.notices import of_comparison
from nver.report.protocols import chance, statement
from nver.report.repeats import join
from nver.report.tables import SCORES, main_grid
from nver.results import Result


def print_tables(results: Sequence[Result], *, console: Console) -> None:
    """For every set of comparable results its protocol, what must be read first, and the scores."""
    for comparison in compare(results):
        for part in _parts(comparison):
            console.print(part)
        console.print()


def _parts(comparison: Comparison) -> Iterator[RenderableType]:
    yield _plain(comparison.title, style="bold")
    yield _plain(statement(comparison))
    yield from (Text(notice.plain(), style="red") for notice in of_comparison(comparison))
    yield _plain(chance(comparison))
    yield main_grid(join(comparison)).terminal(("system", "parameters", *SCORES, "pooled macro F1"))
    yield (
        "Percent, mean ± standard deviation over folds; pooled: all tested clips at once; *: the best of a "
        f"column. {comparison.interval_note}"
    )


def _plain(markdown: str, *, style: str = "") -> Text:
    return Text(markdown.replace("**", "").replace("`", ""), style=style)
