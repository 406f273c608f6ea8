"""What a label must not follow from: length, level, peak and silence of a clip, four numbers and no timbre.

As an encoder these numbers lie in the store like any embedding, and any head can be trained on them. A system
that is no better than they are has not listened.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nver import fingerprint
from nver.encoders.base import EncoderCard, require_wave
from nver.types import RATE_HZ, Matrix, Samples

VERSION = 1
"""Goes up whenever a change here alters a row."""

COLUMNS = ("duration_s", "level_db", "peak_db", "silence_share")
"""What a row holds: seconds, dB of full scale (of the whole clip, and of its loudest sample), a fraction."""

FRAME = 400
"""Samples of a frame, 25 ms, without overlap; what is left at the end is a frame of its own."""

SILENT_DB = -40.0
"""A frame is silent when it lies so far below the clip's loudest frame, or below the floor."""

FLOOR_DB = -100.0
"""Nothing is said to be quieter: 16 bits end at -96 dB."""


class ShortcutEncoder:
    """Four numbers of each wave."""

    card = EncoderCard(
        name="shortcut-stats",
        title="length, level and silence",
        family="spectral",
        dim=len(COLUMNS),
        licence="Apache-2.0",
        citation="nver",
        notes="No weights: seconds, level and peak in dB, and the share of silent frames. The shortcut "
        "baseline: nothing of the sound itself is in it.",
    )
    dim = len(COLUMNS)
    fingerprint = fingerprint.of_data(
        {
            "encoder": card.name,
            "version": VERSION,
            "columns": COLUMNS,
            "frame": FRAME,
            "silent_db": SILENT_DB,
            "floor_db": FLOOR_DB,
        }
    )

    @property
    def provenance(self) -> dict[str, str]:
        """Where and how it computes."""
        return {"device": "cpu", "precision": "float32"}

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, 4) in the order of ``COLUMNS``; each wave is computed alone.

        Raises:
            EncoderError: A wave is not (n_samples,) with one sample or more, or is not finite.
        """
        rows = np.empty((len(waves), self.dim), np.float32)
        for i, wave in enumerate(waves):
            require_wave(wave, i, encoder=self.card.name)
            rows[i] = _row(np.asarray(wave, np.float64))
        return rows


def shortcut_stats() -> ShortcutEncoder:
    """Duration, level, peak and silence of a clip: 4 numbers.

    >>> tone = (np.sin(np.arange(8_000) / 5) / 2).astype(np.float32)
    >>> shortcut_stats().embed([np.concatenate([tone, np.zeros(8_000, np.float32)])]).round(1).tolist()
    [[1.0, -12.0, -6.0, 0.5]]
    """
    return ShortcutEncoder()


def _row(wave: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float, float, float]:
    energy = wave**2
    starts = np.arange(0, wave.size, FRAME)
    frames = np.add.reduceat(energy, starts) / np.diff(np.append(starts, wave.size))
    frames_db = _db(frames, power=True)
    silent = frames_db <= max(float(frames_db.max()) + SILENT_DB, FLOOR_DB)
    return (
        wave.size / RATE_HZ,
        float(_db(energy.mean(), power=True)),
        float(_db(np.abs(wave).max(), power=False)),
        float(silent.mean()),
    )


def _db(value: np.typing.ArrayLike, *, power: bool) -> np.typing.NDArray[np.float64]:
    floor = 10 ** (FLOOR_DB / (10 if power else 20))
    return (10 if power else 20) * np.log10(np.maximum(value, floor))
