"""Scores of guesses, in fractions of one.

An undefined figure is NaN and never zero: the recall of a class without a clip, the precision of a class
that was never guessed. F1 is ``2 hits / (clips + guesses)``, so that it is undefined only for a class with
neither, and zero for one that was never found. Macro F1 is the mean over the classes for which F1 is
defined, UAR over those that have a clip; that is scikit-learn's ``f1_score(average="macro")`` and
``balanced_accuracy_score``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.types import Labels

Counts: TypeAlias = npt.NDArray[np.int64]
"""(n_classes, n_classes) numbers of clips: a row is a true class, a column a guessed one."""

Shares: TypeAlias = npt.NDArray[np.float64]
"""(n_classes,) fractions of one; NaN where undefined."""


@dataclass(frozen=True)
class Score:
    """One figure over the folds.

    Attributes:
        mean: Of the folds: what the study's tables print.
        sd: Standard deviation over the folds (n - 1 below the line); NaN for a single fold.
        pooled: Over all tested clips at once.
        per_fold: In the order of the folds.
    """

    mean: float
    sd: float
    pooled: float
    per_fold: tuple[float, ...]


@dataclass(frozen=True)
class ClassScore:
    """How one class fared over all tested clips; ``support`` is the number of its clips."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False)
class Scores:
    """All figures of one set of predictions; ``confusion`` is pooled, rows are true classes."""

    accuracy: Score
    macro_f1: Score
    uar: Score
    per_class: tuple[ClassScore, ...]
    confusion: Counts


def confusion_matrix(truth: Labels, guess: Labels, *, n_classes: int) -> Counts:
    """Numbers of clips by true class (row) and guessed class (column).

    Args:
        truth: (n_clips,) indices in ``range(n_classes)``.
        guess: (n_clips,) indices, in the same order.
        n_classes: Classes of the corpus, including any that these clips lack.

    Raises:
        MetricError: There are no clips, the two differ in length, or an index is no class.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), n_classes=2).tolist()
    [[1, 1], [0, 1]]
    """
    truth, guess = np.asarray(truth), np.asarray(guess)
    if truth.shape != guess.shape or truth.ndim != 1:
        raise MetricError(
            f"truth has shape {truth.shape} and guess {guess.shape}; expected one index a clip in both"
        )
    if truth.size == 0:
        raise MetricError("there are no clips to score")
    for name, indices in (("truth", truth), ("guess", guess)):
        if indices.min() < 0 or indices.max() >= n_classes:
            raise MetricError(f"{name} holds an index outside 0..{n_classes - 1}")
    cells = np.bincount(truth * n_classes + guess, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)


def accuracy(truth: Labels, guess: Labels) -> float:
    """Share of the clips whose class was found.

    Raises:
        MetricError: There are no clips, or the two differ in length.

    >>> accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.75
    """
    n_classes = 1 + max(int(np.max(truth, initial=0)), int(np.max(guess, initial=0)))
    return _accuracy(confusion_matrix(truth, guess, n_classes=n_classes))


def macro_f1(truth: Labels, guess: Labels, *, n_classes: int) -> float:
    """Mean of F1 over the classes that have a clip or a guess.

    Args:
        truth: (n_clips,) indices in ``range(n_classes)``.
        guess: (n_clips,) indices, in the same order.
        n_classes: Classes of the corpus, including any that this fold lacks.

    Returns:
        A fraction in [0, 1].

    Raises:
        MetricError: As for ``confusion_matrix``.

    >>> round(macro_f1(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), n_classes=2), 4)
    0.4286
    """
    return _macro_f1(confusion_matrix(truth, guess, n_classes=n_classes))


def unweighted_average_recall(
    truth: Labels, guess: Labels, *, n_classes: int, absent: Literal["refuse", "leave out"] = "refuse"
) -> float:
    """Mean over classes of the share of that class's clips that were found.

    Args:
        truth: (n_clips,) indices in ``range(n_classes)``.
        guess: (n_clips,) indices, in the same order.
        n_classes: Classes of the corpus, including any that this fold lacks.
        absent: What to do about a class without a clip: refuse to give a figure, or leave it out of the mean.

    Returns:
        A fraction in [0, 1].

    Raises:
        MetricError: ``absent`` is "refuse" and a class has no clip in ``truth``: its recall is undefined.

    Source:
        Schuller, Steidl, Batliner (2009), "The INTERSPEECH 2009 Emotion Challenge".

    >>> unweighted_average_recall(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), n_classes=2)
    0.5
    """
    counts = confusion_matrix(truth, guess, n_classes=n_classes)
    missing = np.flatnonzero(counts.sum(axis=1) == 0)
    if absent == "refuse" and missing.size:
        raise MetricError(
            f"class {missing[0]} has no clip, so that its recall is undefined; absent='leave out' omits it"
        )
    return _uar(counts)


def scores(truth: Labels, guess: Labels, fold: Labels, *, labels: Sequence[str]) -> Scores:
    """All figures: mean and spread over folds, pooled, by class, and the confusion matrix.

    In a fold whose test part lacks a class, UAR is the mean over the classes that it has.

    Args:
        truth: (n_clips,) class indices.
        guess: (n_clips,) indices, in the same order.
        fold: (n_clips,) the fold that each clip was tested in.
        labels: Class names in the order of the indices.

    Raises:
        MetricError: As for ``confusion_matrix``, or ``fold`` differs from ``truth`` in length.
    """
    if np.shape(fold) != np.shape(truth):
        raise MetricError(
            f"truth has shape {np.shape(truth)} and fold {np.shape(fold)}; expected one fold a clip"
        )
    pooled = confusion_matrix(truth, guess, n_classes=len(labels))
    per_fold = [
        confusion_matrix(truth[fold == i], guess[fold == i], n_classes=len(labels)) for i in np.unique(fold)
    ]
    return Scores(
        accuracy=_score(_accuracy, pooled, per_fold),
        macro_f1=_score(_macro_f1, pooled, per_fold),
        uar=_score(_uar, pooled, per_fold),
        per_class=tuple(
            ClassScore(label, float(p), float(r), float(f1), int(n))
            for label, p, r, f1, n in zip(
                labels, _precision(pooled), _recall(pooled), _f1(pooled), pooled.sum(axis=1), strict=True
            )
        ),
        confusion=pooled,
    )


def _score(figure: Callable[[Counts], float], pooled: Counts, per_fold: Sequence[Counts]) -> Score:
    values = tuple(figure(counts) for counts in per_fold)
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Score(mean=float(np.mean(values)), sd=sd, pooled=figure(pooled), per_fold=values)


def _accuracy(counts: Counts) -> float:
    return float(np.trace(counts) / counts.sum())


def _macro_f1(counts: Counts) -> float:
    return float(np.nanmean(_f1(counts)))


def _uar(counts: Counts) -> float:
    return float(np.nanmean(_recall(counts)))


def _recall(counts: Counts) -> Shares:
    return _share(np.diag(counts), counts.sum(axis=1))


def _precision(counts: Counts) -> Shares:
    return _share(np.diag(counts), counts.sum(axis=0))


def _f1(counts: Counts) -> Shares:
    return _share(2 * np.diag(counts), counts.sum(axis=1) + counts.sum(axis=0))


def _share(part: Labels, whole: Labels) -> Shares:
    with np.errstate(invalid="ignore"):
        return np.asarray(part / whole)  # 0 / 0 is NaN: undefined
