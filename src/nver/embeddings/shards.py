"""Parquet shards named by the SHA-256 of their own bytes: whole under their name, or not there at all.

A shard is written under a temporary name, forced to disk, and renamed. So a process killed at any moment
leaves whole shards and at most one leftover; two processes can only ever write the same name with the same
bytes; and a name that does not match its content is damage.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nver import fingerprint
from nver.errors import StoreError
from nver.types import Matrix

SUFFIX = ".parquet"
LEFTOVER_PREFIX = ".unfinished-"


def paths(directory: Path) -> list[Path]:
    """The shards in a directory, in the order of their names; none when there is no such directory."""
    return sorted(directory.glob(f"[!.]*{SUFFIX}"))


def write(directory: Path, table: pa.Table) -> Path:
    """The path of a new shard that holds ``table``.

    Raises:
        StoreError: The disk refuses.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="none", use_dictionary=False, write_statistics=False)
    data = sink.getvalue().to_pybytes()
    path = directory / f"{fingerprint.of_bytes(data)}{SUFFIX}"
    write_atomically(path, data)
    return path


def write_atomically(path: Path, data: bytes) -> None:
    """A file that holds ``data``, whole or not at all, and its directory.

    Raises:
        StoreError: The disk refuses.
    """
    leftover = path.parent / f"{LEFTOVER_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with leftover.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        leftover.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            leftover.unlink()
        raise StoreError(
            f"cannot write {path}: {error.strerror}; free space or choose another store"
        ) from error


def read(path: Path) -> pa.Table:
    """The content of a shard, after its digest was compared with its name.

    Raises:
        StoreError: It is damaged, or gone.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"cannot read shard {path}: {error.strerror}; run again to compute it anew"
        ) from error
    if fingerprint.of_bytes(data) != path.stem:
        raise StoreError(
            f"shard {path} is damaged: its content is not what its name says; "
            "recompute (nver embed --recompute) or remove it (nver store gc)"
        )
    return pq.ParquetFile(pa.BufferReader(data)).read()


def texts(column: pa.ChunkedArray[Any]) -> list[str]:
    """A column of text, none of it null."""
    return [str(value) for value in column.to_pylist()]


def vector_array(rows: Matrix) -> pa.Array[Any]:
    """Rows as one Arrow column of lists that all have the same length."""
    flat = pa.array(np.ascontiguousarray(rows, np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, rows.shape[1])


def matrix(column: pa.ChunkedArray[Any], *, dim: int) -> Matrix:
    """(n_rows, dim) from a column that ``vector_array`` made."""
    flat = pa.chunked_array([pc.list_flatten(chunk) for chunk in column.chunks], pa.float32())
    rows: Matrix = flat.to_numpy().reshape(-1, dim)
    return rows
