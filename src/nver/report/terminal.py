"""The main tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from nver.report.comparison import Comparison, compare
from nver.report.notices import of_comparison
from nver.report.protocols import chance, statement
from nver.report.repeats import join
from nver.report.side_by_side import SideBySide, title
from nver.report.side_by_side_forms import HEADING, by_corpus, caption, grid
from nver.report.tables import SCORES, main_grid
from nver.results import Result


def print_tables(results: Sequence[Result], *, console: Console) -> None:
    """For every set of comparable results its protocol, what must be read first, and the scores."""
    for comparison in compare(results):
        for part in _parts(comparison):
            console.print(part)
        console.print()


def print_protocols(found: Sequence[SideBySide], *, console: Console) -> None:
    """Systems under each protocol, the gaps between them, and what those mean."""
    for group in by_corpus(found):
        console.print(_plain(f"{title(group[0].corpus)}: {HEADING.lower()}", style="bold"))
        console.print(_plain(caption(group)))
        table = grid(group)
        console.print(table.terminal(table.header))
        for one in group:
            console.print(Text("\n").join(_plain(text) for text in one.sentences()))


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
