"""Embeddings on disk, addressed by content: SHA-256 of the decoded audio x fingerprint of the encoder.

    ROOT/vectors/<encoder fingerprint>/card.json      what the encoder was
                                       <sha256>.parquet   audio_sha256, vector
    ROOT/decoded/<decoder fingerprint>/<sha256>.parquet   encoded_sha256, audio_sha256

The second kind remembers what encoded bytes decode to, so that a clip that was met before is looked up
without being decoded. Nothing is ever changed in place: rows are added in new shards (see ``shards``), so
that any number of processes can use one store, and the same row may lie in two shards.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nver import fingerprint
from nver.embeddings import shards
from nver.encoders import Encoder
from nver.errors import StoreError
from nver.home import home
from nver.types import AudioFile, Matrix, Samples

CARD = "card.json"
LEFTOVER_AGE_S = 3600.0
"""An unfinished shard older than this has no writer any more."""


class VectorShelf:
    """The rows of one encoder: an index in memory, vectors on disk until they are asked for.

    Args:
        directory: Of this encoder's shards; made at the first flush.
        dim: Length of a row.
        card: What a flush says of the encoder; None for a shelf that is only read.
        remove_damaged: Delete a damaged shard, so that its rows are computed again, instead of raising.

    Raises:
        StoreError: A shard is damaged, or holds vectors of another length.
    """

    def __init__(self, directory: Path, *, dim: int, card: bytes | None, remove_damaged: bool) -> None:
        self._directory = directory
        self._dim = dim
        self._card = card
        self._place: dict[str, tuple[Path, int]] = {}
        self._pending: dict[str, Samples] = {}
        for path, table in _whole_shards(directory, remove_damaged=remove_damaged):
            found = table.schema.field("vector").type.list_size
            if found != dim:
                raise StoreError(f"shard {path} holds vectors of length {found}; expected {dim}")
            for row, key in enumerate(shards.texts(table["audio_sha256"])):
                self._place[key] = (path, row)

    def __contains__(self, audio_sha256: str) -> bool:
        return audio_sha256 in self._place or audio_sha256 in self._pending

    @property
    def n_pending_bytes(self) -> int:
        """What a flush would write."""
        return 4 * self._dim * len(self._pending)

    def put(self, audio_sha256: str, row: Samples) -> None:
        """Keep a row; it is on disk after the next flush."""
        self._pending[audio_sha256] = row.copy()

    def flush(self) -> None:
        """Write what is pending as one shard."""
        if not self._pending:
            return
        if self._card is None:
            raise StoreError(f"{self._directory} was opened to be read, and cannot be written to")
        if not (self._directory / CARD).exists():
            shards.write_atomically(self._directory / CARD, self._card)
        keys = list(self._pending)
        vectors = shards.vector_array(np.stack(list(self._pending.values())))
        path = shards.write(self._directory, pa.table({"audio_sha256": keys, "vector": vectors}))
        self._place.update((key, (path, row)) for row, key in enumerate(keys))
        self._pending.clear()

    def rows(self, keys: Sequence[str]) -> Matrix:
        """(len(keys), dim), read shard by shard; all keys are in the shelf and flushed.

        Raises:
            StoreError: A shard was damaged since the shelf was opened.
        """
        wanted: dict[Path, list[tuple[int, int]]] = {}
        for i, key in enumerate(keys):
            path, row = self._place[key]
            wanted.setdefault(path, []).append((i, row))
        out = np.empty((len(keys), self._dim), np.float32)
        for path, pairs in wanted.items():
            targets, rows = (list(side) for side in zip(*pairs, strict=True))
            out[targets] = shards.matrix(shards.read(path)["vector"], dim=self._dim)[rows]
        return out


class DecodedShelf:
    """What encoded bytes decode to under one decoder: digest of bytes -> digest of samples."""

    def __init__(self, directory: Path, *, remove_damaged: bool) -> None:
        self._directory = directory
        self._audio: dict[str, str] = {}
        self._pending: dict[str, str] = {}
        for _, table in _whole_shards(directory, remove_damaged=remove_damaged):
            encoded, audio = (shards.texts(table[name]) for name in ("encoded_sha256", "audio_sha256"))
            self._audio.update(zip(encoded, audio, strict=True))

    def __len__(self) -> int:
        return len(self._audio)

    def get(self, encoded_sha256: str) -> str | None:
        """The digest of the samples; None for bytes that were not met before."""
        return self._audio.get(encoded_sha256)

    def of_source(self, source: AudioFile) -> str | None:
        """The digest of a recording's samples; None when its bytes were not met before. Raises OSError."""
        return self.get(fingerprint.of_bytes(source.read())) if self._audio else None

    def put(self, encoded_sha256: str, audio_sha256: str) -> None:
        """Remember; on disk after the next flush."""
        if encoded_sha256 not in self._audio:
            self._audio[encoded_sha256] = self._pending[encoded_sha256] = audio_sha256

    def flush(self) -> None:
        """Write what is pending as one shard."""
        if self._pending:
            columns = {"encoded_sha256": list(self._pending), "audio_sha256": list(self._pending.values())}
            shards.write(self._directory, pa.table(columns))
            self._pending.clear()


@dataclass(frozen=True)
class Store:
    """A directory of embeddings.

    Attributes:
        root: Where; ``Store.default()`` is ``$NVER_HOME/store``.
        shard_bytes: A shard is written when its vectors take so much memory...
        shard_s: ... or when the last one is this old: what a SIGKILL can cost.
    """

    root: Path
    shard_bytes: int = 16 << 20
    shard_s: float = 30.0

    @classmethod
    def default(cls) -> Store:
        """The one below ``home()``."""
        return cls(home() / "store")

    def vectors(self, encoder: Encoder, *, remove_damaged: bool = False) -> VectorShelf:
        """The shelf of one encoder. Raises StoreError for a damaged shard unless it may be removed."""
        directory = self.root / "vectors" / encoder.fingerprint
        return VectorShelf(directory, dim=encoder.dim, card=_card(encoder), remove_damaged=remove_damaged)

    def stored(self, encoder_fingerprint: str, *, dim: int) -> VectorShelf:
        """What is there of an encoder that nobody loads, to be read. Raises StoreError for damage."""
        directory = self.root / "vectors" / encoder_fingerprint
        return VectorShelf(directory, dim=dim, card=None, remove_damaged=False)

    def decoded(self, decoder_fingerprint: str, *, remove_damaged: bool = False) -> DecodedShelf:
        """What bytes decode to. Raises StoreError for a damaged shard unless it may be removed."""
        return DecodedShelf(self.root / "decoded" / decoder_fingerprint, remove_damaged=remove_damaged)


@dataclass(frozen=True)
class Holding:
    """What a store holds of one encoder. ``n_rows`` counts a row in two shards twice."""

    encoder: str
    fingerprint: str
    dim: int
    n_rows: int
    n_shards: int
    n_bytes: int


@dataclass(frozen=True)
class Damage:
    """A shard that is not what its name says, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Freed:
    """What ``gc`` removed."""

    paths: tuple[Path, ...]
    n_bytes: int


def ls(store: Store) -> list[Holding]:
    """What the store holds, by encoder name; from the cards and the shards' footers alone.

    Raises:
        StoreError: A card or a footer cannot be read.
    """
    holdings = []
    for card_path in sorted((store.root / "vectors").glob(f"*/{CARD}")):
        found = shards.paths(card_path.parent)
        try:
            card = json.loads(card_path.read_text(encoding="utf-8"))
            holdings.append(
                Holding(
                    encoder=card["encoder"]["name"],
                    fingerprint=card["fingerprint"],
                    dim=card["dim"],
                    n_rows=sum(pq.read_metadata(path).num_rows for path in found),
                    n_shards=len(found),
                    n_bytes=sum(path.stat().st_size for path in found),
                )
            )
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise StoreError(f"{card_path.parent} is damaged ({error}); run nver store verify") from error
    return sorted(holdings, key=lambda holding: (holding.encoder, holding.fingerprint))


def verify(store: Store) -> list[Damage]:
    """Every damaged shard; all are read."""
    damages = []
    for path in _all_shards(store):
        try:
            shards.read(path)
        except StoreError as error:
            damages.append(Damage(path, str(error)))
    return damages


def gc(store: Store) -> Freed:
    """Remove what no reader needs: leftovers of killed writers, damaged shards, and repeated ones.

    A shard is repeated when all its rows are in others too. Leftovers are left alone for an hour, since their
    writer may be alive. Rows are never lost, except those of damaged shards, which are computed again
    when next asked for.
    """
    doomed = [
        path
        for path in store.root.glob(f"*/*/{shards.LEFTOVER_PREFIX}*")
        if time.time() - path.stat().st_mtime > LEFTOVER_AGE_S
    ]
    doomed += [damage.path for damage in verify(store)]
    for directory in {path.parent for path in _all_shards(store)}:
        doomed += _redundant([path for path in shards.paths(directory) if path not in doomed])
    n_bytes = sum(path.stat().st_size for path in doomed)
    for path in doomed:
        path.unlink(missing_ok=True)
    return Freed(tuple(doomed), n_bytes)


def _redundant(paths: Sequence[Path]) -> list[Path]:
    """Shards that hold nothing beyond the others, looking at large ones first."""
    met: set[str] = set()
    redundant = []
    for path in sorted(paths, key=lambda path: (-path.stat().st_size, path.name)):
        keys = set(shards.texts(shards.read(path).column(0)))
        if keys <= met:
            redundant.append(path)
        met |= keys
    return redundant


def _all_shards(store: Store) -> list[Path]:
    return sorted(store.root.glob(f"*/*/[!.]*{shards.SUFFIX}"))


def _whole_shards(directory: Path, *, remove_damaged: bool) -> Iterator[tuple[Path, pa.Table]]:
    """Shard by shard, so that one at a time is in memory."""
    for path in shards.paths(directory):
        try:
            table = shards.read(path)
        except StoreError:
            if not remove_damaged:
                raise
            path.unlink(missing_ok=True)
            continue
        yield path, table


def _card(encoder: Encoder) -> bytes:
    content = {
        "fingerprint": encoder.fingerprint,
        "dim": encoder.dim,
        "encoder": encoder.card.model_dump(mode="json"),
        "provenance": encoder.provenance,
    }
    return json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"
