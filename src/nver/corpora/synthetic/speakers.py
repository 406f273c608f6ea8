"""The cast: eleven voices that nobody has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Speaker:
    """One voice.

    Attributes:
        name: As in VIVAE's file names, or in those of another corpus.
        pitch_hz: Fundamental frequency of a relaxed vowel.
        tract_cm: Length of the vocal tract; all formants go as 1 / length.
        breath: Added to every burst's share of noise.
        rough: Added to every burst's roughness.
        tremor: Depth of the pitch's trembling, in octaves, that is always there.
        tempo: Octaves by which durations are stretched (above 0) or cut short.
        vividness: How far this speaker goes from a neutral burst towards the emotion: 1 is typical.
    """

    name: str
    pitch_hz: float
    tract_cm: float
    breath: float = 0.0
    rough: float = 0.0
    tremor: float = 0.005
    tempo: float = 0.0
    vividness: float = 1.0


SPEAKERS = (
    Speaker("S01", 208.0, 14.6, vividness=1.1),
    Speaker("S02", 112.0, 17.6, rough=0.06, tempo=0.1),
    Speaker("S03", 236.0, 14.0, breath=0.12, tempo=-0.15),
    Speaker("S04", 178.0, 15.4, breath=0.05, tremor=0.015, vividness=0.9),
    Speaker("S05", 96.0, 18.3, rough=0.12, tempo=0.15),
    Speaker("S06", 262.0, 13.4, tremor=0.008, vividness=1.1),
    Speaker("S07", 132.0, 16.8, breath=0.10, vividness=0.85),
    Speaker("S08", 195.0, 15.0, rough=0.10, tempo=-0.1),
    Speaker("S09", 222.0, 14.3, breath=-0.04, tempo=0.2),
    Speaker("S10", 121.0, 17.2, breath=-0.04, tremor=0.02, vividness=1.05),
    Speaker("S11", 164.0, 15.9, breath=0.08, rough=0.05, tempo=-0.2, vividness=0.95),
)
"""In order of name."""
