"""A plan from audio to results: each encoder meets a clip once, and a result is saved once it is there."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Mapping, Sequence
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
from nver.training.crew import N_CORES, Crew
from nver.training.cross_validate import Progress, Run


class Observer:
    """What a run tells as it goes. This one keeps silent: override what is to be shown."""

    def opened(self, corpus: Corpus) -> None:
        """The corpus was scanned."""

    def embedding(self, encoder: Encoder, progress: Extracting) -> None:
        """Some clips were embedded, or found in the store."""

    def embedded(self, encoder: Encoder, extraction: Extraction) -> None:
        """One encoder is through with all clips."""

    def trained(self, experiment: Experiment, progress: Progress) -> None:
        """An epoch is over; experiments overlap, and the thread that trains one tells of it."""

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        """A result is saved; or it was there already, of the same configuration on the same data."""


def run_plan(
    plan: Plan,
    *,
    out: Path,
    store: Store | None = None,
    workers: int = 2,
    jobs: int = N_CORES,
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
        jobs: Folds that are trained at once, on one core each; results are the same with any number.
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
    with Crew(jobs) as crew:
        begun = [
            _begin(experiment, corpus, embedded, place, crew=crew, observer=observer)
            for experiment, place in zip(experiments, places, strict=True)
        ]
        return tuple(_finish(run, place, observer=observer) for run, place in zip(begun, places, strict=True))


def _begin(
    experiment: Experiment,
    corpus: Corpus,
    embedded: Mapping[str, _View],
    place: Path,
    *,
    crew: Crew,
    observer: Observer,
) -> Run | None:
    """A run that the crew works on; None when its result is there."""
    views = [embedded[spec.model_dump_json()] for spec in experiment.encoders]
    run = Run(
        experiment,
        corpus,
        [view.extraction.table for view in views],
        unreadable=dict(entry for view in views for entry in view.extraction.unreadable),
        encoders=[view.said for view in views],
    )
    if holds_result(place) and read_summary(place)["provenance"].get("key") == run.key:
        return None
    run.start(crew, on_progress=functools.partial(observer.trained, experiment), checkpoint=_partial(place))
    return run


def _finish(run: Run | None, place: Path, *, observer: Observer) -> Result:
    """The result that is there, or that of a run, saved."""
    if run is None:
        result = Result.load(place)
    else:
        result = run.result()
        result.save(place)
        shutil.rmtree(_partial(place), ignore_errors=True)
    observer.finished(result, place, was_there=run is None)
    return result


def _partial(place: Path) -> Path:
    """Where the finished folds of an unfinished result lie."""
    return place.with_name(f".{place.name}.partial")


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
