"""Clips in, calibrated probabilities out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nver.audio import MAX_DURATION_S, decode_many, from_array
from nver.audio.workers import CHUNK_CLIPS
from nver.errors import AudioError, BundleError, ConfigError, EncoderError, NverError
from nver.evaluation.calibration import log_softmax
from nver.names import suggest
from nver.recogniser.bundle import digest_of, find_bundle, load_bundle
from nver.recogniser.card import BundleCard, HeadSystem
from nver.recogniser.network import Logits, build
from nver.recogniser.prediction import Prediction
from nver.recogniser.views import coarsen
from nver.recordings.cuts import Windows
from nver.recordings.recording import Source
from nver.recordings.segments import Segment, Timeline
from nver.recordings.timeline import OnProgress, timeline
from nver.types import RATE_HZ, AudioFile, Matrix, Samples

BATCH_CLIPS = 32
BATCH_S = 120.0
"""The network is handed so many clips, or so many seconds of audio, whichever comes first."""


Answer = TypeVar("Answer", bound=Samples | AudioError)


@dataclass(frozen=True, eq=False)
class Recogniser:
    """A trained recogniser, ready to be asked.

    Attributes:
        card: Labels, what it was trained on, and all else that its bundle says.
        network: Waves to logits.
        digest: SHA-256 of all that its bundle says, weights included; empty where it came from no bundle.
    """

    card: BundleCard
    network: Logits = field(repr=False)
    digest: str = field(default="", repr=False)

    @classmethod
    def load(cls, name_or_path: str | Path) -> Recogniser:
        """A recogniser that is shipped, by name, the bundle in a folder, or one of the Hugging Face Hub.

        Args:
            name_or_path: ``burst-recogniser``, a folder, or ``hf://owner/name`` with ``@revision`` or
                without. Of the Hub, safetensors, JSON and the model card are fetched, and nothing else.

        Raises:
            ConfigError: It is none of these, or its network's family is unknown.
            BundleError: The bundle is damaged, of another version, cannot be fetched, or its encoders are
                other ones here.
            WeightsError: An encoder's weights are not on this machine, or a network's do not fit it.
        """
        directory = find_bundle(name_or_path)
        bundle, digest = load_bundle(directory), digest_of(directory)
        system = bundle.card.system
        if isinstance(system, HeadSystem):
            from nver.recogniser.heads import load_system

            n_classes = len(bundle.card.labels)
            return cls(bundle.card, load_system(system, bundle.tensors, n_classes=n_classes), digest)
        return cls(bundle.card, build(system.family, system.config, bundle.tensors), digest)

    @property
    def identity(self) -> str:
        """``name@digest``: equal for recognisers that say the same of every clip."""
        return f"{self.card.name}@{self.digest[:12]}"

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that it tells apart, in the order of its logits."""
        return self.card.labels

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the coarser views that every prediction has."""
        return tuple(self.card.views)

    def require_view(self, name: str) -> None:
        """Predictions have this view.

        Raises:
            ConfigError: They do not.
        """
        if name not in self.views:
            hint = suggest(name, self.views) if self.views else "It has none."
            raise ConfigError(f"recogniser '{self.card.name}' has no view '{name}'. {hint}")

    def predict(self, wave: npt.ArrayLike, rate_hz: int) -> Prediction:
        """What one clip is.

        Args:
            wave: (n_samples,) or (n_samples, n_channels) floats, full scale ±1, one sample or more.
            rate_hz: Samples a second.

        Raises:
            AudioError: The wave is empty, not finite, or no such array.
        """
        (prediction,) = self.predict_many([wave], rate_hz)
        return prediction

    def predict_many(self, waves: Iterable[npt.ArrayLike], rate_hz: int = RATE_HZ) -> tuple[Prediction, ...]:
        """What each of many clips of one rate is, in order; none has an influence on another.

        Raises:
            AudioError: A wave is empty, not finite, or no array as ``predict`` takes it.
            EncoderError: A wave is so far beyond full scale that it cannot be read.
        """
        samples = (from_array(wave, rate_hz, name=f"wave {i}") for i, wave in enumerate(waves))
        return tuple(self._prediction(row) for batch in _batches(samples) for row in self.logits(batch))

    def predict_each(self, waves: Sequence[Samples]) -> list[Prediction | EncoderError]:
        """What each of many clips is, in order, asked together; one that cannot be read gives its error.

        Args:
            waves: Mono at 16 kHz, as ``nver.audio`` gives them.
        """
        outcomes = self._each(waves)
        return [o if isinstance(o, EncoderError) else self._prediction(o) for o in outcomes]

    def predict_files(
        self,
        paths: Iterable[str | Path],
        *,
        workers: int | None = None,
        max_duration_s: float = MAX_DURATION_S,
    ) -> Iterator[Prediction | AudioError | EncoderError]:
        """What each of many files is, in order; a file that cannot be read gives its error.

        Args:
            paths: WAV, FLAC, MP3, Ogg Vorbis or Opus, of any rate and channel count.
            workers: Processes that decode while the network computes; 0 decodes in this one. None takes two
                for more files than one process decodes at a time, and none for fewer.
            max_duration_s: Anything longer is an error.

        Yields:
            For each path a prediction, or the error that says why there is none.
        """
        sources = [AudioFile(Path(path)) for path in paths]
        for outcome in self.predict_sources(sources, workers=workers, max_duration_s=max_duration_s):
            yield outcome if isinstance(outcome, NverError) else outcome[0]

    def predict_sources(
        self,
        sources: Sequence[AudioFile],
        *,
        workers: int | None = None,
        max_duration_s: float = MAX_DURATION_S,
    ) -> Iterator[tuple[Prediction, float] | AudioError | EncoderError]:
        """As ``predict_files``, of files and of stretches of a tar, with each one's seconds of audio."""
        for outcome in self._timed_logits(sources, workers=workers, max_duration_s=max_duration_s):
            if isinstance(outcome, NverError):
                yield outcome
            else:
                logits, duration_s = outcome
                yield self._prediction(logits), duration_s

    def file_logits(
        self,
        sources: Sequence[AudioFile],
        *,
        workers: int | None = None,
        max_duration_s: float = MAX_DURATION_S,
    ) -> Iterator[Matrix | AudioError | EncoderError]:
        """As ``predict_files``, but (n_labels,) logits before the temperature instead of predictions."""
        for outcome in self._timed_logits(sources, workers=workers, max_duration_s=max_duration_s):
            yield outcome if isinstance(outcome, NverError) else outcome[0]

    def _timed_logits(
        self, sources: Sequence[AudioFile], *, workers: int | None, max_duration_s: float
    ) -> Iterator[tuple[Matrix, float] | AudioError | EncoderError]:
        if workers is None:
            workers = 2 if len(sources) > CHUNK_CLIPS else 0
        answers = decode_many(sources, workers=workers, max_duration_s=max_duration_s)
        try:
            for batch in _batches(answers):
                yield from self._outcomes(batch)
        finally:
            answers.close()

    def timeline(
        self,
        source: Source,
        *,
        view: str | None = None,
        windows: Windows | None = None,
        segments: Sequence[Segment] | None = None,
        join_s: float = 0.0,
        on_progress: OnProgress | None = None,
    ) -> Timeline:
        """The bursts of a recording, or its course in fixed windows: ``nver.recordings.timeline``.

        Args:
            source: A file, or ``(wave, rate_hz)``: of any length, rate and channel count.
            view: Coarser classes.
            windows: Ask about these instead of bursts, and average where they overlap.
            segments: Ask about these instead of locating bursts; their labels are not looked at.
            join_s: Bursts with at most so much between them are one; a stream has zero.
            on_progress: Called with the seconds that have been read, and those of the whole recording.

        Raises:
            AudioError: The recording cannot be read, is empty, or is cut.
            AnnotationError: A segment reaches beyond the recording.
            ConfigError: There is no such view, windows and segments are given together, or ``join_s`` is
                negative or given with one of them.
            EncoderError: A stretch cannot be asked about.
        """
        return timeline(
            self,
            source,
            view=view,
            windows=windows,
            segments=segments,
            join_s=join_s,
            on_progress=on_progress,
        )

    def wave_logits(
        self, answers: Iterable[Samples | AudioError]
    ) -> Iterator[Matrix | AudioError | EncoderError]:
        """As ``file_logits``, of waves (mono at 16 kHz) or the errors that stand in their place."""
        for batch in _batches(answers):
            for outcome in self._outcomes(batch):
                yield outcome if isinstance(outcome, NverError) else outcome[0]

    def logits(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, n_labels) float32, before the temperature; waves are mono at 16 kHz.

        Raises:
            EncoderError: A wave cannot be read.
            BundleError: The network gave rows of another shape, or that are not finite.
        """
        rows = self.network(waves)
        expected = (len(waves), len(self.labels))
        if rows.shape != expected or rows.dtype != np.float32:
            raise BundleError(
                f"{self.card.name} gave logits of shape {rows.shape} and type {rows.dtype}; "
                f"expected {expected} float32"
            )
        if not np.isfinite(rows).all():
            raise BundleError(
                f"{self.card.name} gave NaN or infinity for finite audio; its weights are damaged"
            )
        return rows

    def _outcomes(
        self, batch: Sequence[Samples | AudioError]
    ) -> Iterator[tuple[Matrix, float] | AudioError | EncoderError]:
        waves = [answer for answer in batch if not isinstance(answer, AudioError)]
        known = iter(self._each(waves))
        for answer in batch:
            if isinstance(answer, AudioError):
                yield answer
                continue
            outcome = next(known)
            yield outcome if isinstance(outcome, EncoderError) else (outcome, answer.size / RATE_HZ)

    def _each(self, waves: Sequence[Samples]) -> list[Matrix | EncoderError]:
        """One outcome a wave: those that the network refuses are found by asking for each alone."""
        if not waves:
            return []
        try:
            return list(self.logits(waves))
        except EncoderError as error:
            if len(waves) == 1:
                return [error]
            return [outcome for wave in waves for outcome in self._each([wave])]

    def _prediction(self, logits: Matrix) -> Prediction:
        logs = log_softmax(logits[None], temperature=self.card.temperature)
        views: dict[str, Prediction] = {}
        for name, view in self.card.views.items():
            within, outside = coarsen(logs, view, self.labels)
            views[name] = Prediction(_named(view.classes, within[0]), outside=float(outside[0]))
        return Prediction(_named(self.labels, np.exp(logs[0])), views=views)


def _named(labels: Sequence[str], row: npt.NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(labels, row.tolist(), strict=True))


def _batches(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    batch: list[Answer] = []
    audio_s = 0.0
    for answer in answers:
        batch.append(answer)
        audio_s += 0.0 if isinstance(answer, AudioError) else answer.size / RATE_HZ
        if len(batch) == BATCH_CLIPS or audio_s >= BATCH_S:
            yield batch
            batch, audio_s = [], 0.0
    if batch:
        yield batch
