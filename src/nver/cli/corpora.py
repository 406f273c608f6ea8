"""``nver corpora``: what corpora there are, and whether a copy of one is whole."""

from __future__ import annotations

import sys
from collections import Counter
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
from nver.cli.progress import progress

app = typer.Typer(help="List, describe, check, fetch and synthesise corpora.", no_args_is_help=True)

CorpusName = Annotated[str, typer.Argument(metavar="NAME", help="A name that `nver corpora list` shows.")]


@app.command("list", epilog=example("nver corpora list"))
def list_(as_json: AsJson = False) -> None:
    """Every corpus, with its licence."""
    from nver.corpora import CORPORA, load_card

    cards = [load_card(name) for name in sorted(CORPORA)]
    if as_json:
        print_json([card.model_dump(mode="json") for card in cards])
        return
    for card in cards:
        typer.echo(f"{card.name:<10} {card.licence:<18} {card.title}")


@app.command(epilog=example("nver corpora info vivae"))
def info(name: CorpusName, as_json: AsJson = False) -> None:
    """The card of one corpus: labels, published counts, licence, citation, options."""
    from nver.corpora import load_card, load_module

    card = load_card(name)
    options = {
        key: f"{_kind(field.annotation)} = {field.get_default(call_default_factory=True)!r}"
        for key, field in load_module(name).Options.model_fields.items()
    }
    if as_json:
        print_json({**card.model_dump(mode="json"), "options": options})
        return
    typer.echo(f"{card.title} ({card.name})")
    typer.echo(f"  labels    {', '.join(card.labels)}")
    for section, counts in card.counts.items():
        typer.echo(f"  {section:<9} {', '.join(f'{key} {n:,}' for key, n in counts.items())}")
    typer.echo(f"  licence   {card.licence}  {card.licence_url}")
    typer.echo(f"  cite      {card.citation}")
    typer.echo(f"  homepage  {card.homepage}")
    for archive in card.archives:
        typer.echo(f"  archive   {archive.url}")
    for key, kind in options.items():
        typer.echo(f"  option    {key}: {kind}")
    for remark in card.notes:
        typer.echo(f"  note      {remark}")


@app.command(epilog=example("nver corpora verify vivae --root data/VIVAE --option subset=core"))
def verify(
    name: CorpusName,
    root: Annotated[Path, typer.Option(help="Where the copy lies.")],
    option: CorpusOptions = None,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Report every missing, extra, unreadable, silent, truncated and duplicate clip, and every wrong count.

    Exits with 1 if there is any.
    """
    from nver.corpora import verify as verify_copy

    with (
        interruptible("nothing was changed; give the same command again to start over"),
        progress(name) as bar,
    ):
        problems = verify_copy(name, root, options=key_values(option), workers=workers, on_progress=bar)
    if as_json:
        print_json([{"kind": p.kind, "subject": p.subject, "detail": p.detail} for p in problems])
    else:
        for problem in problems:
            typer.echo(f"{problem.kind:<10} {problem.detail}")
    if problems:
        kinds = Counter(problem.kind for problem in problems)
        note(
            f"{name}: {len(problems):,} problems ({', '.join(f'{n:,} {kind}' for kind, n in kinds.items())})"
        )
        raise typer.Exit(1)
    note(f"{name}: no problem found below {root}")


@app.command(epilog=example("nver corpora download vivae --to data/VIVAE"))
def download(
    name: CorpusName,
    to: Annotated[Path, typer.Option(help="The folder to unpack into.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Say yes to the licence, for scripts.")
    ] = False,
) -> None:
    """Fetch a corpus: shows its licence, asks, resumes what was interrupted, checks, unpacks."""
    from nver.corpora import load_card
    from nver.corpora.download import download as fetch

    card = load_card(name)
    if card.archives:
        note(f"{card.title} is under {card.licence} ({card.licence_url}).")
        if not accept_licence and sys.stdin.isatty():
            accept_licence = typer.confirm("Do you accept this licence?", err=True)
    go_on = "what has arrived is kept; give the same command again to go on from there"
    with interruptible(go_on), progress(f"fetching {name}", unit="MB") as bar:

        def show(archive: str, n_bytes: int, n_total: int | None) -> None:
            bar(n_bytes / 1e6, n_total and n_total / 1e6, doing=f"fetching {archive}")

        fetch(card, to, accept_licence=accept_licence, on_progress=show)
    typer.echo(str(to))


@app.command(epilog=example("nver corpora synth --to demo/corpus"))
def synth(
    to: Annotated[Path, typer.Option(help="The folder to write into.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other voices.")] = 0,
    clips: Annotated[
        int | None, typer.Option(min=1, help="How many clips.", show_default="as many as that corpus has")
    ] = None,
    names_of: Annotated[
        str, typer.Option("--as", metavar="CORPUS", help="Whose names: vivae, jnv or asvp-esd.")
    ] = "vivae",
) -> None:
    """Write a corpus of synthetic vocal bursts under the names of a real one, which opens it."""
    from nver.corpora.synthetic import synthesise

    go_on = "what was written is kept; give the same command again to go on from there"
    with interruptible(go_on), progress("synthesising") as bar:
        synthesise(to, seed=seed, n_clips=clips, names_of=names_of, on_progress=bar)
    typer.echo(str(to))


@app.command(epilog=example("nver corpora cut session-1.wav session-2.wav --to corpus"))
def cut(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORDING...", help="Each with a .TextGrid, .eaf or .txt of its name beside it."
        ),
    ],
    to: Annotated[Path, typer.Option(help="A new folder.")],
    tier: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The tier of labels.", show_default="emotion, or the only one"),
    ] = None,
) -> None:
    """Cut what is marked in long recordings to clips, with a manifest that the corpus `manifest` opens."""
    from nver.recordings.cutting import cut_corpus

    with interruptible(f"remove {to} and give the same command again"):
        n_clips = cut_corpus(recordings, to, tier=tier)
    note(f"{n_clips:,} clips of {len(recordings):,} recordings")
    typer.echo(str(to / "manifest.csv"))


def _kind(annotation: object) -> str:
    """``Literal['full', 'core']``: a type as its author wrote it."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
