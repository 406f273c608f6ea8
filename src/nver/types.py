"""What every room speaks of: samples, matrices, clips and where their bytes lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.float32]
"""(n_samples,) mono audio, full scale ±1, at 16 kHz unless a rate stands beside it."""

Matrix: TypeAlias = npt.NDArray[np.float32]
"""(n_rows, dim)."""

Labels: TypeAlias = npt.NDArray[np.int64]
"""(n_clips,) class indices."""

RATE_HZ = 16_000
"""The rate that every encoder of the study expects."""


@dataclass(frozen=True, slots=True)
class AudioFile:
    """Where the bytes of one recording lie: a whole file, or a stretch of a tar.

    Attributes:
        path: The file, or the tar that holds it.
        member: Its name inside the tar; None for a plain file.
        offset: First byte of the recording within ``path``.
        n_bytes: Its length; None for a plain file.
    """

    path: Path
    member: str | None = None
    offset: int = 0
    n_bytes: int | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.member}" if self.member else str(self.path)

    def read(self) -> bytes:
        """The encoded bytes. Raises OSError as ``open`` does."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(-1 if self.n_bytes is None else self.n_bytes)


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of one vocal expression.

    Attributes:
        id: The same on every machine: the path below the corpus root, with forward slashes
            (for corpora whose names say everything, the bare file name without its suffix).
        source: Where its bytes lie.
        label: One of the card's labels.
        speaker: Who is heard; None when unknown.
        attributes: What else the corpus codes (intensity, sex, age, split...), all as strings.
    """

    id: str
    source: AudioFile
    label: str
    speaker: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
