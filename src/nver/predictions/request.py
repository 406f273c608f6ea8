"""Which recordings a list of paths means: files, folders, shards, patterns, and paths on standard input."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nver.corpora import shards
from nver.corpora.listing import is_audio, list_recordings
from nver.errors import ConfigError, CorpusError
from nver.types import AudioFile

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Request:
    """What is asked about.

    Attributes:
        sources: Recordings, each once, in the order in which they were named; those of a folder sorted.
        refused: (path, reason) of what lies in a folder and cannot be read as a recording or a shard.
    """

    sources: tuple[AudioFile, ...]
    refused: tuple[tuple[str, str], ...] = ()


def find(paths: Iterable[str], *, read_input: Callable[[], bytes]) -> Request:
    """The recordings that paths mean.

    Args:
        paths: Files of any name; folders, whose audio files and tar shards at any depth are taken; tar
            shards; patterns with ``*``, ``?``, ``[...]`` or ``**``, where no file is called so; and ``-`` for
            paths on standard input, one a line, or each ended by a zero byte (``find -print0``).
        read_input: Standard input, whole; asked for once, and only for ``-``.

    Raises:
        ConfigError: A pattern or a folder holds no recording, or standard input holds no paths.
    """
    sources: dict[str, AudioFile] = {}
    refused: list[tuple[str, str]] = []
    for path in _written_out(paths, read_input):
        for source in _below(path, refused):
            if _is_text(name := str(source)):
                sources.setdefault(name, source)
            else:
                shown = name.encode(errors="backslashreplace").decode()
                refused.append((shown, f"'{shown}' has a name that is not UTF-8; rename it"))
    return Request(tuple(sources.values()), tuple(refused))


def _written_out(paths: Iterable[str], read_input: Callable[[], bytes]) -> Iterator[str]:
    is_read = False
    for path in paths:
        if path != STANDARD_INPUT:
            yield path
        elif not is_read:
            is_read = True
            yield from _lines(read_input())


def _lines(data: bytes) -> list[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            "standard input is no list of paths: expected UTF-8 text, one path a line; audio itself has to "
            "lie in a file"
        ) from error
    lines = text.split("\0") if "\0" in text else text.splitlines()
    if not (paths := [line for line in lines if line.strip()]):
        raise ConfigError("standard input is empty: expected paths, one a line")
    return paths


def _below(path: str, refused: list[tuple[str, str]]) -> Iterator[AudioFile]:
    place = Path(path)
    if place.is_dir():
        yield from _of_folder(place, refused)
    elif place.is_file() and path.lower().endswith(".tar"):
        yield from _of_shard(place, refused)
    elif glob.has_magic(path) and not place.exists():
        found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  pathlib's has no absolute patterns
        files = [name for name in found if is_audio(name)]
        if not files:
            raise ConfigError(f"no recording matches '{path}'")
        yield from (AudioFile(Path(name)) for name in files)
    else:
        yield AudioFile(place)  # a missing file is said so where it would be read


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _of_folder(folder: Path, refused: list[tuple[str, str]]) -> Iterator[AudioFile]:
    listing = list_recordings(folder)
    refused += [(str(folder / problem.subject), problem.detail) for problem in listing.problems]
    if not listing.recordings and not listing.problems:
        raise ConfigError(f"there is no recording in {folder} or below it")
    yield from (recording.source for recording in listing.recordings)


def _of_shard(path: Path, refused: list[tuple[str, str]]) -> Iterator[AudioFile]:
    try:
        members = sorted(shards.members(path), key=str)
    except CorpusError as error:
        refused.append((str(path), str(error)))
        return
    yield from (member for member in members if is_audio(member.member or ""))
