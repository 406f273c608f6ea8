"""Clips in, a table of embeddings out; what the store already has is not computed again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from nver.audio import (
    MAX_DURATION_S,
    Addressed,
    decode_many_addressed,
    decoder_fingerprint,
)
from nver.embeddings.store import DecodedShelf, Store, VectorShelf
from nver.embeddings.table import EmbeddingTable
from nver.encoders import Encoder
from nver.errors import AudioError, EncoderError
from nver.types import RATE_HZ, AudioFile, Clip

BATCH_CLIPS = 64
BATCH_S = 240.0
"""The encoder is handed so many clips, or so many seconds of audio, whichever comes first, longest first."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an extraction is.

    Attributes:
        n_done: Clips that are settled: found, computed or unreadable.
        n_total: All clips.
        n_computed: Rows that were computed so far.
        audio_s: Seconds of audio that they were computed from.
        elapsed_s: Since the extraction began.
    """

    n_done: int
    n_total: int
    n_computed: int
    audio_s: float
    elapsed_s: float


@dataclass(frozen=True)
class Extraction:
    """What became of the clips.

    Attributes:
        table: One row for each readable clip, in the order of the clips.
        unreadable: (clip id, reason) of clips that could not be decoded, when they were to be skipped.
        n_computed: Rows that were computed.
        n_found: Clips whose row was in the store, or is that of an identical clip.
        audio_sha256: Digest of the samples of each clip of the table: equal where they are.
    """

    table: EmbeddingTable
    unreadable: tuple[tuple[str, str], ...]
    n_computed: int
    n_found: int
    audio_sha256: tuple[str, ...]


def extract(
    clips: Sequence[Clip],
    encoder: Encoder,
    *,
    store: Store | None = None,
    workers: int = 2,
    skip_unreadable: bool = False,
    recompute: bool = False,
    max_duration_s: float = MAX_DURATION_S,
    on_progress: Callable[[Progress], None] | None = None,
) -> Extraction:
    """The embedding of each clip, from the store where it is there, else computed and stored.

    Worker processes decode the next clips while the encoder computes. Whatever ends the extraction early (an
    unreadable clip, Ctrl-C), rows that were computed are stored, and the next call goes on from there.

    Args:
        clips: Any number; ids differ.
        encoder: Its fingerprint decides which rows of the store are its own.
        store: Where rows are kept; ``Store.default()`` when None.
        workers: Decoding processes; 0 decodes in this one.
        skip_unreadable: Go on without clips that cannot be decoded, and list them.
        recompute: Remove damaged shards of the store and compute what they held.
        max_duration_s: Longer clips are unreadable.
        on_progress: Called after the store was searched and after each batch.

    Raises:
        AudioError: A clip cannot be decoded, and unreadable clips are not to be skipped.
        EncoderError: The encoder gave rows of another shape, or that are not finite.
        StoreError: The store is damaged or cannot be written, or two clips have one id.
    """
    store = Store.default() if store is None else store
    run = _Run(
        clips=clips,
        encoder=encoder,
        store=store,
        vectors=store.vectors(encoder, remove_damaged=recompute),
        decoded=store.decoded(decoder_fingerprint(), remove_damaged=recompute),
        skip_unreadable=skip_unreadable,
        on_progress=on_progress,
    )
    waiting = run.look_up()
    answers = decode_many_addressed(
        (clips[i].source for i in waiting), workers=workers if waiting else 0, max_duration_s=max_duration_s
    )
    try:
        for batch in run.batches(zip(waiting, answers, strict=True)):
            run.compute(batch)
    finally:
        answers.close()
        run.flush()
    return run.result()


def n_missing(clips: Sequence[Clip], encoder: Encoder, store: Store) -> int:
    """How many clips ``extract`` would have to decode and embed; nothing is decoded to find out.

    Raises:
        StoreError: The store is damaged.
    """
    run = _Run(
        clips=clips,
        encoder=encoder,
        store=store,
        vectors=store.vectors(encoder),
        decoded=store.decoded(decoder_fingerprint()),
        skip_unreadable=True,
        on_progress=None,
    )
    return len(run.look_up())


@dataclass
class _Run:
    """The state of one extraction.

    Attributes:
        audio_of: Place of a readable clip -> digest of its audio.
        same_as: Place of a clip -> place of an earlier one with the same audio, which is decoded for both.
        unreadable: Place of a clip -> why it cannot be decoded.
    """

    clips: Sequence[Clip]
    encoder: Encoder
    store: Store
    vectors: VectorShelf
    decoded: DecodedShelf
    skip_unreadable: bool
    on_progress: Callable[[Progress], None] | None
    audio_of: dict[int, str] = field(default_factory=dict)
    same_as: dict[int, int] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)
    n_computed: int = 0
    audio_s: float = 0.0
    began_s: float = field(default_factory=time.monotonic)
    flushed_s: float = field(default_factory=time.monotonic)

    def look_up(self) -> list[int]:
        """Which clips must be decoded: their bytes were never met, or nobody has their row yet."""
        waiting: list[int] = []
        first_of: dict[str, int] = {}
        for i, clip in enumerate(self.clips):
            audio = self._known_audio(clip.source)
            if audio is not None and audio in self.vectors:
                self.audio_of[i] = audio
            elif audio is not None and audio in first_of:
                self.same_as[i] = first_of[audio]
            else:
                waiting.append(i)
                if audio is not None:
                    first_of[audio] = i
        self._report()
        return waiting

    def _known_audio(self, source: AudioFile) -> str | None:
        try:
            return self.decoded.of_source(source)
        except OSError:
            return None  # the decoder says in its own words what is wrong with it

    def batches(
        self, answers: Iterator[tuple[int, Addressed | AudioError]]
    ) -> Iterator[list[tuple[int, Addressed]]]:
        """Clips whose rows are to be computed, each audio once."""
        batch: list[tuple[int, Addressed]] = []
        in_batch: set[str] = set()
        audio_s = 0.0
        for i, answer in answers:
            if isinstance(answer, AudioError):
                if not self.skip_unreadable:
                    yield batch
                    raise answer
                self.unreadable[i] = str(answer)
                continue
            self.audio_of[i] = answer.audio_sha256
            self.decoded.put(answer.encoded_sha256, answer.audio_sha256)
            if answer.audio_sha256 in self.vectors or answer.audio_sha256 in in_batch:
                continue
            batch.append((i, answer))
            in_batch.add(answer.audio_sha256)
            audio_s += answer.samples.size / RATE_HZ
            if len(batch) == BATCH_CLIPS or audio_s >= BATCH_S:
                yield batch
                batch, in_batch, audio_s = [], set(), 0.0
        yield batch

    def compute(self, batch: list[tuple[int, Addressed]]) -> None:
        """Embed a batch, keep its rows, and write a shard when one is due."""
        if not batch:
            return
        batch = sorted(batch, key=lambda pair: -pair[1].samples.size)
        rows = self.encoder.embed([answer.samples for _, answer in batch])
        if rows.shape != (len(batch), self.encoder.dim):
            raise EncoderError(
                f"{self.encoder.card.name} gave rows of shape {rows.shape}; "
                f"expected {(len(batch), self.encoder.dim)}"
            )
        for (i, answer), row in zip(batch, rows, strict=True):
            if not np.isfinite(row).all():
                raise EncoderError(
                    f"{self.encoder.card.name} gave NaN or infinity for clip '{self.clips[i].id}'"
                )
            self.vectors.put(answer.audio_sha256, row)
            self.audio_s += answer.samples.size / RATE_HZ
        self.n_computed += len(batch)
        is_old = time.monotonic() - self.flushed_s >= self.store.shard_s
        if is_old or self.vectors.n_pending_bytes >= self.store.shard_bytes:
            self.flush()
        self._report()

    def flush(self) -> None:
        self.vectors.flush()
        self.decoded.flush()
        self.flushed_s = time.monotonic()

    def result(self) -> Extraction:
        for i, first in self.same_as.items():
            if first in self.audio_of:
                self.audio_of[i] = self.audio_of[first]
            else:
                self.unreadable[i] = self.unreadable[first]
        readable = sorted(self.audio_of)
        digests = tuple(self.audio_of[i] for i in readable)
        rows = self.vectors.rows(digests)
        return Extraction(
            table=EmbeddingTable(rows, tuple(self.clips[i].id for i in readable)),
            unreadable=tuple((self.clips[i].id, reason) for i, reason in sorted(self.unreadable.items())),
            n_computed=self.n_computed,
            n_found=len(readable) - self.n_computed,
            audio_sha256=digests,
        )

    def _report(self) -> None:
        if self.on_progress is not None:
            n_same = sum(first in self.audio_of for first in self.same_as.values())
            self.on_progress(
                Progress(
                    n_done=len(self.audio_of) + len(self.unreadable) + n_same,
                    n_total=len(self.clips),
                    n_computed=self.n_computed,
                    audio_s=self.audio_s,
                    elapsed_s=time.monotonic() - self.began_s,
                )
            )
