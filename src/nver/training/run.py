"""A plan from audio to results: each encoder meets a clip once, and a result is saved once it is there."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nver.corpora import open_corpus
from nver.corpora.base import Corpus
from nver.embeddings.extract import Extraction, extract
from nver.embeddings.extract import Progress as Extracting
from nver.embeddings.store import Store
from nver.encoders import Encoder, load_encoder
from nver.experiment import Experiment, Plan
from nver.results import Result, holds_result, read_summary, require_place
from nver.training.cross_validate import Progress, cross_validate, run_key


class Observer:
    """What a run tells as it goes. This one keeps silent: override what is to be shown."""

    def opened(self, corpus: Corpus) -> None:
        """The corpus was scanned."""

    def embedding(self, encoder: Encoder, progress: Extracting) -> None:
        """Some clips were embedded, or found in the store."""

    def embedded(self, encoder: Encoder, extraction: Extraction) -> None:
        """One encoder is through with all clips."""

    def started(self, experiment: Experiment, number: int, n_experiments: int) -> None:
        """An experiment begins; ``number`` counts from 1."""

    def trained(self, experiment: Experiment, progress: Progress) -> None:
        """An epoch is over."""

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        """A result is saved; or it was there already, of the same configuration on the same data."""


def run_plan(
    plan: Plan,
    *,
    out: Path,
    store: Store | None = None,
    workers: int = 2,
    skip_unreadable: bool = False,
    observer: Observer | None = None,
) -> tuple[Result, ...]:
    """Run every experiment of a plan, each into ``out/<plan>/<experiment>``.

    Whatever ends it early (Ctrl-C, a full disk), the next call goes on from there: embeddings are in the
    store, finished folds beside the results, and an experiment whose result is there, with the same
    configuration on the same data, is not run again. A result of another configuration is replaced.

    Args:
        plan: What to run.
        out: Where results go.
        store: Where embeddings are kept; the user's own when None.
        workers: Processes that decode audio.
        skip_unreadable: Go on without clips that cannot be decoded, and list them in every result.
        observer: Told how it goes.

    Returns:
        The results in the order of the plan.

    Raises:
        NverError: As from opening the corpus, loading encoders, decoding, folding and training.
        ResultError: Something that is no result lies where one would be saved.
    """
    observer = observer or Observer()
    experiments = plan.experiments()
    places = [out / plan.name / experiment.name for experiment in experiments]
    for place in places:
        require_place(place)
    corpus = open_corpus(plan.corpus.name, plan.corpus.root, **plan.corpus.options)
    observer.opened(corpus)
    embedded = _embed(
        experiments, corpus, store=store, workers=workers, skip_unreadable=skip_unreadable, observer=observer
    )
    results: list[Result] = []
    for number, (experiment, place) in enumerate(zip(experiments, places, strict=True), start=1):
        views = [embedded[spec.model_dump_json()] for spec in experiment.encoders]
        tables = [view.extraction.table for view in views]
        unreadable = dict(entry for view in views for entry in view.extraction.unreadable)
        key = run_key(experiment, corpus, tables, unreadable=unreadable)
        observer.started(experiment, number, len(experiments))
        was_there = holds_result(place) and read_summary(place)["provenance"].get("key") == key
        if was_there:
            result = Result.load(place)
        else:
            partial = place.with_name(f".{place.name}.partial")
            result = cross_validate(
                experiment,
                corpus,
                tables,
                unreadable=unreadable,
                encoders=[view.said for view in views],
                on_progress=functools.partial(observer.trained, experiment),
                checkpoint=partial,
            )
            result.save(place)
            shutil.rmtree(partial, ignore_errors=True)
        observer.finished(result, place, was_there=was_there)
        results.append(result)
    return tuple(results)


@dataclass(frozen=True)
class _View:
    """One encoder's embeddings of the corpus, and what results say about the encoder."""

    extraction: Extraction
    said: dict[str, Any]


def _embed(
    experiments: Sequence[Experiment],
    corpus: Corpus,
    *,
    store: Store | None,
    workers: int,
    skip_unreadable: bool,
    observer: Observer,
) -> dict[str, _View]:
    """One view an encoder, by its spec as JSON; each encoder is loaded once and let go before the next."""
    views: dict[str, _View] = {}
    for spec in (spec for experiment in experiments for spec in experiment.encoders):
        if spec.model_dump_json() in views:
            continue
        encoder = load_encoder(spec.name, **spec.options)
        extraction = extract(
            corpus.clips,
            encoder,
            store=store,
            workers=workers,
            skip_unreadable=skip_unreadable,
            on_progress=functools.partial(observer.embedding, encoder),
        )
        observer.embedded(encoder, extraction)
        views[spec.model_dump_json()] = _View(
            extraction,
            {
                "name": spec.name,
                "title": encoder.card.title,
                "dim": encoder.dim,
                "fingerprint": encoder.fingerprint,
                **encoder.provenance,
            },
        )
    return views
