"""One's own recordings, listed in a CSV or Parquet file."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from nver.config import FrozenModel, validate
from nver.corpora import shards
from nver.corpora.base import Corpus, CorpusCard, Expected, Problem, Survey
from nver.corpora.listing import is_audio
from nver.errors import CorpusError
from nver.names import suggest
from nver.types import AudioFile, Clip

CARD = CorpusCard(
    name="manifest",
    title="One's own recordings, listed in a CSV or Parquet file",
    labels=(),
    licence="one's own",
    licence_url="",
    citation="",
    homepage="",
    notes=("Labels come from the file, sorted, unless the option 'labels' gives them in an order.",),
)

_FILE_NAMES = ("manifest.csv", "manifest.tsv", "manifest.parquet")


class Options(FrozenModel):
    """How the table is read; blanks around a cell do not count.

    Attributes:
        path: Column of paths with either slash, relative to the manifest or absolute; ``SHARD.tar:MEMBER``
            is a clip in a shard.
        label: Column of labels.
        speaker: Column of speakers; where it is absent, or a cell is empty, the speaker is unknown.
        id: Column of ids; where it is absent a clip's id is its path as listed.
        labels: The labels, in the order of their class indices; None takes those of the file, sorted.
    """

    path: str = "path"
    label: str = "label"
    speaker: str = "speaker"
    id: str = "id"
    labels: tuple[str, ...] | None = None


def scan(root: Path, **options: object) -> Corpus:
    """The recordings that a manifest lists; its other columns become attributes.

    Args:
        root: The manifest (.csv, .tsv or .parquet), or a folder that holds one called ``manifest.*``.
        **options: The fields of ``Options``.

    Raises:
        ConfigError: An option is not one of ``Options``.
        CorpusError: There is no such manifest, it lacks a column, or a row cannot be meant: an empty path or
            label, a path listed twice, a label not asked for, a file that does not exist.
    """
    return survey(root, validate(Options, options, source="corpus 'manifest'")).accepted()


def survey(root: Path, options: Options) -> Survey:
    """What a manifest lists, with nothing raised for rows that cannot be meant.

    Raises:
        CorpusError: There is no such manifest, or it lacks a column.
    """
    manifest = _find(root)
    files = _Files(manifest.parent)
    clips: dict[str, Clip] = {}
    first_row: dict[str, int] = {}
    refused: list[Problem] = []
    for number, row in enumerate(_rows(manifest, options), start=1):
        try:
            clip = _clip(row, options, files)
            if clip.id in clips:
                raise CorpusError(f"'{clip.id}' is listed in row {first_row[clip.id]} already")
        except _MissingError as error:
            refused.append(Problem("missing", error.clip_id, f"{manifest.name}, row {number}: {error}"))
        except CorpusError as error:
            refused.append(Problem("unreadable", f"row {number}", f"{manifest.name}, row {number}: {error}"))
        else:
            clips[clip.id], first_row[clip.id] = clip, number
    labels = options.labels if options.labels is not None else sorted({clip.label for clip in clips.values()})
    corpus = Corpus(
        card=CARD.labelled(labels),
        root=root,
        clips=tuple(clips[clip_id] for clip_id in sorted(clips)),
        options=options.model_dump(mode="json"),
    )
    noticed = tuple(files.unlisted(corpus.clips))
    return Survey(corpus, tuple(refused), noticed, example="a row with path and label")


def expected(options: Options) -> Expected:
    """Nothing beyond the manifest itself, which ``survey`` has compared with the disk."""
    del options
    return Expected()


class _MissingError(CorpusError):
    """A row whose recording is not where it says."""

    def __init__(self, clip_id: str, reason: str) -> None:
        super().__init__(reason)
        self.clip_id = clip_id


def _find(root: Path) -> Path:
    if root.is_file():
        return root
    found = [root / name for name in _FILE_NAMES if (root / name).is_file()]
    if len(found) == 1:
        return found[0]
    what = "more than one of" if found else "no"
    raise CorpusError(
        f"manifest: {root} is no manifest and holds {what} {', '.join(_FILE_NAMES)}; give the file itself"
    )


def _rows(manifest: Path, options: Options) -> Iterator[dict[str, str]]:
    """Each row as text without empty cells, after a look at the columns."""
    match manifest.suffix.lower():
        case ".csv" | ".tsv":
            columns, rows = _read_text(manifest)
        case ".parquet":
            columns, rows = _read_parquet(manifest)
        case suffix:
            raise CorpusError(
                f"manifest: cannot read {manifest} ('{suffix}'); expected .csv, .tsv or .parquet"
            )
    for wanted in (options.path, options.label):
        if wanted not in columns:
            raise CorpusError(
                f"{manifest.name} has no column '{wanted}'. {suggest(wanted, columns)} "
                "Rename one, or say with the options 'path' and 'label' which it is"
            )
    for row in rows:
        texts = {column: "" if cell is None else str(cell).strip() for column, cell in row.items()}
        yield {column: text for column, text in texts.items() if text}


def _read_text(manifest: Path) -> tuple[list[str], Iterator[Mapping[str, Any]]]:
    delimiter = "\t" if manifest.suffix.lower() == ".tsv" else ","
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            columns, *rows = [cells for cells in csv.reader(file, delimiter=delimiter) if cells] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"manifest: cannot read {manifest} ({error})") from error
    if len(set(columns)) != len(columns):
        raise CorpusError(f"{manifest.name} names a column twice in its header: {', '.join(columns)}")
    for number, cells in enumerate(rows, start=1):
        if len(cells) != len(columns):
            raise CorpusError(
                f"{manifest.name}, row {number}: {len(cells)} cells under {len(columns)} columns; "
                "quote cells that hold the delimiter"
            )
    return columns, (dict(zip(columns, cells, strict=True)) for cells in rows)


def _read_parquet(manifest: Path) -> tuple[list[str], Iterator[Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(manifest)
    except (OSError, pa.ArrowException) as error:
        raise CorpusError(f"manifest: cannot read {manifest} ({error})") from error
    return list(table.column_names), iter(table.to_pylist())


def _clip(row: Mapping[str, str], options: Options, files: _Files) -> Clip:
    """One row as a clip; raises CorpusError with the reason."""
    if options.path not in row:
        raise CorpusError(f"column '{options.path}' is empty; every clip needs a path")
    listed = row[options.path].replace("\\", "/")
    if options.label not in row:
        raise CorpusError(f"column '{options.label}' is empty for '{listed}'; every clip needs a label")
    label = row[options.label]
    if options.labels is not None and label not in options.labels:
        raise CorpusError(f"label '{label}' is not asked for. {suggest(label, options.labels)}")
    clip_id = row.get(options.id) or _portable_id(listed, files.folder)
    taken = {options.path, options.label, options.speaker, options.id}
    return Clip(
        id=clip_id,
        source=files.find(listed, clip_id),
        label=label,
        speaker=row.get(options.speaker),
        attributes={column: text for column, text in row.items() if column not in taken},
    )


def _portable_id(listed: str, folder: Path) -> str:
    """The path from the manifest's folder.

    Raises:
        CorpusError: It is absolute and lies elsewhere, so that it would not be the same on another machine.
    """
    below = listed
    if Path(listed).is_absolute():
        try:
            below = Path(listed).relative_to(folder.resolve()).as_posix()
        except ValueError:
            raise CorpusError(
                f"'{listed}' is an absolute path outside {folder}, which no other machine has; "
                "list relative paths, or add a column 'id'"
            ) from None
    return unicodedata.normalize("NFC", os.path.normpath(below).replace(os.sep, "/"))


class _Files:
    """What lies where a manifest points; each shard is listed once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._members = cache(_members_of)

    def find(self, listed: str, clip_id: str) -> AudioFile:
        """Where a path points. Raises _MissingError when nothing is there."""
        container, colon, member = listed.partition(".tar:")
        path = self.folder / (f"{container}.tar" if colon else listed)
        if not path.is_file():
            raise _MissingError(clip_id, f"there is no file {path}")
        if not colon:
            return AudioFile(path)
        if member not in self._members(path):
            raise _MissingError(clip_id, f"there is no member '{member}' in {path}")
        return self._members(path)[member]

    def unlisted(self, clips: tuple[Clip, ...]) -> Iterator[Problem]:
        """Recordings that lie beside the listed ones and are not listed."""
        listed: dict[str, set[str]] = {}
        for clip in clips:
            if clip.source.member is None:
                parent, name = os.path.split(clip.source.path)
                listed.setdefault(os.path.normpath(parent), set()).add(unicodedata.normalize("NFC", name))
        for parent, names in sorted(listed.items()):
            here = {unicodedata.normalize("NFC", path.name) for path in Path(parent).iterdir()}
            for name in sorted(here - names):
                if is_audio(name):
                    place = os.path.relpath(Path(parent, name), self.folder).replace(os.sep, "/")
                    yield Problem("extra", place, f"'{place}' lies beside listed clips and is not listed")


def _members_of(tar: Path) -> Mapping[str, AudioFile]:
    return {source.member or "": source for source in shards.members(tar)}
