"""``nver slices``: a result by speaker, sex, age, intensity, duration, or whatever a corpus codes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import WIDTH_OF_FILES, AsJson, example, note, print_json

EXAMPLE = example("nver slices runs/demo --by intensity --by duration")


def slices(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...", help="Folders of results, or folders that hold some at any depth."
        ),
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="speaker, duration, or an attribute of the corpus; may be given several times. Left out: "
            "everything that has no more than 64 values.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Scores of parts of the tested clips, each with how many clips it has and a 95 % interval.

    Durations are divided into four parts of about equally many clips. Parts of fewer than 20 clips
    are marked.
    """
    from rich.console import Console
    from rich.text import Text

    from nver.report import find_results
    from nver.report.slices import CAPTION, slice_table, usual

    found = find_results(results)
    tables = [(one, [slice_table(one, name) for name in by or usual(one)]) for one in found]
    if as_json:
        print_json(
            [
                {"experiment": one.experiment.name, "slices": {table.by: table.to_json() for table in of_one}}
                for one, of_one in tables
            ]
        )
        return
    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES)
    for one, of_one in tables:
        console.print(Text(f"{one.experiment.name}, {len(one.predictions.clip_ids):,} clips", style="bold"))
        if not of_one:
            note(f"{one.experiment.name} keeps neither speakers nor attributes; run it again to slice it")
        for table in of_one:
            grid = table.grid()
            console.print(grid.terminal(grid.header))
    console.print(Text(CAPTION))
