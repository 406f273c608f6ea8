"""A plan from audio to results: each encoder meets a clip once, and a result is saved once it is there."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nver.audit import Audit
from nver.audit.look import hear
from nver.corpora import open_corpus
from nver.corpora.base import Corpus
from nver.embeddings.extract import Extraction, extract
from nver.embeddings.extract import Progress as Extracting
from nver.embeddings.store import Store
from nver.encoders import Encoder, load_encoder
from nver.encoders.base import is_random
from nver.errors import ResultError
from nver.experiment import CorpusSpec, EncoderSpec, Experiment
from nver.results import Result, holds_result, read_summary, require_place
from nver.training import changes
from nver.training.audit import Auditor, Seen
from nver.training.crew import N_CORES, Crew
from nver.training.cross_validate import Run
from nver.training.telling import Progress


class Runnable(Protocol):
    """What can be run: a name, one corpus, and experiments on it (``Plan``, ``TransferPlan``)."""

    @property
    def name(self) -> str:
        """Of the folder that results go into."""

    @property
    def corpus(self) -> CorpusSpec:
        """The clips of all experiments."""

    def experiments(self) -> tuple[Experiment, ...]:
        """Under different names."""


class Observer:
    """What a run tells as it goes. This one keeps silent: override what is to be shown."""

    def opened(self, corpus: Corpus) -> None:
        """The corpus was scanned."""

    def embedding(self, encoder: Encoder, progress: Extracting) -> None:
        """Some clips were embedded, or found in the store."""

    def embedded(self, encoder: Encoder, extraction: Extraction) -> None:
        """One encoder is through with all clips."""

    def audited(self, experiment: Experiment, audit: Audit) -> None:
        """The clips, folds and encoders of an experiment were looked at for leaks and shortcuts."""

    def trained(self, experiment: Experiment, progress: Progress) -> None:
        """An epoch is over; experiments overlap, and the thread that trains one tells of it."""

    def redoing(self, experiment: Experiment, directory: Path, reasons: Sequence[str]) -> None:
        """A result is there, but would come out otherwise today; each reason is a few words."""

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        """A result is saved; or it was there already, of the same configuration on the same data."""


def run_plan(
    plan: Runnable,
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
    embedded = {
        key: view(
            spec,
            load_encoder(spec.name, **spec.options),
            corpus,
            store=store,
            workers=workers,
            skip_unreadable=skip_unreadable,
            observer=observer,
        )
        for key, spec in specs(experiments).items()
    }
    auditor = auditor_of(corpus, store=store, workers=workers, skip_unreadable=skip_unreadable)
    with Crew(jobs) as crew:
        begun = [
            begin(experiment, corpus, embedded, place, crew=crew, auditor=auditor, observer=observer)
            for experiment, place in zip(experiments, places, strict=True)
        ]
        return tuple(finish(run, place, observer=observer) for run, place in zip(begun, places, strict=True))


@dataclass(frozen=True)
class View:
    """One encoder's embeddings of a corpus, what results say of the encoder, and what it was trained on."""

    extraction: Extraction
    said: dict[str, Any]
    seen: Seen


@dataclass(frozen=True)
class Begun:
    """A run that a crew works on, and what its audit found."""

    run: Run
    audit: Audit
    auditor: Auditor


def auditor_of(corpus: Corpus, *, store: Store | None, workers: int, skip_unreadable: bool) -> Auditor:
    """An auditor that listens to the corpus when it is first needed."""
    return Auditor(
        corpus,
        functools.partial(hear, corpus.clips, store=store, workers=workers, skip_unreadable=skip_unreadable),
    )


def begin(
    experiment: Experiment,
    corpus: Corpus,
    embedded: Mapping[str, View],
    place: Path,
    *,
    crew: Crew,
    auditor: Auditor,
    observer: Observer,
) -> Begun | Result:
    """A run that the crew works on; or the result that it would have, where that is there.

    Args:
        experiment: What to train.
        corpus: Its clips.
        embedded: The views of the corpus, by encoder spec as JSON.
        place: Where the result goes.
        crew: Who trains.
        auditor: Of the corpus.
        observer: Told of every epoch, and why a result that is there is not taken.
    """
    views = [embedded[spec.model_dump_json()] for spec in experiment.encoders]
    run = Run(
        experiment,
        corpus,
        [view.extraction.table for view in views],
        unreadable=dict(entry for view in views for entry in view.extraction.unreadable),
        encoders=[view.said for view in views],
    )
    if holds_result(place):
        try:
            reasons = changes.between(changes.recorded(read_summary(place)), run.made_of)
            if not reasons:
                return Result.load(place)
        except ResultError as error:  # damaged: it is made anew, and the sentence is the reason
            reasons = (str(error),)
        observer.redoing(experiment, place, reasons)
    audit = auditor.audit(
        experiment, {spec.name: view.seen for spec, view in zip(experiment.encoders, views, strict=True)}
    )
    observer.audited(experiment, audit)
    run.start(crew, on_progress=functools.partial(observer.trained, experiment), checkpoint=_partial(place))
    return Begun(run, audit, auditor)


def finish(begun: Begun | Result, place: Path, *, observer: Observer) -> Result:
    """The result that was there, or that of a run, saved with what its audit found."""
    was_there = isinstance(begun, Result)
    if isinstance(begun, Result):
        result = begun
    else:
        result = begun.auditor.noted(begun.run.result(), begun.audit)
        result.save(place)
    shutil.rmtree(_partial(place), ignore_errors=True)  # also what a kill after the saving has left
    observer.finished(result, place, was_there=was_there)
    return result


def view(
    spec: EncoderSpec,
    encoder: Encoder,
    corpus: Corpus,
    *,
    store: Store | None,
    workers: int,
    skip_unreadable: bool,
    observer: Observer,
) -> View:
    """The embeddings of a corpus, from the store or computed."""
    extraction = extract(
        corpus.clips,
        encoder,
        store=store,
        workers=workers,
        skip_unreadable=skip_unreadable,
        on_progress=functools.partial(observer.embedding, encoder),
    )
    observer.embedded(encoder, extraction)
    return View(
        extraction,
        {
            "name": spec.name,
            "title": encoder.card.title,
            "dim": encoder.dim,
            "fingerprint": encoder.fingerprint,
            **encoder.provenance,
        },
        seen={} if is_random(encoder.fingerprint) else encoder.card.seen,
    )


def specs(experiments: Sequence[Experiment]) -> dict[str, EncoderSpec]:
    """Every encoder that they use, once, by its spec as JSON."""
    return {spec.model_dump_json(): spec for experiment in experiments for spec in experiment.encoders}


def _partial(place: Path) -> Path:
    """Where the finished folds of an unfinished result lie."""
    return place.with_name(f".{place.name}.partial")
