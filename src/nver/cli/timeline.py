"""``nver timeline``: which emotions a long recording holds, and when."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import WIDTH_OF_FILES, example, interruptible, note
from nver.cli.predict import DEFAULT
from nver.cli.progress import progress
from nver.errors import ConfigError, NverError

if TYPE_CHECKING:
    from nver.recordings.segments import Timeline

EXAMPLE = example(
    "nver timeline interview.wav",
    "nver timeline day-1.flac day-2.mp3 --format textgrid --out marks",
    "nver timeline interview.wav --windows 1.0 --hop 0.25 --format csv",
    "nver timeline interview.wav --segments corrected.TextGrid",
)


def timeline(
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="RECORDING...", help="Files of any length, rate and channel count."),
    ],
    model: Annotated[
        str,
        typer.Option(metavar="NAME|PATH", help="A recogniser that is shipped, or the folder of a bundle."),
    ] = DEFAULT,
    view: Annotated[
        str | None, typer.Option(metavar="VIEW", help="Coarser classes, such as valence.")
    ] = None,
    format: Annotated[  # noqa: A002
        str | None,
        typer.Option(metavar="FORMAT", help="textgrid, eaf, audacity, csv, json, srt, vtt or rttm."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a file a recording, called as it is, into this folder."),
    ] = None,
    windows: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Windows of this length instead of bursts.")
    ] = None,
    hop: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="From window to window.", show_default="a quarter of one"),
    ] = None,
    segments: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Ask about what a TextGrid, .eaf or Audacity's .txt marks instead."
        ),
    ] = None,
    join: Annotated[
        float, typer.Option(metavar="SECONDS", help="Bursts with at most so much between them are one.")
    ] = 0.0,
    tier: Annotated[str | None, typer.Option(metavar="NAME", help="The tier of --segments.")] = None,
) -> None:
    """Find the bursts of long recordings and name each; or follow a recording in windows.

    Recordings that cannot be read are said in one sentence each, and the command then exits with 1.
    """
    if hop is not None and windows is None:
        raise ConfigError("--hop needs --windows")
    if out is not None and format is None:
        raise ConfigError("--out needs --format")
    if segments is not None and len(recordings) > 1:
        raise ConfigError("--segments marks one recording; give the recordings one by one")
    from nver.recordings import formats
    from nver.recordings.cuts import Windows

    if format is not None:
        formats.WRITERS[format]
    targets = _targets(recordings, out, formats.SUFFIXES[format]) if out and format else {}
    every = None if windows is None else Windows(windows, windows / 4 if hop is None else hop)
    marked = None if segments is None else formats.read(segments, tier=tier)
    n_failed = 0
    with interruptible("files that were written are whole; give the same command again"):
        from nver.recogniser.recogniser import Recogniser

        recogniser = Recogniser.load(model)
        if view is not None:
            recogniser.require_view(view)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        for recording in recordings:
            try:
                with progress(recording.name, unit="s") as bar:
                    found = recogniser.timeline(
                        recording, view=view, windows=every, segments=marked, join_s=join, on_progress=bar
                    )
            except NverError as error:
                note(f"error: {error}")
                n_failed += 1
                continue
            if recording in targets:
                formats.write(found, targets[recording], name=recording.name, format=format)
                typer.echo(str(targets[recording]))
            elif format is not None:
                typer.echo(formats.render(found, format, name=recording.name), nl=False)
            else:
                _print_table(found, str(recording))
    if n_failed:
        note(f"{n_failed} of {len(recordings)} recordings could not be read")
        raise typer.Exit(1)


def _targets(recordings: list[Path], out: Path, suffix: str) -> dict[Path, Path]:
    targets = {recording: out / f"{recording.stem}{suffix}" for recording in recordings}
    if len(set(targets.values())) < len(recordings):
        raise ConfigError(f"two recordings would be written to one file in {out}; write them to two folders")
    return targets


def _print_table(found: Timeline, name: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("from", "to", "category", "")
    for one in found.segments():
        table.add_row(
            _clock(one.start_s),
            _clock(one.end_s),
            Text(one.label, "bold"),
            f"{100 * (one.confidence or 0):.0f} %",
        )
    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES)
    n_found = f"{table.row_count:,} {'stretches' if found.curve else 'bursts'}"
    console.print(Text(f"{name}, {_clock(found.duration_s)}: {n_found}"), soft_wrap=True)
    if table.row_count:
        console.print(table)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest / 100:05.2f}" if hours else f"{minutes}:{rest / 100:05.2f}"
