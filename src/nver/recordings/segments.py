"""What is found in a recording: stretches of it with a label, and the time line that holds them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nver.errors import AnnotationError

if TYPE_CHECKING:
    from nver.recogniser.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording that somebody or something has marked.

    Attributes:
        start_s: Where it begins, 0 or more.
        end_s: Where it ends, after its start.
        label: What it is said to be; empty where nothing is said.
        confidence: The probability of the label, where one is known.

    Raises:
        AnnotationError: It does not end after it begins, or begins before the recording.

    >>> Segment(0.5, 1.25, "laugh").duration_s
    0.75
    """

    start_s: float
    end_s: float
    label: str = ""
    confidence: float | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.start_s < self.end_s < math.inf):
            raise AnnotationError(
                f"a segment goes from {self.start_s:g} s to {self.end_s:g} s; "
                "expected an end after a start of 0 or more"
            )

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Event:
    """A burst: where it lies in the recording, and what the recogniser says of it.

    Attributes:
        start_s: Where it begins.
        end_s: Where it ends.
        prediction: Of the samples from 0.12 s before the one to 0.15 s after the other.
    """

    start_s: float
    end_s: float
    prediction: Prediction

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.prediction.label

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.prediction.confidence


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """Probabilities over time: at each time the mean over the windows that hear it.

    Attributes:
        times_s: (n,) middles of the steps of ``hop_s`` that the recording is divided into.
        probabilities: (n, n_labels), rows sum to one.
        hop_s: From one time to the next.
    """

    times_s: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float64]
    hop_s: float


@dataclass(frozen=True, eq=False, slots=True)
class Timeline:
    """What was found in a recording, and when.

    Attributes:
        duration_s: Of the recording.
        labels: The classes that were told apart, in the order of the columns of ``curve``.
        events: Bursts in the order of their starts; none where fixed windows were asked for.
        curve: Of fixed windows; None where bursts were.
    """

    duration_s: float
    labels: tuple[str, ...]
    events: tuple[Event, ...] = ()
    curve: Curve | None = None

    def segments(self) -> tuple[Segment, ...]:
        """Each event, or each stretch of the curve with one most probable class, as a labelled segment."""
        if self.curve is not None:
            return tuple(self._stretches(self.curve))
        return tuple(Segment(e.start_s, e.end_s, e.label, e.confidence) for e in self.events)

    def _stretches(self, curve: Curve) -> Iterator[Segment]:
        best = curve.probabilities.argmax(axis=1)
        for label, steps in groupby(range(len(best)), key=lambda step: best[step]):
            first, *rest = steps
            last = rest[-1] if rest else first
            confidence = float(curve.probabilities[first : last + 1, label].mean())
            end_s = min((last + 1) * curve.hop_s, self.duration_s)
            yield Segment(first * curve.hop_s, end_s, self.labels[label], confidence)
