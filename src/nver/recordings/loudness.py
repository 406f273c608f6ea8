"""Frames of a recording as the power in sixteen bands, and the floor that the recording's noise sets to each.

Glossary: F frames, B bands. Powers are mean squares: those of all bands of a frame sum to that of its samples
between 100 and 7,600 Hz.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nver.types import RATE_HZ, Samples

FRAME = 512
"""Samples of a frame: 32 ms."""

HOP = 160
"""Samples from one frame to the next: 10 ms."""

N_BANDS = 16

Powers: TypeAlias = npt.NDArray[np.float64]
"""(F, B)."""

_LOWEST_HZ, _HIGHEST_HZ = 100.0, 7600.0
_WINDOW = np.hanning(FRAME + 1)[:-1]
_SCALE = 2 / (FRAME * np.sum(_WINDOW**2))

FLOOR_STEPS = 3
"""The floor is the least power of so many steps (120 ms) on end: shorter than the pause that ends a burst."""

MEMORY_STEPS = 250
"""For so many steps (10 s) a floor is remembered."""

BIAS = 1.6
"""The least of many means lies below the mean of them all: so much in stationary noise."""

UNREST_STEPS = 500
"""For so many steps (20 s) it is known how loud the recording was, against the floor."""

QUIET_SHARE = 0.3
"""So much of that time may be taken for background."""

UNREST = 1.3
"""The level that the background stays below for its share, in dB, times this is what the floor is raised by:
voices and traffic have peaks as far above their own level as that lies above their pauses."""

SILENCE = 10**-7.5 / N_BANDS
"""No floor is below this (-75 dB of full scale over all bands): there are no bursts in digital noise."""


def _edges() -> npt.NDArray[np.int64]:
    """(B + 1,) bins between bands of equal width in mel."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    hz = 700 * (10 ** (np.linspace(low, high, N_BANDS + 1) / 2595) - 1)
    return np.round(hz * FRAME / RATE_HZ).astype(np.int64)


_EDGES = _edges()


def band_powers(samples: Samples) -> Powers:
    """(F, B) of all whole frames.

    Args:
        samples: (FRAME + (F - 1) HOP + less than HOP,); no frame has an influence on another's bits.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]  # (F, FRAME)
    spectrum = np.fft.rfft(frames * _WINDOW)  # (F, FRAME / 2 + 1)
    power = spectrum.real**2 + spectrum.imag**2
    return _SCALE * np.add.reduceat(power, _EDGES, axis=1)[:, :-1]


class Floor:
    """The power of a recording's background in each band, as far as it has been heard.

    The least power of 120 ms on end in the last ten seconds. It falls as soon as quiet is heard, and rises
    when the last quiet is ten seconds ago. Where more than 0.7 of the last 20 seconds lie above it, the
    background is no steady noise, and the floor is raised.
    """

    def __init__(self) -> None:
        self._steps: deque[npt.NDArray[np.float64]] = deque(maxlen=FLOOR_STEPS)
        self._means = np.empty((0, N_BANDS))  # one row a step

    def hear(self, powers: Powers) -> None:
        """One step goes on: (frames of a step, B)."""
        self._steps.append(powers.mean(axis=0))
        mean = np.mean(self._steps, axis=0)
        self._means = np.vstack([self._means[-UNREST_STEPS + 1 :], mean])

    @property
    def power(self) -> npt.NDArray[np.float64]:
        """(B,), after one step or more."""
        return self._least() * self._unrest()

    @property
    def is_raised(self) -> bool:
        """Whether the background is restless, so that the floor may fall without new quiet."""
        return self._unrest() > 1

    def _least(self) -> npt.NDArray[np.float64]:
        least = self._means[-MEMORY_STEPS:].min(axis=0)
        power: npt.NDArray[np.float64] = np.maximum(BIAS * least, SILENCE)
        return power

    def _unrest(self) -> float:
        """One over stationary noise; what has not been heard yet counts as quiet."""
        rank = round(QUIET_SHARE * UNREST_STEPS) - (UNREST_STEPS - len(self._means))
        if rank < 0:
            return 1.0
        levels = (self._means / self._least()).mean(axis=1)
        return float(max(1.0, np.partition(levels, rank)[rank] ** UNREST))
