"""Marked recordings as a corpus: each labelled segment a file, and a manifest that lists them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import soundfile

from nver import atomic
from nver.errors import AnnotationError, ConfigError
from nver.recordings import formats
from nver.recordings.cuts import segments_of
from nver.recordings.recording import Recording
from nver.types import RATE_HZ

_MARKS = (".TextGrid", ".eaf", ".txt")


def marks_beside(recording: Path) -> Path:
    """The one file of marks that lies beside a recording and is called as it is.

    Raises:
        AnnotationError: There is none, or more than one.
    """
    found = [path for suffix in _MARKS if (path := recording.with_suffix(suffix)).is_file()]
    if len(found) != 1:
        what = f"{len(found)} files" if found else "no file"
        raise AnnotationError(
            f"{what} of marks beside {recording}; expected one of "
            f"{', '.join(recording.with_suffix(suffix).name for suffix in _MARKS)}"
        )
    return found[0]


def cut_corpus(recordings: Sequence[Path], to: Path, *, tier: str | None = None) -> int:
    """A folder of FLAC files at 16 kHz and ``manifest.csv``, which ``open_corpus("manifest", to)`` opens.

    A recording stands for its speaker; edit the column where that is not so.

    Args:
        recordings: Each with one file of marks beside it.
        to: A folder that is new or empty.
        tier: Which tier holds the labels.

    Returns:
        How many segments there were.

    Raises:
        ConfigError: The folder holds something, or two recordings have one name.
        AnnotationError: Marks are missing, cannot be read, or do not fit the recording.
        AudioError: A recording cannot be read.
    """
    if len({recording.stem for recording in recordings}) < len(recordings):
        raise ConfigError("two recordings have one name; rename one, since clips are called after them")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ConfigError(f"{to} is there already and holds something; give a new folder")
    marks = {recording: formats.read(marks_beside(recording), tier=tier) for recording in recordings}
    rows: list[list[object]] = []
    for recording, segments in marks.items():
        (to / recording.stem).mkdir(parents=True, exist_ok=True)
        stretches = segments_of(Recording.of_file(recording).blocks(), segments)
        for number, (segment, stretch) in enumerate(zip(segments, stretches, strict=True), start=1):
            path = f"{recording.stem}/{number:04}.flac"
            encoded = io.BytesIO()
            soundfile.write(encoded, stretch.samples, RATE_HZ, format="FLAC", subtype="PCM_24")
            atomic.write_file(to / path, encoded.getvalue())
            rows.append([path, segment.label, recording.stem, stretch.start_s, stretch.end_s])
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([["path", "label", "speaker", "start_s", "end_s"], *rows])
    atomic.write_file(to / "manifest.csv", text.getvalue().encode())
    return len(rows)
