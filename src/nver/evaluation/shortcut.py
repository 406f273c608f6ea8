"""The shortcut baseline: what length, level and silence of a clip say about its label, under the same folds.

A corpus whose anger is loud and whose sadness is long can be classified without listening to a voice. What a
system reaches is to be read beside what these numbers reach alone, not beside chance alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation import intervals, tallies
from nver.evaluation.folds import Fold
from nver.types import Labels

N_TREES = 30
MIN_CLIPS_A_LEAF = 20
"""Smaller leaves learn single clips by heart."""


@dataclass(frozen=True)
class Shortcut:
    """Scores of the shortcut baseline, pooled over all tested clips, as fractions of one.

    Attributes:
        uar_low: Lower end of the 95 % interval of ``uar`` over speakers, or over clips where speakers are
            unknown; NaN for fewer than two speakers.
        majority: The accuracy of always guessing the most frequent class of the tested clips.
    """

    accuracy: float
    macro_f1: float
    uar: float
    uar_low: float
    majority: float

    def to_json(self) -> dict[str, Any]:
        """Plain data, with None for what is not defined."""
        fields = ("accuracy", "macro_f1", "uar", "uar_low", "majority")
        return {name: None if np.isnan(x := getattr(self, name)) else round(x, 6) for name in fields}

    def sentence(self, n_classes: int) -> str:
        """The figures in percent, beside those of chance."""
        return (
            f"length, level and silence alone reach {100 * self.accuracy:.1f} % accuracy, "
            f"{100 * self.macro_f1:.1f} % macro F1, {100 * self.uar:.1f} % UAR "
            f"(chance: {100 / n_classes:.1f} % UAR)"
        )


def guesses(features: npt.NDArray[np.floating], truth: Labels, folds: Sequence[Fold], *, seed: int) -> Labels:
    """What a small forest that is trained on each fold's training rows guesses for its test rows.

    Args:
        features: (n_clips, n_features), finite.
        truth: (n_clips,) class indices.
        folds: No clip is tested twice.
        seed: Of the forest.

    Returns:
        (n_clips,) class indices; -1 where a clip is tested in no fold.

    Raises:
        MetricError: Features and classes are out of step.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    if features.ndim != 2 or len(features) != len(truth):
        raise MetricError(f"features of shape {features.shape} came with {len(truth)} classes")
    guess = np.full(len(truth), -1, np.int64)
    for fold in folds:
        forest = ExtraTreesClassifier(N_TREES, min_samples_leaf=MIN_CLIPS_A_LEAF, random_state=seed)
        forest.fit(features[fold.train], truth[fold.train])
        guess[fold.test] = forest.predict(features[fold.test])
    return guess


def score(truth: Labels, guess: Labels, *, n_classes: int, speakers: Sequence[str | None]) -> Shortcut:
    """The scores of guesses, with the lower end of the interval of UAR.

    Args:
        truth: (n_clips,) class indices of the tested clips.
        guess: (n_clips,) indices.
        n_classes: Classes of the corpus.
        speakers: Who is heard in each, None where unknown: such clips are drawn alone.

    Raises:
        MetricError: As ``tallies.tally`` and ``tallies.units_of``.
    """
    units = tallies.units_of(speakers, n_clips=len(truth))
    each = tallies.tally(truth, guess, units.numbers, n_classes=n_classes)
    reached = {name: float(figure(each.sum(axis=0))) for name, figure in tallies.FIGURES.items()}
    low = intervals.of_scores(each).scores["uar"].low if len(units) > 1 else float("nan")
    majority = float(np.bincount(truth).max() / len(truth))
    return Shortcut(**reached, uar_low=low, majority=majority)
