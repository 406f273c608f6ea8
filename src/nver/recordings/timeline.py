"""A recording in, a time line out: bursts or windows, each asked about on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nver.errors import ConfigError, EmptyAudioError
from nver.recordings.cuts import Windows, segments_of
from nver.recordings.joining import bursts_of
from nver.recordings.recording import Source, open_recording
from nver.recordings.segments import Curve, Event, Segment, Timeline
from nver.recordings.tape import Stretch
from nver.types import RATE_HZ, Samples

if TYPE_CHECKING:
    from nver.recogniser.prediction import Prediction
    from nver.recogniser.recogniser import Recogniser

_BATCH = 16
"""Stretches that are asked about together, so that two cores have work; answers do not depend on it."""

_BATCH_S = 60.0

OnProgress = Callable[[float, float], None]
"""Called with the seconds that have been read, and those of the whole recording."""


def timeline(
    recogniser: Recogniser,
    source: Source,
    *,
    view: str | None = None,
    windows: Windows | None = None,
    segments: Sequence[Segment] | None = None,
    join_s: float = 0.0,
    on_progress: OnProgress | None = None,
) -> Timeline:
    """The bursts of a recording, or its course in fixed windows; memory does not grow with its length.

    Args:
        recogniser: Who is asked about each stretch.
        source: A file, or ``(wave, rate_hz)``: of any length, rate and channel count.
        view: Coarser classes.
        windows: Ask about these instead of bursts, and average where they overlap.
        segments: Ask about these instead of locating bursts; their labels are not looked at.
        join_s: Bursts with at most so much between them are one; a stream has zero.
        on_progress: How far it is.

    Raises:
        AudioError: The recording cannot be read, is empty, or is cut.
        AnnotationError: A segment reaches beyond the recording.
        ConfigError: There is no such view, windows and segments are given together, or ``join_s`` is negative
            or given with one of them.
        EncoderError: A stretch cannot be asked about.
    """
    if windows is not None and segments is not None:
        raise ConfigError("a time line is of windows or of segments; give one of the two")
    if join_s and (windows is not None or segments is not None):
        raise ConfigError("only bursts can be joined; give join_s without windows and segments")
    labels = labels_of(recogniser, view)
    recording = open_recording(source)
    counted = _Counted(recording.blocks(), recording.duration_s, on_progress)
    if windows is not None:
        answers = [
            (stretch.start, list(prediction.probabilities.values()))
            for stretch, prediction in _asked(recogniser, windows.over(counted), view)
        ]
        starts, rows = zip(*answers, strict=True) if answers else ((), ())
        counted.require_some(recording.name)
        times_s, means = windows.mean_over_time(starts, np.array(rows), n_samples=counted.n_samples)
        return Timeline(counted.duration_s, labels, curve=Curve(times_s, means, windows.hop / RATE_HZ))
    stretches = bursts_of(counted, join_s=join_s) if segments is None else segments_of(counted, segments)
    events = tuple(
        Event(stretch.start_s, stretch.end_s, prediction)
        for stretch, prediction in _asked(recogniser, stretches, view)
    )
    counted.require_some(recording.name)
    return Timeline(counted.duration_s, labels, events)


def labels_of(recogniser: Recogniser, view: str | None) -> tuple[str, ...]:
    """The classes of a recogniser, or of a view of it.

    Raises:
        ConfigError: It has no such view.
    """
    if view is None:
        return recogniser.labels
    recogniser.require_view(view)
    return recogniser.card.views[view].classes


def ask(recogniser: Recogniser, stretches: Sequence[Stretch], view: str | None) -> tuple[Prediction, ...]:
    """What each stretch is, as it is heard.

    Raises:
        EncoderError: One cannot be asked about.
    """
    made = recogniser.predict_many([stretch.heard for stretch in stretches], RATE_HZ)
    return made if view is None else tuple(prediction.view(view) for prediction in made)


def _asked(
    recogniser: Recogniser, stretches: Iterable[Stretch], view: str | None
) -> Iterator[tuple[Stretch, Prediction]]:
    batch: list[Stretch] = []
    for stretch in stretches:
        batch.append(stretch)
        if len(batch) == _BATCH or sum(len(one.heard) for one in batch) >= _BATCH_S * RATE_HZ:
            yield from zip(batch, ask(recogniser, batch, view), strict=True)
            batch = []
    if batch:
        yield from zip(batch, ask(recogniser, batch, view), strict=True)


class _Counted:
    """Blocks on their way past, and how many samples there were."""

    def __init__(self, blocks: Iterator[Samples], total_s: float, on_progress: OnProgress | None) -> None:
        self._blocks, self._total_s, self._on_progress = blocks, total_s, on_progress
        self.n_samples = 0

    def __iter__(self) -> Iterator[Samples]:
        for block in self._blocks:
            yield block
            self.n_samples += len(block)
            if self._on_progress is not None:
                self._on_progress(min(self.duration_s, self._total_s), self._total_s)

    @property
    def duration_s(self) -> float:
        return self.n_samples / RATE_HZ

    def require_some(self, name: str) -> None:
        if not self.n_samples:
            raise EmptyAudioError(f"{name} is empty: it holds no sample at {RATE_HZ} Hz")
