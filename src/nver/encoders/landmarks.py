"""Landmarks: a few places of a clip by which a copy of it is known at another gain, rate, codec or offset.

A landmark is a peak of loudness, and what it keeps is the coarse shape of the log-mel spectrogram around it:

    N  landmarks of a clip, the loudest peaks, 4
    M  mel bands between 200 and 3,400 Hz, which telephone rates and low bit rates leave alone, 20
    W  frames around a peak, 10 ms apart, 41
    D  coefficients of the two-dimensional cosine transform of (M, W), the lowest but the mean, 79

Gain is divided out (levels count from the loudest frame, 35 dB down), an offset moves every landmark alike,
and a clip with fewer peaks has rows of zeros, which are similar to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import scipy.fft
from scipy.signal import find_peaks

from nver import fingerprint
from nver.encoders.base import EncoderCard, require_wave
from nver.encoders.spectral import FrontEnd, LogMel
from nver.types import Matrix, Samples

VERSION = 1
"""Goes up whenever a change here alters a row."""

N_LANDMARKS = 4
N_BANDS_KEPT, N_TIMES_KEPT = 10, 8
N_COEFFICIENTS = N_BANDS_KEPT * N_TIMES_KEPT - 1

_FRONT_END = FrontEnd(n_mels=20, low_hz=200.0, high_hz=3400.0)
_RANGE = 8.0
"""Nepers of power, 35 dB: what lies further below a clip's loudest band counts as silence."""
_HALF = 20
_SMOOTHING = np.hanning(9)[1:-1] / np.hanning(9).sum()
_APART = 8


class LandmarkEncoder:
    """(``N_LANDMARKS``, ``N_COEFFICIENTS``) of each wave, flat; a landmark has length 1, a missing one 0."""

    card = EncoderCard(
        name="landmarks",
        title="landmarks for finding copies",
        family="spectral",
        dim=N_LANDMARKS * N_COEFFICIENTS,
        licence="Apache-2.0",
        citation="nver",
        notes="No weights: for finding copies of a recording, and of no use for recognising anything.",
    )
    dim = N_LANDMARKS * N_COEFFICIENTS
    fingerprint = fingerprint.of_data(
        {
            "encoder": card.name,
            "version": VERSION,
            "front_end": _FRONT_END.model_dump(),
            "range": _RANGE,
            "half": _HALF,
            "apart": _APART,
            "kept": [N_LANDMARKS, N_BANDS_KEPT, N_TIMES_KEPT],
        }
    )

    @property
    def provenance(self) -> dict[str, str]:
        """Where and how it computes."""
        return {"device": "cpu", "precision": "float32"}

    @cached_property
    def _log_mel(self) -> LogMel:
        return LogMel(_FRONT_END)

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, dim); each wave is computed alone.

        Raises:
            EncoderError: A wave is not (n_samples,) with one sample or more, or is not finite.
        """
        rows = np.zeros((len(waves), self.dim), np.float32)
        for i, wave in enumerate(waves):
            require_wave(wave, i, encoder=self.card.name)
            found = _landmarks(self._log_mel(wave))
            rows[i, : found.size] = found.ravel()
        return rows


def _landmarks(log_mel: Matrix) -> Matrix:
    """(up to N, D) of (M, T), loudest first; silence has none."""
    if log_mel.max() <= np.log(np.float32(_FRONT_END.floor)):
        return np.zeros((0, N_COEFFICIENTS), np.float32)
    above = np.maximum(log_mel - log_mel.max(), -_RANGE) + _RANGE  # (M, T), 0 is silence
    track = np.convolve(above.mean(axis=0), _SMOOTHING, mode="same")  # (T)
    peaks = find_peaks(np.pad(track, 1), distance=_APART)[0] - 1
    if not peaks.size:
        peaks = np.array([track.argmax()])
    loudest = peaks[np.argsort(-track[peaks], kind="stable")[:N_LANDMARKS]]
    padded = np.pad(above, ((0, 0), (_HALF, _HALF)))
    around = np.stack([padded[:, at : at + 2 * _HALF + 1] for at in loudest])  # (n, M, W)
    shape = scipy.fft.dctn(around, axes=(1, 2), norm="ortho")[:, :N_BANDS_KEPT, :N_TIMES_KEPT]
    kept: Matrix = shape.reshape(len(loudest), -1)[:, 1:].astype(np.float32)  # without the mean
    length = np.linalg.norm(kept, axis=1, keepdims=True)
    normal: Matrix = np.divide(kept, length, out=np.zeros_like(kept), where=length > 1e-6)
    return normal
