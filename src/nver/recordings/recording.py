"""Recordings of any length, read in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nver.audio.blocks import blocks_of_array, blocks_of_encoded, length_of
from nver.errors import AudioError
from nver.types import Samples


@dataclass(frozen=True, eq=False, slots=True)
class Recording:
    """Audio that is read block by block, as often as one likes.

    Attributes:
        name: What errors call it.
        duration_s: How long it says it is; nothing has been decoded for that.
    """

    name: str
    duration_s: float
    _content: Path | bytes | tuple[npt.NDArray[np.floating], int] = field(repr=False)

    @classmethod
    def of_file(cls, path: str | Path) -> Recording:
        """A WAV, FLAC, MP3, Ogg Vorbis or Opus file of any rate, channel count and length.

        Raises:
            AudioError: It cannot be read, is no audio, or is seen to be cut.
        """
        return cls(str(path), length_of(Path(path), name=str(path)), Path(path))

    @classmethod
    def of_bytes(cls, data: bytes, *, name: str) -> Recording:
        """An encoded file that is in memory.

        Raises:
            AudioError: As ``of_file``.
        """
        return cls(name, length_of(data, name=name), data)

    @classmethod
    def of_array(cls, wave: npt.ArrayLike, rate_hz: int, *, name: str = "the wave") -> Recording:
        """Samples that are in memory.

        Args:
            wave: (n_samples,) or (n_samples, n_channels) floats, full scale ±1.
            rate_hz: Samples a second.
            name: What errors call it.

        Raises:
            AudioError: The rate is not positive.
        """
        if rate_hz < 1:
            raise AudioError(
                f"{name} has a rate of {rate_hz} Hz; expected a positive number of samples a second"
            )
        frames = np.asarray(wave)
        return cls(name, (len(frames) if frames.ndim else 0) / rate_hz, (frames, rate_hz))

    def blocks(self) -> Iterator[Samples]:
        """The whole recording, about a second at a time.

        Yields:
            (n,) mono float32 at 16 kHz, one sample or more: together what ``nver.audio.decode`` gives.

        Raises:
            AudioError: It is empty, not finite, cut, or no audio.
        """
        if isinstance(self._content, tuple):
            return blocks_of_array(*self._content, name=self.name)
        return blocks_of_encoded(self._content, name=self.name)


Source: TypeAlias = str | Path | tuple[npt.ArrayLike, int] | Recording
"""A file, a wave with its rate in Hz, or a recording."""


def open_recording(source: Source) -> Recording:
    """What a source means.

    Raises:
        AudioError: As ``Recording.of_file`` and ``Recording.of_array``.

    >>> open_recording((np.zeros(8_000), 16_000)).duration_s
    0.5
    """
    if isinstance(source, Recording):
        return source
    return Recording.of_array(*source) if isinstance(source, tuple) else Recording.of_file(source)
