"""The last seconds of a stream of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nver.types import RATE_HZ, Samples

BEFORE, AFTER = round(0.12 * RATE_HZ), round(0.15 * RATE_HZ)
"""What a recogniser hears before and after a burst: it learnt from clips with something around their sounds.

As much as the pause that ends a burst is sure to leave: it never reaches into the next, and a stream need not
wait for it.
"""


@dataclass(frozen=True, eq=False, slots=True)
class Stretch:
    """Some samples of a stream, and where they lie in it.

    Attributes:
        start: The first of them in the stream.
        samples: (n,) mono at 16 kHz.
        heard: Those, with what is heard around them.
    """

    start: int
    samples: Samples
    heard: Samples

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
    >>> tape.stretch(4, 5, before=9).heard.tolist()
    [3.0, 4.0]
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

    def stretch(self, start: int, end: int, *, before: int = BEFORE, after: int = AFTER) -> Stretch:
        """The samples from ``start`` up to ``end`` with those around them that are on the tape."""
        first, last = max(start - before, self.start), min(end + after, self.end)
        return Stretch(start, self.cut(start, end), self.cut(first, last))

    def forget_before(self, start: int) -> None:
        """Nothing before ``start`` will be asked for."""
        n_gone = max(0, min(start, self.end) - self.start)
        self._samples = self._samples[n_gone:]
        self.start += n_gone
