"""Which of several systems is better on the same clips, by how much, and how sure one can be of it.

Results that differ in name and seed alone are one system: their confusion matrices are averaged over the
seeds. Whether a difference is there is asked in three ways (``nver.evaluation.paired``); what is said in
words rests on the interval over speakers and on the swaps of whole speakers, corrected for all pairs (Holm).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nver import fingerprint
from nver.errors import ResultError
from nver.evaluation import intervals, paired, tallies
from nver.evaluation.intervals import Interval
from nver.evaluation.tallies import ScoreName, Tallies, Units
from nver.evaluation.verdict import Pair
from nver.results import Predictions, Result

SCORES: tuple[ScoreName, ...] = ("accuracy", "macro_f1", "uar")
FEW_UNITS = 10
"""Of fewer speakers 92 to 93 % of 95 % intervals hold the truth (docs/numerics.md)."""
TITLES: dict[ScoreName, str] = {"accuracy": "accuracy", "macro_f1": "macro F1", "uar": "UAR"}


@dataclass(frozen=True, eq=False)
class System:
    """One or more results that differ by seed alone.

    Attributes:
        name: Unique among those that are compared.
        results: In the order they came.
        tally: (S, 3, C) of each unit, the mean over the results.
        scores: Pooled over all clips, with intervals.
    """

    name: str
    results: tuple[Result, ...]
    tally: Tallies
    scores: dict[ScoreName, Interval]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the results."""
        return tuple(result.experiment.seed for result in self.results)


@dataclass(frozen=True, eq=False)
class Differences:
    """All systems and all pairs of them, under every score.

    Attributes:
        labels: The classes.
        n_clips: Tested clips, the same ones of every system.
        units: What was drawn and swapped as a whole.
        protocols: How clips were divided, each once.
        systems: In the order they came.
        pairs: By score, the pairs of the best first, the other system falling.
    """

    labels: tuple[str, ...]
    n_clips: int
    units: Units
    protocols: tuple[str, ...]
    systems: tuple[System, ...]
    pairs: dict[ScoreName, tuple[Pair, ...]]

    def ranked(self, score: ScoreName) -> tuple[System, ...]:
        """Systems, the best first."""
        return tuple(sorted(self.systems, key=lambda system: -system.scores[score].value))

    def against_best(self, score: ScoreName) -> tuple[Pair, ...]:
        """The pairs of the best system."""
        best = self.ranked(score)[0].name
        return tuple(pair for pair in self.pairs[score] if pair.a == best)

    @property
    def method(self) -> str:
        """How intervals and p-values were made, in three sentences."""
        first, *others = next(iter(self.pairs.values()))
        n_swaps = f"{first.permutation.n_swaps:,} assignments" + (
            ", all that there are" if first.permutation.is_exact else ""
        )
        swapped = "whole speakers" if self.units.n_speakers else "clips"
        return (
            f"{intervals_over(self.units)} p: permutation test that swaps {swapped} between the two systems "
            f"({n_swaps}). Holm: p corrected for all {1 + len(others)} pairs."
        )


def intervals_over(units: Units) -> str:
    """How an interval was made, in a sentence."""
    rough = f"; of fewer than {FEW_UNITS} they are a little too narrow" if len(units) < FEW_UNITS else ""
    return f"95 % intervals: bootstrap over {units.text}{rough}."


def units_of(made: Predictions) -> Units:
    """What is drawn and swapped as a whole."""
    return tallies.units_of(made.speakers, n_clips=len(made.clip_ids))


def tally(result: Result, units: Units) -> Tallies:
    """(S, 3, C) of a result."""
    made = result.predictions
    return tallies.tally(made.truth, made.guess, units.numbers, n_classes=len(result.labels))


def n_systems(results: Sequence[Result]) -> int:
    """How many systems results are of."""
    return len({system_key(result) for result in results})


def compare(results: Sequence[Result], *, names: Sequence[str] | None = None, seed: int = 0) -> Differences:
    """Every system against every other, on the clips that all were tested on.

    Args:
        results: Of two systems or more, tested on the same clips, under whatever protocol.
        names: What each result is called; None for the names of their experiments.
        seed: Of the draws.

    Raises:
        ResultError: Results were tested on different clips or classes, are of one system, or are of a single
            speaker.

    Source:
        ``nver.evaluation.intervals`` and ``nver.evaluation.paired`` name theirs.
    """
    if not results:
        raise ResultError("there are no results to compare")
    for other in results[1:]:
        _require_same_clips(results[0], other)
    units = units_of(results[0].predictions)
    if len(units) < 2:
        raise ResultError("all clips are of one speaker: no interval over speakers can be had")
    groups = _by_system(results, names or [result.experiment.name for result in results])
    if len(groups) < 2:
        raise ResultError(f"there are results of '{next(iter(groups))}' alone; compare two systems or more")
    systems = tuple(_system(name, group, units, seed) for name, group in groups.items())
    return Differences(
        labels=results[0].labels,
        n_clips=len(units.numbers),
        units=units,
        protocols=tuple(dict.fromkeys(result.experiment.folds.protocol for result in results)),
        systems=systems,
        pairs=_all_pairs(systems, seed),
    )


def _all_pairs(systems: Sequence[System], seed: int) -> dict[ScoreName, tuple[Pair, ...]]:
    couples = list(combinations(range(len(systems)), 2))
    gaps = [intervals.of_differences(systems[i].tally, systems[j].tally, seed=seed) for i, j in couples]
    swapped = [paired.permutation(systems[i].tally, systems[j].tally, seed=seed) for i, j in couples]
    found: dict[ScoreName, tuple[Pair, ...]] = {}
    for score in SCORES:
        corrected = paired.holm([permutation[score].p_value for permutation in swapped])
        pairs = [
            _pair(score, systems[i], systems[j], gap[score], permutation[score], p_holm)
            for (i, j), gap, permutation, p_holm in zip(couples, gaps, swapped, corrected, strict=True)
        ]
        order = {system.name: -system.scores[score].value for system in systems}
        found[score] = tuple(sorted(pairs, key=lambda pair: (order[pair.a], pair.a, order[pair.b], pair.b)))
    return found


def _pair(
    score: ScoreName,
    first: System,
    second: System,
    gap: Interval,
    permutation: paired.Permutation,
    p_holm: float,
) -> Pair:
    a, b, difference = first, second, gap
    if (b.scores[score].value, a.name) > (a.scores[score].value, b.name):
        a, b = second, first
        difference = Interval(-gap.value, -gap.high, -gap.low, gap.level)
    return Pair(
        score=score,
        a=a.name,
        b=b.name,
        difference=difference,
        permutation=permutation,
        p_holm=p_holm,
        corrected_t=_corrected_t(a, b, score),
        mcnemar=_mcnemar(a, b) if score == "accuracy" else None,
    )


def _corrected_t(a: System, b: System, score: ScoreName) -> paired.CorrectedT | None:
    """Of the differences of all folds and seeds that both were trained on."""
    by_seed = [{result.experiment.seed: result for result in system.results} for system in (a, b)]
    if by_seed[0].keys() != by_seed[1].keys() or any(len(s.results) != len(set(s.seeds)) for s in (a, b)):
        return None
    differences: list[float] = []
    ratios: list[float] = []
    for seed, of_a in by_seed[0].items():
        of_b = by_seed[1][seed]
        if not np.array_equal(of_a.predictions.fold, of_b.predictions.fold) or len(of_a.history) < 2:
            return None
        folds = [getattr(result.scores(), score).per_fold for result in (of_a, of_b)]
        differences += np.subtract(*folds).tolist()
        ratios += [past.n_test / (past.n_train + past.n_validation) for past in of_a.history]
    return paired.corrected_t(np.array(differences), test_over_train=float(np.mean(ratios)))


def _mcnemar(a: System, b: System) -> paired.McNemar | None:
    if len(a.results) > 1 or len(b.results) > 1:
        return None
    made = [system.results[0].predictions for system in (a, b)]
    return paired.mcnemar(made[0].truth, made[0].guess, made[1].guess)


def _system(name: str, results: Sequence[Result], units: Units, seed: int) -> System:
    mean = np.mean([tally(result, units) for result in results], axis=0)
    return System(name, tuple(results), mean, intervals.of_scores(mean, seed=seed).scores)


def _by_system(results: Sequence[Result], names: Sequence[str]) -> dict[str, list[Result]]:
    """Results that differ in name and seed alone, by a name for each."""
    groups: dict[str, dict[int, Result]] = {}
    for i, result in enumerate(results):
        groups.setdefault(system_key(result), {})[i] = result
    named: dict[str, list[Result]] = {}
    for group in groups.values():
        first, result = next(iter(group.items()))
        name = names[first]
        if len(group) > 1:
            name = re.sub(rf"-seed{result.experiment.seed}(?=-|$)", "", name)
        free, number = name, 2
        while free in named:
            free, number = f"{name}-{number}", number + 1
        named[free] = list(group.values())
    return named


def system_key(result: Result) -> str:
    """Digest of all that a system is but its name and seed."""
    experiment = result.experiment.model_dump(
        mode="json", exclude={"name": True, "seed": True, "corpus": {"root"}}
    )
    encoders = [encoder.get("fingerprint") for encoder in result.provenance.get("encoders", ())]
    return fingerprint.of_data([experiment, encoders])


def _require_same_clips(first: Result, other: Result) -> None:
    a, b = first.predictions, other.predictions
    names = f"'{first.experiment.name}' and '{other.experiment.name}'"
    if first.labels != other.labels:
        raise ResultError(f"{names} have different classes; compare results with the same classes")
    if a.clip_ids != b.clip_ids or not np.array_equal(a.truth, b.truth):
        counts = f"{len(a.clip_ids):,} and {len(b.clip_ids):,}"
        n_both = len(set(a.clip_ids) & set(b.clip_ids))
        raise ResultError(
            f"{names} were tested on different clips ({counts}, {n_both:,} of them in both); compare results "
            "of the same clips"
        )
