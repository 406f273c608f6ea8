"""Systems under several ways of folding, and how much of a score is owed to knowing the voices: the leak gap.

The same clips are tested under every protocol, so that differences are paired clip by clip. Scores are pooled
over all tested clips (a fold of one speaker may lack a class) and means over seeds; intervals draw whole
speakers, so that they say what other speakers of the same kind would have given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from nver import fingerprint
from nver.evaluation.folds import Rows
from nver.evaluation.intervals import Interval, over_speakers
from nver.evaluation.repetitions import Repetitions
from nver.experiment import CorpusSpec, FoldSpec, Protocol
from nver.report.comparison import measured_clips, system_name, with_options
from nver.results import Predictions, Result

BASELINE: Protocol = "paper"
"""The protocol that lets speakers be on both sides."""

APART: tuple[Protocol, ...] = ("speaker", "leave-one-speaker-out")
"""Protocols that do not."""

SCORES: dict[str, Callable[[Repetitions, Rows], float]] = {
    "accuracy": Repetitions.accuracy,
    "macro F1": Repetitions.macro_f1,
}
"""What tables call a score, and what it is of some of the clips."""


@dataclass(frozen=True, eq=False)
class Standing:
    """One system under one protocol.

    Attributes:
        folds: How clips were divided.
        results: One a seed, by rising seed.
    """

    folds: FoldSpec
    results: tuple[Result, ...]

    @property
    def title(self) -> str:
        """``speaker, 5 folds``."""
        return f"{self.folds.protocol}, {len(self.results[0].history)} folds"

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of its results."""
        return tuple(result.experiment.seed for result in self.results)

    @cached_property
    def repetitions(self) -> Repetitions:
        """Its guesses, once a seed."""
        first = self.results[0]
        return Repetitions(
            first.predictions.truth,
            [result.predictions.guess for result in self.results],
            n_classes=len(first.labels),
        )


@dataclass(frozen=True, eq=False)
class SideBySide:
    """One system under the protocol ``paper`` and under others, on the same clips.

    Attributes:
        system: Its name without protocol and seed.
        corpus: Which clips.
        standings: ``paper`` first.
        drawn: What intervals draw: ``speakers``, or ``clips`` where a speaker is unknown.
        n_drawn: How many of them there are.
    """

    system: str
    corpus: CorpusSpec
    standings: tuple[Standing, ...]
    drawn: str
    n_drawn: int
    _clusters: tuple[str, ...] = field(repr=False)

    @property
    def n_clips(self) -> int:
        """Tested under each protocol."""
        return len(self._clusters)

    @cached_property
    def scores(self) -> dict[str, tuple[Interval, ...]]:
        """By name of the score: one interval a standing."""
        return {
            name: tuple(
                over_speakers(partial(get, standing.repetitions), self._clusters)
                for standing in self.standings
            )
            for name, get in SCORES.items()
        }

    @cached_property
    def gaps(self) -> dict[str, tuple[Interval, ...]]:
        """By name of the score: ``paper`` less each of the other standings."""
        first, *others = (standing.repetitions for standing in self.standings)
        return {
            name: tuple(
                over_speakers(partial(_difference, get, first, other), self._clusters) for other in others
            )
            for name, get in SCORES.items()
        }

    def sentences(self) -> list[str]:
        """What the gaps mean, one sentence each score and protocol."""
        return [
            sentence(self.system, name, gap, standing)
            for name in SCORES
            for gap, standing in zip(self.gaps[name], self.standings[1:], strict=True)
        ]


def side_by_side(results: Sequence[Result]) -> tuple[SideBySide, ...]:
    """Every system that has results under ``paper`` and under a protocol that keeps speakers apart.

    Args:
        results: Any; those without a counterpart are left out.
    """
    groups: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        of_system = groups.setdefault(_system_of(result), {})
        of_system.setdefault(result.experiment.folds.model_dump_json(), []).append(result)
    found = (_of_group(list(group.values())) for group in groups.values())
    return tuple(one for one in found if one is not None)


def sentence(system: str, score: str, gap: Interval, standing: Standing) -> str:
    """One gap in plain words.

    >>> fold = Standing(FoldSpec(protocol="speaker"), ())
    >>> sentence("fcn", "accuracy", Interval(-0.002, -0.021, 0.018, 0.95), fold)
    'fcn, accuracy: `paper` is above `speaker` by -0.2 points [-2.1, 1.8]: no gap can be told from none.'
    """
    protocol = standing.folds.protocol
    value, low, high = (f"{100 * figure:.1f}" for figure in (gap.value, gap.low, gap.high))
    if gap.low > 0:
        meaning = "that much is owed to hearing the tested voices in training"
    elif gap.high < 0:
        meaning = "hearing the tested voices in training did not help"
    else:
        meaning = "no gap can be told from none"
    return (
        f"{system}, {score}: `{BASELINE}` is above `{protocol}` by {value} points [{low}, {high}]: {meaning}."
    )


def _difference(
    get: Callable[[Repetitions, Rows], float], one: Repetitions, other: Repetitions, rows: Rows
) -> float:
    return get(one, rows) - get(other, rows)


def title(corpus: CorpusSpec) -> str:
    """``emogator (labels=vivae)``."""
    return with_options(corpus.name, corpus.options)


def clusters(made: Predictions) -> tuple[tuple[str, ...], str]:
    """What an interval draws, one name a clip: speakers where all are known, else clips; and which it is."""
    speakers = tuple(speaker for speaker in made.speakers if speaker is not None)
    if len(speakers) == len(made.clip_ids) and len(set(speakers)) > 1:
        return speakers, "speakers"
    return made.clip_ids, "clips"


def _system_of(result: Result) -> str:
    """Digest of all that a score depends on but the folds and the seed."""
    experiment = result.experiment
    data = experiment.model_dump(mode="json", exclude={"name", "corpus", "folds", "seed"})
    return fingerprint.of_data([measured_clips(result), data, _name(result)])


def _name(result: Result) -> str:
    experiment = result.experiment
    return re.sub(rf"-seed{experiment.seed}$", "", system_name(experiment))


def _of_group(by_folds: Sequence[Sequence[Result]]) -> SideBySide | None:
    standings = [
        Standing(
            results[0].experiment.folds, tuple(sorted(results, key=lambda result: result.experiment.seed))
        )
        for results in by_folds
        if results[0].experiment.folds.protocol in (BASELINE, *APART)
    ]
    order = (BASELINE, *APART)
    standings.sort(key=lambda standing: order.index(standing.folds.protocol))
    protocols = [standing.folds.protocol for standing in standings]
    if protocols.count(BASELINE) != 1 or len(protocols) < 2:
        return None
    names, drawn = clusters(standings[0].results[0].predictions)
    return SideBySide(
        system=_name(standings[0].results[0]),
        corpus=standings[0].results[0].experiment.corpus,
        standings=tuple(standings),
        drawn=drawn,
        n_drawn=len(set(names)),
        _clusters=names,
    )
