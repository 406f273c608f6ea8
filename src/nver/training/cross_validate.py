"""Train a head on every fold and predict the clips that the fold left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from nver import fingerprint
from nver.corpora.base import Corpus
from nver.embeddings.table import EmbeddingTable
from nver.errors import TrainingError
from nver.evaluation.folds import Fold, Rows, hold_out
from nver.experiment import Experiment
from nver.results import Epoch, FoldHistory, Predictions, Result
from nver.training import protocols, provenance
from nver.training.checkpoint import FoldOutcome, FoldStore
from nver.training.fit import Part, fit
from nver.types import Clip, Labels


@dataclass(frozen=True)
class Progress:
    """An epoch of a fold is over; ``epoch`` counts from 1, ``fold`` from 0."""

    fold: int
    n_folds: int
    epoch: int
    max_epochs: int
    figures: Epoch


def cross_validate(
    experiment: Experiment,
    corpus: Corpus,
    tables: Sequence[EmbeddingTable],
    *,
    unreadable: Mapping[str, str] = MappingProxyType({}),
    encoders: Sequence[Mapping[str, Any]] = (),
    on_progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
) -> Result:
    """Every tested clip's prediction by a head that never saw it.

    Args:
        experiment: What to train, on which folds.
        corpus: The clips; their labels in the order of the card are the classes.
        tables: Embeddings of the clips, one table an encoder, in the order of ``experiment.encoders``.
        unreadable: Clips to go on without, and why: they are listed in the result.
        encoders: What the result should say about each encoder (fingerprint, kernel, precision...).
        on_progress: Told of every epoch.
        checkpoint: A folder for finished folds. When it holds folds of the same experiment on the same data,
            they are taken from there, so that an interrupted run goes on where it was. Yours to remove once
            the result is saved.

    Returns:
        Predictions in the order of the corpus, the history of every fold, and provenance.

    Raises:
        SplitError: The folds would not measure what they claim to.
        TrainingError: Embeddings are not finite or out of step with the clips, or a loss ran away.
        StoreError: A table lacks a clip.
    """
    if len(tables) != len(experiment.encoders):
        raise TrainingError(
            f"{experiment.name}: {len(experiment.encoders)} encoders came with {len(tables)} tables"
        )
    clips, whole = _readable(corpus, tables, unreadable)
    truth = whole.truth
    folds = protocols.divide(clips, truth, experiment.folds, class_names=corpus.labels, seed=experiment.seed)
    key = run_key(experiment, corpus, tables, unreadable=unreadable)

    store = FoldStore(checkpoint, key) if checkpoint is not None else None
    outcomes: list[FoldOutcome] = []
    for number in range(len(folds)):
        outcome = store.load(number) if store else None
        if outcome is None:
            outcome = _run_fold(experiment, corpus.labels, clips, whole, folds, number, on_progress)
            if store:
                store.save(number, outcome)
        outcomes.append(outcome)

    return Result(
        experiment=experiment,
        labels=corpus.labels,
        predictions=_in_corpus_order(clips, truth, folds, outcomes),
        history=tuple(outcome.history for outcome in outcomes),
        provenance={
            "key": key,
            "software": provenance.software(),
            "machine": provenance.machine(),
            "corpus": {
                "name": corpus.card.name,
                "options": dict(corpus.options),
                "n_clips": len(clips),
                "n_speakers": len({clip.speaker for clip in clips} - {None}),
                "clips_sha256": _digest(clips),
                "left_out": dict(corpus.left_out),
            },
            "encoders": [dict(encoder) for encoder in encoders],
            "head_parameters": outcomes[0].n_parameters,
            "training_s": round(sum(outcome.seconds for outcome in outcomes), 2),
            "unreadable": dict(unreadable),
            "warnings": protocols.caveats(experiment.folds, clips, truth, folds, class_names=corpus.labels),
        },
    )


def run_key(
    experiment: Experiment,
    corpus: Corpus,
    tables: Sequence[EmbeddingTable],
    *,
    unreadable: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Digest of all that decides a result: the experiment, clips, embeddings, and the versions of the code.

    Where the corpus lies and what the experiment is called decide nothing and are left out.
    """
    clips, whole = _readable(corpus, tables, unreadable)
    versions = provenance.software()
    return fingerprint.of_data(
        {
            "experiment": experiment.model_dump(mode="json", exclude={"name": True, "corpus": {"root"}}),
            "labels": list(corpus.labels),
            "clips": _digest(clips),
            "views": [fingerprint.of_array(view) for view in whole.views],
            "versions": {name: versions[name] for name in ("nver", "torch", "scikit-learn")},
        }
    )


def _readable(
    corpus: Corpus, tables: Sequence[EmbeddingTable], unreadable: Mapping[str, str]
) -> tuple[list[Clip], Part]:
    clips = [clip for clip in corpus.clips if clip.id not in unreadable]
    index = {label: i for i, label in enumerate(corpus.labels)}
    truth = np.array([index[clip.label] for clip in clips], np.int64)
    return clips, Part(tuple(table.rows([clip.id for clip in clips]) for table in tables), truth)


def _run_fold(
    experiment: Experiment,
    labels: Sequence[str],
    clips: Sequence[Clip],
    whole: Part,
    folds: Sequence[Fold],
    number: int,
    on_progress: Callable[[Progress], None] | None,
) -> FoldOutcome:
    fold, settings = folds[number], experiment.training
    started = time.perf_counter()
    seed = int(np.random.SeedSequence((experiment.seed, number)).generate_state(1)[0])
    train, validation = hold_out(
        whole.truth,
        fold,
        class_names=labels,
        share=settings.validation_share,
        seed=seed,
        speakers=protocols.kept_apart(clips, experiment.folds),
    )
    seen: list[Epoch] = []

    def tell(figures: Epoch) -> None:
        seen.append(figures)
        if on_progress is not None:
            on_progress(Progress(number, len(folds), len(seen), settings.max_epochs, figures))

    fitted = fit(
        experiment.head,
        _rows(whole, train),
        _rows(whole, validation),
        n_classes=len(labels),
        settings=settings,
        seed=seed,
        on_epoch=tell,
    )
    return FoldOutcome(
        probabilities=fitted.predict(_rows(whole, fold.test).views),
        history=FoldHistory(
            fold=number,
            name=fold.name,
            n_train=len(train),
            n_validation=len(validation),
            n_test=len(fold.test),
            epochs=fitted.epochs,
            best_epoch=fitted.best_epoch,
        ),
        n_parameters=sum(weight.numel() for weight in fitted.head.parameters()),
        seconds=time.perf_counter() - started,
    )


def _rows(part: Part, rows: Rows) -> Part:
    return Part(tuple(view[rows] for view in part.views), part.truth[rows])


def _in_corpus_order(
    clips: Sequence[Clip], truth: Labels, folds: Sequence[Fold], outcomes: Sequence[FoldOutcome]
) -> Predictions:
    rows = np.concatenate([fold.test for fold in folds])
    order = np.argsort(rows)
    numbers = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    return Predictions(
        clip_ids=tuple(clips[row].id for row in rows[order]),
        truth=truth[rows[order]],
        probabilities=np.concatenate([outcome.probabilities for outcome in outcomes])[order],
        fold=numbers[order],
    )


def _digest(clips: Sequence[Clip]) -> str:
    return fingerprint.of_data([[clip.id, clip.label, clip.speaker, dict(clip.attributes)] for clip in clips])
