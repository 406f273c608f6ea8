"""Stretches of a recording that are known beforehand: fixed windows, and segments that somebody marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nver.errors import AnnotationError, ConfigError
from nver.recordings.segments import Segment
from nver.recordings.tape import AFTER, BEFORE, Stretch, Tape
from nver.types import RATE_HZ, Samples

_ROUNDING = RATE_HZ // 100
"""Samples by which a segment may pass the recording's end: programs round times."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one length at a fixed distance.

    Attributes:
        length_s: How long each is.
        hop_s: From the start of one to that of the next; at most ``length_s``.

    Raises:
        ConfigError: A window is no window, or they leave gaps.
    """

    length_s: float = 1.0
    hop_s: float = 0.25

    def __post_init__(self) -> None:
        if not (1 / RATE_HZ <= self.hop_s <= self.length_s < math.inf):
            raise ConfigError(
                f"windows of {self.length_s:g} s every {self.hop_s:g} s cannot be meant; "
                "expected a hop that is positive and no longer than the window"
            )

    @property
    def length(self) -> int:
        """In samples."""
        return round(self.length_s * RATE_HZ)

    @property
    def hop(self) -> int:
        """In samples."""
        return round(self.hop_s * RATE_HZ)

    def over(self, blocks: Iterable[Samples]) -> Iterator[Stretch]:
        """The windows of a recording; the last one ends with it, and a shorter recording is one window."""
        tape, start, end = Tape(), 0, 0
        for block in blocks:
            tape.append(block)
            while start + self.length <= tape.end:
                end = start + self.length
                yield tape.stretch(start, end, before=0, after=0)
                start += self.hop
            tape.forget_before(min(start, tape.end - self.length))
        if end < tape.end:
            start = max(0, tape.end - self.length)
            yield tape.stretch(start, tape.end, before=0, after=0)

    def mean_over_time(
        self, starts: Sequence[int], rows: npt.NDArray[np.float64], *, n_samples: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """What overlapping windows say at each step of the hop.

        Args:
            starts: (n_windows,) first samples, as ``over`` gives them.
            rows: (n_windows, n_labels).
            n_samples: Of the recording.

        Returns:
            (n,) middles of the steps in seconds, and (n, n_labels) means of the rows of all windows that the
            middle of the step lies in.
        """
        edges = np.append(np.arange(0, n_samples, self.hop), n_samples)
        middles = (edges[:-1] + edges[1:]) / 2  # (n,)
        first = np.searchsorted(starts, middles - self.length, side="right")
        last = np.searchsorted(starts, middles, side="right")
        means = np.stack([rows[i:j].mean(axis=0) for i, j in zip(first, last, strict=True)])
        return middles / RATE_HZ, means


def segments_of(blocks: Iterable[Samples], segments: Sequence[Segment]) -> Iterator[Stretch]:
    """The samples of each segment, in the order of their starts.

    Raises:
        AnnotationError: A segment reaches beyond the recording, by more than the 10 ms that rounding may do.
    """
    waiting = sorted(
        (round(one.start_s * RATE_HZ), max(round(one.end_s * RATE_HZ), round(one.start_s * RATE_HZ) + 1))
        for one in segments
    )
    tape, n_given = Tape(), 0
    for block in blocks:
        tape.append(block)
        while n_given < len(waiting) and waiting[n_given][1] + AFTER <= tape.end:
            yield tape.stretch(*waiting[n_given])
            n_given += 1
        tape.forget_before((waiting[n_given][0] if n_given < len(waiting) else tape.end) - BEFORE)
    for start, end in waiting[n_given:]:
        if start >= tape.end or end > tape.end + _ROUNDING:
            raise AnnotationError(
                f"a segment goes from {start / RATE_HZ:g} s to {end / RATE_HZ:g} s and the recording ends at "
                f"{tape.end / RATE_HZ:g} s; are these the marks of another recording?"
            )
        yield tape.stretch(start, min(end, tape.end))
