"""Train a head on every fold and predict the clips that the fold left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from nver import fingerprint
from nver.corpora.base import Corpus
from nver.corpora.synthetic import MARKER
from nver.embeddings.table import EmbeddingTable
from nver.errors import TrainingError
from nver.evaluation.folds import Fold
from nver.experiment import Experiment, TrainingSpec
from nver.heads.estimators import SklearnSpec
from nver.heads.specs import LateFusionSpec, TrainedSpec
from nver.results import FoldHistory, Predictions, Result
from nver.search import Trial, applied, best_of
from nver.training import changes, estimators, protocols, provenance, search
from nver.training.checkpoint import FoldOutcome, FoldStore
from nver.training.crew import N_CORES, Crew
from nver.training.fit import Part
from nver.training.one_fold import Material, learn
from nver.training.telling import Progress, Teller
from nver.types import Clip, Labels


def cross_validate(
    experiment: Experiment,
    corpus: Corpus,
    tables: Sequence[EmbeddingTable],
    *,
    unreadable: Mapping[str, str] = MappingProxyType({}),
    encoders: Sequence[Mapping[str, Any]] = (),
    on_progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    jobs: int = N_CORES,
) -> Result:
    """Every tested clip's prediction by a head that never saw it.

    Args:
        experiment: What to train, on which folds.
        corpus: The clips; their labels in the order of the card are the classes.
        tables: Embeddings of the clips, one table an encoder, in the order of ``experiment.encoders``.
        unreadable: Clips to go on without, and why: they are listed in the result.
        encoders: What the result should say about each encoder (fingerprint, kernel, precision...).
        on_progress: Told of every epoch, by the thread that trains it, one at a time.
        checkpoint: A folder for finished folds. When it holds folds of the same experiment on the same data,
            they are taken from there, so that an interrupted run goes on where it was. Yours to remove once
            the result is saved.
        jobs: Folds that are trained at once, on one core each; the result is the same with any number.

    Returns:
        Predictions in the order of the corpus, the history of every fold, and provenance.

    Raises:
        SplitError: The folds would not measure what they claim to.
        TrainingError: Embeddings are not finite or out of step with the clips, or a loss ran away.
        StoreError: A table lacks a clip.
    """
    with Crew(jobs) as crew:
        run = Run(experiment, corpus, tables, unreadable=unreadable, encoders=encoders)
        run.start(crew, on_progress=on_progress, checkpoint=checkpoint)
        return run.result()


class Run:
    """One experiment on its way: folds are trained by a crew, then a result is made of them.

    Arguments are those of ``cross_validate``.

    Attributes:
        made_of: All that decides the result, as plain data: the experiment, labels, clips, embeddings, and
            the code with its versions. Where the corpus lies and what the experiment is called decide nothing
            and are left out.
        key: Its digest.
    """

    def __init__(
        self,
        experiment: Experiment,
        corpus: Corpus,
        tables: Sequence[EmbeddingTable],
        *,
        unreadable: Mapping[str, str] = MappingProxyType({}),
        encoders: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        if len(tables) != len(experiment.encoders):
            raise TrainingError(
                f"{experiment.name}: {len(experiment.encoders)} encoders came with {len(tables)} tables"
            )
        if isinstance(experiment.head, LateFusionSpec):
            raise TrainingError(
                f"{experiment.name}: late fusion is not trained; `nver fuse` makes it of finished results"
            )
        if isinstance(experiment.head, SklearnSpec):  # before anything is trained
            estimators.make(experiment.head, settings=experiment.training, seed=experiment.seed)
        self.experiment, self._head = experiment, experiment.head
        self._corpus, self._tables = corpus, tables
        self._unreadable, self._encoders = dict(unreadable), [dict(encoder) for encoder in encoders]
        self._clips = [clip for clip in corpus.clips if clip.id not in unreadable]
        index = {label: i for i, label in enumerate(corpus.labels)}
        self._truth = np.array([index[clip.label] for clip in self._clips], np.int64)
        self.made_of = {
            **changes.made_of(experiment, corpus.labels, self._clips),
            "embeddings_sha256": [fingerprint.of_array(view) for view in self._part().views],
        }
        self.key = fingerprint.of_data(self.made_of)
        self._folds: tuple[Fold, ...] = ()
        self._outcomes: list[Future[FoldOutcome]] = []

    def start(
        self,
        crew: Crew,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        """Divide the clips, and hand every fold to the crew."""
        self._folds = protocols.divide(
            self._clips,
            self._truth,
            self.experiment.folds,
            class_names=self._corpus.labels,
            seed=self.experiment.seed,
        )
        store = FoldStore(checkpoint, self.key) if checkpoint is not None else None
        self._outcomes = [
            crew.submit(self._outcome, number, crew, store, on_progress) for number in range(len(self._folds))
        ]

    def result(self) -> Result:
        """Wait for every fold, and put them together."""
        outcomes = [outcome.result() for outcome in self._outcomes]
        corpus, clips = self._corpus, self._clips
        return Result(
            experiment=self.experiment,
            labels=corpus.labels,
            predictions=_in_corpus_order(clips, self._truth, self._folds, outcomes),
            history=tuple(outcome.history for outcome in outcomes),
            provenance={
                "key": self.key,
                "code_sha256": self.made_of["code_sha256"],
                "embeddings_sha256": self.made_of["embeddings_sha256"],
                "software": provenance.software(searches=self.experiment.search is not None),
                "machine": provenance.machine(),
                "corpus": {
                    "name": corpus.card.name,
                    "options": dict(corpus.options),
                    "n_clips": len(clips),
                    "n_speakers": len({clip.speaker for clip in clips} - {None}),
                    "clips_sha256": self.made_of["clips_sha256"],
                    "left_out": dict(corpus.left_out),
                },
                "encoders": self._encoders,
                "head_parameters": outcomes[0].n_parameters,
                "probabilities": outcomes[0].probabilities_are,
                "training_s": round(sum(outcome.seconds for outcome in outcomes), 2),
                "unreadable": self._unreadable,
                "warnings": [
                    *_of_nobody(clips),
                    *protocols.caveats(
                        self.experiment.folds, clips, self._truth, self._folds, class_names=corpus.labels
                    ),
                    *(note for outcome in outcomes for note in outcome.notes),
                ],
            },
        )

    def _part(self) -> Part:
        """Made anew for each fold: a plan of many experiments would not fit in memory otherwise."""
        clip_ids = [clip.id for clip in self._clips]
        return Part(tuple(table.rows(clip_ids) for table in self._tables), self._truth)

    def _outcome(
        self,
        number: int,
        crew: Crew,
        store: FoldStore | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> FoldOutcome:
        outcome = store.load(number) if store else None
        if outcome is None:
            outcome = self._train(number, crew, on_progress)
            if store:
                store.save(number, outcome)
        return outcome

    def _train(self, number: int, crew: Crew, on_progress: Callable[[Progress], None] | None) -> FoldOutcome:
        fold = self._folds[number]
        started = time.perf_counter()
        seed = int(np.random.SeedSequence((self.experiment.seed, number)).generate_state(1)[0])
        material = Material(
            self._part(), self._corpus.labels, protocols.kept_apart(self._clips, self.experiment.folds)
        )
        tell = Teller(number, len(self._folds), self.experiment, crew, on_progress)
        trials = self._tried(material, fold, seed, tell)
        head, settings = self._with_the_best_of(trials)
        learnt = learn(
            head, material, fold, settings=settings, seed=seed, on_epoch=tell.epoch, on_batch=crew.go_on
        )
        return FoldOutcome(
            probabilities=learnt.probabilities,
            history=FoldHistory(
                fold=number,
                name=fold.name,
                n_train=learnt.n_train,
                n_validation=learnt.n_validation,
                n_test=len(fold.test),
                epochs=learnt.epochs,
                best_epoch=learnt.best_epoch,
                temperature=learnt.temperature,
                trials=trials,
            ),
            n_parameters=learnt.n_parameters,
            seconds=time.perf_counter() - started,
            probabilities_are=learnt.probabilities_are,
            notes=learnt.notes,
        )

    def _tried(self, material: Material, fold: Fold, seed: int, tell: Teller) -> tuple[Trial, ...]:
        if self.experiment.search is None:
            return ()
        return search.tried(
            self.experiment.search,
            self._head,
            material,
            fold,
            settings=self.experiment.training,
            seed=seed,
            on_trial=tell.trial,
            on_batch=tell.crew.go_on,
        )

    def _with_the_best_of(self, trials: Sequence[Trial]) -> tuple[TrainedSpec, TrainingSpec]:
        settings = self.experiment.training
        best = best_of(trials)
        return (
            (self._head, settings)
            if best is None
            else applied(best.settings, head=self._head, training=settings)
        )


def _in_corpus_order(
    clips: Sequence[Clip], truth: Labels, folds: Sequence[Fold], outcomes: Sequence[FoldOutcome]
) -> Predictions:
    rows = np.concatenate([fold.test for fold in folds])
    order = np.argsort(rows)
    numbers = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    tested = [clips[row] for row in rows[order]]
    return Predictions(
        clip_ids=tuple(clip.id for clip in tested),
        truth=truth[rows[order]],
        probabilities=np.concatenate([outcome.probabilities for outcome in outcomes])[order],
        fold=numbers[order],
        speakers=tuple(clip.speaker for clip in tested),
        attributes={
            name: tuple(clip.attributes.get(name) for clip in tested)
            for name in sorted({name for clip in tested for name in clip.attributes})
        },
    )


def _of_nobody(clips: Sequence[Clip]) -> list[str]:
    """Says so where clips were synthesised: they have the names of a real corpus."""
    folders = {clip.source.path.parent.parent for clip in clips}
    is_synthetic = any((folder / MARKER).is_file() for folder in folders)
    return ["the clips are synthetic, and these scores say nothing about people"] if is_synthetic else []
