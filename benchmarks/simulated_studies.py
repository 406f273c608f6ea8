"""Are the intervals and tests of nver.evaluation right? Simulated studies with speakers who differ.

    python benchmarks/simulated_studies.py            # all; a few minutes on one core
    python benchmarks/simulated_studies.py coverage   # or tests, retrained

Three kinds of studies, 1,000 of each setting, written to results/statistics/*.csv, beside `speakers`: by how
much speakers differ in them and in results on EmoGator.

- coverage: a finished system that suits some speakers better than others (each has a confusion matrix of its
  own, logit-normal around the system's). How often does a 95 % interval hold the score that the system would
  have over all speakers there are?
- tests: two such systems that are equally good over all speakers, though not on each. How often does a test
  at 5 % say that they differ?
- retrained: heads that are really trained, in five folds of whole speakers, over several seeds, on embeddings
  with speaker offsets (nearest class mean: its training is a formula). Two heads see equally good embeddings.
  How often do tests say that they differ, and how often do intervals hold the mean score of heads trained on
  so many speakers?
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from nver.differences import tally, units_of
from nver.evaluation import intervals, paired, tallies
from nver.results import Result

N_STUDIES, N_SWAPS, ALPHA = 1000, 999, 0.05
OUT = Path(__file__).parents[1] / "results" / "statistics"

Row = dict[str, object]


@dataclass(frozen=True)
class Setting:
    """How large studies are: each speaker has between ``fewest`` and ``most`` clips, all classes alike.

    ``speakers`` says how much they differ: a key of ``SPREADS``.
    """

    n_speakers: int
    n_classes: int
    fewest: int
    most: int
    speakers: str = "as in EmoGator"

    def clips(self, rng: np.random.Generator) -> np.ndarray:
        """(S, C) clips of each speaker in each class."""
        n = rng.integers(self.fewest, self.most + 1, size=self.n_speakers)
        return n[:, None] // self.n_classes + (np.arange(self.n_classes) < (n % self.n_classes)[:, None])

    def columns(self) -> Row:
        """What a table says of it."""
        return {
            "n_speakers": self.n_speakers,
            "n_classes": self.n_classes,
            "clips_per_speaker": str(self.most) if self.fewest == self.most else f"{self.fewest}-{self.most}",
            "speakers": self.speakers,
        }


SPREADS = {"as in EmoGator": (0.3, 0.3), "strongly apart": (0.8, 0.5)}
"""Standard deviations of logits over speakers: of all hits together, and of each cell."""


@dataclass(frozen=True)
class System:
    """A system's guesses: (C, C) logits, and by how much speakers differ in all classes and in each cell."""

    logits: np.ndarray
    spread: float
    cell_spread: float

    @classmethod
    def of(cls, setting: Setting) -> System:
        """One that confuses some classes more than others."""
        c, rng = setting.n_classes, np.random.default_rng(1)
        logits = (1.2 if c < 10 else 2.0) * np.eye(c) + 0.3 * rng.normal(size=(c, c))
        return cls(logits, *SPREADS[setting.speakers])

    def confusions(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """(n, C, C) a confusion of its own for every speaker, rows sum to one."""
        c = len(self.logits)
        own = self.spread * rng.normal(size=(n, 1, 1)) * np.eye(c) + self.cell_spread * rng.normal(
            size=(n, c, c)
        )
        p = np.exp(self.logits + own)
        return p / p.sum(axis=-1, keepdims=True)

    def scores_over_all(self) -> dict[tallies.ScoreName, float]:
        """Its scores on more speakers than anybody has recorded, all classes alike."""
        rng = np.random.default_rng(2)
        mean = np.mean([self.confusions(2_000, rng).mean(axis=0) for _ in range(30)], axis=0)
        whole = np.stack([np.diag(mean), np.ones(len(mean)), mean.sum(axis=0)])
        return {name: float(figure(whole)) for name, figure in tallies.FIGURES.items()}


class Ends(NamedTuple):
    """Of an interval."""

    low: float
    high: float


COVERAGE = [
    *(Setting(n, 6, 24, 90) for n in (20, 30, 50, 10, 8, 5)),
    *(Setting(n, 6, 24, 24) for n in (20, 50, 10)),
    *(Setting(n, 30, 90, 90) for n in (20, 50)),
    *(Setting(n, 6, 24, 90, "strongly apart") for n in (20, 50)),
]


def coverage() -> Iterator[Row]:
    """A row a setting, score and method: share of the studies whose interval holds the truth."""
    for setting in COVERAGE:
        system = System.of(setting)
        truth = system.scores_over_all()
        rng = np.random.default_rng(3)
        inside: Counter[tuple[str, tallies.ScoreName]] = Counter()
        width: Counter[tuple[str, tallies.ScoreName]] = Counter()
        for study in range(N_STUDIES):
            clips = setting.clips(rng)
            counts = rng.multinomial(clips, system.confusions(setting.n_speakers, rng))
            each = _tally(counts, clips)
            for key, ends in _intervals(counts, each, seed=study, rng=rng):
                inside[key] += ends.low <= truth[key[1]] <= ends.high
                width[key] += ends.high - ends.low
        for (method, score), n in inside.items():
            yield {
                **setting.columns(),
                "score": score,
                "truth": round(truth[score], 4),
                "method": method,
                "coverage": n / N_STUDIES,
                "mean_width": round(width[method, score] / N_STUDIES, 4),
            }


def _tally(counts: np.ndarray, clips: np.ndarray) -> np.ndarray:
    hits = np.diagonal(counts, axis1=1, axis2=2)
    return np.stack([hits, clips, counts.sum(axis=1)], axis=1).astype(np.float64)


def _intervals(
    counts: np.ndarray, each: np.ndarray, *, seed: int, rng: np.random.Generator
) -> Iterator[tuple[tuple[str, tallies.ScoreName], Ends]]:
    ours = intervals.of_scores(each, seed=seed).scores
    over_speakers = tallies.weighted(intervals.weights(len(each), intervals.N_DRAWS, seed), each)
    whole = counts.sum(axis=0)
    # A draw of clips is a draw from the confusion matrix; of 900 cells it takes too long.
    cells = rng.multinomial(whole.sum(), whole.ravel() / whole.sum(), size=500 if len(whole) < 10 else 0)
    over_clips = _of_confusion(cells, whole)
    for name, figure in tallies.FIGURES.items():
        yield ("over speakers", name), Ends(ours[name].low, ours[name].high)
        yield ("over speakers, plain percentile", name), Ends(*_middle(figure(over_speakers)))
        if len(over_clips):
            yield ("over clips, plain percentile", name), Ends(*_middle(figure(over_clips)))
    found = stats.binomtest(int(np.trace(whole)), int(whole.sum())).proportion_ci(0.95, method="wilson")
    yield ("binomial (Wilson)", "accuracy"), Ends(found.low, found.high)


def _of_confusion(cells: np.ndarray, like: np.ndarray) -> np.ndarray:
    drawn = cells.reshape(-1, *like.shape)
    hits = np.diagonal(drawn, axis1=1, axis2=2)
    return np.stack([hits, drawn.sum(axis=2), drawn.sum(axis=1)], axis=1).astype(np.float64)


def _middle(draws: np.ndarray) -> np.ndarray:
    return np.quantile(draws, [ALPHA / 2, 1 - ALPHA / 2])


TESTS = [
    *(Setting(n, 6, 24, 90) for n in (20, 50, 10, 8, 5)),
    *(Setting(n, 6, 24, 24) for n in (20, 50)),
    *(Setting(n, 6, 24, 90, "strongly apart") for n in (20, 50)),
]


def tests() -> Iterator[Row]:
    """A row a setting, score and test: share of the studies of equal systems in which it rejects."""
    for setting in TESTS:
        system = System.of(setting)
        rng = np.random.default_rng(4)
        rejected: Counter[tuple[str, str]] = Counter()
        for study in range(N_STUDIES):
            clips = setting.clips(rng)
            guessed = [_guesses(clips, system.confusions(setting.n_speakers, rng), rng) for _ in range(2)]
            for key, p_value in _p_values(*guessed, n_classes=setting.n_classes, seed=study):
                rejected[key] += p_value < ALPHA
        for (test, score), n in rejected.items():
            yield {**setting.columns(), "score": score, "test": test, "rejected": n / N_STUDIES}


class Guessed(NamedTuple):
    """(n_clips,) true class, guess and speaker."""

    truth: np.ndarray
    guess: np.ndarray
    speaker: np.ndarray


def _guesses(clips: np.ndarray, confusions: np.ndarray, rng: np.random.Generator) -> Guessed:
    speaker, truth = (index.repeat(clips.ravel()) for index in np.indices(clips.shape).reshape(2, -1))
    below = confusions[speaker, truth].cumsum(axis=1) < rng.random((len(truth), 1))
    return Guessed(truth, below.sum(axis=1).clip(max=clips.shape[1] - 1), speaker)


def _p_values(
    a: Guessed, b: Guessed, *, n_classes: int, seed: int
) -> Iterator[tuple[tuple[str, str], float]]:
    first, second = (tallies.tally(g.truth, g.guess, g.speaker, n_classes=n_classes) for g in (a, b))
    gaps = intervals.of_differences(first, second, seed=seed)
    swapped = paired.permutation(first, second, n_swaps=N_SWAPS, seed=seed)
    for name in ("accuracy", "macro_f1"):
        for test, p_value in _ours(gaps[name], swapped[name]).items():
            yield (test, name), p_value
    yield ("McNemar", "accuracy"), paired.mcnemar(a.truth, a.guess, b.guess).p_value


def _ours(gap: intervals.Interval, swapped: paired.Permutation) -> dict[str, float]:
    beside_zero = 0.0 if gap.low * gap.high > 0 else 1.0
    return {
        "swap speakers": swapped.p_value,
        "interval over speakers without zero": beside_zero,
        "both (the verdict of nver compare)": max(beside_zero, swapped.p_value),
    }


@dataclass(frozen=True)
class Retraining:
    """Studies with training: five folds of whole speakers, as many seeds, so wide embeddings.

    A clip is its class's mean, its speaker's offset, that speaker's own way with the class, and noise.
    """

    setting: Setting
    n_seeds: int
    dim: int = 10
    n_folds: int = 5
    separation: float = 0.8
    offset: float = 0.7
    own_way: float = 0.6

    def embeddings(self, truth: np.ndarray, speaker: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(n_clips, dim) of one encoder; another call is another encoder, as good on the whole."""
        s, c, d = self.setting.n_speakers, self.setting.n_classes, self.dim
        # Turned unit vectors: every encoder separates the classes as well as any other.
        means = self.separation * np.sqrt(d) * np.linalg.qr(rng.normal(size=(d, d)))[0][:c]
        offsets = self.offset * rng.normal(size=(s, 1, d)) + self.own_way * rng.normal(size=(s, c, d))
        return means[truth] + offsets[speaker, truth] + rng.normal(size=(len(truth), d))

    def cross_validate(
        self, x: np.ndarray, truth: np.ndarray, speaker: np.ndarray, fold_of: np.ndarray
    ) -> np.ndarray:
        """(n_clips,) guesses of the nearest class mean, that of the folds that a clip is not in."""
        c = self.setting.n_classes
        fold = fold_of[speaker]
        one_hot = np.eye(self.n_folds * c)[fold * c + truth]  # (n_clips, F C)
        sums = (one_hot.T @ x).reshape(self.n_folds, c, -1)
        n = one_hot.sum(axis=0).reshape(self.n_folds, c, 1)
        means = (sums.sum(axis=0) - sums) / (n.sum(axis=0) - n)  # (F, C, d)
        guess = np.empty_like(truth)
        for k in range(self.n_folds):
            rows = fold == k
            guess[rows] = (x[rows] @ means[k].T - 0.5 * (means[k] ** 2).sum(axis=1)).argmax(axis=1)
        return guess


RETRAINED = [
    Retraining(Setting(20, 6, 24, 24), n_seeds=5),
    Retraining(Setting(20, 6, 24, 90), n_seeds=5),
    Retraining(Setting(50, 6, 24, 90), n_seeds=5),
    Retraining(Setting(10, 6, 24, 90), n_seeds=5),
    Retraining(Setting(20, 6, 24, 24), n_seeds=1),
    Retraining(Setting(50, 6, 24, 24), n_seeds=1),
]


def retrained() -> Iterator[Row]:
    """A row a setting and method: rejections of a true null, and coverage of the mean score."""
    for study in RETRAINED:
        rng = np.random.default_rng(5)
        rejected: Counter[str] = Counter()
        pooled: list[float] = []
        ends: dict[str, list[Ends]] = {}
        for number in range(N_STUDIES):
            found = _study(study, rng, number)
            for test, p_value in found.p_values.items():
                rejected[test] += p_value < ALPHA
            pooled.append(found.accuracy)
            for method, interval in found.intervals.items():
                ends.setdefault(method, []).append(interval)
        truth = float(np.mean(pooled))  # cross-validation is unbiased for heads of four folds' speakers
        columns = {**study.setting.columns(), "n_seeds": study.n_seeds, "truth": round(truth, 4)}
        del columns["speakers"]  # how much they differ follows from the embeddings
        for test, n in rejected.items():
            yield {**columns, "what": "rejected", "method": test, "share": n / N_STUDIES}
        for method, found_ends in ends.items():
            n = sum(low <= truth <= high for low, high in found_ends)
            yield {**columns, "what": "coverage", "method": method, "share": n / N_STUDIES}


@dataclass(frozen=True)
class Found:
    """One study: p-values of its tests, accuracy of one of the heads, and intervals around that."""

    p_values: dict[str, float]
    accuracy: float
    intervals: dict[str, Ends]


def _study(study: Retraining, rng: np.random.Generator, number: int) -> Found:
    setting = study.setting
    clips = setting.clips(rng)
    speaker, truth = (index.repeat(clips.ravel()) for index in np.indices(clips.shape).reshape(2, -1))
    views = [study.embeddings(truth, speaker, rng) for _ in range(2)]
    each: list[list[np.ndarray]] = [[], []]
    differences, guesses = [], []
    for _ in range(study.n_seeds):
        fold_of = rng.permutation(np.arange(setting.n_speakers) % study.n_folds)
        guesses = [study.cross_validate(x, truth, speaker, fold_of) for x in views]
        right = [guess == truth for guess in guesses]
        differences += [
            right[0][rows].mean() - right[1][rows].mean()
            for rows in (fold_of[speaker] == k for k in range(study.n_folds))
        ]
        for kept, guess in zip(each, guesses, strict=True):
            kept.append(tallies.tally(truth, guess, speaker, n_classes=setting.n_classes))
    a, b = (np.mean(kept, axis=0) for kept in each)
    gaps = np.array(differences)
    corrected = paired.corrected_t(gaps, test_over_train=1 / (study.n_folds - 1))
    swapped = paired.permutation(a, b, n_swaps=N_SWAPS, seed=number)["accuracy"]
    gap = intervals.of_differences(a, b, seed=number)["accuracy"]
    ours = intervals.of_scores(a, seed=number).scores["accuracy"]
    wilson = stats.binomtest(round(a[:, 0].sum()), len(truth)).proportion_ci(0.95, method="wilson")
    return Found(
        p_values={
            **_ours(gap, swapped),
            "corrected t over folds and seeds": corrected.p_value,
            "plain t over folds and seeds": float(stats.ttest_1samp(gaps, 0).pvalue),
            "McNemar (last seed)": paired.mcnemar(truth, *guesses).p_value,
        },
        accuracy=float(tallies.accuracy(a.sum(axis=0))),
        intervals={
            "over speakers": Ends(ours.low, ours.high),
            "binomial (Wilson)": Ends(wilson.low, wilson.high),
        },
    )


REAL = (
    "burst-six/fcn-burst-mamba-predefined",
    "burst-thirty/fcn-burst-mamba-predefined",
    "emogator-six/fcn-logmel-stats-speaker",
)


def speakers() -> Iterator[Row]:
    """A row a kind of simulated speakers, and a row a real result: the spread of accuracy over speakers.

    Of results the part that few clips of a speaker make by chance is taken off.
    """
    for apart, n_classes in (("as in EmoGator", 6), ("as in EmoGator", 30), ("strongly apart", 6)):
        system = System.of(Setting(1, n_classes, 1, 1, apart))
        hits = np.diagonal(system.confusions(5_000, np.random.default_rng(6)), axis1=1, axis2=2)
        yield _spread(f"simulated, {apart}", n_classes, hits.mean(axis=1).std())
    for name in REAL:
        result = Result.load(OUT.parent / name)
        units = units_of(result.predictions)
        hits, clips = tally(result, units)[:, :2].sum(axis=-1).T
        share, p = hits / clips, hits.sum() / clips.sum()
        by_chance = (p * (1 - p) / clips).mean()
        yield _spread(f"results/{name}", len(result.labels), np.sqrt(max(0.0, share.var(ddof=1) - by_chance)))


def _spread(what: str, n_classes: int, sd: float) -> Row:
    return {"what": what, "n_classes": n_classes, "sd_of_accuracy_over_speakers": round(float(sd), 4)}


KINDS: dict[str, Callable[[], Iterator[Row]]] = {
    "speakers": speakers,
    "coverage": coverage,
    "tests": tests,
    "retrained": retrained,
}


def main() -> None:
    """Simulate, print and write; what is there of a kind is written after every setting."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], default=[])
    asked = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    for kind in asked.kinds or KINDS:
        started = time.perf_counter()
        with (OUT / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = None
            for row in KINDS[kind]():
                if writer is None:
                    writer = csv.DictWriter(file, list(row), lineterminator="\n")
                    writer.writeheader()
                writer.writerow(row)
                file.flush()
                print(*row.values(), sep="  ", flush=True)
        print(f"{kind}: {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
