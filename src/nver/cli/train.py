"""``nver train``: one system of a plan, trained on a whole corpus, as a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import N_CORES, AsJson, Overrides, Workers, example, interruptible, note, print_json
from nver.cli.embed import account, speed
from nver.cli.progress import Progress, progress

if TYPE_CHECKING:
    from nver.embeddings.extract import Extraction
    from nver.embeddings.extract import Progress as Extracting
    from nver.encoders import Encoder
    from nver.results import Epoch

EXAMPLE = example("nver train experiments/demo.toml --system fcn-logmel-stats --out bundles/laughs")


def train(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT.toml", help="The plan.")],
    out: Annotated[
        Path, typer.Option(metavar="BUNDLE", help="The folder to write; its last part becomes the name.")
    ],
    system: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which system of the plan; needed where it has several."),
    ] = None,
    set_: Overrides = None,
    not_sure: Annotated[
        float | None,
        typer.Option(metavar="P", help="Below which confidence its answers count as 'not sure' by default."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Of the weights; left out, that of the corpus is named.")
    ] = None,
    skip_unreadable: Annotated[
        bool,
        typer.Option("--skip-unreadable", help="Go on without clips that cannot be read, and count them."),
    ] = False,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Train a recogniser on every clip but a part that picks the epoch and fits the temperature.

    The folds of the plan are not looked at: to know how good a system is, use `nver run`. An earlier bundle
    at BUNDLE is replaced; anything else that lies there is left alone.
    """
    from nver.experiment import load_plan
    from nver.training.whole import choose, train_bundle

    plan = load_plan(experiment, overrides=set_ or ())
    chosen = choose(plan, system, name=out.resolve().name)
    go_on = "embeddings are kept; give the same command again"
    with interruptible(go_on), progress(f"training {chosen.name}") as bar:
        bundle = train_bundle(
            chosen,
            out,
            workers=workers,
            skip_unreadable=skip_unreadable,
            licence=licence,
            not_sure_below=not_sure,
            observer=_Watching(bar, max_epochs=chosen.training.max_epochs),
        )
    card = bundle.card
    if as_json:
        print_json({"directory": str(out), "card": card.model_dump(mode="json")})
        return
    (seen,) = card.seen
    note(f"{card.system.title}: {seen.n_train:,} clips for the weights, {seen.n_held_back:,} held back")
    for said in card.notes:
        note(said)
    typer.echo(str(out))


class _Watching:
    def __init__(self, bar: Progress, *, max_epochs: int) -> None:
        self._bar, self._max_epochs = bar, max_epochs
        self._n_epochs = 0

    def embedding(self, encoder: Encoder, progress: Extracting) -> None:
        self._bar(
            progress.n_done,
            progress.n_total,
            doing=f"embedding with {encoder.card.name}",
            speed=speed(progress),
        )

    def embedded(self, encoder: Encoder, extraction: Extraction) -> None:
        self._bar.say(f"{encoder.card.name}: {account(extraction)}")
        self._bar.begin("training", unit="epochs")

    def epoch(self, figures: Epoch) -> None:
        self._n_epochs += 1
        found = f"{100 * figures.validation_accuracy:.1f} % of held-back clips found"
        self._bar(self._n_epochs, self._max_epochs, speed=found)
