"""Copies of one recording among many: which pairs are worth a look, and whether two waves are one sound.

First every landmark is compared with every other by one matrix product in blocks; pairs of clips that share
one are candidates. Then the waves of a candidate are laid over each other where they correlate most. Two
people who hum the same note correlate there as well, by that note alone; so what overlaps is compared once
more with its loud and faint parts made even.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from nver.errors import MetricError
from nver.types import RATE_HZ, Matrix, Samples

_BLOCK = 4096
"""Landmarks that are compared with all others at once."""

BAND_HZ = (200.0, 3400.0)
"""Waves are compared in the band that telephone rates and low bit rates leave alone."""

_COARSE_HZ = 8000

_SMOOTHED_HZ = 100.0
_EVENING = 0.75
"""The power of the smoothed amplitude that a spectrum is divided by: 0 leaves it, 1 makes all as loud."""

MIN_OVERLAP_S = 0.4
MIN_OVERLAP_SHARE = 0.8
"""Two waves are compared over so many seconds, or over this share of the shorter one if that is less."""


def similar_pairs(landmarks: npt.NDArray[np.float32], *, least: float) -> npt.NDArray[np.int64]:
    """Pairs of clips of which two landmarks have a cosine of ``least`` or more.

    Args:
        landmarks: (n_clips, n_landmarks, dim), each of length 1, or 0 where a clip has no more.
        least: Above 0.

    Returns:
        (n_pairs, 2) clips, the earlier first, sorted, each pair once.

    Raises:
        MetricError: ``least`` is not between 0 and 1: landmarks that are absent would be similar to all.

    >>> similar_pairs(np.array([[[1, 0]], [[0, 1]], [[1, 0]]], np.float32), least=0.9).tolist()
    [[0, 2]]
    """
    if not 0 < least <= 1:
        raise MetricError(f"least={least}: expected a cosine above 0 and up to 1, such as 0.97")
    n_clips, n_landmarks, dim = landmarks.shape
    there = np.flatnonzero(landmarks.any(axis=2))  # many clips have fewer than they might
    flat, clip = landmarks.reshape(-1, dim)[there], there // max(n_landmarks, 1)
    found = [np.empty(0, np.int64)]
    for start in range(0, len(flat), _BLOCK):
        row, column = np.nonzero(flat[start : start + _BLOCK] @ flat[start:].T >= np.float32(least))
        first, second = clip[row + start], clip[column + start]
        code = np.minimum(first, second) * n_clips + np.maximum(first, second)
        found.append(np.unique(code[first != second]))
    codes = np.unique(np.concatenate(found))
    return np.stack([codes // max(n_clips, 1), codes % max(n_clips, 1)], axis=1)


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two waves laid over each other.

    Attributes:
        correlation: Of what overlaps, from 0 to 1, whatever gain and polarity are; 0 where too little does.
        lag_s: How much later the sound begins in the second wave.
        gain_db: How much louder the second is where they overlap; NaN without an overlap.
    """

    correlation: float
    lag_s: float
    gain_db: float


def narrowed(wave: Samples) -> Samples:
    """(n_samples / 2,) a wave at 8 kHz with nothing outside ``BAND_HZ``, for ``align``."""
    n = scipy.fft.next_fast_len(2 * ((wave.size + 1) // 2), real=True)
    n += n % 2
    spectrum = scipy.fft.rfft(wave, n)
    hz = np.arange(spectrum.size) * RATE_HZ / n
    spectrum[(hz < BAND_HZ[0]) | (hz > BAND_HZ[1])] = 0
    coarse: Matrix = scipy.fft.irfft(spectrum[: n // 4 + 1], n // 2)[: (wave.size + 1) // 2]
    return np.asarray(coarse / 2, np.float32)  # half as many samples


def align(first: Samples, second: Samples) -> Alignment:
    """Lay two waves over each other where the sum of their products is largest.

    Args:
        first: As ``narrowed`` gives it.
        second: The same.

    Returns:
        The correlation there. Of two different recordings it is small even where they sound alike, since no
        two utterances have the same phases, unless both are hardly more than one steady tone.
    """
    n_all = len(first) + len(second) - 1
    n = scipy.fft.next_fast_len(n_all, real=True)
    product = scipy.fft.irfft(np.conj(scipy.fft.rfft(first, n)) * scipy.fft.rfft(second, n), n)
    by_lag = np.concatenate([product[n - len(first) + 1 :], product[: len(second)]])
    lag = int(np.abs(by_lag).argmax()) - (len(first) - 1)
    a, b = _overlap(first, second, lag)
    shorter = min(len(first), len(second))
    enough = min(MIN_OVERLAP_S * _COARSE_HZ, MIN_OVERLAP_SHARE * shorter)
    power_a, power_b = (float(np.dot(x, x)) for x in (a.astype(np.float64), b.astype(np.float64)))
    if len(a) < enough or power_a == 0 or power_b == 0:
        return Alignment(0.0, lag / _COARSE_HZ, float("nan"))
    correlation = abs(float(np.dot(a.astype(np.float64), b))) / np.sqrt(power_a * power_b)
    return Alignment(float(min(correlation, 1.0)), lag / _COARSE_HZ, float(10 * np.log10(power_b / power_a)))


def even_correlation(first: Samples, second: Samples, *, lag_s: float) -> float:
    """The correlation of what overlaps when its spectrum is made more even, from 0 to 1.

    A tone that drowns everything else counts little then: copies still agree in the faint parts, different
    recordings do not.

    Args:
        first: As ``narrowed`` gives it.
        second: The same.
        lag_s: Of their alignment.
    """
    a, b = _overlap(first, second, round(lag_s * _COARSE_HZ))
    if len(a) < 2:
        return 0.0
    spectra = [scipy.fft.rfft(wave.astype(np.float64)) for wave in (a, b)]
    hz = np.fft.rfftfreq(len(a), 1 / _COARSE_HZ)
    inside = (hz > BAND_HZ[0]) & (hz < BAND_HZ[1])
    power = sum(np.abs(spectrum) ** 2 for spectrum in spectra)
    window = np.hanning(2 * max(2, round(_SMOOTHED_HZ / 2 * len(a) / _COARSE_HZ)) + 1)
    smooth = np.sqrt(np.convolve(power, window)[len(window) // 2 :][: len(hz)])
    weight = np.divide(1, smooth**_EVENING, out=np.zeros_like(smooth), where=inside & (smooth > 0))
    x, y = (spectrum * weight for spectrum in spectra)
    size = np.linalg.norm(x) * np.linalg.norm(y)
    return float(min(abs(np.vdot(x, y).real) / size, 1.0)) if size > 0 else 0.0


def _overlap(first: Samples, second: Samples, lag: int) -> tuple[Samples, Samples]:
    return first[max(0, -lag) : max(0, len(second) - lag)], second[max(0, lag) : max(0, len(first) + lag)]
