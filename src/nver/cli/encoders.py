"""``nver encoders``: which encoders there are, which weights are here, and how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nver.cli.console import AsJson, example, interruptible, note, print_json

if TYPE_CHECKING:
    from nver.encoders.inventory import Entry

app = typer.Typer(help="List, describe, fetch, check and convert encoders.", no_args_is_help=True)

EncoderName = Annotated[
    str, typer.Argument(metavar="NAME", help="A name that `nver encoders list` shows, or hf:org/name.")
]


@app.command("list", epilog=example("nver encoders list"))
def list_(as_json: AsJson = False) -> None:
    """Every encoder: length of its embedding, size, licence, and whether its weights are here."""
    from nver.encoders import ENCODERS
    from nver.encoders.inventory import entry

    entries = [entry(name) for name in sorted(ENCODERS)]
    if as_json:
        print_json([_plain(one) for one in entries])
        return
    for one in entries:
        here = "no weights needed" if not one.n_bytes else "here" if one.weights else "-"
        size = f"{one.n_bytes / 1e6:,.0f} MB" if one.n_bytes else ""
        typer.echo(f"{one.card.name:<24} {one.card.dim:>5} {size:>9}  {one.card.licence:<13} {here}")


@app.command(epilog=example("nver encoders info wavlm-base"))
def info(name: EncoderName, as_json: AsJson = False) -> None:
    """The card of one encoder: source, revision, licence, citation, size, and where its weights are."""
    from nver.encoders.inventory import entry

    one = entry(name)
    plain = _plain(one)
    if as_json:
        print_json(plain)
        return
    typer.echo(f"{one.card.title} ({one.card.name})")
    for key in (
        "family",
        "dim",
        "n_layers",
        "parameters",
        "licence",
        "citation",
        "source",
        "revision",
        "sha256",
    ):
        if plain[key]:
            typer.echo(
                f"  {key:<11} {format(plain[key], ',') if isinstance(plain[key], int) else plain[key]}"
            )
    if one.n_bytes:
        typer.echo(f"  {'weights':<11} {one.weights or 'not on this machine'}")
    for corpus, speakers in one.card.seen.items():
        typer.echo(f"  {'has heard':<11} {corpus}: {len(speakers) or 'all'} speakers")
    if one.card.notes:
        typer.echo(f"  {'notes':<11} {one.card.notes}")


@app.command(epilog=example("nver encoders fetch wavlm-base"))
def fetch(name: EncoderName) -> None:
    """Download a checkpoint of the hub at its pinned revision; resumes what was interrupted."""
    from nver.encoders import folders
    from nver.encoders.inventory import hub_card

    card = hub_card(name)
    note(f"{card.title} is under this licence: {card.licence}.")
    with interruptible("what has arrived is kept; give the same command again to go on from there"):
        folder = folders.fetch(card, say=note)
    typer.echo(str(folder))


@app.command(epilog=example("nver encoders check wavlm-base"))
def check(name: EncoderName, as_json: AsJson = False) -> None:
    """Load the weights as an experiment would, print their digests, and embed a second of silence.

    Exits with 1 if a weight is missing, damaged or of another architecture.
    """
    import numpy as np

    from nver.encoders import load_encoder
    from nver.encoders.inventory import digests
    from nver.errors import WeightsError

    found = digests(name)
    encoder = load_encoder(name)
    if not np.isfinite(encoder.embed([np.zeros(encoder.card.rate_hz, np.float32)])).all():
        raise WeightsError(f"{name} gives numbers that are not finite; fetch its weights again")
    if (expected := encoder.card.sha256) is not None and expected not in found.values():
        note(f"{name}: no digest is the card's {expected}; other formats of the same weights have others")
    if as_json:
        print_json({"name": name, "sha256": found, "fingerprint": encoder.fingerprint})
        return
    for file, digest in found.items():
        typer.echo(f"{digest}  {file}")
    note(f"{name}: every weight is there; {encoder.dim} numbers a clip")


@app.command(epilog=example("nver encoders convert downloads/wavlm-base --to weights/wavlm-base"))
def convert(
    source: Annotated[
        Path,
        typer.Argument(help="A folder with pytorch_model.bin, or a checkpoint of Audio-Mamba's release."),
    ],
    to: Annotated[Path, typer.Option(help="The folder to write.")],
) -> None:
    """Write weights once as safetensors, which loads faster and cannot run code; embeddings stay the same."""
    from nver.encoders.folders import to_safetensors
    from nver.models import checkpoint

    target = to / "model.safetensors"
    if (source / "pytorch_model.bin").is_file():
        to_safetensors(source, to)
    else:
        checkpoint.convert(source, target)
    typer.echo(str(target))


def _plain(one: Entry) -> dict[str, Any]:
    """An entry as JSON has it."""
    card = one.card.model_dump(mode="json", exclude={"config", "preprocessor"})
    return {**card, "n_bytes": one.n_bytes, "weights": None if one.weights is None else str(one.weights)}
