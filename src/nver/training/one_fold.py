"""One fold: a head is trained on its training part and says what the clips of its test part are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nver.evaluation.folds import Fold, Names, Rows, hold_out
from nver.experiment import TrainingSpec
from nver.heads.estimators import SklearnSpec
from nver.heads.specs import HeadSpec, TrainedSpec
from nver.results import Epoch
from nver.training.estimators import fit_estimator
from nver.training.fit import Part, fit
from nver.types import Matrix


@dataclass(frozen=True, eq=False)
class Material:
    """What the folds of an experiment are cut from.

    Attributes:
        whole: Every clip.
        class_names: Classes in the order of their indices.
        speakers: Who is heard in each clip, where whole speakers are kept apart; else None.
    """

    whole: Part
    class_names: tuple[str, ...]
    speakers: Names | None

    def part(self, rows: Rows) -> Part:
        """Some of the clips."""
        return Part(tuple(view[rows] for view in self.whole.views), self.whole.truth[rows])


@dataclass(frozen=True, eq=False)
class Learnt:
    """What became of a fold.

    Attributes:
        probabilities: (n_test, n_classes) of the test clips, in the order of their rows.
        n_train: Clips that weights were fitted to.
        n_validation: Clips that picked the epoch.
        epochs: None for a classifier that has no epochs.
        best_epoch: From 0.
        n_parameters: Fitted numbers; None where there is no such number.
        probabilities_are: Where probabilities come from.
        notes: What a reader has to know, a sentence each.
        temperature: What logits were divided by.
    """

    probabilities: Matrix
    n_train: int
    n_validation: int
    epochs: tuple[Epoch, ...]
    best_epoch: int
    n_parameters: int | None
    probabilities_are: str
    notes: tuple[str, ...] = ()
    temperature: float = 1.0


def learn(
    head: TrainedSpec,
    material: Material,
    fold: Fold,
    *,
    settings: TrainingSpec,
    seed: int,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_batch: Callable[[], None] | None = None,
) -> Learnt:
    """Train on a fold's training rows, predict its test rows.

    Args:
        head: What to train.
        material: All clips; those in neither part of the fold are not looked at.
        fold: Which rows.
        settings: Of the training loop.
        seed: Of every draw.
        on_epoch: Told of every epoch.
        on_batch: Called now and then; raising from it ends the training.

    Raises:
        SplitError: Nothing can be held back to pick an epoch.
        TrainingError: A loss ran away, or a classifier refuses the clips.
    """
    if isinstance(head, SklearnSpec):
        return _classified(head, material, fold, settings=settings, seed=seed, on_batch=on_batch)
    return _trained(head, material, fold, settings=settings, seed=seed, on_epoch=on_epoch, on_batch=on_batch)


def _classified(
    head: SklearnSpec,
    material: Material,
    fold: Fold,
    *,
    settings: TrainingSpec,
    seed: int,
    on_batch: Callable[[], None] | None,
) -> Learnt:
    if on_batch is not None:
        on_batch()
    fitted = fit_estimator(
        head,
        material.part(fold.train),
        n_classes=len(material.class_names),
        settings=settings,
        seed=seed,
    )
    return Learnt(
        probabilities=fitted.predict(material.part(fold.test).views),
        n_train=len(fold.train),
        n_validation=0,
        epochs=(),
        best_epoch=0,
        n_parameters=fitted.n_parameters,
        probabilities_are=fitted.probabilities_are,
        notes=tuple(f"{fold.name}: {note}" for note in fitted.notes),
    )


def _trained(
    head: HeadSpec,
    material: Material,
    fold: Fold,
    *,
    settings: TrainingSpec,
    seed: int,
    on_epoch: Callable[[Epoch], None] | None,
    on_batch: Callable[[], None] | None,
) -> Learnt:
    train, validation = hold_out(
        material.whole.truth,
        fold,
        class_names=material.class_names,
        share=settings.validation_share,
        seed=seed,
        speakers=material.speakers,
    )
    fitted = fit(
        head,
        material.part(train),
        material.part(validation),
        n_classes=len(material.class_names),
        settings=settings,
        seed=seed,
        on_epoch=on_epoch,
        on_batch=on_batch,
    )
    return Learnt(
        probabilities=fitted.predict(material.part(fold.test).views),
        n_train=len(train),
        n_validation=len(validation),
        epochs=fitted.epochs,
        best_epoch=fitted.best_epoch,
        n_parameters=sum(weight.numel() for weight in fitted.head.parameters()),
        probabilities_are="softmax of the logits",
        temperature=fitted.temperature,
    )
