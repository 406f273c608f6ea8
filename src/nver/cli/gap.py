"""``nver gap``: how much of a score is owed to knowing the voices."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import (
    FOLDS_ARE_KEPT,
    N_CORES,
    WIDTH_OF_FILES,
    AsJson,
    Overrides,
    Workers,
    example,
    interruptible,
    note,
    print_json,
)
from nver.cli.progress import progress

EXAMPLE = example(
    "nver gap experiments/demo.toml --out runs",
    "nver gap my-experiment.toml --protocol paper --protocol speaker --seeds 10 --report gap",
)


def gap(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT.toml", help="The systems to run.")],
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROTOCOL",
            help="paper and one or more of speaker, leave-one-speaker-out; once for each.",
            show_default="all three",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Repetitions.", show_default="those of the file, or five"),
    ] = None,
    set_: Overrides = None,
    out: Annotated[Path, typer.Option(help="Each experiment is saved below it, as PLAN/EXPERIMENT.")] = Path(
        "runs"
    ),
    report: Annotated[
        Path | None,
        typer.Option(help="Where the table and figures go.", show_default="OUT/PLAN/gap"),
    ] = None,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Run a plan with speakers on both sides and with speakers apart, over seeds, and show the leak gap.

    The same clips are tested under every protocol; intervals are a bootstrap over speakers. Embeddings and
    finished folds are kept: the same command goes on where it was stopped.
    """
    from nver.config import validate
    from nver.corpora import open_corpus
    from nver.experiment import FoldSpec, load_plan

    wanted = [validate(FoldSpec, {"protocol": name}, source="--protocol").protocol for name in protocol or ()]
    plan = load_plan(experiment, overrides=set_ or ())
    with interruptible(FOLDS_ARE_KEPT), progress(plan.name, unit="experiments") as bar:
        from nver.cli.watching import Watching
        from nver.report import write_protocols
        from nver.report.side_by_side import side_by_side
        from nver.report.side_by_side_forms import to_records
        from nver.training.leak import PROTOCOLS, crossed
        from nver.training.run import run_plan

        corpus = open_corpus(plan.corpus.name, plan.corpus.root, **plan.corpus.options)
        made = crossed(plan, corpus, protocols=wanted or PROTOCOLS, n_seeds=seeds)
        for sentence in made.notes:
            bar.say(sentence)
        n_experiments = len(made.plan.experiments())
        results = run_plan(
            made.plan,
            out=out,
            workers=workers,
            jobs=workers or 1,
            observer=Watching(bar, n_experiments=n_experiments),
        )
    found = side_by_side(results)
    written = write_protocols(found, report or out / plan.name / "gap")
    if as_json:
        print_json({"report": str(written), "figures": to_records(found)})
        return
    from rich.console import Console

    from nver.report.terminal import print_protocols

    print_protocols(found, console=Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES))
    note(f"results: {out / plan.name}")
    note(f"report: {written}")
