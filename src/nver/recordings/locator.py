"""Where the bursts of a stream lie: one locator, for streams and for files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nver.recordings.loudness import FLOOR_STEPS, FRAME, HOP, N_BANDS, Floor, Powers, band_powers
from nver.recordings.tape import BEFORE, Stretch, Tape
from nver.types import Samples

STEP_FRAMES = 4
"""Decisions are taken every so many frames (40 ms), at the same samples however the audio arrives."""

OPENS = 4.0
"""A burst rises to so many times the floor, as the mean over bands: 6 dB."""

HOLDS = 2.0
"""It lasts as long as it stays above this: 3 dB. Stationary noise stays below 1.6."""

PAUSE_FRAMES = 18
"""So much quiet (180 ms) ends a burst; over shorter pauses it goes on."""

SHORTEST_FRAMES = 8
"""What is shorter (80 ms) is a click."""

LONGEST_FRAMES = 800
"""What is longer (8 s) is judged against its own quietest tenth instead of the floor, and cut at its quietest
frame if that does not divide it."""

STEADY_FRAMES = 200
"""What is longer (2 s) has to rise above its own quietest tenth, too, or it is noise that came and went."""

_BIAS_OF_TENTH = 1.25
"""A tenth of the means of stationary noise lies so far below the mean of them all."""

_EDGE = (FRAME - HOP) // 2
"""A frame stands for the 10 ms in its middle."""

_MARGIN = 480
"""Samples (30 ms) that a burst is given on both sides, for onsets and echoes below the threshold."""

_Power: TypeAlias = npt.NDArray[np.float64]


class Locator:
    """Bursts of a stream, each given back once it has been over for about a quarter of a second.

    A frame's level is the mean over bands of its power divided by the noise floor's. A burst is a run of
    frames above ``HOLDS`` that rises above ``OPENS`` somewhere. It is judged with the floor as it is known
    180 to 220 ms after its end, so that a recording may begin in the middle of one.

    >>> tone = np.sin(np.arange(8_000) / 4, dtype=np.float32)
    >>> locator = Locator()
    >>> locator.push(np.zeros(16_000, np.float32))
    []
    >>> (burst,) = locator.push(np.concatenate([tone, np.zeros(8_000, np.float32)]))
    >>> round(burst.start / 16_000, 1), round(burst.end / 16_000, 1)
    (1.0, 1.5)
    """

    def __init__(self) -> None:
        self._tape = Tape()
        self._floor = Floor()
        self._powers: Powers = np.empty((0, N_BANDS))
        self._first = 0  # which frame of the stream the first of _powers is
        self._last_end = 0  # the sample after the last burst

    @property
    def n_samples(self) -> int:
        """How many samples have been pushed."""
        return self._tape.end

    def push(self, samples: Samples) -> list[Stretch]:
        """Bursts that are known to be over after some more audio, in order.

        Args:
            samples: (n,) mono at 16 kHz; how the stream is divided has no influence.
        """
        self._tape.append(samples)
        bursts: list[Stretch] = []
        while self._n_unheard_frames >= STEP_FRAMES:
            self._hear(STEP_FRAMES)
            self._floor.hear(self._powers[-STEP_FRAMES:])
            bursts += self._decide(is_over=False)
        return bursts

    def flush(self) -> list[Stretch]:
        """The stream is over: bursts that were not yet; nothing can be pushed after it."""
        n_left = self._n_unheard_frames
        if n_left > 0:
            self._hear(n_left)
            if self._first + len(self._powers) == n_left:  # no whole step: it is all that will be heard
                self._floor.hear(self._powers)
        return list(self._decide(is_over=True)) if len(self._powers) else []

    @property
    def _n_unheard_frames(self) -> int:
        n_whole = (self._tape.end - FRAME) // HOP + 1
        return n_whole - self._first - len(self._powers)

    def _hear(self, n_frames: int) -> None:
        start = (self._first + len(self._powers)) * HOP
        heard = self._tape.cut(start, start + (n_frames - 1) * HOP + FRAME)
        self._powers = np.concatenate([self._powers, band_powers(heard)])

    def _decide(self, *, is_over: bool) -> Iterator[Stretch]:
        """Bursts among the frames that are kept; those frames, and all before, are let go."""
        floor = self._floor.power
        n_frames, n_settled = len(self._powers), 0
        past = n_frames - PAUSE_FRAMES
        for start, end in _runs(_level(self._powers, floor)):
            is_closed = is_over or end + PAUSE_FRAMES <= n_frames
            pieces: list[tuple[int, int]] = []
            if end - start >= LONGEST_FRAMES:
                pieces, n_settled = self._divide(start, end, floor, is_closed=is_closed)
            elif is_closed and end - start >= STEADY_FRAMES and self._is_steady(start, end):
                n_settled = end  # or it would be judged again, as something shorter, when its start is gone
            elif is_closed and self._rises(start, end, floor):
                pieces, n_settled = [(start, end)], end
            if not is_closed:
                past = min(past, start)
            yield from (self._burst(first, last) for first, last in pieces)
        if self._floor.is_raised:
            n_settled = max(n_settled, past)  # or it would be judged again, too late, when the floor falls
        self._forget(max(n_settled, n_frames - LONGEST_FRAMES))

    def _rises(self, start: int, end: int, floor: _Power) -> bool:
        own = self._powers[start:end]
        return len(own) >= SHORTEST_FRAMES and bool(_level(own, floor).max() >= OPENS)

    def _is_steady(self, start: int, end: int) -> bool:
        own = self._powers[start:end]
        return bool(_level(own, _quiet_tenth(own)).max() < HOLDS)

    def _divide(
        self, start: int, end: int, floor: _Power, *, is_closed: bool
    ) -> tuple[list[tuple[int, int]], int]:
        """The bursts of a run that is too long, and the frame up to which it is settled."""
        own = self._powers[start:end]
        level = _level(own, np.maximum(_quiet_tenth(own), floor))
        pieces: list[tuple[int, int]] = []
        settled = end if is_closed else end - PAUSE_FRAMES
        for first, last in _runs(level):
            if first > 0 and not is_closed and last + PAUSE_FRAMES > len(own):
                settled = start + first  # it goes on, and is judged when it is over
                break
            if last - first >= LONGEST_FRAMES - PAUSE_FRAMES:
                half = LONGEST_FRAMES // 2
                last = half + int(level[half : LONGEST_FRAMES - STEP_FRAMES - PAUSE_FRAMES].argmin())
                settled = start + last
            if self._rises(start + first, start + last, floor):
                pieces.append((start + first, start + last))
        return pieces, settled

    def _burst(self, first: int, last: int) -> Stretch:
        """Kept frames from ``first`` up to ``last`` as a burst, which never reaches into the one before."""
        start = (self._first + first) * HOP + _EDGE - _MARGIN
        end = (self._first + last) * HOP + _EDGE + _MARGIN
        start, end = max(start, self._last_end, 0), min(end, self._tape.end)
        self._last_end = end
        return self._tape.stretch(start, end)

    def _forget(self, n_frames: int) -> None:
        self._powers = self._powers[max(0, n_frames) :]
        self._first += max(0, n_frames)
        self._tape.forget_before(self._first * HOP - _MARGIN - BEFORE)


def _level(powers: Powers, floor: _Power) -> _Power:
    """(F,) of (F, B) and (B,)."""
    level: _Power = (powers / floor).mean(axis=1)
    return level


def _quiet_tenth(powers: Powers) -> _Power:
    """(B,): a floor of a run's own, from the tenth of its 120 ms with the least power."""
    n_frames = STEP_FRAMES * FLOOR_STEPS
    whole = powers[: len(powers) // n_frames * n_frames]
    means = whole.reshape(-1, n_frames, N_BANDS).mean(axis=1)
    tenth: _Power = _BIAS_OF_TENTH * np.quantile(means, 0.1, axis=0)
    return tenth


def _runs(level: _Power) -> list[tuple[int, int]]:
    """Frames above ``HOLDS``, shorter pauses than ``PAUSE_FRAMES`` bridged: first, and one after last.

    >>> _runs(np.array([0.0, 9.0, 0.0, 9.0] + 20 * [0.0] + [9.0]))
    [(1, 4), (24, 25)]
    """
    above = np.flatnonzero(level >= HOLDS)
    if not len(above):
        return []
    breaks = np.flatnonzero(np.diff(above) > PAUSE_FRAMES)
    firsts = above[np.concatenate([[0], breaks + 1])]
    lasts = above[np.concatenate([breaks, [-1]])] + 1
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
