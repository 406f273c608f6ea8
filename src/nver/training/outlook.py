"""What running a grid would take: what is there, what is to be done, and about how long that takes.

Estimates are of this machine: every head is trained a few steps on noise, and a matrix product is timed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from nver.audio import decode_many
from nver.corpora.base import Corpus
from nver.embeddings.extract import n_missing
from nver.embeddings.store import Store, ls
from nver.encoders import load_encoder
from nver.encoders.base import EncoderCard
from nver.encoders.inventory import entry
from nver.errors import AudioError, ResultError
from nver.experiment import Experiment, TrainingSpec
from nver.grid import Cell, Grid
from nver.heads.estimators import SklearnSpec
from nver.heads.specs import HeadSpec, LateFusionSpec
from nver.results import holds_result, read_summary
from nver.training import changes
from nver.training.crew import Crew
from nver.training.estimators import fit_estimator
from nver.training.fit import Part, fit
from nver.training.grid import place
from nver.training.inputs import Inputs, divided, look, users
from nver.training.run import specs
from nver.types import RATE_HZ, Clip

_TOKENS_PER_S = {"ssam": 125.0}
"""Vectors that a network passes on for a second of audio; of the wav2vec 2.0 family 50, and half as much
work again in its convolutions."""
_TOKENS_PER_S_OF_OTHERS = 75.0

_OVERHEAD_S = 0.003
"""Decoding a clip, and what is no matrix product."""

_N_HEARD = 8
"""Clips that are decoded to learn how long a corpus' clips are."""


@dataclass(frozen=True)
class EmbeddingJob:
    """One encoder on one corpus.

    Attributes:
        n_missing: Of ``n_clips``, those whose embedding is to be computed.
        seconds: About how long that takes.
        n_bytes: What it adds to the store.
    """

    corpus: str
    encoder: str
    n_clips: int
    n_missing: int
    seconds: float
    n_bytes: int


@dataclass(frozen=True)
class Outlook:
    """A grid before it is run.

    Attributes:
        n_cells: All of them.
        inputs: Which cells can run, and what others lack.
        stored: Names of cells whose result is there.
        redone: Names of cells whose result is there, but of other settings, data or code, and why.
        embeddings: One job for each encoder and corpus that a cell needs.
        training_s: About how long the heads take, without early stopping.
        result_bytes: About what their results take.
    """

    n_cells: int
    inputs: Inputs
    stored: tuple[str, ...]
    redone: tuple[tuple[str, tuple[str, ...]], ...]
    embeddings: tuple[EmbeddingJob, ...]
    training_s: float
    result_bytes: int

    @property
    def n_to_train(self) -> int:
        """Cells that would be trained."""
        return len(self.inputs.cells) - len(self.stored)


def outlook(grid: Grid, *, out: Path, store: Store | None = None, jobs: int) -> Outlook:
    """Look ahead; nothing is written.

    Results are compared with today's settings, clips and code; embeddings, which would have to be computed
    first, are not.

    Args:
        grid: What would be run.
        out: Where results would go.
        store: Where embeddings are kept; the user's own when None.
        jobs: Heads that would be trained at once.

    Raises:
        ConfigError: Something in the grid cannot be meant.
        StoreError: The store is damaged.
    """
    cells = grid.cells()
    inputs = look(cells)
    reasons = {
        cell.name: _reasons(cell.experiment, inputs.corpora[cell.corpus], place(grid, cell, out))
        for cell in inputs.cells
    }
    to_train = [cell for cell in inputs.cells if reasons[cell.name] != ()]
    embeddings = _embedding_jobs(inputs, Store.default() if store is None else store)
    return Outlook(
        n_cells=len(cells),
        inputs=inputs,
        stored=tuple(name for name, why in reasons.items() if why == ()),
        redone=tuple((name, why) for name, why in reasons.items() if why),
        embeddings=embeddings,
        training_s=_training_s(to_train, inputs) / jobs,
        result_bytes=sum(_result_bytes(inputs.corpora[cell.corpus]) for cell in to_train),
    )


def _reasons(experiment: Experiment, corpus: Corpus, where: Path) -> tuple[str, ...] | None:
    """Why a result is not taken; none when it is; None when there is no result."""
    if not holds_result(where):
        return None
    try:
        summary = read_summary(where)
        unreadable = summary["provenance"].get("unreadable", {})
        clips = [clip for clip in corpus.clips if clip.id not in unreadable]
        return changes.between(changes.recorded(summary), changes.made_of(experiment, corpus.labels, clips))
    except ResultError as error:
        return (str(error),)


def _embedding_jobs(inputs: Inputs, store: Store) -> tuple[EmbeddingJob, ...]:
    known = {holding.encoder for holding in ls(store)}
    clip_s = {label: _clip_s(corpus.clips) for label, corpus in inputs.corpora.items()}
    flops_per_s = _flops_per_s()
    jobs = []
    for key, spec in specs([cell.experiment for cell in inputs.cells]).items():
        card = entry(spec.name).card
        encoder = load_encoder(spec.name, **spec.options) if spec.name in known else None
        dim = card.dim if encoder is None else encoder.dim
        for label, corpus in inputs.corpora.items():
            if not users([cell for cell in inputs.cells if cell.corpus == label], key):
                continue
            n_clips = len(corpus.clips)
            n_new = n_clips if encoder is None else n_missing(corpus.clips, encoder, store)
            seconds = n_new * (_flops(card, clip_s[label]) / flops_per_s + _OVERHEAD_S)
            jobs.append(EmbeddingJob(label, spec.name, n_clips, n_new, seconds, 4 * dim * n_new))
    return tuple(jobs)


def _clip_s(clips: Sequence[Clip]) -> float:
    """Mean duration of a few clips from all over the corpus; those that cannot be decoded are not heard."""
    chosen = [clips[i].source for i in np.linspace(0, len(clips) - 1, _N_HEARD).astype(int)]
    waves = [wave for wave in decode_many(chosen, workers=0) if not isinstance(wave, AudioError)]
    return float(np.mean([wave.size / RATE_HZ for wave in waves])) if waves else 0.0


def _flops(card: EncoderCard, clip_s: float) -> float:
    """About what a clip takes: a multiplication and an addition for each weight and token."""
    return 2.0 * card.parameters * clip_s * _TOKENS_PER_S.get(card.family, _TOKENS_PER_S_OF_OTHERS)


def _flops_per_s() -> float:
    """Of a matrix product in float32, best of three."""
    n = 1024
    a, times = torch.randn(n, n), []
    for _ in range(3):
        began = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - began)
    return 2.0 * n**3 / min(times)


def _training_s(cells: Sequence[Cell], inputs: Inputs) -> float:
    """Of one core."""
    seconds_a_step: dict[str, float] = {}
    total = 0.0
    for cell in cells:
        experiment, settings = cell.experiment, cell.experiment.training
        if isinstance(experiment.head, LateFusionSpec):
            continue  # made of results, not trained
        dims = [entry(spec.name).card.dim for spec in experiment.encoders]
        key = f"{experiment.head.model_dump_json()} {dims} {settings.batch_size}"
        n_train = sum(len(fold.train) for fold in divided(experiment, inputs.corpora[cell.corpus]))
        # Inner folds train on a little less than an outer one does; a trial is counted as if on all of it.
        n_times = 1 + (experiment.search.n_trials * experiment.search.n_folds if experiment.search else 0)
        if isinstance(experiment.head, SklearnSpec):
            if key not in seconds_a_step:
                seconds_a_step[key] = _seconds_a_clip(experiment.head, dims, settings)
            total += n_times * n_train * seconds_a_step[key]
            continue
        if key not in seconds_a_step:
            with Crew(1) as crew:
                seconds_a_step[key] = crew.submit(_seconds_a_step, experiment.head, dims, settings).result()
        n_steps = settings.max_epochs * n_train * (1 - settings.validation_share) / settings.batch_size
        total += n_times * n_steps * seconds_a_step[key]
    return total


def _seconds_a_clip(head: SklearnSpec, dims: Sequence[int], settings: TrainingSpec) -> float:
    """Of fitting to a few hundred clips of noise: a guess, as some classifiers take the square of that."""
    rng, n_clips = np.random.default_rng(0), 256
    views = tuple(rng.normal(size=(n_clips, dim)).astype(np.float32) for dim in dims)
    began = time.perf_counter()
    fit_estimator(head, Part(views, np.arange(n_clips) % 2), n_classes=2, settings=settings, seed=0)
    return (time.perf_counter() - began) / n_clips


def _seconds_a_step(head: HeadSpec, dims: Sequence[int], settings: TrainingSpec) -> float:
    n_steps = 4
    rng, n = np.random.default_rng(0), n_steps * settings.batch_size

    def noise(n_clips: int) -> Part:
        views = tuple(rng.normal(size=(n_clips, dim)).astype(np.float32) for dim in dims)
        return Part(views, np.arange(n_clips) % 2)

    once = TrainingSpec(batch_size=settings.batch_size, max_epochs=1)
    seconds = []
    for _ in range(2):  # the first time torch picks and prepares its kernels
        train, validation = noise(n), noise(2)
        began = time.perf_counter()
        fit(head, train, validation, n_classes=2, settings=once, seed=0)
        seconds.append((time.perf_counter() - began) / n_steps)
    return seconds[-1]


def _result_bytes(corpus: Corpus) -> int:
    return len(corpus.clips) * (4 * len(corpus.labels) + 8) + 20_000
