"""``nver robustness``: how a trained recogniser bears noise, rooms, codecs, and loss of level and length."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import (
    N_CORES,
    AsJson,
    CorpusOptions,
    Workers,
    example,
    interruptible,
    key_values,
    note,
    print_json,
)
from nver.cli.predict import DEFAULT
from nver.cli.progress import progress

EXAMPLE = example(
    "nver robustness --corpus emogator --root data/emogator-16k --option contributors=251-300 --clips 1500"
)


def robustness(
    corpus: Annotated[str, typer.Option(help="A name that `nver corpora list` shows.")],
    root: Annotated[Path, typer.Option(help="Where the corpus lies.")],
    model: Annotated[
        str,
        typer.Argument(metavar="BUNDLE", help="A recogniser that is shipped, or the folder of a bundle."),
    ] = DEFAULT,
    option: CorpusOptions = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="One kind of degradation; may be given several times."),
    ] = None,
    clips: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="So many clips, evenly over speakers and classes."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the clips drawn and of all that is random.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Where results go.", show_default="runs/robustness/NAME OF THE RECOGNISER"),
    ] = None,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Ask a recogniser about the same clips clean and degraded: a table and curves with intervals.

    Every condition is kept as it is finished: the same command goes on where it was stopped.
    """
    go_on = "finished conditions are kept; give the same command again to go on from there"
    with interruptible(go_on), progress("robustness") as bar:
        from nver.corpora import open_corpus
        from nver.degradations import KINDS, conditions
        from nver.recogniser.bundle import find_bundle, read_card
        from nver.recogniser.recogniser import Recogniser
        from nver.recogniser.robustness import hear

        wanted = conditions(only or tuple(KINDS))
        recogniser = Recogniser.load(model)
        opened = open_corpus(corpus, root, **key_values(option))
        name = recogniser.card.name
        out = out or Path("runs/robustness") / name
        answers = list(
            hear(
                recogniser,
                opened,
                wanted,
                out,
                weights_sha256=read_card(find_bundle(model)).weights.sha256,
                n_clips=clips,
                seed=seed,
                workers=workers,
                on_progress=lambda condition, done, total: bar(done, total, doing=condition.title),
            )
        )
    from nver.report import robustness as report

    measured = report.measure(answers)
    where = f"{name} on {corpus}"
    report.write(measured, out, title=where, n_classes=len(opened.labels))
    if as_json:
        print_json([report.plain(one) for one in measured])
    else:
        typer.echo(report.as_markdown(measured, title=where))
    note(f"results: {out}")
