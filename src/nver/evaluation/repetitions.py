"""Scores of the same clips guessed several times over, once a seed, as means over the repetitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nver.errors import MetricError
from nver.evaluation.folds import Rows
from nver.types import Labels


class Repetitions:
    """Guesses of one set of clips, one set of guesses a seed.

    Args:
        truth: (n_clips,) indices in ``range(n_classes)``.
        guesses: One (n_clips,) array a repetition, in the same order.
        n_classes: Classes of the corpus, including any that these clips lack.

    Raises:
        MetricError: There is no repetition, or one has another number of clips.
    """

    def __init__(self, truth: Labels, guesses: Sequence[Labels], *, n_classes: int) -> None:
        if not guesses or any(np.shape(guess) != np.shape(truth) for guess in guesses):
            raise MetricError(
                f"truth of shape {np.shape(truth)} came with guesses of shapes "
                f"{[np.shape(guess) for guess in guesses]}; expected one a clip, and one array or more"
            )
        self._n_classes = n_classes
        offsets = np.arange(len(guesses))[:, None] * n_classes**2
        # A cell of one confusion matrix after the other: counting them counts all matrices at once.
        self._cells = offsets + np.asarray(truth) * n_classes + np.stack(guesses)

    def accuracy(self, rows: Rows) -> float:
        """Share of these clips that were found, mean of the repetitions; a row may be there twice."""
        counts = self._counts(rows)
        return float(np.trace(counts, axis1=1, axis2=2).mean() / len(rows))

    def macro_f1(self, rows: Rows) -> float:
        """Mean over classes that are there or guessed of F1 over these clips, mean of the repetitions."""
        counts = self._counts(rows)
        hits = np.einsum("scc->sc", counts)
        all_of_class = counts.sum(axis=1) + counts.sum(axis=2)
        with np.errstate(invalid="ignore"):
            f1 = 2 * hits / all_of_class  # 0 / 0 is NaN: undefined
        return float(np.nanmean(f1, axis=1).mean())

    def _counts(self, rows: Rows) -> np.ndarray[tuple[int, int, int], np.dtype[np.int64]]:
        """(n_repetitions, n_classes, n_classes) confusion matrices, rows are true classes."""
        n_repetitions, n = len(self._cells), self._n_classes
        counts = np.bincount(self._cells[:, rows].ravel(), minlength=n_repetitions * n**2)
        return counts.reshape(n_repetitions, n, n)
