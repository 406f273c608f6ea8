"""Scores of clips that were drawn again, a thousand draws at once.

A score is a function of a confusion matrix, and the matrix of a draw of speakers is a sum of theirs. So no
clip is touched twice: draws are weights, and one product gives all matrices.

    G  groups that are drawn: speakers
    C  classes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation.metrics import confusion_matrix
from nver.types import Labels

Confusions = npt.NDArray[np.int64]
Figures = npt.NDArray[np.float64]
Figure = Callable[[Confusions], Figures]


def confusions(
    truth: Labels,
    guess: Labels,
    *,
    n_classes: int,
    speakers: Sequence[str | None],
    n_draws: int = 1000,
    seed: int = 0,
) -> Confusions | None:
    """Confusion matrices of draws with replacement: of whole speakers, or of clips where one is unknown.

    Args:
        truth: (n_clips,) class indices.
        guess: (n_clips,) indices.
        n_classes: Classes of the corpus.
        speakers: Who is heard in each clip. None among them, or a single speaker, draws clips.
        n_draws: How often.
        seed: Of the draws.

    Returns:
        (n_draws, C, C), rows are true classes; None for a single clip, which cannot vary.

    Raises:
        MetricError: Speakers and clips are out of step, or as ``metrics.confusion_matrix``.

    Source:
        Field and Welsh (2007), "Bootstrapping clustered data", JRSS B 69 (the randomised cluster bootstrap).
    """
    if len(speakers) != len(truth):
        raise MetricError(f"{len(truth)} clips came with {len(speakers)} speakers; expected one a clip")
    pooled = confusion_matrix(truth, guess, n_classes=n_classes)
    if len(truth) < 2:
        return None
    rng = np.random.default_rng(seed)
    if not draws_speakers(speakers):
        used = np.flatnonzero(pooled)
        drawn = np.zeros((n_draws, n_classes**2), np.int64)
        drawn[:, used] = rng.multinomial(len(truth), pooled.ravel()[used] / len(truth), size=n_draws)
        return drawn.reshape(n_draws, n_classes, n_classes)
    names, group = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
    of_group = np.zeros((len(names), n_classes**2), np.int64)  # (G, C C)
    np.add.at(of_group, (group, np.asarray(truth) * n_classes + np.asarray(guess)), 1)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_draws)  # (n_draws, G)
    drawn = (times.astype(np.float64) @ of_group).astype(np.int64)  # exact: float64 holds these integers
    return drawn.reshape(n_draws, n_classes, n_classes)


def draws_speakers(speakers: Sequence[str | None]) -> bool:
    """Whether ``confusions`` draws whole speakers: all are known, and there are two or more.

    >>> draws_speakers(["ann", "bob"]), draws_speakers(["ann", None]), draws_speakers(["ann", "ann"])
    (True, False, False)
    """
    return None not in speakers and len(set(speakers)) > 1


def accuracy(counts: Confusions) -> Figures:
    """(...,) of (..., C, C): the share of the clips whose class was found."""
    shares: Figures = np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))
    return shares


def macro_f1(counts: Confusions) -> Figures:
    """(...,) of (..., C, C): the mean of F1 over classes with a clip or a guess."""
    there = counts.sum(axis=-1) + counts.sum(axis=-2)
    return _mean(2 * np.diagonal(counts, axis1=-2, axis2=-1), there)


def uar(counts: Confusions) -> Figures:
    """(...,) of (..., C, C): the mean of recall over classes with a clip."""
    return _mean(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def _mean(part: Confusions, whole: Confusions) -> Figures:
    """Over the classes whose ``whole`` is not zero."""
    shares = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    means: Figures = shares.sum(axis=-1) / (whole > 0).sum(axis=-1)
    return means
