"""``nver report``: results as Markdown, CSV and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import AsJson, example, print_json, print_tables

EXAMPLE = example("nver report runs/demo --out demo/report")


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...", help="Folders of results, or folders that hold some at any depth."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    as_json: AsJson = False,
) -> None:
    """Write report.md with tables, confusion matrices and learning curves, and print the main tables.

    Results that measure the same thing share a table; others get their own.
    """
    from nver.report import find_results, write_report

    found = find_results(results)
    written = write_report(found, out)
    if as_json:
        print_json({"report": str(written), "experiments": [result.experiment.name for result in found]})
        return
    print_tables(found)
    typer.echo(f"report: {written}")
