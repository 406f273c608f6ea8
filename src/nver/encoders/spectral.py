"""The classical baseline, without weights: statistics over time of log-mel bands, and of cepstra.

Foundation models must beat these. One front end serves both: frames of 25 ms every 10 ms, Hann window, power
spectrum, triangular mel filters, natural logarithm.

    T  frames of a clip: 1 + (n_samples - 400) // 160, so that up to 10 ms at the end are in no frame
    F  frequency bins: 257
    M  mel bands
    C  channels: bands or cepstra, and their deltas

**Short and silent clips are defined.** A clip shorter than one frame (400 samples) is followed by zeros up to
one frame. One frame has no spread and no deltas: those are zero. Power is never taken below ``floor``, about
the quantisation noise of 16 bits, so that digital silence is the same finite row (up to rounding) at any
length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.fft
import scipy.sparse

from nver import fingerprint
from nver.config import FrozenModel
from nver.encoders.base import EncoderCard
from nver.errors import EncoderError
from nver.types import RATE_HZ, Matrix, Samples

VERSION = 1
"""Goes up whenever a change here alters a row."""


class FrontEnd(FrozenModel):
    """The settings of the log-mel spectrogram; they are part of the fingerprint."""

    window: int = 400
    hop: int = 160
    n_fft: int = 512
    n_mels: int = 80
    low_hz: float = 20.0
    high_hz: float = 8000.0
    floor: float = 1e-8
    delta_reach: int = 2


def mel_filters(front_end: FrontEnd) -> Matrix:
    """(M, F) triangles of height 1, equally spaced on the HTK mel scale (torchaudio's with ``norm=None``).

    Source:
        Young et al., "The HTK Book" 3.4, equation 5.13: mel = 2595 log10(1 + f / 700).
    """
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (front_end.low_hz, front_end.high_hz))
    corners_hz = 700 * (10 ** (np.linspace(low, high, front_end.n_mels + 2) / 2595) - 1)  # (M + 2)
    bins_hz = np.linspace(0, RATE_HZ / 2, front_end.n_fft // 2 + 1)  # (F)
    left, centre, right = corners_hz[:-2, None], corners_hz[1:-1, None], corners_hz[2:, None]  # (M, 1)
    rising, falling = (bins_hz - left) / (centre - left), (right - bins_hz) / (right - centre)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


@dataclass(frozen=True)
class LogMel:
    """Waves to log-mel spectrograms."""

    settings: FrontEnd

    @cached_property
    def _filters(self) -> scipy.sparse.csr_array:
        # No bin lies in more than two triangles, so this beats a dense product three times, without threads.
        return scipy.sparse.csr_array(mel_filters(self.settings))

    @cached_property
    def _window(self) -> Samples:
        n = self.settings.window
        return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)

    def __call__(self, wave: Samples) -> Matrix:
        """(M, T) natural logarithm of the power in each mel band."""
        s = self.settings
        if wave.size < s.window:
            wave = np.pad(wave, (0, s.window - wave.size))
        frames = np.lib.stride_tricks.sliding_window_view(wave, s.window)[:: s.hop]  # (T, window)
        spectrum = scipy.fft.rfft(frames * self._window, s.n_fft)  # (T, F)
        power = spectrum.real**2 + spectrum.imag**2
        log_mel: Matrix = np.log(np.maximum(self._filters @ power.T, np.float32(s.floor)))
        return log_mel


def deltas(tracks: Matrix, *, reach: int) -> Matrix:
    """(C, T) slopes of the regression line through each frame and ``reach`` frames on either side.

    Beyond its ends a track stays at its first and last value.

    Source:
        Young et al., "The HTK Book" 3.4, equation 5.16.

    >>> deltas(np.array([[0, 1, 2, 3, 4, 5, 6]], np.float32), reach=2)[:, 2:-2]
    array([[1., 1., 1.]], dtype=float32)
    """
    n_frames = tracks.shape[1]
    padded = np.pad(tracks, ((0, 0), (reach, reach)), mode="edge")
    slope = np.zeros_like(tracks)
    for step in range(1, reach + 1):
        ahead = padded[:, reach + step : reach + step + n_frames]
        behind = padded[:, reach - step : reach - step + n_frames]
        slope += np.float32(step) * (ahead - behind)
    return slope / np.float32(2 * sum(step**2 for step in range(1, reach + 1)))


def statistics(tracks: Matrix) -> Samples:
    """(4 C,): all means over time, then all standard deviations, 10th and 90th percentiles.

    The deviation is the population's; percentiles interpolate linearly between neighbours.

    >>> statistics(np.arange(11, dtype=np.float32)[None]).round(3)
    array([5.   , 3.162, 1.   , 9.   ], dtype=float32)
    """
    in_order = np.sort(tracks, axis=1)  # (C, T)
    low, high = (_quantile(in_order, share) for share in (0.1, 0.9))
    return np.concatenate([tracks.mean(axis=1), tracks.std(axis=1), low, high])


def _quantile(in_order: Matrix, share: float) -> Samples:
    place = share * (in_order.shape[1] - 1)
    below = int(place)
    above = min(below + 1, in_order.shape[1] - 1)
    weight = np.float32(place - below)
    return in_order[:, below] + weight * (in_order[:, above] - in_order[:, below])


@dataclass(frozen=True)
class SpectralEncoder:
    """Statistics over time of the tracks that a front end makes of each wave.

    Attributes:
        card: What it is.
        settings: All that decides a row, as plain data.
        tracks: A wave to (C, T).
    """

    card: EncoderCard
    settings: dict[str, object]
    tracks: Callable[[Samples], Matrix] = field(repr=False)

    @property
    def dim(self) -> int:
        """Length of a row."""
        return self.card.dim

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the settings and of ``VERSION``."""
        return fingerprint.of_data({"encoder": self.card.name, "version": VERSION, **self.settings})

    @property
    def provenance(self) -> dict[str, str]:
        """Where and how it computes."""
        return {"device": "cpu", "precision": "float32"}

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, dim); each wave is computed alone.

        Raises:
            EncoderError: A wave is not (n_samples,) with one sample or more, is not finite, or is so far
                beyond full scale that its power overflows.
        """
        rows = np.empty((len(waves), self.dim), np.float32)
        for i, wave in enumerate(waves):
            if wave.ndim != 1 or not wave.size:
                raise EncoderError(
                    f"{self.card.name}: wave {i} has shape {wave.shape}; expected one sample or more, mono"
                )
            with np.errstate(over="ignore", invalid="ignore"):
                rows[i] = statistics(self.tracks(np.asarray(wave, np.float32)))
            if not np.isfinite(rows[i]).all():
                raise EncoderError(
                    f"{self.card.name}: wave {i} holds NaN, infinity or samples far beyond full scale; "
                    "expected finite samples within about ±1"
                )
        return rows


def logmel_stats() -> SpectralEncoder:
    """80 log-mel bands and their deltas, four statistics each: 640 numbers.

    >>> logmel_stats().embed([np.zeros(16_000, np.float32)]).shape
    (1, 640)
    """
    front_end = FrontEnd()
    log_mel = LogMel(front_end)

    def tracks(wave: Samples) -> Matrix:
        bands = log_mel(wave)
        return np.concatenate([bands, deltas(bands, reach=front_end.delta_reach)])

    card = EncoderCard(
        name="logmel-stats",
        title="log-mel statistics",
        family="spectral",
        dim=4 * 2 * front_end.n_mels,
        licence="Apache-2.0",
        citation="Schuller, Steidl, Batliner (2009), The INTERSPEECH 2009 Emotion Challenge.",
        notes="No weights: mean, deviation, 10th and 90th percentile of 80 log-mel bands and their deltas.",
    )
    return SpectralEncoder(card, front_end.model_dump(), tracks)


def mfcc_stats() -> SpectralEncoder:
    """20 cepstra of 40 log-mel bands, their deltas and delta-deltas, four statistics each: 240 numbers.

    Another view than ``logmel-stats``: the shape of the spectral envelope, decorrelated and smoothed, and its
    second-order movement.

    >>> mfcc_stats().embed([np.zeros(16_000, np.float32)]).shape
    (1, 240)
    """
    front_end = FrontEnd(n_mels=40)
    n_cepstra = 20
    log_mel = LogMel(front_end)

    def tracks(wave: Samples) -> Matrix:
        static = scipy.fft.dct(log_mel(wave), axis=0, norm="ortho")[:n_cepstra]  # (20, T)
        slope = deltas(static, reach=front_end.delta_reach)
        return np.concatenate([static, slope, deltas(slope, reach=front_end.delta_reach)])

    card = EncoderCard(
        name="mfcc-stats",
        title="MFCC statistics",
        family="spectral",
        dim=4 * 3 * n_cepstra,
        licence="Apache-2.0",
        citation="Davis and Mermelstein (1980), Comparison of parametric representations for monosyllabic "
        "word recognition in continuously spoken sentences.",
        notes="No weights: mean, deviation, 10th and 90th percentile of 20 MFCCs, deltas and delta-deltas.",
    )
    return SpectralEncoder(card, front_end.model_dump() | {"n_cepstra": n_cepstra}, tracks)
