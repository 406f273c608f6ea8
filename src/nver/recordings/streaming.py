"""A stream in, bursts out as soon as they are over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy.typing as npt

from nver.audio.blocks import Resampler
from nver.errors import AudioError
from nver.recordings.locator import Locator
from nver.recordings.segments import Event
from nver.recordings.tape import Stretch
from nver.recordings.timeline import ask, labels_of
from nver.types import RATE_HZ

if TYPE_CHECKING:
    from nver.recogniser.recogniser import Recogniser


class StreamingRecogniser:
    """Audio in as it comes, bursts out as soon as they are over: the events that ``timeline`` finds.

    A burst is given back less than 300 ms of audio after its end (at 8 and 96 kHz, whose filters wait longer,
    350 ms). How the audio is divided into chunks has no influence on where events lie, and on probabilities
    none beyond the rounding of products (see docs/numerics.md).

    Args:
        recogniser: Who is asked about each burst.
        rate_hz: Samples a second of what will be pushed.
        view: Coarser classes.

    Raises:
        AudioError: The rate is not positive.
        ConfigError: There is no such view.
    """

    def __init__(self, recogniser: Recogniser, *, rate_hz: int = RATE_HZ, view: str | None = None) -> None:
        self.labels = labels_of(recogniser, view)
        self._recogniser, self._view = recogniser, view
        self._resampler = Resampler(rate_hz)
        self._locator = Locator()
        self._is_over = False

    def push(self, chunk: npt.ArrayLike) -> list[Event]:
        """Bursts that are known to be over after some more audio, in order; mostly none.

        Args:
            chunk: (n_samples,) or (n_samples, n_channels) floats, full scale ±1, of any length.

        Raises:
            AudioError: It is not finite or no such array, or the stream was flushed.
            EncoderError: A burst cannot be asked about.
        """
        self._require_open()
        return self._events(self._locator.push(self._resampler.push(chunk)))

    def flush(self) -> list[Event]:
        """The stream is over: the bursts that were not.

        Raises:
            AudioError: It was over already.
            EncoderError: A burst cannot be asked about.
        """
        self._require_open()
        self._is_over = True
        bursts = self._locator.push(self._resampler.flush())
        return self._events(bursts + self._locator.flush())

    def _require_open(self) -> None:
        if self._is_over:
            raise AudioError("this stream was flushed and is over; make another StreamingRecogniser")

    def _events(self, bursts: Sequence[Stretch]) -> list[Event]:
        if not bursts:
            return []
        predictions = ask(self._recogniser, bursts, self._view)
        return [Event(b.start_s, b.end_s, p) for b, p in zip(bursts, predictions, strict=True)]
