"""From an emotion, an intensity and a speaker to the bursts of one clip.

A clip is a gesture (a laugh, a growl, a sob) drawn from its emotion's, moved towards a burst that expresses
nothing where the intensity is low, moved by the speaker's own habits, and scattered. The emotions overlap
in these numbers, as they do in life: no label is wrong, but a quiet groan of pain may be a quiet moan of
pleasure.
"""

from __future__ import annotations

from dataclasses import astuple, fields

import numpy as np
import numpy.typing as npt

from nver.corpora.synthetic.gestures import EMOTIONS, GESTURES, Gesture
from nver.corpora.synthetic.speakers import Speaker
from nver.corpora.synthetic.voice import Burst

INTENSITIES = ("low", "moderate", "strong", "peak")

CLARITY = dict(zip(INTENSITIES, (0.5, 0.8, 0.95, 1.05), strict=True))
"""How far from the neutral burst towards the emotion's gesture a clip goes."""

HABIT = 0.9
"""How far a speaker's version of a gesture is from everyone's, in standard deviations of the clips."""

_NAMES = tuple(field.name for field in fields(Gesture))
_IN_OCTAVES = np.isin(_NAMES, ("bursts", "burst_s", "gap_s"))
_SPREAD = np.array(astuple(GESTURES["spread"]))
_EFFORT = np.array(astuple(GESTURES["effort"]))


def perform(
    emotion: str, intensity: str, speaker: Speaker, *, rng: np.random.Generator, habits: np.random.Generator
) -> list[Burst]:
    """Draw one clip's bursts.

    Args:
        emotion: A key of ``EMOTIONS``.
        intensity: One of ``INTENSITIES``.
        speaker: Who performs.
        rng: What differs from clip to clip.
        habits: In the same state for all clips of this speaker and emotion.
    """
    names = EMOTIONS[emotion]
    favour = habits.dirichlet(np.full(len(names), 3.0))
    habit = HABIT * _SPREAD * habits.standard_normal((len(names), len(_NAMES)))
    k = rng.choice(len(names), p=favour)
    still = _vector(GESTURES["still"])
    towards = _vector(GESTURES[names[k]]) + habit[k] - still
    drawn = still + min(CLARITY[intensity] * speaker.vividness, 1.1) * towards
    drawn += (INTENSITIES.index(intensity) - 1.5) * _EFFORT + _SPREAD * rng.standard_normal(len(_NAMES))
    return _bursts(Gesture(*np.where(_IN_OCTAVES, np.exp2(drawn), drawn).tolist()), speaker, rng)


def _vector(gesture: Gesture) -> npt.NDArray[np.float64]:
    values = np.array(astuple(gesture))
    return np.where(_IN_OCTAVES, np.log2(values, where=_IN_OCTAVES, out=np.zeros_like(values)), values)


def _bursts(gesture: Gesture, speaker: Speaker, rng: np.random.Generator) -> list[Burst]:
    bursts = []
    tempo = 2**speaker.tempo
    start_s = 0.0
    if gesture.gasp > 0.5:
        bursts.append(_gasp(gesture, speaker, rng))
        start_s = bursts[0].duration_s + float(rng.uniform(0.01, 0.06))
    vowel = (_share(gesture.opened), _share(gesture.front))
    vowel_end = (_share(gesture.opened + gesture.opening), _share(gesture.front + gesture.fronting))
    for k in range(int(np.clip(round(gesture.bursts), 1, 9))):
        duration_s = float(np.clip(gesture.burst_s * tempo * 2 ** (0.2 * rng.standard_normal()), 0.06, 1.6))
        octaves = gesture.pitch + k * gesture.drift + 0.06 * rng.standard_normal()
        bursts.append(
            Burst(
                start_s=start_s,
                duration_s=duration_s,
                pitch_hz=float(np.clip(speaker.pitch_hz * 2**octaves, 60.0, 1400.0)),
                rise=gesture.rise,
                fall=gesture.fall,
                turn=float(np.clip(gesture.turn, 0.1, 0.9)),
                attack=float(np.clip(gesture.attack, 0.03, 0.6)),
                decay=float(np.clip(gesture.decay, 0.2, 3.0)),
                level=float(2 ** (k * gesture.fade + 0.15 * rng.standard_normal())),
                vowel=vowel,
                vowel_end=vowel_end,
                tract_cm=speaker.tract_cm,
                tension=_share(gesture.tension),
                breath=float(np.clip(gesture.breath + speaker.breath, 0.02, 0.9)),
                rough=_share(gesture.rough + speaker.rough),
                tremor=max(gesture.tremor, 0.0) + speaker.tremor,
                tremor_hz=float(rng.uniform(4.5, 8.0)),
            )
        )
        start_s += duration_s + gesture.gap_s * tempo * float(2 ** (0.2 * rng.standard_normal()))
    return bursts


def _gasp(gesture: Gesture, speaker: Speaker, rng: np.random.Generator) -> Burst:
    """A breath drawn in: noise with almost no voice, its resonances rising as the mouth opens."""
    return Burst(
        duration_s=float(rng.uniform(0.15, 0.4)),
        pitch_hz=speaker.pitch_hz * float(rng.uniform(1.5, 2.5)),
        rise=0.3,
        attack=0.5,
        decay=0.7,
        level=0.35 * float(2 ** (0.4 * rng.standard_normal())),
        vowel=(0.3, 0.4),
        vowel_end=(_share(gesture.opened + 0.2), 0.5),
        tract_cm=speaker.tract_cm,
        tension=0.3,
        breath=float(rng.uniform(0.85, 1.0)),
    )


def _share(x: float) -> float:
    return float(np.clip(x, 0.0, 1.0))
