"""An experiment as pure data, and the TOML file that holds several of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from nver import config
from nver.config import FrozenModel
from nver.errors import ConfigError
from nver.heads.estimators import with_whole_kind
from nver.heads.specs import PRESETS, LateFusionSpec, SystemSpec, TrainedSpec, name_of
from nver.names import suggest
from nver.search import SearchSpec, require_settings

Protocol = Literal["paper", "speaker", "leave-one-speaker-out", "predefined"]


def _names_a_folder(name: str) -> str:
    if not re.fullmatch(r"[\w+-][\w.+-]*", name):
        raise ValueError(
            f"'{name}' cannot name a folder of results; use letters, digits and . _ + -, and no dot in front"
        )
    return name


FolderName = Annotated[str, AfterValidator(_names_a_folder)]
"""A name that results are saved under."""


class CorpusSpec(FrozenModel):
    """Which clips: a corpus, where it lies, and its own knobs."""

    name: str
    root: Path
    options: dict[str, Any] = Field(default_factory=dict)


class EncoderSpec(FrozenModel):
    """Which encoder, with its own options; in TOML a bare name will do."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"name": data}
        if isinstance(data, Mapping) and "options" not in data:
            return {"name": data.get("name"), "options": {k: v for k, v in data.items() if k != "name"}}
        return data


class FoldSpec(FrozenModel):
    """How clips are divided.

    Attributes:
        protocol: ``paper`` (stratified, speakers ignored), ``speaker`` (stratified, no speaker on both
            sides), ``leave-one-speaker-out``, or ``predefined`` (an attribute of the corpus says).
        n_folds: For ``paper`` and ``speaker``.
        attribute: For ``predefined``: the attribute that names the part of each clip.
        train: For ``predefined``: the parts trained on. With ``train`` and ``test`` empty every part is
            tested once by a head trained on the others.
        test: For ``predefined``: the parts tested on, in one fold.
    """

    protocol: Protocol = "paper"
    n_folds: Annotated[int, Field(ge=2)] = 5
    attribute: str = "split"
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.train) != bool(self.test):
            raise ValueError("predefined folds name both 'train' and 'test' parts, or neither")
        if both := set(self.train) & set(self.test):
            raise ValueError(f"part '{min(both)}' is both trained on and tested on; name it once")
        return self


class TrainingSpec(FrozenModel):
    """The one training loop's settings: the study's, and where it is silent those of docs/reproduction.md.

    Attributes:
        patience: Epochs without a better validation score before training stops; None never stops early.
        validation_share: Part of the training folds held back to pick the epoch, split as the folds are.
        monitor: What picks the epoch on that part.
        class_weights: ``balanced`` weighs the cross-entropy by inverse class frequency.
        standardize: Centre and scale each embedding dimension by the training part of the fold.
        calibrate: ``temperature`` divides the logits of a fold by the temperature at which the classes of
            that held-back part are most likely; guesses stay the same.
    """

    lr: PositiveFloat = 1e-3
    batch_size: PositiveInt = 32
    max_epochs: PositiveInt = 20
    patience: PositiveInt | None = 5
    validation_share: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.1
    monitor: Literal["loss", "accuracy", "macro_f1"] = "macro_f1"
    class_weights: Literal["none", "balanced"] = "none"
    standardize: bool = False
    weight_decay: NonNegativeFloat = 0.0
    calibrate: Literal["none", "temperature"] = "none"


class Experiment(FrozenModel):
    """One corpus, one or more encoders, one head, one way of folding: one row of a table."""

    name: FolderName
    corpus: CorpusSpec
    encoders: Annotated[tuple[EncoderSpec, ...], Field(min_length=1)]
    head: SystemSpec
    folds: FoldSpec = FoldSpec()
    training: TrainingSpec = TrainingSpec()
    search: SearchSpec | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _searches_settings_that_there_are(self) -> Self:
        if self.search is not None:
            if isinstance(self.head, LateFusionSpec):
                raise ValueError("late fusion trains nothing, so that there is nothing to search")
            require_settings(self.search, head=self.head, training=self.training)
        return self

    @model_validator(mode="after")
    def _as_many_encoders_as_the_head_takes(self) -> Self:
        if not self.head.takes(len(self.encoders)):
            head, n = self.head, len(self.encoders)
            raise ValueError(f"head '{head.kind}' takes {head.views_taken()} encoder(s), got {n}")
        return self


class _System(FrozenModel):
    """One entry of a plan's ``systems``: what differs between its experiments.

    ``training`` and ``search`` hold the keys in which it differs from the plan's; ``search = false`` leaves
    the plan's out. With ``protocols`` it is run under those of the plan's folds alone. ``group`` is the
    heading above it in figures of a report.
    """

    encoders: tuple[EncoderSpec, ...]
    head: TrainedSpec
    name: str = ""
    group: str = ""
    training: dict[str, Any] = Field(default_factory=dict)
    search: dict[str, Any] | Literal[False] = Field(default_factory=dict)
    protocols: tuple[Protocol, ...] = ()

    @property
    def title(self) -> str:
        """Its own name, or else its head and encoders, in letters that suit a folder."""
        parts = [name_of(self.head), *(encoder.name for encoder in self.encoders)]
        return self.name or re.sub(r"[^\w.+-]+", "-", "-".join(parts))

    @model_validator(mode="before")
    @classmethod
    def _head_by_name_or_preset(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        head = data.get("head")
        head = {"kind": head} if isinstance(head, str) else head
        if isinstance(head, Mapping) and "preset" in head:
            preset = head["preset"]
            if not isinstance(preset, str) or preset not in PRESETS:
                raise ValueError(f"no preset is called '{preset}'; known: {', '.join(PRESETS)}")
            changes = PRESETS[preset].get(head.get("kind", ""), {})
            head = {**changes, **{k: v for k, v in head.items() if k != "preset"}}
        head = with_whole_kind(head) if isinstance(head, Mapping) else head
        return {**data, "head": head}


class Plan(FrozenModel):
    """A TOML file: every system of ``systems`` under every way of folding of ``folds``, once with every seed.

    ``encoders`` are those of every system that names none; ``seeds`` take the place of ``seed``; ``search``
    chooses settings within each training part; ``reference`` is the system that a report compares the
    others with.
    """

    name: FolderName
    encoders: tuple[EncoderSpec, ...] = ()
    corpus: CorpusSpec
    folds: Annotated[tuple[FoldSpec, ...], Field(min_length=1)] = (FoldSpec(),)
    training: TrainingSpec = TrainingSpec()
    search: SearchSpec | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    systems: Annotated[tuple[_System, ...], Field(min_length=1)]
    reference: str = ""

    @model_validator(mode="before")
    @classmethod
    def _encoders_for_systems_that_name_none(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not data.get("encoders"):
            return data
        systems = data.get("systems")
        if not isinstance(systems, list | tuple):
            return data
        shared = {"encoders": data["encoders"]}
        return {**data, "systems": [{**shared, **s} if isinstance(s, Mapping) else s for s in systems]}

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if twice := [seed for i, seed in enumerate(seeds) if seed in seeds[:i]]:
            raise ValueError(f"seed {twice[0]} is listed twice; each seed is one repetition")
        return seeds

    @model_validator(mode="after")
    def _reference_is_a_system(self) -> Self:
        titles = [system.title for system in self.systems]
        if self.reference and self.reference not in titles:
            raise ValueError(f"no system is called '{self.reference}'. {suggest(self.reference, titles)}")
        return self

    @field_validator("folds", mode="before")
    @classmethod
    def _one_or_several(cls, folds: Any) -> Any:
        return (folds,) if isinstance(folds, Mapping | FoldSpec) else folds

    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments, named by head, encoders (or the system's own name), seed if several, and protocol.

        Raises:
            ConfigError: Two of them would have the same name, or a head has the wrong number of encoders.
        """
        seeds = self.seeds or (self.seed,)
        made: dict[str, Experiment] = {}
        for folds, system, seed in product(self.folds, self.systems, seeds):
            if system.protocols and folds.protocol not in system.protocols:
                continue
            title = f"{system.title}-seed{seed}" if len(seeds) > 1 else system.title
            name = f"{title}-{folds.protocol}"
            if name in made:
                raise ConfigError(f"{self.name}: two systems are called '{name}'; give one of them a name")
            made[name] = config.validate(
                Experiment,
                {
                    "name": name,
                    "corpus": self.corpus,
                    "seed": seed,
                    "encoders": system.encoders,
                    "head": system.head,
                    "folds": folds,
                    "training": {**self.training.model_dump(), **system.training},
                    "search": self._search_of(system),
                },
                source=f"{self.name}, system '{name}'",
            )
        if not made:
            raise ConfigError(f"{self.name}: no system is run under any of the plan's folds; see 'protocols'")
        return tuple(made.values())

    def _search_of(self, system: _System) -> dict[str, Any] | None:
        """What is searched for a system: the plan's, with the keys in which the system's own differs."""
        if system.search is False or not (self.search or system.search):
            return None
        return {**(self.search.model_dump() if self.search else {}), **system.search}


def load_plan(path: Path, *, overrides: Sequence[str] = ()) -> Plan:
    """The plan in a TOML file, with ``"training.lr=1e-2"``-like overrides applied.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be meant.
    """
    data = config.with_overrides(config.read_toml(path), overrides)
    plan = config.validate(Plan, data, source=str(path))
    plan.experiments()
    return plan
