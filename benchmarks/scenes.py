"""Recordings of known content: clips of real bursts, with gaps, over noise and over synthetic speech.

A clip is cut to what lies within 30 dB of its loudest 32 ms and laid over a background without a pause. Its
level is the power of those of its frames that lie within 30 dB of the loudest, over the background's. One
seed gives the same clips, gaps and order over every background and at every level.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from nver.audio import decode
from nver.corpora import Corpus
from nver.recordings.loudness import FRAME, HOP
from nver.types import RATE_HZ, AudioFile, Clip, Samples

AUDIBLE_DB = 30.0
PAUSE_S = 0.18
SHORTEST_S = 0.08
GAPS_S = (0.5, 4.0)
BACKGROUND_RMS = 10 ** (-46 / 20)
FADE = RATE_HZ // 100
N_BABBLERS = 8

VOICES = (
    "en-us+m1",
    "en-us+f2",
    "en-gb+m3",
    "en-gb+f4",
    "en-us+m7",
    "en-gb-scotland+f3",
    "en-us+f5",
    "en-gb+m5",
)
SENTENCES = (
    "The train to the coast was late again this morning.",
    "She asked whether the meeting could be moved to Thursday.",
    "I left the keys on the kitchen table, next to the bread.",
    "There was hardly any snow in the mountains last winter.",
    "Can you tell me how far it is to the station from here?",
    "He had read the letter twice before he understood it.",
    "We usually have dinner at eight, but today it will be nine.",
    "The garden looks better since the old tree was cut down.",
    "Nobody knew why the lights had gone out in the whole street.",
    "My brother works in a small office above the bakery.",
    "That was the third time the bell rang without anyone there.",
    "Put the boxes over there, and mind the step behind you.",
    "They had been talking for hours when the rain finally stopped.",
    "If you see her tomorrow, please give her my regards.",
    "The second half of the film was much better than the first.",
    "It costs about forty, and you can pay for it in the autumn.",
)


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """A recording, and what is in it.

    Attributes:
        wave: Mono at 16 kHz.
        clips: In the order in which they are heard.
        extents: (n_clips, 2) seconds, from the first to the last that is audible of each.
        parts: (n_parts, 2) seconds: the sounds of the clips, which pauses of more than 180 ms divide.
    """

    wave: Samples
    clips: tuple[Clip, ...]
    extents: np.ndarray
    parts: np.ndarray

    @property
    def duration_s(self) -> float:
        """Of the recording."""
        return len(self.wave) / RATE_HZ


def choose(corpus: Corpus, n_scenes: int, *, seed: int) -> list[tuple[Clip, ...]]:
    """One clip of every category a scene, in a random order; no clip twice."""
    rng = np.random.default_rng(seed)
    categories = {}
    for clip in corpus.clips:
        categories.setdefault(clip.label, []).append(clip)
    drawn = [rng.permutation(np.array(clips, object))[:n_scenes] for clips in categories.values()]
    return [tuple(rng.permutation(np.array(scene, object))) for scene in zip(*drawn, strict=True)]


def mix(clips: tuple[Clip, ...], background: str, level_db: float, *, seed: int) -> Scene:
    """A scene of these clips, ``level_db`` above the background."""
    rng = np.random.default_rng((seed, 1))
    gaps = np.round(rng.uniform(*GAPS_S, size=len(clips) + 1) * RATE_HZ).astype(int)
    cries = [audible(decode(clip.source)) for clip in clips]
    wave = BACKGROUND_RMS * bed(background, int(gaps.sum()) + sum(map(len, cries)), seed=seed)
    extents, parts, at = [], [], 0
    for cry, gap in zip(cries, gaps, strict=False):
        at += int(gap)
        gain = BACKGROUND_RMS * 10 ** (level_db / 20) / np.sqrt(_power(cry))
        wave[at : at + len(cry)] += gain * _faded(cry)
        extents.append((at, at + len(cry)))
        parts += [(at + start, at + end) for start, end in _sounds(cry)]
        at += len(cry)
    return Scene(wave, clips, np.array(extents) / RATE_HZ, np.array(parts) / RATE_HZ)


def audible(wave: Samples) -> Samples:
    """A clip without the silence before and after it."""
    frames = np.flatnonzero(_is_audible(wave))
    return wave[frames[0] * HOP : frames[-1] * HOP + FRAME]


def bed(background: str, n_samples: int, *, seed: int) -> Samples:
    """White, pink, babble or speech; its mean power is one."""
    rng = np.random.default_rng((seed, 2))
    made = {"white": _white, "pink": _pink, "babble": _babble, "speech": _speech}[background](n_samples, rng)
    return (made / np.sqrt(np.mean(made**2))).astype(np.float32)


def can_speak() -> bool:
    """Whether the synthesiser of speech is there."""
    return shutil.which("espeak-ng") is not None


def _white(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=n)


def _pink(n: int, rng: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(rng.normal(size=n))
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 20.0)), n)


def _babble(n: int, rng: np.random.Generator) -> np.ndarray:
    return sum(_speech(n, rng) for _ in range(N_BABBLERS))


def _speech(n: int, rng: np.random.Generator) -> np.ndarray:
    """One voice says sentences, with 0.2 to 0.8 s between them; it begins in the middle of one."""
    voice, spoken, n_spoken = str(rng.choice(VOICES)), [], 0
    skipped = int(rng.integers(RATE_HZ))
    while n_spoken < n + skipped:
        sentence = audible(_said(voice, str(rng.choice(SENTENCES))))
        spoken += [sentence, np.zeros(round(rng.uniform(0.2, 0.8) * RATE_HZ))]
        n_spoken += len(spoken[-2]) + len(spoken[-1])
    return np.concatenate(spoken)[skipped : skipped + n]


@cache
def _said(voice: str, sentence: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "160", "-w", str(path), sentence], check=True)
        return decode(AudioFile(path))


def _frame_powers(wave: Samples) -> np.ndarray:
    padded = np.pad(wave, (0, max(0, FRAME - len(wave))))
    return np.mean(np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP].astype(float) ** 2, axis=1)


def _is_audible(wave: Samples) -> np.ndarray:
    powers = _frame_powers(wave)
    return powers >= powers.max() * 10 ** (-AUDIBLE_DB / 10)


def _power(cry: Samples) -> float:
    powers = _frame_powers(cry)
    return float(powers[_is_audible(cry)].mean())


def _faded(cry: Samples) -> Samples:
    ramp = np.minimum(1, np.arange(1, len(cry) + 1, dtype=np.float32) / FADE)
    return cry * ramp * ramp[::-1]


def _sounds(cry: Samples) -> list[tuple[int, int]]:
    """First samples, and those after the last, of the sounds in a clip."""
    frames = np.flatnonzero(_is_audible(cry))
    breaks = np.flatnonzero(np.diff(frames) * HOP > PAUSE_S * RATE_HZ + FRAME - HOP)
    firsts, lasts = frames[np.append(0, breaks + 1)], frames[np.append(breaks, len(frames) - 1)]
    sounds = zip((firsts * HOP).tolist(), (lasts * HOP + FRAME).tolist(), strict=True)
    return [(start, end) for start, end in sounds if end - start >= SHORTEST_S * RATE_HZ]
