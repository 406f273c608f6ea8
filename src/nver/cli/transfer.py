"""``nver transfer``: trained on one corpus, tested on another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import (
    FOLDS_ARE_KEPT,
    N_CORES,
    AsJson,
    SkipUnreadable,
    Workers,
    example,
    interruptible,
    note,
    print_json,
    summary,
)
from nver.cli.progress import progress

EXAMPLE = example("nver transfer experiments/cross-corpus.toml --out runs")


def transfer(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.toml", help="Which corpora and systems.")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change one key of it, such as corpora.jnv.root=data/JNV; may be given several times.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Each experiment is saved below it, as PLAN/EXPERIMENT.")] = Path(
        "runs"
    ),
    skip_unreadable: SkipUnreadable = False,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Train every system on each corpus and on all together, and test it on each: a matrix with intervals.

    Results are ordinary ones that `nver report` shows; the matrix lies beside them. The same command goes on
    where it was stopped.
    """
    from nver.transfer import load_transfer_plan

    made = load_transfer_plan(plan, overrides=set_ or ())
    cells = [(cell, experiment) for cell in made.cells() for experiment in made.of_cell(cell)]
    with interruptible(FOLDS_ARE_KEPT), progress(made.name, unit="experiments") as bar:
        from nver.cli.watching import Watching
        from nver.corpora import open_corpus
        from nver.training.run import run_plan

        results = run_plan(
            made,
            out=out,
            workers=workers,
            jobs=workers,
            skip_unreadable=skip_unreadable,
            observer=Watching(bar, n_experiments=len(cells)),
        )
        corpus = open_corpus(made.corpus.name, made.corpus.root, **made.corpus.options)
    from nver.report import transfer as report

    directory = out / made.name
    pairs = [(cell, result) for (cell, _), result in zip(cells, results, strict=True)]
    found = report.fields(pairs, corpus)
    report.write(found, directory, title=made.name, n_classes=len(corpus.labels))
    if as_json:
        print_json([summary(result, directory / result.experiment.name) for result in results])
    else:
        typer.echo(report.as_markdown(found, title=made.name))
    note(f"results: {directory}")
