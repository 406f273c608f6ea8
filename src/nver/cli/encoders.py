"""``nver encoders``: which encoders there are, which weights are here, and how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nver.cli.console import AsJson, example, interruptible, note, print_json

app = typer.Typer(help="List, describe, fetch, check and convert encoders.", no_args_is_help=True)

EncoderName = Annotated[
    str, typer.Argument(metavar="NAME", help="A name that `nver encoders list` shows, or hf:org/name.")
]


@app.command("list", epilog=example("nver encoders list"))
def list_(as_json: AsJson = False) -> None:
    """Every encoder: length of its embedding, size, licence, and whether its weights are here."""
    from nver.encoders import ENCODERS

    entries = [_entry(name) for name in sorted(ENCODERS)]
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        here = "no weights needed" if entry["source"] is None else "here" if entry["folder"] else "-"
        size = f"{entry['n_bytes'] / 1e6:,.0f} MB" if entry["n_bytes"] else ""
        typer.echo(f"{entry['name']:<24} {entry['dim']:>5} {size:>9}  {entry['licence']:<13} {here}")


@app.command(epilog=example("nver encoders info wavlm-base"))
def info(name: EncoderName, as_json: AsJson = False) -> None:
    """The card of one encoder: source, revision, licence, citation, size, and where its weights are."""
    entry = _entry(name)
    if as_json:
        print_json(entry)
        return
    typer.echo(f"{entry['title']} ({entry['name']})")
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
        if entry[key]:
            value = f"{entry[key]:,}" if isinstance(entry[key], int) else entry[key]
            typer.echo(f"  {key:<11} {value}")
    if entry["source"] is not None:
        typer.echo(f"  {'weights':<11} {entry['folder'] or 'not on this machine'}")
    if entry["notes"]:
        typer.echo(f"  {'notes':<11} {entry['notes']}")


@app.command(epilog=example("nver encoders fetch wavlm-base"))
def fetch(name: EncoderName) -> None:
    """Download a checkpoint of the hub at its pinned revision; resumes what was interrupted."""
    from nver.encoders import folders

    card = _hub_card(name)
    note(f"{card.title} is under {card.licence}.")
    with interruptible("what has arrived is kept; give the same command again to go on from there"):
        folder = folders.fetch(card, say=note)
    typer.echo(str(folder))


@app.command(epilog=example("nver encoders check wavlm-base"))
def check(name: EncoderName, as_json: AsJson = False) -> None:
    """Load the weights as an experiment would, print their digest, and embed a second of silence.

    Exits with 1 if a weight is missing, damaged or of another architecture.
    """
    import numpy as np

    from nver import fingerprint
    from nver.encoders import folders, load_encoder
    from nver.errors import WeightsError

    card = _hub_card(name)
    folder = folders.find_folder(card, None)
    digests = {path.name: fingerprint.of_file(path) for path in folders.weight_files(folder)}
    if card.sha256 is not None and len(digests) == 1 and card.sha256 not in digests.values():
        note(
            f"{name}: the digest is not the card's {card.sha256}; "
            "the same weights in another format have another digest"
        )
    encoder = load_encoder(name)
    if not np.isfinite(encoder.embed([np.zeros(encoder.card.rate_hz, np.float32)])).all():
        raise WeightsError(f"{folder}: {name} gives numbers that are not finite; fetch it again")
    if as_json:
        print_json(
            {"name": name, "folder": str(folder), "sha256": digests, "fingerprint": encoder.fingerprint}
        )
        return
    for file, digest in digests.items():
        typer.echo(f"{digest}  {folder / file}")
    note(f"{name}: every weight is there; {encoder.dim} numbers a clip")


@app.command(epilog=example("nver encoders convert downloads/wavlm-base --to weights/wavlm-base"))
def convert(
    source: Annotated[Path, typer.Argument(help="A folder with pytorch_model.bin.")],
    to: Annotated[Path, typer.Option(help="The folder to write.")],
) -> None:
    """Write weights once as safetensors, which loads faster and cannot run code."""
    from nver.encoders.folders import to_safetensors

    typer.echo(str(to_safetensors(source, to)))


def _entry(name: str) -> dict[str, Any]:
    """The card as plain data, and what is known of its weights here."""
    from nver.encoders import load_encoder
    from nver.encoders.cards import card_of
    from nver.encoders.folders import present

    card = card_of(name)
    if card is None:
        return {**load_encoder(name).card.model_dump(mode="json"), "n_bytes": 0, "folder": None}
    folder = present(card)
    plain = card.model_dump(mode="json", exclude={"config", "preprocessor"})
    return {**plain, "n_bytes": card.n_bytes, "folder": None if folder is None else str(folder)}


def _hub_card(name: str) -> Any:
    from nver.encoders import ENCODERS
    from nver.encoders.cards import card_of
    from nver.errors import ConfigError

    if (card := card_of(name)) is None:
        ENCODERS[name]
        raise ConfigError(f"'{name}' is no checkpoint of the hub: there is nothing to fetch or to check")
    return card
