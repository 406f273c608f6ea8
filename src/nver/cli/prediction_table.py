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
from nver.predictions.rows import Row

if TYPE_CHECKING:
    from nver.predictions.rows import Answer


def as_table(answers: Sequence[Answer], *, n_shown: int) -> bytes:
    """The answered clips with their ``n_shown`` most probable classes; nothing where none was answered.

    Escape codes and the width are those of the terminal that standard output is, if it is one.
    """
    rows = [answer for answer in answers if isinstance(answer, Row)]
    if not rows:
        return b""
    table = Table("clip", *("category" if i == 0 else f"{i + 1}." for i in range(n_shown)))
    has_outside = any(row.outside for row in rows)
    if has_outside:
        table.add_column("in no class", justify="right")
    names = [PurePath(row.path).name for row in rows]
    are_distinct = len(set(names)) == len(names)
    for row, name in zip(rows, names, strict=True):
        best = sorted(row.probabilities.items(), key=lambda pair: -pair[1])[:n_shown]
        cells = [Text(f"{label} {100 * p:.0f} %") for label, p in best]
        if row.not_sure:
            cells[0] = Text.assemble("not sure ", (f"({cells[0]})", "dim"))
        else:
            cells[0].stylize("bold")
        beside = [Text(f"{100 * row.outside:.0f} %")] if has_outside else []
        table.add_row(Text(name if are_distinct else row.path), *cells, *beside)
    is_terminal = sys.stdout.isatty()
    text = io.StringIO()
    width = Console().width if is_terminal else WIDTH_OF_FILES
    Console(file=text, width=width, force_terminal=is_terminal).print(table)
    return text.getvalue().encode()
