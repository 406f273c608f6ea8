"""``nver grid``: many experiments as one job that can be stopped and started again."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nver.cli.console import (
    FOLDS_ARE_KEPT,
    N_CORES,
    AsJson,
    Overrides,
    SkipUnreadable,
    Workers,
    example,
    interruptible,
    note,
    print_json,
)
from nver.cli.progress import progress
from nver.errors import ConfigError

if TYPE_CHECKING:
    from nver.grid import Grid
    from nver.training.grid import Ending
    from nver.training.inputs import LeftOut
    from nver.training.outlook import Outlook

EXAMPLE = example(
    "nver grid experiments/study.toml --root vivae=data/VIVAE --root jnv=data/JNV --dry-run",
    "nver grid experiments/grid-smoke.toml --root vivae=demo/corpus --out demo/results",
)


def grid(
    file: Annotated[Path, typer.Argument(metavar="GRID.toml", help="What to run.")],
    root: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CORPUS=DIR",
            help="Where a corpus of the grid lies; may be given several times.",
            show_default="data/CORPUS",
        ),
    ] = None,
    set_: Overrides = None,
    out: Annotated[Path, typer.Option(help="Each cell is saved below it, as GRID/CORPUS/EXPERIMENT.")] = Path(
        "results"
    ),
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what is there, what is missing and about how long it takes; run nothing."
        ),
    ] = False,
    random_weights: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SEED",
            help="The true architectures with random weights, to time them or for a dry run.",
        ),
    ] = None,
    skip_unreadable: SkipUnreadable = False,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Embed every corpus with every encoder, then train and test every cell whose inputs are there.

    Embeddings, finished folds and results are kept: the same command goes on where it was stopped, and does
    again only what would come out otherwise. Exits with 1 if a cell failed, or none could run.
    """
    from nver.grid import load_grid

    wanted = load_grid(file, overrides=set_ or ()).rooted(_roots(root or ()))
    if random_weights is not None:
        wanted = wanted.with_random_weights(random_weights)
        note(f"RANDOM WEIGHTS: scores of this grid mean nothing; it is called {wanted.name}")
    if dry_run:
        _show_outlook(wanted, out=out, workers=workers, as_json=as_json)
        return
    ending = _run(wanted, out=out, workers=workers, skip_unreadable=skip_unreadable)
    if as_json:
        print_json({"directory": str(out / wanted.name), **dataclasses.asdict(ending)})
    else:
        note(
            f"{ending.n_trained:,} cells trained, {ending.n_found:,} were there, "
            f"{len(wanted.cells()) - ending.n_trained - ending.n_found:,} left out"
        )
        note(f"results: {out / wanted.name}")
    if ending.failed or not (ending.n_trained or ending.n_found):
        raise typer.Exit(1)


def _roots(assignments: Sequence[str]) -> dict[str, Path]:
    """``["vivae=data/VIVAE"]`` as a table."""
    roots = {}
    for assignment in assignments:
        label, equals, place = assignment.partition("=")
        if not equals or not place:
            raise ConfigError(f"--root {assignment}: expected CORPUS=DIR, as in --root vivae=data/VIVAE")
        roots[label] = Path(place)
    return roots


def _run(wanted: Grid, *, out: Path, workers: int, skip_unreadable: bool) -> Ending:
    with interruptible(FOLDS_ARE_KEPT), progress(wanted.name, unit="cells") as bar:
        from nver.cli.watching import WatchingGrid
        from nver.training.grid import run_grid

        return run_grid(
            wanted,
            out=out,
            workers=workers,
            jobs=workers,
            skip_unreadable=skip_unreadable,
            observer=WatchingGrid(bar),
        )


def _show_outlook(wanted: Grid, *, out: Path, workers: int, as_json: bool) -> None:
    from nver.training.outlook import outlook

    ahead = outlook(wanted, out=out, jobs=workers)
    if as_json:
        print_json(_plain(ahead))
        return
    total_s = ahead.training_s + sum(job.seconds for job in ahead.embeddings)
    n_bytes = ahead.result_bytes + sum(job.n_bytes for job in ahead.embeddings)
    n_left_out = ahead.n_cells - len(ahead.inputs.cells)
    lines = [
        f"{wanted.name}: {ahead.n_cells:,} cells, {len(ahead.stored):,} stored already, "
        f"{ahead.n_to_train:,} to train, {n_left_out:,} left out",
        *(f"  again: {name}: {'; '.join(reasons)}" for name, reasons in ahead.redone),
        *(left_out_line(what) for what in ahead.inputs.left_out),
        *(
            f"  embed: {job.encoder} on {job.corpus}: "
            + (
                f"{job.n_missing:,} of {job.n_clips:,} clips, about {duration(job.seconds)}, "
                f"{size(job.n_bytes)}"
                if job.n_missing
                else f"all {job.n_clips:,} clips are in the store"
            )
            for job in ahead.embeddings
        ),
        f"  train: {ahead.n_to_train:,} cells"
        + (
            f", about {duration(ahead.training_s)} on {workers} cores if no fold stops early"
            * bool(ahead.n_to_train)
        ),
        f"about {duration(total_s)} and {size(n_bytes)} of disk in all",
    ]
    typer.echo("\n".join(lines))


def left_out_line(what: LeftOut) -> str:
    """One line for something that is missing."""
    fetched = f" [{size(what.n_bytes)}]" if what.n_bytes else ""
    return f"  missing: {what.subject} ({len(what.cells):,} cells): {what.reason}{fetched}"


def duration(seconds: float) -> str:
    """In two units.

    >>> [duration(s) for s in (0, 0.2, 59, 61, 3700, 100000)]
    ['0 s', '1 s', '59 s', '1 min 1 s', '1 h 1 min', '1 d 3 h']
    """
    whole = math.ceil(seconds)
    for (large, name), (small, name_of_small) in (
        ((86400, "d"), (3600, "h")),
        ((3600, "h"), (60, "min")),
        ((60, "min"), (1, "s")),
    ):
        if whole >= large:
            return f"{whole // large} {name} {whole % large // small} {name_of_small}"
    return f"{whole} s"


def size(n_bytes: float) -> str:
    """In megabytes, or gigabytes from a thousand of those.

    >>> [size(n) for n in (2e5, 3e8, 2.5e9)]
    ['1 MB', '300 MB', '2.5 GB']
    """
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{math.ceil(n_bytes / 1e6):,} MB"


def _plain(ahead: Outlook) -> dict[str, Any]:
    """An outlook as JSON has it."""
    return {
        "n_cells": ahead.n_cells,
        "to_train": [cell.name for cell in ahead.inputs.cells if cell.name not in ahead.stored],
        "stored": ahead.stored,
        "again": dict(ahead.redone),
        "missing": [dataclasses.asdict(what) for what in ahead.inputs.left_out],
        "embeddings": [dataclasses.asdict(job) for job in ahead.embeddings],
        "training_s": round(ahead.training_s, 1),
        "result_bytes": ahead.result_bytes,
    }
