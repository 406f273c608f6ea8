"""Reverberation by synthetic impulse responses: direct sound, then noise that dies away exponentially."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from nver.types import RATE_HZ, Samples

DIRECT_TO_REVERBERANT_DB = 0.0
"""As much energy comes straight as from the walls: a speaker some steps away in an ordinary room."""


def impulse_response(rt60_s: float, draw: np.random.Generator) -> npt.NDArray[np.float64]:
    """(n,) at 16 kHz, of energy one; the envelope of its tail falls by 60 dB in ``rt60_s`` and ends there.

    Args:
        rt60_s: Reverberation time in seconds.
        draw: Of the tail.

    Source:
        Polack (1988), "La transmission de l'énergie sonore dans les salles" (exponentially decaying noise).
    """
    n_samples = math.ceil(rt60_s * RATE_HZ)
    time_s = np.arange(1, n_samples) / RATE_HZ
    tail = draw.standard_normal(n_samples - 1) * 10 ** (-3 * time_s / rt60_s)
    tail *= np.sqrt(10 ** (-DIRECT_TO_REVERBERANT_DB / 10) / np.sum(tail**2))
    response: npt.NDArray[np.float64] = np.concatenate([[1.0], tail])
    response /= np.sqrt(np.sum(response**2))
    return response


def reverberate(wave: Samples, response: npt.NDArray[np.float64]) -> Samples:
    """(n_samples + n - 1,): the wave in a room, with the room's tail behind it."""
    heard: Samples = fftconvolve(wave.astype(np.float64), response).astype(np.float32)
    return heard
