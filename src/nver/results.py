"""A result: every clip's prediction with all that made it; scores are derived from it, always."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nver.experiment import Experiment
from nver.types import Labels, Matrix


@dataclass(frozen=True)
class Predictions:
    """What was guessed for every tested clip, in the order of the corpus.

    Attributes:
        clip_ids: Unique.
        truth: (n_clips,) class indices.
        probabilities: (n_clips, n_classes), rows sum to one.
        fold: (n_clips,) the fold that each clip was tested in.
    """

    clip_ids: tuple[str, ...]
    truth: Labels
    probabilities: Matrix
    fold: Labels


@dataclass(frozen=True)
class Epoch:
    """One epoch of one fold: mean losses per clip and the validation scores."""

    train_loss: float
    validation_loss: float
    validation_accuracy: float
    validation_macro_f1: float


@dataclass(frozen=True)
class FoldHistory:
    """How one fold was trained; ``best_epoch`` (from 0) is the one whose weights made the predictions."""

    fold: int
    n_train: int
    n_validation: int
    n_test: int
    epochs: tuple[Epoch, ...]
    best_epoch: int


@dataclass(frozen=True)
class Result:
    """Predictions, and everything needed to know how they were made.

    Attributes:
        experiment: The whole configuration.
        labels: Class names in the order of the indices.
        predictions: Every tested clip.
        history: One entry a fold.
        provenance: Plain data: versions, fingerprints, machine, counts, parameters, unreadable clips, warnings.
    """

    experiment: Experiment
    labels: tuple[str, ...]
    predictions: Predictions
    history: tuple[FoldHistory, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
