"""From a plan to a recogniser: one system of it, trained on a whole corpus."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Protocol

from nver import config
from nver.corpora import open_corpus
from nver.embeddings.extract import Extraction, extract
from nver.embeddings.extract import Progress as Extracting
from nver.embeddings.store import Store
from nver.encoders import Encoder, load_encoder
from nver.errors import ConfigError
from nver.experiment import Experiment, Plan
from nver.names import suggest
from nver.recogniser.bundle import Bundle, require_place
from nver.results import Epoch
from nver.training.bundle import bundled_head, fit_bundle


class Observer(Protocol):
    """Whom a training tells how it goes."""

    def embedding(self, encoder: Encoder, progress: Extracting) -> None:
        """Some clips were embedded, or found in the store."""

    def embedded(self, encoder: Encoder, extraction: Extraction) -> None:
        """One encoder is through with all clips."""

    def epoch(self, figures: Epoch) -> None:
        """An epoch is over."""


def choose(plan: Plan, system: str | None, *, name: str) -> Experiment:
    """One system of a plan, under a name of its own.

    Args:
        plan: Whose ways of folding do not matter here; of several seeds the first is taken.
        system: The system's name, or its head and encoders as results are called (``fcn-logmel-stats``); None
            takes the only one.
        name: What the recogniser will be called.

    Raises:
        ConfigError: The plan has several systems and none was named, it has none of that name, or ``name``
            is none that a bundle may have.
    """
    folds = plan.folds[0]
    systems = tuple(one.model_copy(update={"protocols": ()}) for one in plan.systems)
    alone = {"folds": (folds,), "seeds": plan.seeds[:1], "systems": systems}
    experiments = plan.model_copy(update=alone).experiments()
    by_title = {one.name.removesuffix(f"-{folds.protocol}"): one for one in experiments}
    if system is None and len(by_title) > 1:
        raise ConfigError(f"{plan.name} has {len(by_title)} systems; name one of them: {', '.join(by_title)}")
    if system is not None and system not in by_title:
        raise ConfigError(f"{plan.name} has no system '{system}'. {suggest(system, list(by_title))}")
    chosen = by_title[system] if system is not None else experiments[0]
    return config.validate(Experiment, {**chosen.model_dump(), "name": name}, source=f"the bundle '{name}'")


def train_bundle(
    experiment: Experiment,
    out: Path,
    *,
    store: Store | None = None,
    workers: int = 2,
    skip_unreadable: bool = False,
    licence: str | None = None,
    not_sure_below: float | None = None,
    observer: Observer | None = None,
) -> Bundle:
    """Open the corpus, embed its clips, and fit a bundle on them (``fit_bundle``).

    Args:
        experiment: Corpus, encoders, head, settings, seed; its name becomes the bundle's.
        out: Where the bundle goes; an earlier bundle there is replaced.
        store: Where embeddings are kept; the user's own when None.
        workers: Processes that decode audio.
        skip_unreadable: Go on without clips that cannot be decoded; the card counts them.
        licence: Of the weights; None names that of the corpus.
        not_sure_below: What the card says about when an answer counts as "not sure".
        observer: Told how it goes.

    Raises:
        BundleError: Something that is no bundle lies at ``out``; said before anything is computed.
        ConfigError: ``not_sure_below`` is not between 0 and 1.
        TrainingError: No bundle can hold such a head; said before anything is computed as well.
        NverError: As from opening the corpus, loading encoders, decoding and training.
    """
    require_place(out)
    bundled_head(experiment)
    if not_sure_below is not None and not 0.0 < not_sure_below < 1.0:
        raise ConfigError(f"not sure below {not_sure_below:g}: expected a probability between 0 and 1")
    corpus = open_corpus(experiment.corpus.name, experiment.corpus.root, **experiment.corpus.options)
    encoders = [load_encoder(spec.name, **spec.options) for spec in experiment.encoders]
    extractions = []
    for encoder in encoders:
        extraction = extract(
            corpus.clips,
            encoder,
            store=store,
            workers=workers,
            skip_unreadable=skip_unreadable,
            on_progress=functools.partial(observer.embedding, encoder) if observer is not None else None,
        )
        extractions.append(extraction)
        if observer is not None:
            observer.embedded(encoder, extraction)
    unread = {clip for extraction in extractions for clip, _ in extraction.unreadable}
    readable = dataclasses.replace(
        corpus, clips=tuple(clip for clip in corpus.clips if clip.id not in unread)
    )
    return fit_bundle(
        experiment,
        readable,
        [extraction.table for extraction in extractions],
        out,
        encoders=encoders,
        licence=licence,
        not_sure_below=not_sure_below,
        notes=[f"Clips that could not be read and were left out: {len(unread):,}."] if unread else [],
        on_epoch=observer.epoch if observer is not None else None,
    )
