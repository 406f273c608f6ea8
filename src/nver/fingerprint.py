"""Stable digests of data, arrays and files: equal content gives equal digests on every machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def of_bytes(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_array(array: npt.NDArray[Any]) -> str:
    """SHA-256 of an array's type, shape and little-endian content.

    >>> of_array(np.zeros(3, np.float32)) == of_array(np.zeros(3, np.float64))
    False
    """
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    head = f"{little.dtype.str}{little.shape}".encode()
    return hashlib.sha256(head + b"\0" + little.tobytes()).hexdigest()


def of_data(data: Any) -> str:
    """SHA-256 of plain data (what JSON can hold), whatever the order of its keys.

    >>> of_data({"a": 1, "b": [2, 3]}) == of_data({"b": [2, 3], "a": 1})
    True
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return of_bytes(text.encode())
