"""Training on one corpus and testing on another, as pure data: a TOML file that stands for experiments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt

from nver import config
from nver.config import FrozenModel
from nver.corpora.joined import SIDE, Part, sides
from nver.experiment import CorpusSpec, Experiment, FolderName, FoldSpec, Plan, TrainingSpec

ALL, ALL_OTHERS = "all", "all others"
"""Rows of the matrix beside the single corpora: trained on every corpus, or on every one but the tested."""


@dataclass(frozen=True)
class Cell:
    """One field of the matrix.

    Attributes:
        train: Title of the corpus trained on, ``ALL`` or ``ALL_OTHERS``.
        test: Title of the corpus tested on.
        folds: Which sides that means.
    """

    train: str
    test: str
    folds: FoldSpec

    @property
    def slug(self) -> str:
        """``emogator-to-jnv``."""
        return f"{self.train.replace(' ', '-')}-to-{self.test}"


class TransferPlan(FrozenModel):
    """A TOML file: every system, trained on each corpus and tested on each.

    Every column of the matrix is of the same clips, whatever was trained on: the ``test`` part of a corpus.

    Attributes:
        corpora: Title -> corpus; all must be mapped to common labels.
        root: What the roots of the corpora are relative to.
        systems: As in a plan; also ``encoders`` and ``training``.
    """

    name: FolderName
    corpora: Annotated[dict[FolderName, Part], Field(min_length=2)]
    root: Path = Path()
    encoders: tuple[Any, ...] = ()
    systems: Annotated[tuple[Any, ...], Field(min_length=1)]
    training: TrainingSpec = TrainingSpec()
    seed: NonNegativeInt = 0

    @property
    def corpus(self) -> CorpusSpec:
        """All corpora as one."""
        parts = {title: part.model_dump(mode="json") for title, part in self.corpora.items()}
        return CorpusSpec(name="joined", root=self.root, options={"parts": parts})

    def cells(self) -> tuple[Cell, ...]:
        """Every pair of corpora, then all others (of three or more), then all together; row by row."""
        return tuple(self._cells())

    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments of all cells, cell by cell, each as ``SYSTEM-CELL``.

        Raises:
            ConfigError: A system cannot be meant, or two have one name.
        """
        return tuple(experiment for cell in self.cells() for experiment in self.of_cell(cell))

    def of_cell(self, cell: Cell) -> tuple[Experiment, ...]:
        """One experiment a system.

        Raises:
            ConfigError: As ``experiments``.
        """
        data = {
            "name": self.name,
            "corpus": self.corpus,
            "folds": [cell.folds],
            "training": self.training,
            "seed": self.seed,
            "encoders": self.encoders,
            "systems": self.systems,
        }
        plan = config.validate(Plan, data, source=self.name)
        end = f"-{cell.folds.protocol}"
        return tuple(
            experiment.model_copy(update={"name": f"{experiment.name.removesuffix(end)}-{cell.slug}"})
            for experiment in plan.experiments()
        )

    def _cells(self) -> Iterator[Cell]:
        titles = list(self.corpora)
        for train in titles:
            for test in titles:
                if train != test or self.corpora[test].test:
                    yield self._cell(train, [train], test)
        if len(titles) > 2:
            for test in titles:
                yield self._cell(ALL_OTHERS, [title for title in titles if title != test], test)
        for test in titles:
            if self.corpora[test].test:
                yield self._cell(ALL, titles, test)

    def _cell(self, name: str, trained: Sequence[str], test: str) -> Cell:
        train = tuple(sides(title, self.corpora[title])[0] for title in trained)
        tested = sides(test, self.corpora[test])[1]
        return Cell(name, test, FoldSpec(protocol="predefined", attribute=SIDE, train=train, test=(tested,)))


def load_transfer_plan(path: Path, *, overrides: Sequence[str] = ()) -> TransferPlan:
    """The plan in a TOML file, with ``"corpora.jnv.root=data/JNV"``-like overrides applied.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be meant.
    """
    data = config.with_overrides(config.read_toml(path), overrides)
    plan = config.validate(TransferPlan, data, source=str(path))
    plan.experiments()
    return plan
