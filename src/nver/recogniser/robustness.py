"""How a recogniser bears what befalls clips: the same clips under every condition, kept as they are done."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from nver import atomic, fingerprint
from nver.audio import decode_many
from nver.corpora.base import Corpus
from nver.degradations import CLEAN, KINDS, Condition, degrade, generator_for
from nver.errors import AudioError, NverError, ResultError, SplitError
from nver.evaluation.calibration import softmax
from nver.recogniser.evaluation import require_unseen
from nver.recogniser.recogniser import BATCH_CLIPS, Recogniser
from nver.types import Clip, Labels, Samples

N_TALKER_CLIPS = 100
"""Clips that babble is made of; they stay in memory."""

_KEY = b"nver.key"
_TITLE = b"nver.condition"
_UNREADABLE = b"nver.n_unreadable"
_VERSION = 1
"""Of the degradations: goes up when one of them gives other samples."""

Tell = Callable[[Condition, int, int], None]
"""Told of a condition, how many clips of how many are done."""


@dataclass(frozen=True, eq=False)
class Heard:
    """What a recogniser said of clips under one condition.

    Attributes:
        condition: What befell them.
        clip_ids: Those that it answered, in the order of the corpus.
        speakers: Who is heard in each.
        labels: Classes in the order of the indices.
        truth: (n_clips,) class indices.
        guess: (n_clips,) its most probable class.
        confidence: (n_clips,) the calibrated probability of that class.
        n_unreadable: Clips that it could not be asked about.
    """

    condition: Condition
    clip_ids: tuple[str, ...]
    speakers: tuple[str, ...]
    labels: tuple[str, ...]
    truth: Labels
    guess: Labels
    confidence: np.ndarray[Any, np.dtype[np.float32]]
    n_unreadable: int

    def save(self, path: Path, *, key: str) -> None:
        """A Parquet file with a row a clip, whole or not at all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = pa.array(self.labels, pa.string())
        columns = {
            "clip_id": pa.array(self.clip_ids, pa.string()),
            "speaker": pa.array(self.speakers, pa.string()),
            "truth": pa.DictionaryArray.from_arrays(pa.array(self.truth, pa.int16()), names),
            "guess": pa.DictionaryArray.from_arrays(pa.array(self.guess, pa.int16()), names),
            "confidence": pa.array(self.confidence, pa.float32()),
        }
        about = {
            _KEY: key,
            _TITLE: f"{self.condition.kind} {self.condition.level!r}",
            _UNREADABLE: str(self.n_unreadable),
        }
        file = io.BytesIO()
        table = pa.table(columns).replace_schema_metadata(about)
        pq.write_table(table, file, compression="zstd", compression_level=9)
        atomic.write_file(path, file.getvalue())

    @classmethod
    def load(cls, path: Path) -> tuple[Self, str]:
        """What ``save`` wrote, and its key.

        Raises:
            ResultError: There is no such file, or it is no answers under a condition.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table: Any = pq.read_table(path)
            about = table.schema.metadata
            kind, level = about[_TITLE].decode().split(" ")
            truth, guess = (table[name].combine_chunks() for name in ("truth", "guess"))
            made = cls(
                condition=Condition(kind, float(level)),
                clip_ids=tuple(table["clip_id"].to_pylist()),
                speakers=tuple(table["speaker"].to_pylist()),
                labels=tuple(truth.dictionary.to_pylist()),
                truth=truth.indices.to_numpy().astype(np.int64),
                guess=guess.indices.to_numpy().astype(np.int64),
                confidence=table["confidence"].to_numpy(),
                n_unreadable=int(about[_UNREADABLE]),
            )
        except (OSError, pa.ArrowException, KeyError, AttributeError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise ResultError(f"{path} does not hold answers under a condition: {reason}") from error
        return made, about[_KEY].decode()


def spread(clips: Sequence[Clip], n_clips: int, *, seed: int) -> tuple[Clip, ...]:
    """A part of the clips that every speaker and class has an equal share of, in their order.

    Each speaker and class gives one clip, then a second one, and so on; which ones the seed decides.
    """
    turns: dict[tuple[str | None, str], int] = {}
    turn_of: dict[str, tuple[int, bytes]] = {}
    for clip in sorted(clips, key=lambda clip: _draw(clip, seed)):
        cell = (clip.speaker, clip.label)
        turns[cell] = turns.get(cell, -1) + 1
        turn_of[clip.id] = (turns[cell], _draw(clip, seed))
    chosen = {clip.id for clip in sorted(clips, key=lambda clip: turn_of[clip.id])[:n_clips]}
    return tuple(clip for clip in clips if clip.id in chosen)


def hear(
    recogniser: Recogniser,
    corpus: Corpus,
    conditions: Sequence[Condition],
    out: Path,
    *,
    weights_sha256: str,
    n_clips: int | None = None,
    seed: int = 0,
    workers: int = 2,
    on_progress: Tell | None = None,
) -> Iterator[Heard]:
    """Ask a recogniser about every clip under every condition; what was asked before is taken from disk.

    Memory is that of a few batches and of the clips that babble is made of. Whatever ends it early, the next
    call goes on with the first condition that is not there.

    Args:
        recogniser: What to test.
        corpus: Its labels are among the recogniser's; every clip has a speaker.
        conditions: In the order in which they are wanted.
        out: A folder; each condition is kept as ``answers/<slug>.parquet`` below it.
        weights_sha256: Of the recogniser: answers of other weights are asked for anew.
        n_clips: So many, as ``spread`` draws them; None takes all.
        seed: Of the draw, and of all that is random in the conditions.
        workers: Processes that decode, and threads that degrade.
        on_progress: Told now and then.

    Yields:
        The answers under each condition.

    Raises:
        SplitError: Somebody is heard whom the recogniser was trained on, a label is not its, or a clip has
            no speaker.
        AudioError: A clip that babble is to be made of cannot be read.
    """
    require_unseen(recogniser.card, corpus)
    if unknown := sorted(set(corpus.labels) - set(recogniser.labels)):
        raise SplitError(f"'{recogniser.card.name}' cannot be tested on '{unknown[0]}': it is no label of it")
    if n_unknown := sum(clip.speaker is None for clip in corpus.clips):
        raise SplitError(
            f"{n_unknown:,} of {len(corpus.clips):,} clips have no speaker; babble is made of other "
            "speakers, and intervals are over speakers"
        )
    clips = corpus.clips if n_clips is None else spread(corpus.clips, n_clips, seed=seed)
    room = _Room(recogniser, clips, spread(corpus.clips, N_TALKER_CLIPS, seed=seed + 1), seed, workers)
    (out / "answers").mkdir(parents=True, exist_ok=True)
    for condition in conditions:
        path = out / "answers" / f"{condition.slug}.parquet"
        key = fingerprint.of_data(
            {
                "version": _VERSION,
                "weights": weights_sha256,
                "clips": [clip.id for clip in clips],
                "talkers": [clip.id for clip in room.talker_clips] if _needs_talkers(condition) else [],
                "condition": condition.slug,
                "seed": seed,
            }
        )
        if path.exists():
            known, its_key = Heard.load(path)
            if its_key == key:
                yield known
                continue
        heard = room.ask(condition, on_progress)
        heard.save(path, key=key)
        yield heard


class _Room:
    """A recogniser, the clips, and the other voices."""

    def __init__(
        self,
        recogniser: Recogniser,
        clips: Sequence[Clip],
        talker_clips: Sequence[Clip],
        seed: int,
        workers: int,
    ) -> None:
        self._recogniser, self._clips, self.talker_clips = recogniser, clips, talker_clips
        self._seed, self._workers = seed, workers
        self._talkers: list[tuple[str | None, Samples]] = []

    def ask(self, condition: Condition, on_progress: Tell | None) -> Heard:
        if _needs_talkers(condition) and not self._talkers:
            self._talkers = self._read_talkers()
        clips, rows, n_unreadable = [], [], 0
        for clip, outcome in zip(self._clips, self._outcomes(condition), strict=True):
            if isinstance(outcome, NverError):
                n_unreadable += 1
            else:
                clips.append(clip)
                rows.append(outcome)
            n_done = len(rows) + n_unreadable
            if on_progress is not None and (n_done % BATCH_CLIPS == 0 or n_done == len(self._clips)):
                on_progress(condition, n_done, len(self._clips))
        card = self._recogniser.card
        logits = np.array(rows, np.float32).reshape(len(rows), len(card.labels))
        p = softmax(logits, temperature=card.temperature)
        return Heard(
            condition=condition,
            clip_ids=tuple(clip.id for clip in clips),
            speakers=tuple(str(clip.speaker) for clip in clips),
            labels=card.labels,
            truth=np.array([card.labels.index(clip.label) for clip in clips], np.int64),
            guess=p.argmax(axis=1).astype(np.int64),
            confidence=p.max(axis=1).astype(np.float32),
            n_unreadable=n_unreadable,
        )

    def _outcomes(self, condition: Condition) -> Iterator[Any]:
        decoded = decode_many([clip.source for clip in self._clips], workers=self._workers)

        def spoil(clip: Clip, wave: Samples | AudioError) -> Samples | AudioError:
            if isinstance(wave, AudioError):
                return wave
            draw = generator_for(condition, clip.id, seed=self._seed)
            talkers = [other for speaker, other in self._talkers if speaker != clip.speaker]
            try:
                return degrade(wave, condition, draw, talkers=talkers)
            except AudioError as error:
                return error

        try:
            waves = zip(self._clips, decoded, strict=True)
            yield from self._recogniser.wave_logits(in_threads(spoil, waves, n_threads=self._workers))
        finally:
            decoded.close()

    def _read_talkers(self) -> list[tuple[str | None, Samples]]:
        waves = decode_many([clip.source for clip in self.talker_clips], workers=0)
        talkers: list[tuple[str | None, Samples]] = []
        for clip, wave in zip(self.talker_clips, waves, strict=True):
            if isinstance(wave, AudioError):
                raise wave
            talkers.append((clip.speaker, wave))
        return talkers


def in_threads(
    job: Callable[[Clip, Samples | AudioError], Samples | AudioError],
    tasks: Iterable[tuple[Clip, Samples | AudioError]],
    *,
    n_threads: int,
) -> Iterator[Samples | AudioError]:
    """The answers of a job in the order of its tasks, computed two batches ahead of whoever takes them."""
    waiting: deque[Future[Samples | AudioError]] = deque()
    with ThreadPoolExecutor(max(1, n_threads)) as threads:
        for task in tasks:
            waiting.append(threads.submit(job, *task))
            if len(waiting) > 2 * BATCH_CLIPS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _draw(clip: Clip, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{clip.id}".encode()).digest()


def _needs_talkers(condition: Condition) -> bool:
    return condition != CLEAN and KINDS[condition.kind].made_of_talkers
