"""One clip of the synthetic corpus from its file name: bursts on a time line, over the quiet of a room."""

from __future__ import annotations

import hashlib
import io
import wave

import numpy as np

from nver.corpora.synthetic.emotions import INTENSITIES, perform
from nver.corpora.synthetic.guises import GUISES, Guise
from nver.corpora.synthetic.voice import RATE_HZ, Burst, Track, sound

PEAK_DBFS = dict(zip(INTENSITIES, (-17.0, -12.0, -8.0, -5.0), strict=True))
"""Level of the loudest sample, before what differs from clip to clip: normal, 2.5 dB, never beyond 4."""

_FLOOR_DBFS = -66.0
_FADE_S = 0.005


def render(name: str, *, seed: int, guise: Guise = GUISES["vivae"]) -> Track:
    """The samples of one clip.

    Args:
        name: As VIVAE's, ``S01_anger_low_01.wav``, or another guise's.
        seed: Of the whole corpus. A clip depends on its name and on the seed, and on no other clip.
        guise: Whose name it is.

    Returns:
        (n_samples,) at ``RATE_HZ``, within ±1.
    """
    role = guise.role(name)
    rng = _generator(seed, name)
    habits = _generator(seed, f"{role.speaker.name} {role.emotion}")
    bursts = perform(role.emotion, role.intensity, role.speaker, rng=rng, habits=habits)
    samples = _mix(bursts, rng)
    peak_dbfs = PEAK_DBFS[role.intensity] + np.clip(2.5 * rng.standard_normal(), -4.0, 4.0)
    samples *= 10 ** (peak_dbfs / 20) / np.abs(samples).max()
    samples += 10 ** (_FLOOR_DBFS / 20) * rng.standard_normal(len(samples))
    samples -= samples.mean()
    fade = np.linspace(0, 1, round(_FADE_S * RATE_HZ))
    samples[: len(fade)] *= fade
    samples[-len(fade) :] *= fade[::-1]
    return samples


def wav(samples: Track) -> bytes:
    """A 16-bit mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _generator(seed: int, text: str) -> np.random.Generator:
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")])


def _mix(bursts: list[Burst], rng: np.random.Generator) -> Track:
    lead_s, tail_s = rng.uniform(0.03, 0.08, 2)
    end_s = max(burst.start_s + burst.duration_s for burst in bursts)
    samples = np.zeros(round((lead_s + end_s + tail_s) * RATE_HZ))
    for burst in bursts:
        first = round((lead_s + burst.start_s) * RATE_HZ)
        heard = sound(burst, rng)[: len(samples) - first]
        samples[first : first + len(heard)] += heard
    return samples
