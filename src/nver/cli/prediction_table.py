"""Answers as a table for the eye."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nver.cli.console import WIDTH_OF_FILES
from nver.predictions.rows import Quiet, Row, Unread

if TYPE_CHECKING:
    from nver.predictions.rows import Answer


def as_table(answers: Sequence[Answer], *, n_shown: int) -> bytes:
    """What was answered, with the ``n_shown`` most probable classes; nothing where nothing was.

    Escape codes and the width are those of the terminal that standard output is, if it is one.
    """
    rows = [answer for answer in answers if not isinstance(answer, Unread)]
    if not rows:
        return b""
    has_times = any(isinstance(row, Quiet) or row.burst is not None for row in rows)
    has_outside = any(isinstance(row, Row) and row.outside for row in rows)
    table = Table("clip")
    for title in ("from", "to") if has_times else ():
        table.add_column(title, justify="right")
    for i in range(n_shown):
        table.add_column("category" if i == 0 else f"{i + 1}.")
    if has_outside:
        table.add_column("in no class", justify="right")
    paths = dict.fromkeys(row.path for row in rows)
    are_distinct = len({PurePath(path).name for path in paths}) == len(paths)
    for row in rows:
        name = PurePath(row.path).name if are_distinct else row.path
        times = [Text(f"{seconds:.2f} s") for seconds in (row.start_s, row.end_s)] if has_times else []
        if isinstance(row, Quiet):
            table.add_row(Text(name), *times, Text("no burst", "dim"))
        else:
            outside = [Text(f"{100 * row.outside:.0f} %")] if has_outside else []
            table.add_row(Text(name), *times, *_best(row, n_shown), *outside)
    is_terminal = sys.stdout.isatty()
    text = io.StringIO()
    width = Console().width if is_terminal else WIDTH_OF_FILES
    Console(file=text, width=width, force_terminal=is_terminal).print(table)
    return text.getvalue().encode()


def _best(row: Row, n_shown: int) -> list[Text]:
    best = sorted(row.probabilities.items(), key=lambda pair: -pair[1])[:n_shown]
    cells = [Text(f"{label} {100 * p:.0f} %") for label, p in best]
    if row.not_sure:
        cells[0] = Text.assemble("not sure ", (f"({cells[0]})", "dim"))
    else:
        cells[0].stylize("bold")
    return cells
