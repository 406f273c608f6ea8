"""Recordings to try the page with: the synthetic corpus' voices, alone and one after another."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nver.corpora.synthetic.clip import render, wav
from nver.corpora.synthetic.voice import RATE_HZ

SEED = 0
CLIPS = {
    "surprise": "S02_surprise_strong_02.wav",
    "pleasure": "S05_pleasure_peak_01.wav",
    "pain": "S08_pain_peak_02.wav",
}
GAP_S = 0.8
NOISE = 0.003
"""Standard deviation of the noise under the long one, full scale 1: a quiet room."""


def make(folder: Path) -> list[Path]:
    """A few clips, and one recording of all of them over noise."""
    folder.mkdir(parents=True)
    clips = {name: render(clip, seed=SEED) for name, clip in CLIPS.items()}
    gap = np.zeros(round(GAP_S * RATE_HZ))
    row = np.concatenate([piece for clip in clips.values() for piece in (gap, 0.6 * clip)] + [gap])
    row += NOISE * np.random.default_rng(SEED).standard_normal(len(row))
    made = []
    for name, samples in {"three bursts": row, **clips}.items():
        made.append(folder / f"{name}.wav")
        made[-1].write_bytes(wav(samples))
    return made
