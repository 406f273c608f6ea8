"""There and back through lossy codecs, by libsndfile; what comes back is as long as what went in."""

from __future__ import annotations

import io

import numpy as np
import soundfile
import soxr
from scipy.signal import butter, sosfiltfilt

from nver.audio.decoding import decode_bytes
from nver.types import RATE_HZ, Samples

TELEPHONE_RATE_HZ = 8_000
TELEPHONE_BAND_HZ = (300.0, 3400.0)

_OPUS_BITS_S = (6_000, 256_000)
_MP3_KBIT_S = (8, 160)
"""Of one channel at 16 kHz; libsndfile's compression level runs between them, from 1 down to 0."""

_MP3_DELAY = 576
"""Samples that LAME puts in front. From 40 kbit/s on its first frame is long enough to say so itself, and the
decoder takes them away."""

_NAME = "a degraded clip"


def opus(wave: Samples, *, kbit_s: float) -> Samples:
    """(n_samples,) by Opus at a variable rate around ``kbit_s``, 6 to 256."""
    low, high = _OPUS_BITS_S
    level = 1 - (1000 * kbit_s - low) / (high - low)
    file = io.BytesIO()
    _write(file, wave, format="OGG", subtype="OPUS", compression_level=level)
    return _fitted(decode_bytes(file.getvalue(), name=_NAME), n_samples=len(wave))


def mp3(wave: Samples, *, kbit_s: float) -> Samples:
    """(n_samples,) by MP3 at a constant rate: 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144 or 160."""
    back = decode_bytes(mp3_bytes(wave, kbit_s=kbit_s), name=_NAME)
    return _fitted(back[_MP3_DELAY:] if len(back) > len(wave) else back, n_samples=len(wave))


def mp3_bytes(wave: Samples, *, kbit_s: float) -> bytes:
    """The encoded file of ``mp3``."""
    low, high = _MP3_KBIT_S
    level = 1 - (kbit_s - low) / (high - low)
    file = io.BytesIO()
    # libsndfile refuses a level of exactly one.
    _write(
        file,
        wave,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=min(level, 0.999),
        bitrate_mode="CONSTANT",
    )
    return file.getvalue()


def telephone(wave: Samples) -> Samples:
    """(n_samples,) by a telephone line: 300 to 3400 Hz, 8 kHz, eight bits a sample by the mu-law of G.711."""
    low = soxr.resample(wave, RATE_HZ, TELEPHONE_RATE_HZ, quality="HQ")
    band = butter(4, TELEPHONE_BAND_HZ, "bandpass", fs=TELEPHONE_RATE_HZ, output="sos")
    filtered = sosfiltfilt(band, low, padlen=min(27, len(low) - 1)).astype(np.float32) if len(low) else low
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", TELEPHONE_RATE_HZ, 1, format="WAV", subtype="ULAW") as sound:
        sound.write(np.clip(filtered, -1, 1))
    return _fitted(decode_bytes(file.getvalue(), name=_NAME), n_samples=len(wave))


def _write(file: io.BytesIO, wave: Samples, **how: object) -> None:
    with soundfile.SoundFile(file, "w", RATE_HZ, 1, **how) as sound:
        sound.write(wave)


def _fitted(back: Samples, *, n_samples: int) -> Samples:
    """Without what a codec or resampler adds at the end; silence where it lost the last samples."""
    return np.pad(back[:n_samples], (0, max(0, n_samples - len(back))))
