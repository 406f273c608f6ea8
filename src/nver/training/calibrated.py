"""One head on all clips but a held-back part, which picks the epoch and then fits the temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nver.evaluation import metrics
from nver.evaluation.calibration import TEMPERATURES, fit_temperature
from nver.evaluation.folds import Fold, Rows, hold_out
from nver.experiment import TrainingSpec
from nver.heads.specs import HeadSpec
from nver.recogniser.heads import TrainedHead
from nver.results import Epoch
from nver.training.fit import Part, fit
from nver.types import Labels, Matrix


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A head that was trained on one part of the clips and calibrated on the other.

    Attributes:
        trained: The head.
        temperature: What its logits are to be divided by.
        is_calibrated: Whether there was enough to fit the temperature, which is 1 otherwise.
        held_back: Rows that picked the epoch and the temperature.
        n_train: Clips that weights were fitted to.
        accuracy: Share of the held-back clips that were found.
        n_epochs: Trained before it ended.
    """

    trained: TrainedHead
    temperature: float
    is_calibrated: bool
    held_back: Rows
    n_train: int
    accuracy: float
    n_epochs: int


def fit_calibrated(
    head: HeadSpec,
    views: Sequence[Matrix],
    truth: Labels,
    *,
    class_names: Sequence[str],
    settings: TrainingSpec,
    seed: int,
    speakers: Sequence[str | None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Calibrated:
    """Train and calibrate a head.

    Args:
        head: Which.
        views: (n_clips, dim) embeddings, one matrix an encoder.
        truth: (n_clips,) indices of ``class_names``.
        class_names: All classes.
        settings: Of the training; ``validation_share`` is held back.
        seed: Of the division and of the training.
        speakers: Who is heard in each clip. Whole speakers are held back where all are known and there are
            two or more, else a share of every class.
        on_epoch: Told of every epoch.

    Raises:
        SplitError: Nothing can be held back.
        TrainingError: A loss ran away, or embeddings are not finite.
    """
    everything = Fold("the whole corpus", np.arange(len(truth)), np.array([], np.int64))
    train, held_back = hold_out(
        truth,
        everything,
        class_names=class_names,
        share=settings.validation_share,
        seed=seed,
        speakers=_kept_apart(speakers),
    )
    held = Part(tuple(view[held_back] for view in views), truth[held_back])
    fitted = fit(
        head,
        Part(tuple(view[train] for view in views), truth[train]),
        held,
        n_classes=len(class_names),
        settings=settings,
        seed=seed,
        on_epoch=on_epoch,
    )
    trained = TrainedHead(fitted.head, fitted.scales)
    logits = trained.logits(held.views)
    temperature = fit_temperature(logits, held.truth)
    is_calibrated = (
        temperature > TEMPERATURES[0]
    )  # else every clip is right, which promises too much of others
    return Calibrated(
        trained=trained,
        temperature=temperature if is_calibrated else 1.0,
        is_calibrated=is_calibrated,
        held_back=held_back,
        n_train=len(train),
        accuracy=metrics.accuracy(held.truth, logits.argmax(axis=1)),
        n_epochs=len(fitted.epochs),
    )


def _kept_apart(speakers: Sequence[str | None] | None) -> Sequence[str | None] | None:
    """Speakers, where whole ones can be held back."""
    return None if speakers is None or None in speakers or len(set(speakers)) < 2 else speakers
