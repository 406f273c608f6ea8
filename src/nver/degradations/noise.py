"""Noise of three colours, and mixing at a given ratio of powers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nver.errors import AudioError
from nver.types import Samples

Noise: TypeAlias = npt.NDArray[np.float64]
"""(n_samples,) of any scale; ``mix`` sets it."""

N_TALKERS = 6
"""Voices in babble: enough that none can be followed."""


def white(n_samples: int, draw: np.random.Generator) -> Noise:
    """Gaussian noise with the same power at every frequency."""
    return draw.standard_normal(n_samples)


def pink(n_samples: int, draw: np.random.Generator) -> Noise:
    """Gaussian noise with the same power in every octave: 1 / f, and nothing at 0 Hz."""
    # One sample would have 0 Hz alone; a longer noise is drawn and cut.
    n_drawn = max(n_samples, 64)
    spectrum = np.fft.rfft(draw.standard_normal(n_drawn))
    spectrum[0] = 0.0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    return np.fft.irfft(spectrum, n_drawn)[:n_samples]


def babble(n_samples: int, draw: np.random.Generator, talkers: Sequence[Samples]) -> Noise:
    """The sum of ``N_TALKERS`` clips at equal power, each repeated from a random place on.

    Args:
        n_samples: Length of the babble.
        draw: Picks clips and places.
        talkers: Clips of other people; silent ones are passed over.

    Raises:
        AudioError: Fewer than ``N_TALKERS`` clips can be heard.
    """
    audible = [wave for wave in talkers if power(wave) > 0]
    if len(audible) < N_TALKERS:
        raise AudioError(
            f"babble is made of {N_TALKERS} voices and {len(audible)} clips of other speakers can be heard; "
            "give it more clips"
        )
    total = np.zeros(n_samples)
    for index in draw.choice(len(audible), N_TALKERS, replace=False):
        wave = audible[index].astype(np.float64)
        start = int(draw.integers(len(wave)))
        voice = np.resize(np.roll(wave, -start), n_samples)
        total += voice / np.sqrt(power(wave))
    return total


def mix(wave: Samples, noise: Noise, *, snr_db: float) -> Samples:
    """The wave with noise added.

    Args:
        wave: (n_samples,) a clip that is not silent.
        noise: (n_samples,) of any scale.
        snr_db: Ratio of the mean power of the whole clip to that of the noise, in dB.

    Raises:
        AudioError: The clip or the noise is silent, so that no such ratio is defined.
    """
    signal_power, noise_power = power(wave), power(noise)
    if not signal_power or not noise_power:
        which = "clip" if not signal_power else "noise"
        raise AudioError(f"the {which} is silent, so that no signal-to-noise ratio of {snr_db:g} dB exists")
    scale = np.sqrt(signal_power / noise_power * 10 ** (-snr_db / 10))
    mixed: Samples = (wave + scale * noise).astype(np.float32)
    return mixed


def power(wave: Samples | Noise) -> float:
    """Mean square."""
    return float(np.mean(np.square(wave, dtype=np.float64)))
