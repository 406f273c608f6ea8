"""Systems that were trained under several seeds: one line each, with intervals, beside a reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from nver.errors import ConfigError
from nver.evaluation.intervals import Interval
from nver.evaluation.metrics import ClassScore, Score, Scores
from nver.evaluation.repeats import FIGURES, N_DRAWS, Repeated, over_seeds_and_speakers, repeated
from nver.experiment import Experiment, Plan
from nver.names import suggest
from nver.report.certainty import Certainty, certainty_of
from nver.report.comparison import Comparison, Row, compare, system_name
from nver.report.tables import SCORES
from nver.results import Predictions


@dataclass(frozen=True)
class Layout:
    """In which order and under which headings systems stand, and what they are compared with.

    Attributes:
        reference: A system's name without its seed; "" takes the first.
        groups: System -> the heading above it, in the order in which they are drawn. Systems that are not in
            it come last, without a heading.
    """

    reference: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_plan(cls, plan: Plan) -> Layout:
        """The order, headings and reference that a plan names."""
        return cls(plan.reference, {system.title: system.group for system in plan.systems})


@dataclass(frozen=True, eq=False)
class Line:
    """One system over its seeds.

    Attributes:
        system: Its name without the seed.
        group: The heading that it stands below, or "".
        rows: One a seed, in the order of the seeds.
        scores: By heading (``accuracy``...): pooled over all tested clips, mean of the seeds.
        differences: The same less the reference's, seeds paired; empty for the reference itself and where
            fewer than two seeds are in both.
    """

    system: str
    group: str
    rows: tuple[Row, ...]
    scores: Mapping[str, Interval]
    differences: Mapping[str, Interval]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the rows."""
        return tuple(row.result.experiment.seed for row in self.rows)

    @property
    def kind(self) -> str:
        """Of its head."""
        return self.rows[0].result.experiment.head.kind

    def per_seed(self, score: str) -> list[float]:
        """The pooled figure of every seed."""
        return [SCORES[score](row.scores).pooled for row in self.rows]


@dataclass(frozen=True, eq=False)
class Repeats:
    """The repeated systems of a comparison.

    Attributes:
        comparison: Whose rows they are.
        reference: The system that differences are to.
        lines: In the order of the layout.
        drawn: What the intervals draw beside seeds: ``speakers``, or ``clips`` where a speaker is unknown.
        level: Of the intervals.
    """

    comparison: Comparison
    reference: str
    lines: tuple[Line, ...]
    drawn: str
    level: float

    @property
    def statement(self) -> str:
        """How the figures are to be read."""
        seeds = sorted({len(line.seeds) for line in self.lines})
        many = f"{seeds[0]} seeds" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
        n = sum(bool(line.differences) for line in self.lines)
        by_chance = f"{(1 - self.level) * n:.1f}".removesuffix(".0")
        return (
            f"Pooled over all tested clips, mean of {many}. Intervals: {100 * self.level:g} %, "
            f"bootstrap that draws {self.drawn} and seeds, each with replacement. Differences to "
            f"{self.reference} are paired by seed and clip; of {n} such intervals about {by_chance} would "
            "leave out 0 by chance."
        )


def find_repeats(
    comparison: Comparison, layout: Layout | None = None, *, level: float = 0.95, n_draws: int = N_DRAWS
) -> Repeats | None:
    """The systems of a comparison that differ from each other in more than the seed, each once.

    Args:
        comparison: Any.
        layout: Order, headings and reference.
        level: Of the intervals.
        n_draws: Of each interval: the nearer the level is to 1, the more it takes.

    Returns:
        Those with two seeds or more; None if there is none.

    Raises:
        ConfigError: The layout's reference is not among them.
    """
    layout = layout or Layout()
    found = {name: rows for name, rows in by_system(comparison).items() if len(rows) > 1}
    if not found:
        return None
    order = [name for name in layout.groups if name in found]
    order += [name for name in found if name not in order]
    reference = layout.reference or order[0]
    if reference not in found:
        raise ConfigError(
            f"the reference '{reference}' has no results of several seeds. {suggest(reference, order)}"
        )
    clusters, drawn = _clusters(comparison)
    counts = {name: _counts(found[name], clusters, len(comparison.labels)) for name in order}
    draw = partial(over_seeds_and_speakers, level=level, n_draws=n_draws)
    lines = tuple(
        Line(
            system=name,
            group=layout.groups.get(name, ""),
            rows=found[name],
            scores={score: draw(figure, counts[name]) for score, figure in FIGURES.items()},
            differences={} if name == reference else _differences(draw, counts[name], counts[reference]),
        )
        for name in order
    )
    return Repeats(comparison, reference, lines, drawn, level)


def by_system(comparison: Comparison) -> dict[str, tuple[Row, ...]]:
    """Rows that differ by seed alone (and by the seed at the end of their names), by the name without it."""
    groups: dict[tuple[str, str], dict[int, Row]] = {}
    for row in comparison.rows:
        experiment = row.result.experiment
        alike = experiment.model_dump_json(exclude={"seed", "name", "corpus"})
        key = (unseeded_name(experiment), alike)
        if experiment.seed in groups.get(key, {}):
            key = (row.system, alike)  # the same once more is no repetition
        groups.setdefault(key, {})[experiment.seed] = row
    found: dict[str, tuple[Row, ...]] = {}
    for (name, _), group in groups.items():
        rows = tuple(group[seed] for seed in sorted(group))
        found[name if len(rows) > 1 and name not in found else rows[0].system] = rows
    return found


def unseeded_name(experiment: Experiment) -> str:
    """``reno-paper`` of ``reno-paper-seed3-speaker``."""
    return system_name(experiment).removesuffix(f"-seed{experiment.seed}")


def join(comparison: Comparison) -> Comparison:
    """The comparison with one row for all seeds of a system; itself where nothing is repeated.

    A joined row's scores are over the folds of all seeds, its confusion matrix is the sum of theirs, and its
    result is that of its first seed.
    """
    systems = by_system(comparison)
    if all(len(rows) == 1 for rows in systems.values()):
        return comparison
    firsts = compare([rows[0].result for rows in systems.values()])[0]
    rows = tuple(
        _join_rows(first, name, own) for first, (name, own) in zip(firsts.rows, systems.items(), strict=True)
    )
    longest = max(systems.values(), key=len)
    return replace(
        firsts, slug=comparison.slug, settings=_seeds_for_seed(firsts.settings, longest), rows=rows
    )


@dataclass(frozen=True, eq=False)
class _JoinedRow(Row):
    """A system over its seeds. Its intervals are those of its ``Line``."""

    rows: tuple[Row, ...]

    @cached_property
    def intervals(self) -> None:
        return None

    @cached_property
    def certainty(self) -> Certainty:
        """Of the probabilities under all seeds; intervals draw a speaker with the clips of every seed."""
        made = [row.result.predictions for row in self.rows]
        return certainty_of(
            Predictions(
                clip_ids=tuple(f"{clip}, {i}" for i, one in enumerate(made) for clip in one.clip_ids),
                truth=np.concatenate([one.truth for one in made]),
                probabilities=np.concatenate([one.probabilities for one in made]),
                fold=np.concatenate([one.fold for one in made]),
                speakers=tuple(speaker for one in made for speaker in one.speakers),
            )
        )


def _join_rows(first: Row, name: str, rows: tuple[Row, ...]) -> Row:
    if len(rows) == 1:
        return replace(first, system=name)
    return _JoinedRow(
        system=name,
        encoders=first.encoders,
        head=first.head,
        settings=_seeds_for_seed(first.settings, rows),
        result=first.result,
        scores=join_scores(rows),
        rows=rows,
    )


def join_scores(rows: Sequence[Row]) -> Scores:
    """Over the folds of all rows: the same clips, tested under several seeds."""
    each = [row.scores for row in rows]

    def joined(get: Callable[[Scores], Score]) -> Score:
        return over_folds([get(scores) for scores in each])

    return Scores(
        accuracy=joined(lambda scores: scores.accuracy),
        macro_f1=joined(lambda scores: scores.macro_f1),
        uar=joined(lambda scores: scores.uar),
        per_class=tuple(_of_class(same) for same in zip(*(scores.per_class for scores in each), strict=True)),
        confusion=np.sum([scores.confusion for scores in each], axis=0),
    )


def over_folds(each: Sequence[Score]) -> Score:
    """One score of the folds of several results; ``pooled`` is the mean of their pooled figures."""
    per_fold = tuple(share for score in each for share in score.per_fold)
    return Score(
        mean=float(np.mean(per_fold)),
        sd=float(np.std(per_fold, ddof=1)) if len(per_fold) > 1 else float("nan"),
        pooled=float(np.mean([score.pooled for score in each])),
        per_fold=per_fold,
    )


def _of_class(same: Sequence[ClassScore]) -> ClassScore:
    def mean(figures: list[float]) -> float:
        defined = [figure for figure in figures if not math.isnan(figure)]
        return sum(defined) / len(defined) if defined else float("nan")

    return ClassScore(
        same[0].label,
        mean([score.precision for score in same]),
        mean([score.recall for score in same]),
        mean([score.f1 for score in same]),
        same[0].support,
    )


def _seeds_for_seed(settings: str, rows: Sequence[Row]) -> str:
    seeds = [row.result.experiment.seed for row in rows]
    listed = f"seeds={' '.join(map(str, seeds))}" if len(seeds) > 1 else f"seed={seeds[0]}"
    return settings.replace(f"seed={seeds[0]}", listed)


def _clusters(comparison: Comparison) -> tuple[list[str], str]:
    """What is drawn as a whole, and what it is called."""
    made = comparison.rows[0].result.predictions
    known = [speaker for speaker in made.speakers if speaker is not None]
    if len(known) == len(made.clip_ids) and len(set(known)) > 1:
        return known, "speakers"
    return list(made.clip_ids), "clips (not every speaker is known, so these intervals are too narrow)"


def _counts(rows: Sequence[Row], clusters: Sequence[str], n_classes: int) -> Repeated:
    guesses = {row.result.experiment.seed: row.result.predictions.guess for row in rows}
    return repeated(rows[0].result.predictions.truth, guesses, clusters, n_classes=n_classes)


def _differences(draw: Callable[..., Interval], system: Repeated, reference: Repeated) -> dict[str, Interval]:
    shared = [seed for seed in system.seeds if seed in reference.seeds]
    if len(shared) < 2:
        return {}
    pair = system.of(shared), reference.of(shared)
    return {score: draw(figure, *pair) for score, figure in FIGURES.items()}
