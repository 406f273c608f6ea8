"""A pair of systems, all that was asked about it, and the answer in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from nver.evaluation import paired
from nver.evaluation.intervals import Interval
from nver.evaluation.tallies import ScoreName

ALPHA = 0.05
"""Below so large a p-value a difference counts."""


@dataclass(frozen=True)
class Pair:
    """Two systems under one score.

    Attributes:
        score: Which.
        a: Name of one, of a score as high or higher.
        b: Name of the other.
        difference: ``a`` minus ``b``, as a fraction of one.
        permutation: Of whole speakers.
        p_holm: Its p-value, corrected for all pairs.
        corrected_t: None where the two have not the same folds and seeds, or a single fold.
        mcnemar: Of accuracy; None for another score or several seeds.
    """

    score: ScoreName
    a: str
    b: str
    difference: Interval
    permutation: paired.Permutation
    p_holm: float
    corrected_t: paired.CorrectedT | None
    mcnemar: paired.McNemar | None

    @property
    def is_told_apart(self) -> bool:
        """Zero is outside the interval, and swaps of speakers rarely make such a difference.

        Of few speakers, whose heads were trained on each other, either alone says so a little too often
        (docs/numerics.md).
        """
        is_beside_zero = self.difference.low > 0 or self.difference.high < 0
        return is_beside_zero and self.permutation.p_value < ALPHA

    @property
    def verdict(self) -> str:
        """In plain words, in points of a hundred."""
        gap = self.difference
        if not self.is_told_apart:
            around = f"{signed(gap.value)} points, {signed(gap.low)} to {signed(gap.high)}"
            return f"{self.a} and {self.b} cannot be told apart ({around})"
        points, low, high = 100 * gap.value, 100 * gap.low, 100 * gap.high
        said = f"{self.a} is better than {self.b} by {points:.1f} points, {low:.1f} to {high:.1f}"
        return said if self.p_holm < ALPHA else f"{said}, though not after Holm's correction"


def signed(share: float) -> str:
    """Points of a hundred, with one decimal and a sign.

    >>> signed(0.0125), signed(-0.0304), signed(-0.0004)
    ('+1.2', '−3.0', '0.0')
    """
    points = round(100 * share, 1)
    return f"{points:+.1f}".replace("-", "−") if points else "0.0"
