"""``nver bundle``: what a trained recogniser is, whether it works here, and its way to the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import AsJson, example, print_json

app = typer.Typer(
    help="Describe trained recognisers, check them, and push them to the Hugging Face Hub.",
    no_args_is_help=True,
)

Bundle = Annotated[
    str,
    typer.Argument(
        metavar="NAME|PATH|hf://OWNER/NAME",
        help="A recogniser that is shipped, the folder of a bundle, or one of the Hugging Face Hub.",
    ),
]


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


@app.command(epilog=example("nver bundle check burst-recogniser"))
def check(bundle: Bundle, as_json: AsJson = False) -> None:
    """Digests, shapes, card, encoders on this machine, and an answer; exits with 1 if anything is wrong."""
    from dataclasses import asdict

    from nver.recogniser.bundle import find_bundle
    from nver.recogniser.checking import check as look

    findings = look(find_bundle(bundle))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{'ok' if finding.is_fine else 'WRONG':<6} {finding.subject}: {finding.detail}")
    if not all(finding.is_fine for finding in findings):
        raise typer.Exit(1)


@app.command(epilog=example("nver bundle push bundles/laughs ann/laughs"))
def push(
    bundle: Annotated[Path, typer.Argument(metavar="PATH", help="The folder of a bundle.")],
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Made if it is not there.")],
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository for its owner's eyes alone.")
    ] = False,
) -> None:
    """Put a bundle on the Hugging Face Hub, as `hf auth login` has named you; hf://OWNER/NAME loads it."""
    from nver.recogniser import hub

    typer.echo(hub.push(bundle, repository, private=private))
