"""Which results may stand in one table, and what tells them apart there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from nver import fingerprint
from nver.differences import Differences, intervals_over, n_systems, system_key, tally, units_of
from nver.differences import compare as differences_of
from nver.evaluation import intervals
from nver.evaluation.intervals import ScoreIntervals
from nver.evaluation.metrics import Scores
from nver.evaluation.tallies import Units
from nver.experiment import CorpusSpec, EncoderSpec, Experiment, FoldSpec
from nver.heads.estimators import SklearnSpec
from nver.heads.specs import SystemSpec
from nver.report.certainty import Certainty, certainty_of
from nver.results import Result

MOST_IN_PAIRS = 12
"""Systems of a comparison that are set against each other: 66 pairs."""


@dataclass(frozen=True, eq=False)
class Row:
    """One result as it is printed.

    Attributes:
        system: Its name, unique within its table and fit for a file.
        settings: The training settings and the seed, where other rows of the table have others.
    """

    system: str
    encoders: str
    head: str
    settings: str
    result: Result
    scores: Scores

    @cached_property
    def intervals(self) -> ScoreIntervals | None:
        """Of every pooled score; None where all clips are of one speaker."""
        units = units_of(self.result.predictions)
        return intervals.of_scores(tally(self.result, units)) if len(units) > 1 else None

    @cached_property
    def certainty(self) -> Certainty:
        """Whether its probabilities mean what they say."""
        return certainty_of(self.result.predictions)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Results on the same clips, with the same classes, divided in the same way: they may be compared.

    Attributes:
        slug: Unique among the comparisons of a report and fit for a file name.
        settings: The training settings and the seed, as far as all rows share them.
    """

    slug: str
    corpus: CorpusSpec
    labels: tuple[str, ...]
    folds: FoldSpec
    settings: str
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """``emogator (labels=vivae), 6 classes, protocol speaker``."""
        return f"{corpus_name(self.corpus)}, {len(self.labels)} classes, protocol {self.folds.protocol}"

    @cached_property
    def units(self) -> Units:
        """What intervals draw as a whole."""
        return units_of(self.rows[0].result.predictions)

    @property
    def interval_note(self) -> str:
        """How intervals were made."""
        if len(self.units) < 2:
            return "No intervals: all clips are of one speaker."
        return intervals_over(self.units)

    @cached_property
    def differences(self) -> Differences | None:
        """The systems against each other, seeds together; the best by macro F1, where there are very many.

        None where there is a single system, or a single speaker.
        """
        pooled: dict[str, list[float]] = {}
        for row in self.rows:
            pooled.setdefault(system_key(row.result), []).append(row.scores.macro_f1.pooled)
        best = sorted(pooled, key=lambda key: -fmean(pooled[key]))[:MOST_IN_PAIRS]
        rows = [row for row in self.rows if system_key(row.result) in best]
        if len(self.units) < 2 or n_systems([row.result for row in rows]) < 2:
            return None
        return differences_of([row.result for row in rows], names=[row.system for row in rows])

    @property
    def n_clips(self) -> int:
        """Tested clips: the same ones in every row."""
        return len(self.rows[0].result.predictions.clip_ids)

    @property
    def n_folds(self) -> int:
        """Test parts."""
        return len(self.rows[0].result.history)

    @property
    def macro_f1_of_largest_class(self) -> float:
        """The macro F1 of always guessing the most frequent class."""
        share = self.largest_class_share
        return 2 * share / (1 + share) / len(set(self.rows[0].result.predictions.truth.tolist()))

    @property
    def largest_class_share(self) -> float:
        """The accuracy of always guessing the most frequent class."""
        counts = Counter(self.rows[0].result.predictions.truth.tolist())
        return max(counts.values()) / self.n_clips


def compare(results: Sequence[Result]) -> tuple[Comparison, ...]:
    """Results in as many tables as there are sets of comparable ones, in the order they were given in."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(measured_on(result), []).append(result)
    slugs = _unique(_slug(group[0]) for group in groups.values())
    return tuple(_comparison(slug, group) for slug, group in zip(slugs, groups.values(), strict=True))


def corpus_name(corpus: CorpusSpec) -> str:
    """``emogator (labels=vivae)``: its name, and its options; ``a + b`` for corpora that were joined."""
    if parts := corpus.options.get("parts"):
        return " + ".join(parts)
    return with_options(corpus.name, corpus.options)


def with_options(name: str, options: Mapping[str, Any]) -> str:
    """``reno (shift=0.0)``; the name alone without options."""
    return f"{name} ({', '.join(f'{key}={value}' for key, value in options.items())})" if options else name


def measured_on(result: Result) -> str:
    """Digest of all that a score depends on but the system: tested clips, their classes, and the folds."""
    folds = result.experiment.folds.model_dump(mode="json")
    return fingerprint.of_data([measured_clips(result), folds])


def measured_clips(result: Result) -> str:
    """Digest of the tested clips and their classes."""
    made = result.predictions
    return fingerprint.of_data(
        {
            # another machine has another root
            "corpus": result.experiment.corpus.model_dump(mode="json", exclude={"root"}),
            "labels": list(result.labels),
            "clips": [list(made.clip_ids), made.truth.tolist()],
        }
    )


def _comparison(slug: str, results: Sequence[Result]) -> Comparison:
    first = results[0]
    settings = [_settings(result.experiment) for result in results]
    shared = {key: value for key, value in settings[0].items() if all(s.get(key) == value for s in settings)}
    names = _unique(system_name(result.experiment) for result in results)
    return Comparison(
        slug=slug,
        corpus=first.experiment.corpus,
        labels=first.labels,
        folds=first.experiment.folds,
        settings=settings_text(shared),
        rows=tuple(
            Row(
                system=name,
                encoders=" + ".join(encoder_name(encoder) for encoder in result.experiment.encoders),
                head=head_name(result.experiment.head),
                settings=settings_text({key: value for key, value in own.items() if key not in shared}),
                result=result,
                scores=result.scores(),
            )
            for name, own, result in zip(names, settings, results, strict=True)
        ),
    )


def system_name(experiment: Experiment) -> str:
    """The experiment's name without the protocol, which stands above its table."""
    return experiment.name.removesuffix(f"-{experiment.folds.protocol}")


def encoder_name(encoder: EncoderSpec) -> str:
    """``logmel-stats (bands=40)``: its name, and its options."""
    return with_options(encoder.name, encoder.options)


def head_name(head: SystemSpec) -> str:
    """``reno (shift=0.0)``: its kind, and what it changes; ``svm (C=2.0)``: its parameters."""
    if isinstance(head, SklearnSpec):
        return with_options(head.name, head.parameters)
    usual = type(head)().model_dump()
    return with_options(
        head.kind, {key: value for key, value in head.model_dump().items() if value != usual[key]}
    )


def training_settings(experiment: Experiment) -> dict[str, Any]:
    """How its head is trained, and what is searched for."""
    searched = experiment.search
    return {
        **experiment.training.model_dump(mode="json"),
        **({f"search of {', '.join(searched.space)}": f"{searched.n_trials} trials"} if searched else {}),
    }


def _settings(experiment: Experiment) -> dict[str, Any]:
    return {**training_settings(experiment), "seed": experiment.seed}


def settings_text(settings: Mapping[str, Any]) -> str:
    """``lr=0.001, patience=none``."""
    return ", ".join(f"{key}={'none' if value is None else value}" for key, value in settings.items())


def _slug(result: Result) -> str:
    experiment = result.experiment
    return f"{experiment.corpus.name}-{len(result.labels)}-classes-{experiment.folds.protocol}"


def _unique(names: Iterable[str]) -> list[str]:
    """Each name once: a second ``a`` becomes ``a-2``, or the next number that is free."""
    taken: list[str] = []
    for name in names:
        free = name
        number = 2
        while free in taken:
            free = f"{name}-{number}"
            number += 1
        taken.append(free)
    return taken
