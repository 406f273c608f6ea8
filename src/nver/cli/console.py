"""What all verbs share: where words go, how options are read, what Ctrl-C says.

Results go to standard output, everything said on the way to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nver.results import Result

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")
]
Workers = Annotated[int, typer.Option(min=1, help="Cores to use.", show_default="one a core")]
CorpusOptions = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="A knob of the corpus; may be given several times."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one key of it; may be given several times."),
]
SkipUnreadable = Annotated[
    bool, typer.Option("--skip-unreadable", help="Go on without clips that cannot be read, and list them.")
]

N_CORES = os.cpu_count() or 1

FOLDS_ARE_KEPT = "embeddings and finished folds are kept; give the same command again to go on from there"
"""How a run that was interrupted goes on."""

WIDTH_OF_FILES = 120
"""Of tables where there is no terminal that has a width."""


def example(*commands: str) -> str:
    r"""The end of a help page; the \b keeps its lines as they are."""
    return "\n".join(["\b", "Example:" if len(commands) == 1 else "Examples:", *(f"  {c}" for c in commands)])


def note(text: str) -> None:
    """Say something that is no result."""
    typer.echo(text, err=True)


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_tables(results: Sequence[Result]) -> None:
    """The main tables on standard output."""
    from rich.console import Console

    from nver.report import terminal

    terminal.print_tables(results, console=Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES))


def summary(result: Result, directory: Path) -> dict[str, Any]:
    """A result as JSON: its name, its place and its scores."""
    from nver.report.tables import figures

    return {"experiment": result.experiment.name, "directory": str(directory), **figures(result.scores())}


def key_values(assignments: Sequence[str] | None) -> dict[str, Any]:
    """``["subset=core"]`` as options: values are read as TOML, else as text."""
    from nver.config import with_overrides

    return with_overrides({}, assignments or ())


@contextmanager
def interruptible(how_to_go_on: str) -> Iterator[None]:
    """Ctrl-C ends the command with 130 and this sentence."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"interrupted: {how_to_go_on}")
        raise typer.Exit(130) from None
