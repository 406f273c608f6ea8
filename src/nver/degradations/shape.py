"""Level and length: gain, clipping, a stretch of a clip, silence around it."""

from __future__ import annotations

import numpy as np

from nver.types import RATE_HZ, Samples


def gain(wave: Samples, *, gain_db: float) -> Samples:
    """The wave at another level, past full scale if need be."""
    return (wave * 10 ** (gain_db / 20)).astype(np.float32)


def clip_share(wave: Samples, *, share: float) -> Samples:
    """The wave with its largest samples cut off at one level.

    Args:
        wave: (n_samples,).
        share: Of the samples that end up at that level, between 0 and 1; more, where many have the same
            magnitude.
    """
    n_clipped = round(share * len(wave))
    if not n_clipped:
        return wave.copy()
    ceiling = np.partition(np.abs(wave), len(wave) - n_clipped)[len(wave) - n_clipped]
    return np.clip(wave, -ceiling, ceiling)


def stretch(wave: Samples, draw: np.random.Generator, *, length_s: float) -> Samples:
    """A stretch of that length from a random place; a wave that is no longer stays whole."""
    n_kept = round(length_s * RATE_HZ)
    start = int(draw.integers(max(1, len(wave) - n_kept + 1)))
    return wave[start : start + n_kept].copy()


def surround(wave: Samples, *, silence_s: float) -> Samples:
    """The wave with digital silence of that length before it and behind it."""
    return np.pad(wave, round(silence_s * RATE_HZ))
