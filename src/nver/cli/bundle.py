"""``nver bundle``: what a trained recogniser is."""

from __future__ import annotations

from typing import Annotated

import typer

from nver.cli.console import AsJson, example, print_json

app = typer.Typer(help="Describe trained recognisers.", no_args_is_help=True)

Bundle = Annotated[
    str,
    typer.Argument(metavar="NAME|PATH", help="A recogniser that is shipped, or the folder of a bundle."),
]


@app.callback()
def _several_verbs() -> None:
    """Keeps ``info`` a verb while it is the only one."""


@app.command(epilog=example("nver bundle info burst-recogniser"))
def info(bundle: Bundle, as_json: AsJson = False) -> None:
    """Labels, views, what it was trained on, and size, after its weights were checked."""
    from nver.recogniser.bundle import find_bundle, load_bundle, read_card
    from nver.recogniser.page import spans

    directory = find_bundle(bundle)
    load_bundle(directory)
    file = read_card(directory)
    card, weights = file.card, file.weights
    if as_json:
        print_json({**file.model_dump(mode="json"), "directory": str(directory)})
        return
    lines = {
        "system": card.system.title,
        "labels": f"{len(card.labels)}: {', '.join(card.labels)}",
        "views": ", ".join(f"{name} ({len(view.classes)})" for name, view in card.views.items()) or "none",
        "weights": f"{weights.n_parameters:,} numbers, {weights.n_bytes / 1e6:,.1f} MB, {weights.sha256}",
        "temperature": f"{card.temperature:.4g}",
        "licence": card.licence,
        "folder": str(directory),
    }
    typer.echo(card.name)
    for key, text in lines.items():
        typer.echo(f"  {key:<11} {text}")
    for seen in card.seen:
        who = f"speakers {spans(seen.speakers)}" if seen.speakers else "speakers unknown"
        typer.echo(f"  {'trained on':<11} {seen.corpus}: {seen.n_train + seen.n_held_back:,} clips, {who}")
    for said in card.notes:
        typer.echo(f"  {'note':<11} {said}")
