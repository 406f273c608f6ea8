"""From an experiment to a recogniser: one head trained on a whole corpus, calibrated, saved as a bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nver.corpora.base import Corpus
from nver.embeddings.table import EmbeddingTable
from nver.encoders import Encoder
from nver.errors import TrainingError
from nver.experiment import Experiment
from nver.heads.estimators import SklearnSpec
from nver.heads.specs import HeadSpec, LateFusionSpec
from nver.recogniser.bundle import Bundle, save_bundle
from nver.recogniser.card import BundleCard, EncoderPart, HeadSystem, Seen
from nver.recogniser.page import page
from nver.recogniser.views import standard_views
from nver.results import Epoch
from nver.training import provenance
from nver.training.calibrated import Calibrated, fit_calibrated


def fit_bundle(
    experiment: Experiment,
    corpus: Corpus,
    tables: Sequence[EmbeddingTable],
    out: Path,
    *,
    encoders: Sequence[Encoder],
    licence: str | None = None,
    not_sure_below: float | None = None,
    notes: Sequence[str] = (),
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Bundle:
    """Train a head on all clips but a held-back part, which picks the epoch and then fits the temperature.

    Whole speakers are held back where all are known and there are two or more, else a share of every class;
    the experiment's ``folds`` are not looked at.

    Args:
        experiment: Head, settings and seed; its name becomes the bundle's.
        corpus: The clips; their labels are the classes.
        tables: Embeddings of the clips, one table an encoder, in the order of ``experiment.encoders``.
        out: Where the bundle goes; an earlier bundle there is replaced.
        encoders: Those that made the tables: the bundle remembers their fingerprints.
        licence: Of the weights; None names that of the corpus.
        not_sure_below: What the card says about when an answer counts as "not sure".
        notes: What else the card should say, a sentence each.
        on_epoch: Told of every epoch.

    Returns:
        What was saved.

    Raises:
        TrainingError: Tables or encoders are not those of the experiment, no bundle can hold it
            (``bundled_head``), or a loss ran away.
        SplitError: Nothing can be held back.
        StoreError: A table lacks a clip.
        BundleError: Something else lies at ``out``.
    """
    _require_in_step(experiment, tables, encoders)
    clips = corpus.clips
    head = bundled_head(experiment)
    made = fit_calibrated(
        head,
        [table.rows([clip.id for clip in clips]) for table in tables],
        np.array([corpus.labels.index(clip.label) for clip in clips], np.int64),
        class_names=corpus.labels,
        settings=experiment.training,
        seed=experiment.seed,
        speakers=[clip.speaker for clip in clips],
        on_epoch=on_epoch,
    )
    card = BundleCard(
        name=experiment.name,
        labels=corpus.labels,
        system=HeadSystem(
            head=head,
            encoders=tuple(
                EncoderPart(
                    name=spec.name, options=spec.options, dim=encoder.dim, fingerprint=encoder.fingerprint
                )
                for spec, encoder in zip(experiment.encoders, encoders, strict=True)
            ),
            standardized=experiment.training.standardize,
        ),
        temperature=made.temperature,
        views=standard_views(corpus.labels),
        seen=(
            Seen(
                corpus=corpus.card.name,
                options=dict(corpus.options),
                n_train=made.n_train,
                n_held_back=len(made.held_back),
                speakers=tuple(sorted({clip.speaker for clip in clips if clip.speaker is not None})),
            ),
        ),
        licence=licence or f"that of its training clips, {corpus.card.licence}",
        not_sure_below=not_sure_below,
        software=provenance.software(),
        notes=(*_said(made), *notes),
    )
    bundle = Bundle(card, made.trained.tensors())
    save_bundle(bundle, out, page=page(card))
    return bundle


def _said(made: Calibrated) -> list[str]:
    """What a user has to know about how it was calibrated."""
    notes = [
        f"{100 * made.accuracy:.1f} % of the {len(made.held_back):,} held-back clips were found; they picked "
        "the epoch, so that this is no test."
    ]
    if not made.is_calibrated:
        notes.append(
            "Too few clips were held back to fit a temperature: its probabilities are not calibrated."
        )
    return notes


def bundled_head(experiment: Experiment) -> HeadSpec:
    """Its head, if a bundle can hold it.

    Raises:
        TrainingError: It is a late fusion or a classifier of scikit-learn, or its settings are searched.
    """
    if isinstance(experiment.head, LateFusionSpec):
        raise TrainingError(
            f"{experiment.name}: late fusion has no head of its own; bundle one that is trained"
        )
    if isinstance(experiment.head, SklearnSpec):
        raise TrainingError(
            f"{experiment.name}: a classifier of scikit-learn can only be saved as a pickle, which runs code "
            "when it is read, so that bundles hold none; bundle one of nver's own heads"
        )
    if experiment.search is not None:
        raise TrainingError(
            f"{experiment.name}: a search chooses settings for each test part, and a bundle has none; write "
            "the settings that were chosen into the plan, and leave out [search]"
        )
    return experiment.head


def _require_in_step(
    experiment: Experiment, tables: Sequence[EmbeddingTable], encoders: Sequence[Encoder]
) -> None:
    expected = [spec.name for spec in experiment.encoders]
    if (came := [encoder.card.name for encoder in encoders]) != expected:
        raise TrainingError(
            f"{experiment.name} is on {', '.join(expected)}, and the encoders are {', '.join(came) or 'none'}"
        )
    if [table.dim for table in tables] != [encoder.dim for encoder in encoders]:
        raise TrainingError(
            f"{experiment.name}: tables of {[table.dim for table in tables]} dimensions came with "
            f"encoders of {[encoder.dim for encoder in encoders]}"
        )
