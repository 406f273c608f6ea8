"""``nver predict``: which emotion each clip expresses, by a trained recogniser."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nver.cli.console import WIDTH_OF_FILES, AsJson, example, interruptible, note, print_json
from nver.errors import NverError

if TYPE_CHECKING:
    from nver.recogniser.prediction import Prediction

EXAMPLE = example("nver predict laugh.wav", "nver predict laugh.wav sigh.mp3 --view vivae-six --top 1")

DEFAULT = "burst-recogniser"


def predict(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIP...", help="Files with one vocalisation each.")],
    model: Annotated[
        str,
        typer.Option(metavar="NAME|PATH", help="A recogniser that is shipped, or the folder of a bundle."),
    ] = DEFAULT,
    view: Annotated[
        str | None,
        typer.Option(
            metavar="VIEW", help="Coarser classes, such as vivae-six; `nver bundle info` lists them."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many classes to show of each clip.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Name the category of vocalisation clips, with calibrated probabilities.

    It names what a clip sounds like, not what a person feels. Clips that cannot be read are said in one
    sentence each, and the command then exits with 1.
    """
    with interruptible("give the same command again"):
        from nver.recogniser.recogniser import Recogniser

        recogniser = Recogniser.load(model)
        if view is not None:
            recogniser.require_view(view)
        made = _seen_through(recogniser.predict_files(clips), view)
        outcomes = list(zip(clips, made, strict=True))
    read = [(clip, outcome) for clip, outcome in outcomes if not isinstance(outcome, NverError)]
    if as_json:
        print_json([_plain(clip, outcome, top=top) for clip, outcome in outcomes])
    elif read:
        _print_table(read, top=top)
    for _, outcome in outcomes:
        if isinstance(outcome, NverError):
            note(f"error: {outcome}")
    if len(read) < len(outcomes):
        raise typer.Exit(1)


def _seen_through(
    outcomes: Iterable[Prediction | NverError], view: str | None
) -> Iterator[Prediction | NverError]:
    for outcome in outcomes:
        yield outcome if view is None or isinstance(outcome, NverError) else outcome.view(view)


def _plain(clip: Path, outcome: Prediction | NverError, *, top: int) -> dict[str, Any]:
    """An outcome as JSON has it."""
    if isinstance(outcome, NverError):
        return {"clip": str(clip), "error": str(outcome)}
    return {
        "clip": str(clip),
        "label": outcome.label,
        "confidence": outcome.confidence,
        "outside": outcome.outside,
        "probabilities": dict(outcome.top(top)),
    }


def _print_table(read: Sequence[tuple[Path, Prediction]], *, top: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    n_shown = min(top, len(read[0][1].probabilities))
    table = Table("clip", *("category" if i == 0 else f"{i + 1}." for i in range(n_shown)))
    has_outside = any(prediction.outside for _, prediction in read)
    if has_outside:
        table.add_column("in no class", justify="right")
    names = [clip.name for clip, _ in read]
    are_distinct = len(set(names)) == len(names)
    for clip, prediction in read:
        best = [Text(f"{label} {100 * p:.0f} %") for label, p in prediction.top(n_shown)]
        best[0].stylize("bold")
        beside = [Text(f"{100 * prediction.outside:.0f} %")] if has_outside else []
        table.add_row(Text(clip.name if are_distinct else str(clip)), *best, *beside)
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES).print(table)
