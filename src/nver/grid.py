"""A grid as pure data: encoders, heads, corpora, protocols and seeds as lists, expanded to cells.

A grid is many plans at once: one for each corpus, training setting and seed. Its cells are their experiments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from nver import config
from nver.config import FrozenModel
from nver.encoders.inventory import has_weights
from nver.errors import ConfigError
from nver.experiment import CorpusSpec, EncoderSpec, Experiment, FolderName, FoldSpec, Plan, TrainingSpec
from nver.names import suggest

DEFAULT_ROOT = Path("data")
"""Where a corpus is looked for, in a folder of its label, when nobody says where it lies."""


class GridEncoder(FrozenModel):
    """An encoder of a grid; in TOML a name, or a table with the encoder's options and, if wanted, a label."""

    label: FolderName
    spec: EncoderSpec

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"name": data}
        if not isinstance(data, Mapping) or "spec" in data:
            return data
        label = data.get("label", _fit_for_a_folder(str(data.get("name"))))
        return {"label": label, "spec": {key: value for key, value in data.items() if key != "label"}}


class GridHead(FrozenModel):
    """A head of a grid, as an entry of a plan's ``systems`` has it (``kind``, ``preset``, settings)."""

    label: FolderName
    head: Mapping[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"kind": data}
        if not isinstance(data, Mapping) or "head" in data:
            return data
        label = data.get("label", data.get("kind"))
        return {"label": label, "head": {key: value for key, value in data.items() if key != "label"}}


class GridCorpus(FrozenModel):
    """A corpus of a grid; in TOML a name, or a table.

    Attributes:
        label: What ``--root`` and the folder of its results call it; its name unless said otherwise.
        root: Where it lies; ``data/<label>`` unless said otherwise.
        folds: In place of the grid's, for a corpus with fewer speakers than those ask for.
    """

    name: str
    label: FolderName
    root: Path
    options: dict[str, Any] = Field(default_factory=dict)
    folds: tuple[FoldSpec, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"name": data}
        if not isinstance(data, Mapping):
            return data
        label = data.get("label", data.get("name"))
        return {"label": label, "root": DEFAULT_ROOT / str(label), **data}

    @field_validator("folds", mode="before")
    @classmethod
    def _folds_by_name(cls, folds: Any) -> Any:
        return _folds(folds)


class GridTraining(FrozenModel):
    """Settings of the training loop; with a label, where a grid compares several."""

    label: Annotated[str, Field(pattern=r"^[\w.+-]*$")] = ""
    settings: TrainingSpec = TrainingSpec()

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "settings" in data:
            return data
        settings = {key: value for key, value in data.items() if key != "label"}
        return {"label": data.get("label", ""), "settings": settings}


@dataclass(frozen=True)
class Cell:
    """One experiment of a grid.

    Attributes:
        corpus: The label of its corpus.
        experiment: Its name is unique among the cells of this corpus.
    """

    corpus: str
    experiment: Experiment

    @property
    def name(self) -> str:
        """Unique in the grid; also where its result lies below the grid's folder."""
        return f"{self.corpus}/{self.experiment.name}"


class Grid(FrozenModel):
    """A TOML file: ``heads`` on every encoder and ``fusions`` on every pair, for each of all other lists.

    Attributes:
        encoders: Each is met by every head.
        heads: Of one embedding.
        pairs: Labels of encoders; each pair is met by every fusion.
        fusions: Heads of several embeddings.
        corpora: Which clips.
        folds: Ways of dividing them.
        training: One setting of the training loop, or several with labels.
        seeds: Each gives folds, first weights and orders of clips of its own.
    """

    name: FolderName
    encoders: Annotated[tuple[GridEncoder, ...], Field(min_length=1)]
    heads: tuple[GridHead, ...] = ()
    pairs: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()
    fusions: tuple[GridHead, ...] = ()
    corpora: Annotated[tuple[GridCorpus, ...], Field(min_length=1)]
    folds: Annotated[tuple[FoldSpec, ...], Field(min_length=1)] = (FoldSpec(),)
    training: Annotated[tuple[GridTraining, ...], Field(min_length=1)] = (GridTraining(),)
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)

    @field_validator("folds", mode="before")
    @classmethod
    def _folds_by_name(cls, folds: Any) -> Any:
        return _folds(folds)

    @field_validator("training", mode="before")
    @classmethod
    def _one_or_several(cls, training: Any) -> Any:
        return (training,) if isinstance(training, Mapping) else training

    @model_validator(mode="after")
    def _names_that_say_which(self) -> Self:
        for kind in ("encoders", "heads", "pairs", "fusions", "corpora", "training", "seeds"):
            labels = [getattr(entry, "label", entry) for entry in getattr(self, kind)]
            twice = [label for label, n in Counter(labels).items() if n > 1]
            if twice:
                raise ValueError(f"'{twice[0]}' is in {kind} twice; give one of them a label, or remove it")
        known = [encoder.label for encoder in self.encoders]
        for label in (label for pair in self.pairs for label in pair):
            if label not in known:
                raise ValueError(f"'{label}' is in pairs and not in encoders. {suggest(label, known)}")
        if not (self.heads or (self.pairs and self.fusions)):
            raise ValueError("there is no cell: name some heads, or some pairs and fusions")
        return self

    def rooted(self, roots: Mapping[str, Path]) -> Grid:
        """This grid with corpora where they lie.

        Raises:
            ConfigError: A label is that of no corpus.
        """
        known = [corpus.label for corpus in self.corpora]
        for label in roots:
            if label not in known:
                raise ConfigError(f"{self.name} has no corpus '{label}'. {suggest(label, known)}")
        moved = tuple(
            corpus.model_copy(update={"root": roots.get(corpus.label, corpus.root)})
            for corpus in self.corpora
        )
        return self.model_copy(update={"corpora": moved})

    def with_random_weights(self, seed: int) -> Grid:
        """This grid with random weights in every encoder that has weights, under a name that says so."""
        encoders = tuple(
            encoder.model_copy(
                update={
                    "spec": EncoderSpec(
                        name=encoder.spec.name, options={**encoder.spec.options, "random_weights": seed}
                    )
                }
            )
            if has_weights(encoder.spec.name)
            else encoder
            for encoder in self.encoders
        )
        return self.model_copy(update={"name": f"{self.name}-random", "encoders": encoders})

    def cells(self) -> tuple[Cell, ...]:
        """Every cell, corpus by corpus.

        Raises:
            ConfigError: A head cannot be meant, or takes another number of encoders.
        """
        return tuple(
            Cell(corpus.label, experiment)
            for corpus, training, seed in product(self.corpora, self.training, self.seeds)
            for experiment in self._plan(corpus, training, seed).experiments()
        )

    def _plan(self, corpus: GridCorpus, training: GridTraining, seed: int) -> Plan:
        """All cells that share a corpus, the training settings and the seed."""
        ending = [training.label] if training.label else []
        ending += [f"seed{seed}"] if len(self.seeds) > 1 else []
        systems = [
            {
                "name": "-".join([head.label, *labels, *ending]),
                "head": head.head,
                "encoders": [encoder.spec for encoder in encoders],
            }
            for head, labels, encoders in self._systems()
        ]
        return config.validate(
            Plan,
            {
                "name": self.name,
                "corpus": CorpusSpec(name=corpus.name, root=corpus.root, options=corpus.options),
                "folds": corpus.folds or self.folds,
                "training": training.settings,
                "seed": seed,
                "systems": systems,
            },
            source=self.name,
        )

    def _systems(self) -> Iterator[tuple[GridHead, Sequence[str], Sequence[GridEncoder]]]:
        encoder_of = {encoder.label: encoder for encoder in self.encoders}
        groups = [(label,) for label in encoder_of]
        for heads, chosen in ((self.heads, groups), (self.fusions, self.pairs)):
            for head, labels in product(heads, chosen):
                yield head, labels, [encoder_of[label] for label in labels]


def load_grid(path: Path, *, overrides: Sequence[str] = ()) -> Grid:
    """The grid in a TOML file, with ``"seeds=[0, 1, 2]"``-like overrides applied.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be meant.
    """
    data = config.with_overrides(config.read_toml(path), overrides)
    grid = config.validate(Grid, data, source=str(path))
    grid.cells()
    return grid


def _folds(folds: Any) -> Any:
    """One or several ways of dividing clips, each a table or the name of a protocol."""
    several = (folds,) if isinstance(folds, str | Mapping | FoldSpec) else folds
    if not isinstance(several, list | tuple):
        return several
    return tuple({"protocol": entry} if isinstance(entry, str) else entry for entry in several)


def _fit_for_a_folder(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", name)
