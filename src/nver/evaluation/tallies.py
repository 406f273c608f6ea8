"""What scores need to know of each speaker, so that a draw of speakers is one product of matrices.

    S  units: speakers, or lone clips where nobody knows who is heard
    C  classes
    D  draws

Accuracy, UAR, macro F1 and each class's figures depend on a confusion matrix through its diagonal and its
sums alone: hits, clips and guesses of each class. Those add up over speakers, so that the confusion of a draw
is the sum of its speakers' and 1,000 draws are (D, S) @ (S, 3 C). ``nver.evaluation.metrics`` is the slow
definition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from nver.errors import MetricError
from nver.evaluation.metrics import Shares
from nver.types import Labels

Tallies: TypeAlias = npt.NDArray[np.float64]
"""(..., 3, n_classes) hits, clips and guesses of each class."""

ScoreName = Literal["accuracy", "macro_f1", "uar"]


@dataclass(frozen=True, eq=False)
class Units:
    """What is drawn as a whole: a speaker with all clips; a clip alone where its speaker is unknown.

    Attributes:
        numbers: (n_clips,) the unit of each clip, from 0.
        n_speakers: How many of the units are speakers.
        n_lone_clips: How many are clips of nobody known.
    """

    numbers: Labels
    n_speakers: int
    n_lone_clips: int

    def __len__(self) -> int:
        return self.n_speakers + self.n_lone_clips

    @property
    def text(self) -> str:
        """Over what intervals are: ``20 speakers``, or how many clips, and why not speakers."""
        if not self.n_lone_clips:
            return f"{self.n_speakers:,} speakers"
        if not self.n_speakers:
            return f"{self.n_lone_clips:,} clips, whose speakers are unknown: too narrow if speakers differ"
        return f"{self.n_speakers:,} speakers and {self.n_lone_clips:,} clips whose speakers are unknown"


def units_of(speakers: Sequence[str | None], *, n_clips: int) -> Units:
    """Whole speakers as far as they are known.

    Args:
        speakers: (n_clips,) None where unknown; () where nothing is known of any clip.
        n_clips: How many clips there are.

    Raises:
        MetricError: ``speakers`` is neither empty nor one a clip.

    >>> units_of(["bob", "ann", "bob", None], n_clips=4).numbers.tolist()
    [1, 0, 1, 2]
    """
    told = speakers or [None] * n_clips
    if len(told) != n_clips:
        raise MetricError(f"{len(told)} speakers came with {n_clips} clips; expected one a clip, or none")
    names = sorted({name for name in told if name is not None})
    number_of = {name: i for i, name in enumerate(names)}
    numbers = np.array([number_of.get(name, -1) if name is not None else -1 for name in told], np.int64)
    lone = np.flatnonzero(numbers < 0)
    numbers[lone] = len(names) + np.arange(len(lone))
    return Units(numbers, n_speakers=len(names), n_lone_clips=len(lone))


def tally(truth: Labels, guess: Labels, units: Labels, *, n_classes: int) -> Tallies:
    """(S, 3, C) float64: hits, clips and guesses of each unit in each class.

    Args:
        truth: (n_clips,) indices in ``range(n_classes)``.
        guess: (n_clips,) indices, in the same order.
        units: (n_clips,) the unit of each clip, from 0, every unit with a clip.
        n_classes: Classes of the corpus.

    Raises:
        MetricError: There are no clips, the three differ in length, or an index is no class.

    >>> tally(np.array([0, 1]), np.array([0, 0]), np.array([0, 1]), n_classes=2).tolist()
    [[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]]
    """
    if not (np.shape(truth) == np.shape(guess) == np.shape(units) == (np.size(truth),)):
        raise MetricError(
            f"truth {np.shape(truth)}, guess {np.shape(guess)} and units {np.shape(units)}: "
            "expected one index a clip in each"
        )
    if not np.size(truth):
        raise MetricError("there are no clips to score")
    for name, indices in (("truth", truth), ("guess", guess)):
        if np.min(indices) < 0 or np.max(indices) >= n_classes:
            raise MetricError(f"{name} holds an index outside 0..{n_classes - 1}")
    n_units = int(units.max()) + 1
    is_hit = truth == guess

    def counted(rows: Labels, classes: Labels) -> Labels:
        cells = np.bincount(rows * n_classes + classes, minlength=n_units * n_classes)
        return cells.reshape(n_units, n_classes)

    parts = [counted(units[is_hit], truth[is_hit]), counted(units, truth), counted(units, guess)]
    return np.stack(parts, axis=1).astype(np.float64)


def weighted(weights: npt.NDArray[np.float64], each: Tallies) -> Tallies:
    """(D, 3, C): the sum of the units' tallies in each of D draws of (D, S) weights."""
    return np.tensordot(weights, each, axes=1)


def kinds_of(each: Tallies) -> tuple[Tallies, Labels]:
    """(K, ...) units that differ, and (K,) how many of each; much quicker than ``np.unique`` of rows.

    >>> kinds_of(np.array([[[1.0]], [[0.0]], [[1.0]]]))[1].tolist()
    [2, 1]
    """
    numbers: dict[bytes, int] = {}
    number_of = np.array([numbers.setdefault(unit.tobytes(), len(numbers)) for unit in each], np.int64)
    firsts = np.unique(number_of, return_index=True)[1]
    return each[firsts], np.bincount(number_of)


def accuracy(of: Tallies) -> Shares:
    """(...,) as ``metrics.accuracy``."""
    return np.asarray(of[..., 0, :].sum(axis=-1) / of[..., 1, :].sum(axis=-1))


def macro_f1(of: Tallies) -> Shares:
    """(...,) as ``metrics.macro_f1``: over the classes that have a clip or a guess."""
    return _mean_share(2 * of[..., 0, :], of[..., 1, :] + of[..., 2, :])


def unweighted_average_recall(of: Tallies) -> Shares:
    """(...,) as ``metrics.unweighted_average_recall`` that leaves out classes without a clip."""
    return _mean_share(of[..., 0, :], of[..., 1, :])


def recall(of: Tallies) -> Shares:
    """(..., C); NaN for a class without a clip."""
    return _share(of[..., 0, :], of[..., 1, :])


def precision(of: Tallies) -> Shares:
    """(..., C); NaN for a class that is never guessed."""
    return _share(of[..., 0, :], of[..., 2, :])


def f1(of: Tallies) -> Shares:
    """(..., C); NaN for a class with neither clip nor guess."""
    return _share(2 * of[..., 0, :], of[..., 1, :] + of[..., 2, :])


FIGURES: MappingProxyType[ScoreName, Callable[[Tallies], Shares]] = MappingProxyType(
    {"accuracy": accuracy, "macro_f1": macro_f1, "uar": unweighted_average_recall}
)
"""Scores of one number."""


def _mean_share(part: Tallies, whole: Tallies) -> Shares:
    """Mean over the classes whose share is defined; a sum is several times faster than ``nanmean``."""
    defined = whole > 0
    shares = np.divide(part, whole, out=np.zeros_like(part), where=defined)
    return np.asarray(shares.sum(axis=-1) / defined.sum(axis=-1))


def _share(part: Tallies, whole: Tallies) -> Shares:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
