"""One encoded file to 16 kHz mono float32, exactly or not at all."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from mmap import mmap
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from nver import fingerprint
from nver.audio.mpeg import with_frame_count
from nver.audio.wholeness import check_ogg, check_opus, check_wav
from nver.errors import (
    AudioError,
    EmptyAudioError,
    NonFiniteAudioError,
    OverlongAudioError,
    OversizedAudioError,
    TruncatedAudioError,
    UnsupportedAudioError,
)
from nver.types import RATE_HZ, AudioFile, Matrix, Samples

Encoded: TypeAlias = bytes | mmap
"""The bytes of an encoded file, in memory or on disk."""

MAX_DURATION_S = 600.0
"""The longest recording that is decoded unless the caller says otherwise."""

_FORMATS = frozenset({"WAV", "WAVEX", "FLAC", "OGG", "MP3"})
_EXPECTED = "expected WAV, FLAC, MP3, Ogg Vorbis or Opus"
RESAMPLER = "HQ"
_SAMPLE_BYTES = 4
_NOT_SUPPORTED = frozenset({1, 4})
"""What libsndfile calls SF_ERR_UNRECOGNISED_FORMAT and SF_ERR_UNSUPPORTED_ENCODING."""
_UNKNOWN_LENGTH = 1 << 60
"""libsndfile gives a FLAC whose header does not count its samples a length beyond this."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Decoded samples with the digests that the store files them under.

    Attributes:
        samples: (n_samples,) at 16 kHz.
        encoded_sha256: Of the encoded bytes that they were decoded from.
        audio_sha256: Of the samples, as ``fingerprint.of_array`` has it.
    """

    samples: Samples
    encoded_sha256: str
    audio_sha256: str


def decoder_fingerprint() -> str:
    """Digest of all that decides how bytes become samples: settings here, and the libraries' versions."""
    return fingerprint.of_data(
        {
            "version": 1,
            "rate_hz": RATE_HZ,
            "resampler": RESAMPLER,
            "soxr": soxr.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
        }
    )


def decode(source: AudioFile, *, max_duration_s: float = MAX_DURATION_S) -> Samples:
    """The samples of one recording.

    WAV, FLAC, MP3, Ogg Vorbis or Opus, recognised by content, of any rate and channel count: channels are
    averaged, then resampled by soxr at its HQ setting (a file at 16 kHz keeps its samples). Levels are left
    as they are: nothing is normalised or trimmed, and what resampling lifts past full scale is not clipped.

    Args:
        source: Where the encoded bytes lie.
        max_duration_s: Anything longer is refused before it is decoded.

    Returns:
        (n_samples,) mono float32 at 16 kHz, finite, one sample or more.

    Raises:
        EmptyAudioError: There are no samples.
        TruncatedAudioError: The file ends before its own header says, or has a hole that can be seen.
            (A stretch of an MP3 overwritten with other bytes cannot be told from audio.)
        NonFiniteAudioError: A sample is NaN or infinite.
        OverlongAudioError: It is longer than ``max_duration_s``.
        UnsupportedAudioError: It is no audio of these formats.
        AudioError: It cannot be read.
    """
    return decode_bytes(read(source), name=str(source), max_duration_s=max_duration_s)


def decode_addressed(source: AudioFile, *, max_duration_s: float = MAX_DURATION_S) -> Addressed:
    """The samples of one recording, with the digests of its bytes and of its samples.

    Raises:
        AudioError: As ``decode``.
    """
    data = read(source)
    samples = decode_bytes(data, name=str(source), max_duration_s=max_duration_s)
    return Addressed(samples, fingerprint.of_bytes(data), fingerprint.of_array(samples))


def read(source: AudioFile) -> bytes:
    """The encoded bytes.

    Raises:
        TruncatedAudioError: The archive ends inside the recording.
        AudioError: The file is missing or may not be read.
    """
    try:
        data = source.read()
    except OSError as error:
        raise AudioError(f"cannot read {source}: {error.strerror or error}") from error
    if source.n_bytes is not None and len(data) < source.n_bytes:
        raise TruncatedAudioError(
            f"{source} is truncated: the archive ends {source.n_bytes - len(data)} bytes before the clip does"
        )
    return data


def decode_bytes(
    data: bytes,
    *,
    name: str,
    max_duration_s: float = MAX_DURATION_S,
    max_decoded_bytes: float = math.inf,
) -> Samples:
    """The samples of an encoded file that is in memory, as ``decode`` gives them.

    Args:
        data: The file.
        name: What errors call it.
        max_duration_s: Anything longer is refused before it is decoded.
        max_decoded_bytes: So is what would need more memory for its samples as encoded (float32, of every
            channel, at its own rate). Silence of eight channels fits a thousand times into a FLAC.

    Raises:
        OversizedAudioError: It would need more than ``max_decoded_bytes``.
        AudioError: As ``decode``.
    """
    frames, rate_hz = _frames(
        data, name=name, max_duration_s=max_duration_s, max_decoded_bytes=max_decoded_bytes
    )
    return _mono_at_16_khz(frames, rate_hz, name=name)


def from_array(wave: npt.ArrayLike, rate_hz: int, *, name: str = "the wave") -> Samples:
    """The samples of a recording that is in memory, as ``decode`` would give them.

    Args:
        wave: (n_samples,) or (n_samples, n_channels) floats, full scale ±1.
        rate_hz: Samples a second, 1 or more.
        name: What errors call it.

    Returns:
        (n_samples,) mono float32 at 16 kHz, finite, one sample or more.

    Raises:
        EmptyAudioError: There are no samples.
        NonFiniteAudioError: A sample is NaN or infinite.
        AudioError: It is no such array, or the rate is not positive.

    >>> from_array(np.zeros((44_100, 2)), 44_100).shape
    (16000,)
    """
    frames = np.asarray(wave)
    if frames.ndim not in (1, 2) or not np.issubdtype(frames.dtype, np.floating):
        raise AudioError(
            f"{name} has shape {frames.shape} and type {frames.dtype}; expected (n_samples,) or (n_samples, "
            "n_channels) floats of full scale 1 (16-bit integers are to be divided by 32768)"
        )
    if rate_hz < 1:
        raise AudioError(f"{name} has a rate of {rate_hz} Hz; expected a positive number of samples a second")
    if not frames.size:
        raise EmptyAudioError(f"{name} is empty: it has shape {frames.shape}")
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused as such
        columns = np.asarray(frames, np.float32).reshape(len(frames), -1)
    return _mono_at_16_khz(columns, rate_hz, name=name)


def _mono_at_16_khz(frames: Matrix, rate_hz: int, *, name: str) -> Samples:
    mono = mean_of_channels(frames)
    if not np.isfinite(mono).all():
        first = int(np.flatnonzero(~np.isfinite(frames).all(axis=1))[0])
        raise NonFiniteAudioError(f"{name} is not finite: sample {first} of {len(mono)} is NaN or infinite")
    samples: Samples = (
        mono if rate_hz == RATE_HZ else soxr.resample(mono, rate_hz, RATE_HZ, quality=RESAMPLER)
    )
    if not samples.size:
        held = f"{len(mono)} samples at {rate_hz} Hz" if len(mono) else "no samples"
        raise EmptyAudioError(f"{name} is empty: it holds {held}; expected at least one at {RATE_HZ} Hz")
    return samples


def mean_of_channels(frames: Matrix) -> Samples:
    """``frames.mean(axis=1)``, which numpy takes ten times as long for with so few columns."""
    mono = frames[:, 0].copy()
    with np.errstate(over="ignore", invalid="ignore"):  # not finite, and refused as such
        for channel in frames.T[1:]:
            mono += channel
        mono /= frames.shape[1]
    return mono


def _frames(data: bytes, *, name: str, max_duration_s: float, max_decoded_bytes: float) -> tuple[Matrix, int]:
    """(n_frames, n_channels) as encoded, and their rate."""
    if not data:
        raise EmptyAudioError(f"{name} is empty: it has 0 bytes; {_EXPECTED}")
    stream = io.BytesIO(with_frame_count(data, name=name) if is_mpeg(data) else data)
    with open_stream(stream, data, name=name) as file:
        n_allowed = int(max_duration_s * file.samplerate)
        if file.frames > n_allowed:
            raise OverlongAudioError(
                f"{name} is over-long: {file.frames / file.samplerate:.1f} s, and {max_duration_s:g} s "
                "are allowed; cut it, or raise the limit"
            )
        n_bytes = file.frames * file.channels * _SAMPLE_BYTES
        if n_bytes > max_decoded_bytes:
            raise OversizedAudioError(
                f"{name} is too large when decoded: {file.frames} samples of {file.channels} channels take "
                f"{n_bytes / 1e6:.1f} MB, and {max_decoded_bytes / 1e6:.1f} MB are allowed; cut it, or "
                "mix it down to one channel of 16 kHz"
            )
        frames = read_frames(file, file.frames, name=name)
        check_end(file, data, n_decoded=len(frames), name=name)
        return frames, file.samplerate


class _InOrder(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read from its beginning to its end.

    soundfile seeks to where it is after each read. In an MP3 that loses the bits that earlier frames have
    left for later ones, and what follows is other audio.
    """

    def seekable(self) -> bool:
        return False


def is_mpeg(data: Encoded) -> bool:
    """Whether the bytes, one or more, begin as those of an MP3 do."""
    return data[:3] == b"ID3" or (data[0] == 0xFF and data[1:2] >= b"\xe0")


def open_stream(stream: BinaryIO, data: Encoded, *, name: str) -> soundfile.SoundFile:
    """An encoded file, opened and checked as far as it can be before it is decoded.

    Args:
        stream: What is decoded: ``data`` as a file, an MP3 with its frames counted.
        data: The bytes of the file, one or more.
        name: What errors call it.

    Raises:
        UnsupportedAudioError: It is no audio of these formats.
        TruncatedAudioError: It ends before its own header says, or has a hole.
        AudioError: Its header is damaged.
    """
    try:
        file = _InOrder(stream)
    except soundfile.LibsndfileError as error:
        reason = "no whole MP3 frame is in it" if is_mpeg(data) else error.error_string.rstrip(".")
        kind = UnsupportedAudioError if error.code in _NOT_SUPPORTED else AudioError
        raise kind(f"cannot decode {name}: {reason}; {_EXPECTED}") from error
    try:
        if file.format not in _FORMATS:
            raise UnsupportedAudioError(f"cannot decode {name}: it is {file.format_info}; {_EXPECTED}")
        if file.format in ("WAV", "WAVEX"):
            check_wav(data, name=name)
        if file.format == "OGG":
            check_ogg(data, name=name)
        if file.frames >= _UNKNOWN_LENGTH:
            raise AudioError(
                f"cannot decode {name}: its {file.format} header does not count its samples, "
                "so that a cut could not be seen; encode it again"
            )
    except AudioError:
        file.close()
        raise
    return file


def read_frames(file: soundfile.SoundFile, n_frames: int, *, name: str) -> Matrix:
    """The next frames, (n_frames, n_channels): fewer at the end.

    Raises:
        TruncatedAudioError: They cannot be decoded.
    """
    try:
        frames: Matrix = file.read(n_frames, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise TruncatedAudioError(f"{name} is truncated or damaged: {error.error_string}") from error
    return frames


def check_end(file: soundfile.SoundFile, data: Encoded, *, n_decoded: int, name: str) -> None:
    """That as many frames were decoded as the file announces.

    Raises:
        TruncatedAudioError: Frames are missing.
    """
    if n_decoded < file.frames:
        raise TruncatedAudioError(
            f"{name} is truncated: its header announces {file.frames} samples "
            f"and {n_decoded} could be decoded"
        )
    if file.subtype == "OPUS":
        granule = check_ogg(data, name=name)
        check_opus(data, name=name, rate_hz=file.samplerate, n_decoded=n_decoded, granule=granule)
