"""Audio of any length as blocks of 16 kHz mono samples: of a file, of bytes, of an array, of a stream."""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from nver.audio.decoding import (
    RESAMPLER,
    Encoded,
    check_end,
    is_mpeg,
    mean_of_channels,
    open_stream,
    read_frames,
)
from nver.audio.mpeg import missing_frame_count
from nver.errors import AudioError, EmptyAudioError, NonFiniteAudioError
from nver.types import RATE_HZ, Samples

BLOCK_S = 1.0
"""Seconds of audio that are in memory at a time."""

_BLOCK_NUMBERS = 1 << 20
"""And samples of all channels, however many there are in a second (48 kHz in stereo have a tenth of it)."""


class Resampler:
    """Chunks of one rate in, mono at 16 kHz out: the samples that ``nver.audio.from_array`` gives.

    They come as soon as the filter has seen enough: 30 ms behind at 44.1 and 48 kHz, at once at 16 kHz. How
    the audio is divided into chunks has no influence.

    Args:
        rate_hz: Samples a second of what will be pushed.
        name: What errors call it.

    Raises:
        AudioError: The rate is not positive.
    """

    def __init__(self, rate_hz: int, *, name: str = "the stream") -> None:
        if rate_hz < 1:
            raise AudioError(
                f"{name} has a rate of {rate_hz} Hz; expected a positive number of samples a second"
            )
        self._name, self._n_seen = name, 0
        is_there = rate_hz == RATE_HZ
        self._stream = None if is_there else soxr.ResampleStream(rate_hz, RATE_HZ, 1, "float32", RESAMPLER)

    def push(self, chunk: npt.ArrayLike) -> Samples:
        """What is known after some more audio; often nothing.

        Args:
            chunk: (n_samples,) or (n_samples, n_channels) floats, full scale ±1; it may be empty.

        Returns:
            (n,) mono float32 at 16 kHz.

        Raises:
            NonFiniteAudioError: A sample is NaN or infinite.
            AudioError: It is no such array.
        """
        frames = np.asarray(chunk)
        if frames.ndim not in (1, 2) or not np.issubdtype(frames.dtype, np.floating):
            raise AudioError(
                f"{self._name} was given shape {frames.shape} and type {frames.dtype}; expected "
                "(n_samples,) or (n_samples, n_channels) floats of full scale 1 "
                "(16-bit integers are to be divided by 32768)"
            )
        if not frames.size:
            return np.empty(0, np.float32)
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused as such
            mono = mean_of_channels(np.asarray(frames, np.float32).reshape(len(frames), -1))
        if not np.isfinite(mono).all():
            first = self._n_seen + int(np.flatnonzero(~np.isfinite(mono))[0])
            raise NonFiniteAudioError(f"{self._name} is not finite: sample {first} is NaN or infinite")
        self._n_seen += len(mono)
        if self._stream is None:
            return mono
        samples: Samples = self._stream.resample_chunk(mono)
        return samples

    def flush(self) -> Samples:
        """What the filter still holds; nothing can be pushed after it."""
        if self._stream is None:
            return np.empty(0, np.float32)
        samples: Samples = self._stream.resample_chunk(np.empty(0, np.float32), last=True)
        return samples


def length_of(source: Path | bytes, *, name: str) -> float:
    """Seconds of audio that an encoded file announces; nothing is decoded.

    Raises:
        AudioError: It cannot be read, is no audio, or is seen to be cut (as ``nver.audio.decode`` says).
    """
    with _opened(source, name=name) as (file, _):
        return float(file.frames / file.samplerate)


def blocks_of_encoded(source: Path | bytes, *, name: str) -> Iterator[Samples]:
    """The samples that ``nver.audio.decode`` gives, block by block; memory does not grow with the length.

    Those of an MP3 are within 1e-6 of them: libsndfile decodes it anew at each block, with other roundings.

    Args:
        source: A file, or the bytes of one: WAV, FLAC, MP3, Ogg Vorbis or Opus.
        name: What errors call it.

    Yields:
        (n,) mono float32 at 16 kHz, one sample or more.

    Raises:
        AudioError: As ``nver.audio.decode``; that a file is cut is sometimes known at its end alone.
    """
    with _opened(source, name=name) as (file, data):
        resampler = Resampler(file.samplerate, name=name)
        n_decoded = 0
        n_block = max(1, min(int(BLOCK_S * file.samplerate), _BLOCK_NUMBERS // file.channels))
        while len(frames := read_frames(file, n_block, name=name)):
            n_decoded += len(frames)
            yield from _unless_empty(resampler.push(frames))
        check_end(file, data, n_decoded=n_decoded, name=name)
        if not n_decoded:
            raise EmptyAudioError(f"{name} is empty: it holds no samples")
        yield from _unless_empty(resampler.flush())


def blocks_of_array(wave: npt.NDArray[np.floating], rate_hz: int, *, name: str) -> Iterator[Samples]:
    """The samples that ``nver.audio.from_array`` gives, block by block.

    Raises:
        AudioError: As ``nver.audio.from_array``.
    """
    if wave.ndim and not len(wave):
        raise EmptyAudioError(f"{name} is empty: it has shape {wave.shape}")
    resampler = Resampler(rate_hz, name=name)
    n_block = max(1, int(BLOCK_S * rate_hz))
    for start in range(0, len(wave) if wave.ndim else 1, n_block):
        yield from _unless_empty(resampler.push(wave[start : start + n_block] if wave.ndim else wave))
    yield from _unless_empty(resampler.flush())


def _unless_empty(samples: Samples) -> Iterator[Samples]:
    if samples.size:
        yield samples


@contextmanager
def _opened(source: Path | bytes, *, name: str) -> Iterator[tuple[soundfile.SoundFile, Encoded]]:
    """The file, open, and its bytes; bytes of a file on disk are mapped, not read."""
    if isinstance(source, bytes):
        if not source:
            raise EmptyAudioError(f"{name} is empty: it has 0 bytes")
        with _checked(io.BytesIO(source), source, name=name) as file:
            yield file, source
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise AudioError(f"cannot read {name}: {error.strerror or error}") from error
    with stream:
        if not source.stat().st_size:
            raise EmptyAudioError(f"{name} is empty: it has 0 bytes")
        with (
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
            _checked(stream, data, name=name) as file,
        ):
            yield file, data


def _checked(stream: BinaryIO, data: Encoded, *, name: str) -> soundfile.SoundFile:
    at, counted = missing_frame_count(data, name=name) if is_mpeg(data) else (0, b"")
    return open_stream(
        cast("BinaryIO", _Spliced(stream, at, counted)) if counted else stream, data, name=name
    )


class _Spliced:
    """A file with some bytes put between its own, as far as libsndfile asks for it."""

    def __init__(self, stream: BinaryIO, at: int, inserted: bytes) -> None:
        self._stream, self._at, self._inserted = stream, at, inserted
        self._n_bytes = stream.seek(0, io.SEEK_END) + len(inserted)
        self._position = 0

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._n_bytes}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """As many bytes as are wanted and there: libsndfile takes fewer for the end of the file."""
        end = self._n_bytes if size < 0 else min(self._position + size, self._n_bytes)
        pieces = []
        while self._position < end:
            pieces.append(self._piece(end - self._position))
            self._position += len(pieces[-1])
        return b"".join(pieces)

    def _piece(self, n_wanted: int) -> bytes:
        """Some of the bytes that follow: before, inside or behind what was inserted."""
        inside = self._position - self._at
        if 0 <= inside < len(self._inserted):
            return self._inserted[inside : inside + n_wanted]
        is_before = inside < 0
        self._stream.seek(self._position - (0 if is_before else len(self._inserted)))
        return self._stream.read(min(n_wanted, -inside) if is_before else n_wanted)
