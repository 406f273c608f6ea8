"""Whether one system is better than another on the same clips: tests, and what each takes for granted.

``permutation`` swaps whole speakers between the two systems, and so is right however alike a speaker's clips
are. ``corrected_t`` asks another question: would heads trained on other clips differ as well. ``mcnemar``
takes clips for independent, which clips of one speaker are not; it is here because reviewers ask for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from nver.errors import MetricError
from nver.evaluation import tallies
from nver.evaluation.intervals import LEVEL, MANY, Interval, require_paired
from nver.evaluation.metrics import Shares
from nver.evaluation.tallies import FIGURES, ScoreName, Tallies
from nver.types import Labels

N_SWAPS = 9_999
EXACT_UP_TO = 13
"""Units of which every assignment (2**13 = 8,192) is tried rather than some drawn."""

N_SWAPS_OF_MANY = 1_999
"""Of clips whose speakers are unknown."""

FEW_DISCORDANT = 25
"""Below so many clips that one system alone got right, McNemar's test is the exact binomial one."""


@dataclass(frozen=True)
class Permutation:
    """A test that swaps whole speakers.

    Attributes:
        p_value: Two-sided.
        n_swaps: How many assignments of speakers to the systems were tried.
        is_exact: Whether these are all that there are.
    """

    p_value: float
    n_swaps: int
    is_exact: bool


@dataclass(frozen=True)
class CorrectedT:
    """The corrected resampled t-test.

    Attributes:
        p_value: Two-sided.
        statistic: Student's t.
        n_differences: Folds times seeds.
        interval: Of the mean difference.
    """

    p_value: float
    statistic: float
    n_differences: int
    interval: Interval


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of clips taken for independent.

    Attributes:
        p_value: Two-sided.
        n_only_a: Clips that the first system alone got right.
        n_only_b: Clips that the second alone got right.
        is_exact: The binomial test, rather than chi-square with Edwards' correction.
    """

    p_value: float
    n_only_a: int
    n_only_b: int
    is_exact: bool


def permutation(
    a: Tallies, b: Tallies, *, n_swaps: int = N_SWAPS, seed: int = 0
) -> dict[ScoreName, Permutation]:
    """How often a difference as large comes about when chance says which system a speaker's guesses are of.

    Args:
        a: (S, 3, C) of one system.
        b: (S, 3, C) of another, unit by unit of the same clips.
        n_swaps: Assignments to draw, where there are too many to try them all.
        seed: Of the draws.

    Returns:
        For each score the share of assignments whose difference is at least as large, either way; of drawn
        ones with one added above and below, so that it is never zero.

    Raises:
        MetricError: The tallies are not of the same clips.

    Source:
        Phipson and Smyth (2010), "Permutation p-values should never be zero", SAGMB 9; Winkler et al. (2015),
        "Multi-level block permutation", NeuroImage 123 (whole blocks).

    >>> good, bad = np.ones((3, 3, 1)), np.array([[[0.0], [1], [1]]] * 3)
    >>> permutation(good, bad)["accuracy"]  # all three speakers, or none, of eight assignments
    Permutation(p_value=0.25, n_swaps=8, is_exact=True)
    """
    require_paired(a, b)
    is_exact = len(a) <= EXACT_UP_TO
    gained = _gained(b - a, n_swaps=n_swaps, seed=seed, is_exact=is_exact)  # what the first gets by the swap
    first, second = a.sum(axis=0), b.sum(axis=0)
    found: dict[ScoreName, Permutation] = {}
    for name, figure in FIGURES.items():
        observed = abs(float(figure(first) - figure(second)))
        # Equal differences are sums in another order: a hair's breadth below still counts.
        is_as_large = np.abs(figure(first + gained) - figure(second - gained)) >= observed - 1e-12
        n_more = 0 if is_exact else 1
        p_value = (int(is_as_large.sum()) + n_more) / (len(gained) + n_more)
        found[name] = Permutation(p_value, len(gained), is_exact)
    return found


def _gained(gains: Tallies, *, n_swaps: int, seed: int, is_exact: bool) -> Tallies:
    """(n, 3, C): the sum of the (S, 3, C) gains of the units that are swapped, each by the toss of a coin."""
    n_units = len(gains)
    if is_exact:
        return tallies.weighted(np.array(list(product((0.0, 1.0), repeat=n_units))), gains)
    rng = np.random.default_rng(seed)
    if n_units <= MANY:
        tosses = rng.integers(2, size=(n_swaps, n_units), dtype=np.int8)
        return tallies.weighted(tosses.astype(np.float64), gains)
    # Of equal clips it matters how many are swapped, and of most a swap changes nothing.
    kinds, n_of_kind = tallies.kinds_of(gains[gains.any(axis=(1, 2))])
    n = min(n_swaps, N_SWAPS_OF_MANY)
    return tallies.weighted(rng.binomial(n_of_kind, 0.5, size=(n, len(kinds))).astype(np.float64), kinds)


def corrected_t(differences: Shares, *, test_over_train: float, level: float = LEVEL) -> CorrectedT:
    """Student's t-test of the folds' differences, with a variance that knows that training parts overlap.

    Folds share training clips and are not independent; the plain test takes them so and finds differences
    where there are none. The variance of the mean is (1/J + n_test / n_train) s^2 rather than s^2 / J.

    Args:
        differences: (J,) of the score, one a fold and seed.
        test_over_train: Clips tested in a fold, over clips it was trained on.
        level: Between 0 and 1.

    Raises:
        MetricError: There are fewer than two differences.

    Source:
        Nadeau and Bengio (2003), "Inference for the generalization error", Machine Learning 52; Bouckaert and
        Frank (2004), "Evaluating the replicability of significance tests" (repeated folds).

    >>> round(corrected_t(np.array([0.01, 0.02, 0.03, 0.02, 0.01]), test_over_train=0.25).p_value, 3)
    0.033
    """
    from scipy import stats

    n = len(differences)
    if n < 2:
        raise MetricError(f"the corrected t-test needs two folds or more, got {n}")
    mean = float(np.mean(differences))
    error = math.sqrt((1 / n + test_over_train) * float(np.var(differences, ddof=1)))
    if error == 0:
        statistic, p_value = (math.copysign(math.inf, mean), 0.0) if mean else (0.0, 1.0)
    else:
        statistic = mean / error
        p_value = float(2 * stats.t.sf(abs(statistic), df=n - 1))
    reach = float(stats.t.ppf((1 + level) / 2, df=n - 1)) * error
    return CorrectedT(p_value, statistic, n, Interval(mean, mean - reach, mean + reach, level))


def mcnemar(truth: Labels, guess_a: Labels, guess_b: Labels) -> McNemar:
    """Whether two systems get as many clips right, were clips independent: several of a speaker are not.

    Args:
        truth: (n_clips,) class indices.
        guess_a: (n_clips,) of one system.
        guess_b: (n_clips,) of the other.

    Source:
        McNemar (1947), "Note on the sampling error of the difference between correlated proportions".

    >>> mcnemar(np.zeros(6, int), np.zeros(6, int), np.array([0, 1, 1, 1, 1, 1])).p_value
    0.0625
    """
    from statsmodels.stats.contingency_tables import mcnemar as of_table

    right_a, right_b = truth == guess_a, truth == guess_b
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    if not only_a + only_b:
        return McNemar(1.0, 0, 0, is_exact=True)
    is_exact = only_a + only_b < FEW_DISCORDANT
    found = of_table([[0, only_a], [only_b, 0]], exact=is_exact, correction=True)
    return McNemar(float(found.pvalue), only_a, only_b, is_exact)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p-value corrected for how many there are.

    Source:
        Holm (1979), "A simple sequentially rejective multiple test procedure".

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return ()
    return tuple(float(p) for p in multipletests(list(p_values), method="holm")[1])
