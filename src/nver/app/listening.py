"""What the page shows of a recording, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from nver.audio.blocks import blocks_of_encoded
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import Recogniser
from nver.recordings import Curve, Segment, Timeline, Windows
from nver.types import RATE_HZ

NOT_SURE = "not sure"

BINS_A_S = 20
FEWEST_BINS, MOST_BINS = 1_200, 15_000
"""Pairs of lowest and highest sample that the picture of a waveform is made of: enough for every burst."""

WINDOW_S = 1.0
"""Of the curve; as long as its steps where those are longer."""
N_STEPS = 240
"""The curve has at most about so many steps, and none closer than a quarter of ``WINDOW_S``."""


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording that was listened to.

    Attributes:
        bursts: What was found and named; the whole recording as one burst where none stood out.
        is_whole: Whether that is so.
        curve: Probabilities over time, of windows of ``WINDOW_S``.
        envelope: (n_bins, 2) lowest and highest sample of each bin, full scale ±1.
    """

    bursts: Timeline
    is_whole: bool
    curve: Curve
    envelope: npt.NDArray[np.float32]


def listen(recogniser: Recogniser, recording: Path, *, view: str | None = None) -> Heard:
    """Locate the bursts of a recording, name each, and follow the probabilities over time.

    Raises:
        AudioError: The recording cannot be read.
        ConfigError: The recogniser has no such view.
    """
    found = recogniser.timeline(recording, view=view)
    duration_s = found.duration_s
    hop_s = max(WINDOW_S / 4, duration_s / N_STEPS)
    course = recogniser.timeline(recording, view=view, windows=Windows(max(WINDOW_S, hop_s), hop_s))
    curve = cast("Curve", course.curve)  # windows were asked for
    is_whole = not found.events
    if is_whole:
        found = recogniser.timeline(recording, view=view, segments=[Segment(0.0, duration_s)])
    n_bins = min(max(FEWEST_BINS, round(BINS_A_S * duration_s)), MOST_BINS)
    return Heard(found, is_whole, curve, envelope(recording, duration_s=duration_s, n_bins=n_bins))


def name_of(prediction: Prediction, *, threshold: float) -> str:
    """Its label, or ``not sure`` below the threshold.

    >>> prediction = Prediction({"cry": 0.4, "laugh": 0.6})
    >>> name_of(prediction, threshold=0.5), name_of(prediction, threshold=0.7)
    ('laugh', 'not sure')
    """
    return prediction.label if prediction.confidence >= threshold else NOT_SURE


def envelope(recording: Path, *, duration_s: float, n_bins: int) -> npt.NDArray[np.float32]:
    """(n_bins, 2) lowest and highest sample of each bin, or 0 where a bin has none; memory is constant."""
    bins = np.zeros((n_bins, 2), np.float32)
    per_bin = max(1.0, duration_s * RATE_HZ / n_bins)
    n_seen = 0
    for samples in blocks_of_encoded(recording, name=recording.name):
        at = np.minimum((np.arange(n_seen, n_seen + len(samples)) / per_bin).astype(int), n_bins - 1)
        np.minimum.at(bins[:, 0], at, samples)
        np.maximum.at(bins[:, 1], at, samples)
        n_seen += len(samples)
    return bins
