"""Which results belong into which cell of the study's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nver.differences import tally, units_of
from nver.evaluation.intervals import Interval, of_scores
from nver.evaluation.metrics import Score
from nver.experiment import Protocol
from nver.report.comparison import head_name, measured_on, settings_text, training_settings, with_options
from nver.report.notices import Notice, notices
from nver.report.repeats import over_folds
from nver.report.study.published import HEADS, Published, published, published_cell
from nver.results import Result


@dataclass(frozen=True, eq=False)
class Ours:
    """What we measured for one published cell: one result, or several that differ by seed alone."""

    results: tuple[Result, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the results, in their order."""
        return tuple(result.experiment.seed for result in self.results)

    def interval(self, name: Literal["accuracy", "macro_f1"]) -> Interval | None:
        """Of the pooled figure, the seeds' confusion matrices averaged; None for a single speaker."""
        units = units_of(self.results[0].predictions)
        if len(units) < 2:
            return None
        return of_scores(np.mean([tally(result, units) for result in self.results], axis=0)).scores[name]

    def score(self, name: Literal["accuracy", "macro_f1"]) -> Score:
        """Over the folds of all seeds; ``pooled`` is the mean of the seeds' pooled figures."""
        return over_folds([getattr(result.scores(), name) for result in self.results])


@dataclass(frozen=True, eq=False)
class StudyTable:
    """Table I or II under one protocol, with as many of its cells as there are results for.

    Every corpus stands for one set of tested clips, every kind of head for one setting, every encoder for
    one set of options: results that differ in those are in another table.

    Attributes:
        number: ``I`` or ``II``.
        slug: Unique among the tables of a report and fit for a file name.
        protocol: How clips were divided.
        settings: How heads were trained, the same for all cells.
        ours: By published cell, in the study's order.
        missing: Published cells that there is no result for.
    """

    number: str
    slug: str
    protocol: Protocol
    settings: str
    ours: Mapping[Published, Ours]
    missing: tuple[Published, ...]

    @property
    def cells(self) -> tuple[Published, ...]:
        """All published cells of the table: head by head, each in the study's order of rows."""
        of_table = [cell for cell in published() if cell.table == self.number]
        return tuple(sorted(of_table, key=lambda cell: list(HEADS).index(cell.head)))

    @property
    def results(self) -> tuple[Result, ...]:
        """All that the table is made of."""
        return tuple(result for cell in self.ours.values() for result in cell.results)

    def notices(self) -> list[Notice]:
        """Random weights, warnings, clips left out, settings that are not the study's, missing cells."""
        named = [(_title(cell), result) for cell, ours in self.ours.items() for result in ours.results]
        said = notices(named)
        changed = {
            f"head {head_name(result.experiment.head)}": None
            for result in self.results
            if head_name(result.experiment.head) != result.experiment.head.kind
        } | {
            f"corpus {with_options(spec.name, spec.options)}": None
            for spec in (result.experiment.corpus for result in self.results)
            if spec.options
        }
        if changed:
            said.append(Notice("Settings of its own", (), f"{'; '.join(changed)}."))
        if self.missing:
            n_all = len(self.ours) + len(self.missing)
            where = tuple(_title(cell) for cell in self.missing)
            said.append(
                Notice("Missing cells", where, f"{len(where)} of {n_all} have no result and show a dash.")
            )
        return said


def study_tables(results: Sequence[Result]) -> tuple[StudyTable, ...]:
    """Tables I and II as far as results fill them: none for results that the study has no cell for."""
    drafts: dict[tuple[str, Protocol, str], list[_Draft]] = {}
    for result in results:
        if (cell := published_cell(result.experiment)) is None:
            continue
        experiment = result.experiment
        settings = settings_text(training_settings(experiment))
        candidates = drafts.setdefault((cell.table, experiment.folds.protocol, settings), [])
        if not any(draft.take(cell, result) for draft in candidates):
            candidates.append(_Draft())
            candidates[-1].take(cell, result)
    tables: list[StudyTable] = []
    for (number, protocol, settings), found in sorted(drafts.items(), key=lambda item: item[0][0]):
        for draft in found:
            stem = f"study-table-{number}-{protocol}".lower()
            n_before = sum(table.slug.startswith(stem) for table in tables)
            slug = f"{stem}-{n_before + 1}" if n_before else stem
            tables.append(draft.table(number, slug, protocol, settings))
    return tuple(tables)


@dataclass
class _Draft:
    """A table that is being filled: ``choices`` is what its corpora, heads and encoders stand for."""

    choices: dict[str, str] = field(default_factory=dict)
    cells: dict[Published, dict[int, Result]] = field(default_factory=dict)

    def take(self, cell: Published, result: Result) -> bool:
        """Put a result into its cell, unless the table stands for something else there."""
        experiment = result.experiment
        wanted = {
            f"corpus {cell.corpus}": measured_on(result),
            f"head {cell.head}": head_name(experiment.head),
            **{f"encoder {spec.name}": repr(sorted(spec.options.items())) for spec in experiment.encoders},
        }
        if any(self.choices.get(key, choice) != choice for key, choice in wanted.items()):
            return False
        by_seed = self.cells.setdefault(cell, {})
        if experiment.seed in by_seed:
            return False
        by_seed[experiment.seed] = result
        self.choices |= wanted
        return True

    def table(self, number: str, slug: str, protocol: Protocol, settings: str) -> StudyTable:
        of_table = [cell for cell in published() if cell.table == number]
        return StudyTable(
            number=number,
            slug=slug,
            protocol=protocol,
            settings=settings,
            ours={
                cell: Ours(tuple(by_seed[seed] for seed in sorted(by_seed)))
                for cell in of_table
                if (by_seed := self.cells.get(cell))
            },
            missing=tuple(cell for cell in of_table if not self.cells.get(cell)),
        )


def _title(cell: Published) -> str:
    return f"{HEADS[cell.head]} {cell.encoders} on {cell.corpus}"
