"""The command line: one file a verb; what a verb needs is imported when it runs, and help comes at once."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from nver.cli import app as page
from nver.cli import (
    audit,
    bundle,
    compare,
    console,
    corpora,
    cost,
    embed,
    encoders,
    fuse,
    gap,
    grid,
    layers,
    predict,
    pretrain,
    report,
    robustness,
    run,
    serve,
    slices,
    store,
    timeline,
    train,
    transfer,
)
from nver.errors import NverError

app = typer.Typer(
    name="nver",
    help="Non-verbal vocal emotion recognition: corpora, frozen encoders, heads, folds, honest results.",
    epilog=console.example(
        "nver corpora synth --to demo/corpus",
        "nver run experiments/demo.toml --out demo/results",
        "nver report demo/results --out demo/report",
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help can be copied from, and comes in half the time
    pretty_exceptions_enable=False,
)
app.add_typer(corpora.app, name="corpora")
app.add_typer(encoders.app, name="encoders")
app.command(epilog=embed.EXAMPLE)(embed.embed)
app.command(epilog=audit.EXAMPLE)(audit.audit)
app.command(epilog=run.EXAMPLE)(run.run)
app.command(epilog=gap.EXAMPLE)(gap.gap)
app.command(epilog=grid.EXAMPLE)(grid.grid)
app.command(epilog=transfer.EXAMPLE)(transfer.transfer)
app.command(epilog=fuse.EXAMPLE)(fuse.fuse)
app.command(epilog=report.EXAMPLE)(report.report)
app.command(epilog=compare.EXAMPLE)(compare.compare)
app.command(epilog=slices.EXAMPLE)(slices.slices)
app.command(epilog=layers.EXAMPLE)(layers.layers)
app.command(epilog=cost.EXAMPLE)(cost.cost)
app.command(epilog=train.EXAMPLE)(train.train)
app.add_typer(bundle.app, name="bundle")
app.command(epilog=predict.EXAMPLE)(predict.predict)
app.command(epilog=timeline.EXAMPLE)(timeline.timeline)
app.command(epilog=page.EXAMPLE)(page.app)
app.command(epilog=serve.EXAMPLE)(serve.serve)
app.command(epilog=robustness.EXAMPLE)(robustness.robustness)
app.command(epilog=pretrain.EXAMPLE)(pretrain.pretrain)
app.add_typer(store.app, name="store")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"nver {version('nver')}")
        raise typer.Exit


@app.callback()
def _whole(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 fine, 1 bad data or problems found, 2 a bad request, 130 interrupted.

    What nver raises on purpose, and what the system refuses, is said in one sentence; with NVER_DEBUG=1 the
    traceback stands before it.
    """
    try:
        app(arguments, prog_name="nver")
    except (NverError, OSError) as error:
        if os.environ.get("NVER_DEBUG"):
            traceback.print_exc()
        console.note(f"error: {error}")
        sys.exit(error.exit_code if isinstance(error, NverError) else 1)
