"""Vectors and the clips that they belong to; no labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nver.embeddings import shards
from nver.errors import StoreError
from nver.types import Matrix

_NAMED = 5
"""How many clips an error names before it only counts."""


@dataclass(frozen=True, eq=False)
class EmbeddingTable:
    """One vector for each clip.

    Attributes:
        vectors: (n_clips, dim) float32, finite; the table's own read-only view.
        clip_ids: One for each row, all different.

    Raises:
        StoreError: Rows and ids do not match, an id is there twice, or a vector is not finite.

    >>> table = EmbeddingTable(np.eye(2, dtype=np.float32), ("a.wav", "b.wav"))
    >>> table.rows(["b.wav", "a.wav", "b.wav"])
    array([[0., 1.],
           [1., 0.],
           [0., 1.]], dtype=float32)
    """

    vectors: Matrix
    clip_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        shape, dtype = self.vectors.shape, self.vectors.dtype
        if len(shape) != 2 or dtype != np.float32:
            raise StoreError(f"vectors have shape {shape} and type {dtype}; expected (n_clips, dim) float32")
        object.__setattr__(self, "clip_ids", tuple(self.clip_ids))
        if shape[0] != len(self.clip_ids):
            raise StoreError(f"{shape[0]} vectors came with {len(self.clip_ids)} clip ids; expected one each")
        twice = [clip_id for clip_id, n in Counter(self.clip_ids).items() if n > 1]
        if twice:
            raise StoreError(f"clips are in the table more than once: {_name(twice)}")
        is_finite = np.isfinite(self.vectors).all(axis=1)
        if not is_finite.all():
            bad = [self.clip_ids[i] for i in np.flatnonzero(~is_finite)]
            raise StoreError(f"vectors with NaN or infinity: {_name(bad)}")
        view = self.vectors.view()
        view.flags.writeable = False
        object.__setattr__(self, "vectors", view)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.clip_ids)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {clip_id: row for row, clip_id in enumerate(self.clip_ids)}

    def rows(self, clip_ids: Sequence[str]) -> Matrix:
        """(len(clip_ids), dim): the vectors of these clips, in this order, as a copy.

        Raises:
            StoreError: The table lacks some of them.
        """
        missing = [clip_id for clip_id in clip_ids if clip_id not in self._row_of]
        if missing:
            raise StoreError(
                f"features and clips are out of step: of {len(clip_ids)} clips asked for, the table of "
                f"{len(self)} lacks {len(missing)}: {_name(missing)}; extract them from the same corpus"
            )
        return self.vectors[[self._row_of[clip_id] for clip_id in clip_ids]]

    def save(self, path: Path) -> None:
        """A Parquet file with columns ``clip_id`` and ``vector``, whole or not at all.

        Raises:
            StoreError: The disk refuses.
        """
        sink = pa.BufferOutputStream()
        table = pa.table(
            {"clip_id": pa.array(self.clip_ids, pa.string()), "vector": shards.vector_array(self.vectors)}
        )
        pq.write_table(table, sink, compression="none", use_dictionary=False)
        shards.write_atomically(path, sink.getvalue().to_pybytes())

    @classmethod
    def load(cls, path: Path) -> EmbeddingTable:
        """What ``save`` wrote.

        Raises:
            StoreError: There is no such file, or it is no table of embeddings.
        """
        try:
            table = pq.read_table(path, columns=["clip_id", "vector"])
            dim = table.schema.field("vector").type.list_size
            return cls(shards.matrix(table["vector"], dim=dim), tuple(shards.texts(table["clip_id"])))
        except (OSError, pa.ArrowException, KeyError, AttributeError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise StoreError(f"cannot read a table of embeddings from {path}: {reason}") from error


def _name(clip_ids: Sequence[str]) -> str:
    """The first few, quoted, and how many more there are.

    >>> _name(list("abcdefg"))
    "'a', 'b', 'c', 'd', 'e' and 2 more"
    """
    shown = ", ".join(f"'{clip_id}'" for clip_id in clip_ids[:_NAMED])
    return shown if len(clip_ids) <= _NAMED else f"{shown} and {len(clip_ids) - _NAMED} more"
