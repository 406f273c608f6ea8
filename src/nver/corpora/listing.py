"""Every recording below a root, as a file or as a member of a tar shard."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nver.corpora import shards
from nver.corpora.base import Problem
from nver.errors import CorpusError
from nver.types import AudioFile

AUDIO_SUFFIXES = frozenset(
    {
        *(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus"),
        *(".aac", ".aif", ".aiff", ".amr", ".au", ".caf", ".m4a", ".w64", ".wma"),
    }
)
"""What is taken for a recording. Formats that cannot be decoded are among them, so that they are refused by
name when they are read; other files (readme, csv, licence) are no clips."""


class Recording(NamedTuple):
    """A file that may be a clip.

    Attributes:
        place: Its path below the root, with forward slashes; a shard counts as a folder.
        source: Where its bytes lie.
    """

    place: str
    source: AudioFile

    @property
    def stem(self) -> str:
        """The bare file name without its suffix."""
        return self.place.rpartition("/")[2].rpartition(".")[0]


@dataclass(frozen=True)
class Listing:
    """Recordings sorted by place, and the shards and names that cannot be read."""

    recordings: tuple[Recording, ...]
    problems: tuple[Problem, ...]


def is_audio(name: str) -> bool:
    """Whether a file name has a suffix of ``AUDIO_SUFFIXES``, in either case.

    >>> is_audio("a.WAV"), is_audio("readme.txt")
    (True, False)
    """
    return os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES  # noqa: PTH122 (a Path each costs a second here)


def list_recordings(root: Path) -> Listing:
    """Every recording below ``root``, whatever the nesting; links are followed, each folder once.

    Hidden files, ``__MACOSX`` folders and files without an audio suffix are no recordings.

    Raises:
        CorpusError: ``root`` is no folder, or a folder below it cannot be listed.
    """
    if not root.is_dir():
        raise CorpusError(f"there is no folder {root}; give the one that holds the corpus")
    recordings: list[Recording] = []
    problems: list[Problem] = []
    for place, path in _files(root):
        try:
            named = _portable(place)
        except UnicodeEncodeError:
            shown = place.encode(errors="backslashreplace").decode()
            problems.append(Problem("extra", shown, f"'{shown}' has a name that is not UTF-8; rename it"))
            continue
        if is_audio(path):
            recordings.append(Recording(named, AudioFile(Path(path))))
        elif path.lower().endswith(".tar"):
            try:
                for source in shards.members(Path(path)):
                    inner = _portable(source.member or "").removeprefix("./")
                    if is_audio(inner) and not inner.rpartition("/")[2].startswith("."):
                        recordings.append(Recording(f"{named}/{inner}", source))
            except CorpusError as error:
                problems.append(Problem("truncated", named, str(error)))
    recordings.sort(key=lambda recording: recording.place)
    return Listing(tuple(recordings), tuple(sorted(problems)))


def _files(root: Path) -> Iterator[tuple[str, str]]:
    """``(place, path)`` of every file that is not hidden."""
    pending, seen = [("", str(root))], set()
    while pending:
        place, folder = pending.pop()
        try:
            state = os.stat(folder)  # noqa: PTH116
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name == "__MACOSX":
                        continue
                    if entry.is_dir():
                        pending.append((f"{place}{entry.name}/", entry.path))
                    else:
                        yield place + entry.name, entry.path
        except OSError as error:
            raise CorpusError(f"cannot list {folder}: {error.strerror}") from error


def _portable(place: str) -> str:
    """``place`` as it is spelt on every machine: some file systems decompose accented letters."""
    if place.isascii():
        return place
    place.encode()
    return unicodedata.normalize("NFC", place)
