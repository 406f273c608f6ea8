"""``nver run``: a plan from audio to results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    print_tables,
    summary,
)
from nver.cli.progress import progress

EXAMPLE = example("nver run experiments/demo.toml --set training.lr=1e-4 --out runs")


def run(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT.toml", help="What to run.")],
    set_: Overrides = None,
    out: Annotated[Path, typer.Option(help="Each experiment is saved below it, as PLAN/EXPERIMENT.")] = Path(
        "runs"
    ),
    skip_unreadable: SkipUnreadable = False,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Embed every clip, train and test every system under every way of folding, and save the results.

    Embeddings and finished folds are kept: the same command goes on where it was stopped.
    """
    from nver.experiment import load_plan

    plan = load_plan(experiment, overrides=set_ or ())
    with interruptible(FOLDS_ARE_KEPT), progress(plan.name, unit="experiments") as bar:
        from nver.cli.watching import Watching
        from nver.training.run import run_plan

        results = run_plan(
            plan,
            out=out,
            workers=workers,
            jobs=workers or 1,
            skip_unreadable=skip_unreadable,
            observer=Watching(bar, n_experiments=len(plan.experiments())),
        )
    directory = out / plan.name
    if as_json:
        print_json([summary(result, directory / result.experiment.name) for result in results])
        return
    print_tables(results)
    note(f"results: {directory}")
