"""``nver embed``: clips into the store, and into a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import (
    N_CORES,
    AsJson,
    CorpusOptions,
    SkipUnreadable,
    Workers,
    example,
    interruptible,
    key_values,
    note,
    print_json,
)
from nver.cli.progress import progress

if TYPE_CHECKING:
    from nver.embeddings.extract import Extraction, Progress

EXAMPLE = example("nver embed vivae --root demo/corpus --encoder logmel-stats --out logmel.parquet")


def embed(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="A name that `nver corpora list` shows.")],
    root: Annotated[Path, typer.Option(help="Where the corpus lies.")],
    encoder: Annotated[str, typer.Option(metavar="NAME", help="A name that `nver encoders list` shows.")],
    encoder_option: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder-option", metavar="KEY=VALUE", help="Told to the encoder; may be given several times."
        ),
    ] = None,
    random_weights: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SEED",
            help="The true architecture with random weights, to time it or for a dry run.",
        ),
    ] = None,
    option: CorpusOptions = None,
    out: Annotated[
        Path | None, typer.Option(metavar="TABLE.parquet", help="Write the table here too.")
    ] = None,
    skip_unreadable: SkipUnreadable = False,
    recompute: Annotated[
        bool,
        typer.Option("--recompute", help="Remove damaged shards of the store and compute what they held."),
    ] = False,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Compute the embedding of every clip, unless the store has it already."""
    go_on = "what was computed is in the store; give the same command again to go on from there"
    with interruptible(go_on), progress(f"embedding with {encoder}") as bar:
        from nver.corpora import open_corpus
        from nver.embeddings.extract import extract
        from nver.encoders import load_encoder
        from nver.encoders.base import is_random

        clips = open_corpus(corpus, root, **key_values(option)).clips
        settings = key_values(encoder_option)
        if random_weights is not None:
            settings["random_weights"] = random_weights
        loaded = load_encoder(encoder, **settings)
        if is_random(loaded.fingerprint):
            bar.say(f"RANDOM WEIGHTS: embeddings of {encoder} mean nothing")
        extraction = extract(
            clips,
            loaded,
            workers=workers,
            skip_unreadable=skip_unreadable,
            recompute=recompute,
            on_progress=lambda so_far: bar(so_far.n_done, so_far.n_total, speed=speed(so_far)),
        )
        if out is not None:
            extraction.table.save(out)
    for clip, reason in extraction.unreadable:
        note(f"left out: {clip}: {reason}")
    if as_json:
        print_json(
            {
                "n_clips": len(extraction.table),
                "dim": extraction.table.dim,
                "n_computed": extraction.n_computed,
                "n_found": extraction.n_found,
                "unreadable": dict(extraction.unreadable),
                "table": None if out is None else str(out),
            }
        )
    else:
        note(account(extraction))
        if out is not None:
            typer.echo(str(out))


def speed(progress: Progress) -> str:
    """``812 clips/s, 1,530 times real time``; nothing before the first clip was computed."""
    if not progress.n_computed:
        return ""
    clips, audio = progress.n_computed / progress.elapsed_s, progress.audio_s / progress.elapsed_s
    return f"{clips:,.0f} clips/s, {audio:,.0f} times real time"


def account(extraction: Extraction) -> str:
    """What became of the clips, in a line."""
    left_out = f", {len(extraction.unreadable):,} unreadable and left out" if extraction.unreadable else ""
    return f"{extraction.n_computed:,} clips computed, {extraction.n_found:,} found in the store{left_out}"
