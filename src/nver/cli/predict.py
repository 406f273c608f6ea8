"""``nver predict``: which emotion each clip expresses, by a trained recogniser."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver import atomic
from nver.cli.console import N_CORES, AsJson, Workers, example, interruptible, note
from nver.cli.progress import progress
from nver.errors import ConfigError

if TYPE_CHECKING:
    from nver.predictions.asking import Asking
    from nver.predictions.formats import Format
    from nver.predictions.journal import Journal
    from nver.predictions.rows import Answer, Question

EXAMPLE = example(
    "nver predict laugh.wav sigh.mp3 --view vivae-six --top 1",
    "find . -name '*.opus' | nver predict - --format csv",
    "nver predict recordings --out answers.jsonl",
    "nver predict interview.flac --bursts --not-sure 0.3",
)

DEFAULT = "burst-recogniser"

_TOP_OF_TABLES = 3


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files with one vocalisation each (long ones with --bursts), folders, patterns, or - for "
            "paths on standard input, one a line.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|PATH|hf://OWNER/NAME",
            help="A recogniser that is shipped, the folder of a bundle, or one of the Hugging Face Hub.",
        ),
    ] = DEFAULT,
    view: Annotated[
        str | None,
        typer.Option(
            metavar="VIEW", help="Coarser classes, such as vivae-six; `nver bundle info` lists them."
        ),
    ] = None,
    not_sure: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Say 'not sure' where the best class has less. Left out: what the bundle says, else never.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="Classes to show of each clip: of a table 3, of a JSON document all."),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="table, json, jsonl, csv or parquet. Left out: what --out ends with, else table.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write here instead. The same command goes on where it was stopped."
        ),
    ] = None,
    bursts: Annotated[
        bool,
        typer.Option("--bursts", help="Locate the bursts of long recordings, and answer for each."),
    ] = False,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Name the category of vocalisation clips, with calibrated probabilities.

    It names what a clip sounds like, not what a person feels. Clips that cannot be read are said in one
    sentence each, and the command then exits with 1.
    """
    with interruptible("nothing was asked yet"):
        from nver.predictions import request
        from nver.predictions.asking import Asking
        from nver.predictions.rows import Question, Row, Unread
        from nver.recogniser.recogniser import Recogniser

        chosen = _format(format_, out, as_json=as_json, top=top)
        found = request.find(paths, read_input=sys.stdin.buffer.read)
        recogniser = Recogniser.load(model)
        question = Question.to(recogniser, view=view, not_sure_below=not_sure, bursts=bursts)
    with _journal(out, chosen, question) as journal:
        asking = Asking(recogniser, question, found, journal=journal)
        is_whole = _listen(asking, question, workers=workers, streams=chosen == "jsonl" and out is None)
    answers = asking.answers()
    if chosen != "jsonl" and (is_whole or out is None):
        classes = recogniser.labels if view is None else recogniser.card.views[view].classes
        _deliver(_rendered(answers, question, chosen, classes=classes, top=top), out)
    unread = [answer for answer in answers if isinstance(answer, Unread)]
    for answer in unread:
        note(f"error: {answer.error}")
    if not is_whole:
        _say_interrupted(asking.n_answered, len(found.sources), out)
        raise typer.Exit(130)
    if out is not None:
        n_rows = sum(isinstance(answer, Row) for answer in answers)
        note(f"{out}: {n_rows:,} {'bursts' if bursts else 'clips'} answered, {len(unread):,} not readable")
    if unread:
        raise typer.Exit(1)


def _format(wanted: str | None, out: Path | None, *, as_json: bool, top: int | None) -> Format:
    """The format; refuses options that contradict each other."""
    from nver.predictions.formats import format_of

    if as_json and wanted not in (None, "json"):
        raise ConfigError(f"--json and --format {wanted} contradict each other; give one of them")
    chosen = format_of(out, "json" if as_json else wanted)
    if chosen == "parquet" and out is None:
        raise ConfigError("--format parquet is no text; name a file with --out")
    if top is not None and chosen not in ("table", "json"):
        raise ConfigError(f"--top is for tables and JSON documents; {chosen} holds every class")
    return chosen


def _journal(out: Path | None, chosen: Format, question: Question) -> Journal | nullcontext[None]:
    """Where answers are kept while they come: JSON lines themselves, or a file beside another format."""
    from nver.predictions.journal import Journal

    if out is None:
        return nullcontext()
    journal = Journal(out if chosen == "jsonl" else _beside(out), question)
    if journal.was_cut:
        note(f"the last line of {journal.path} was cut; its clip is done again")
    return journal


def _beside(out: Path) -> Path:
    return out.with_name(f".{out.name}.partial.jsonl")


def _listen(asking: Asking, question: Question, *, workers: int, streams: bool) -> bool:
    """Ask about all that is waiting; whether nothing interrupted it."""
    from nver.predictions.asking import FEW_CLIPS
    from nver.predictions.formats import as_json_line

    n_clips = len(asking.waiting)
    if asking.n_known:
        note(f"{asking.n_known:,} clips were answered before; {n_clips:,} are left")
    is_quick = n_clips <= FEW_CLIPS and not question.bursts
    title, unit = ("locating bursts", "recordings") if question.bursts else ("predicting", "clips")
    try:
        with nullcontext() if is_quick else progress(title, unit=unit) as bar:
            for answers in asking.run(workers=workers, on_progress=bar):
                if streams:
                    for answer in answers:
                        sys.stdout.buffer.write(as_json_line(answer, question))
                    sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        return False
    return True


def _rendered(
    answers: Sequence[Answer], question: Question, chosen: Format, *, classes: Sequence[str], top: int | None
) -> bytes:
    from nver.predictions import formats

    match chosen:
        case "csv":
            return formats.as_csv(answers, question, classes=classes)
        case "parquet":
            return formats.as_parquet(answers, question, classes=classes)
        case "table":
            from nver.cli.prediction_table import as_table

            return as_table(answers, n_shown=min(top or _TOP_OF_TABLES, len(classes)))
        case _:
            return formats.as_json(answers, question, top=top)


def _deliver(data: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    atomic.write_file(out, data)
    _beside(out).unlink()


def _say_interrupted(n_answered: int, n_clips: int, out: Path | None) -> None:
    how = "give the same command again to go on" if out is not None else "with --out FILE it could go on"
    note(f"interrupted: {n_answered:,} of {n_clips:,} clips are answered; {how}")
