"""The last seconds of a stream of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nver.types import RATE_HZ, Samples


@dataclass(frozen=True, eq=False, slots=True)
class Stretch:
    """Some samples of a stream, and where they lie in it.

    Attributes:
        start: The first of them in the stream.
        samples: (n,) mono at 16 kHz.
    """

    start: int
    samples: Samples

    @property
    def end(self) -> int:
        """The sample after the last of them."""
        return self.start + len(self.samples)

    @property
    def start_s(self) -> float:
        """Where they begin, in seconds."""
        return self.start / RATE_HZ

    @property
    def end_s(self) -> float:
        """Where they end, in seconds."""
        return self.end / RATE_HZ


class Tape:
    """Samples by their place in the stream; those that nobody needs any more are forgotten.

    >>> tape = Tape()
    >>> tape.append(np.arange(5, dtype=np.float32))
    >>> tape.forget_before(3)
    >>> tape.cut(3, 5).tolist(), tape.end
    ([3.0, 4.0], 5)
    """

    def __init__(self) -> None:
        self.start = 0
        self._samples = np.empty(0, np.float32)

    @property
    def end(self) -> int:
        """How many samples there have been."""
        return self.start + len(self._samples)

    def append(self, samples: Samples) -> None:
        """The stream goes on."""
        self._samples = np.concatenate([self._samples, samples])

    def cut(self, start: int, end: int) -> Samples:
        """A copy of the samples from ``start`` up to ``end``, which are still on the tape."""
        return self._samples[start - self.start : end - self.start].copy()

    def forget_before(self, start: int) -> None:
        """Nothing before ``start`` will be asked for."""
        n_gone = max(0, min(start, self.end) - self.start)
        self._samples = self._samples[n_gone:]
        self.start += n_gone
