"""What is searched for within each training part, as pure data: settings, their ranges, and how many trials.

A setting is named as ``--set`` names it: ``training.lr``, ``head.dropout``, ``head.parameters.C`` (or
``head.C``) of a classifier of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, PositiveInt, ValidationError, model_validator

from nver.config import FrozenModel
from nver.heads.estimators import SklearnSpec

Settings = Mapping[str, Any]
"""Plain values by the names of settings."""

Model = TypeVar("Model", bound=BaseModel)


class Range(FrozenModel):
    """Numbers from ``low`` to ``high``, both included; whole ones where both ends are whole.

    Attributes:
        log: Whether equal ratios are equally likely, and not equal differences.
    """

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _from_low_to_high(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"a range goes from low to high, got {self.low} to {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a range with log = true begins above zero, got {self.low}")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers alone."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def ends(self) -> tuple[Any, ...]:
        """Both."""
        return self.low, self.high


Choices = Annotated[tuple[Any, ...], Field(min_length=1)]


class SearchSpec(FrozenModel):
    """Settings chosen anew for every test part, on inner folds of its training part.

    Attributes:
        space: Name of a setting -> a range, or a list of values.
        n_trials: Settings that are tried for every test part.
        n_folds: Inner folds; no more than there are speakers where the outer folds keep speakers apart.
        score: What the chosen settings have most of, over all clips that the inner folds test.
        seed: Of the order of trials.
    """

    space: Annotated[Mapping[str, Range | Choices], Field(min_length=1)]
    n_trials: PositiveInt = 20
    n_folds: Annotated[int, Field(ge=2)] = 3
    score: Literal["accuracy", "macro_f1"] = "macro_f1"
    seed: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class Trial:
    """Settings that were tried on inner folds of a training part, and the score that they reached there."""

    settings: Settings
    score: float


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the highest score, and the earliest of equals; None of none."""
    return max(trials, key=lambda trial: trial.score, default=None)


def require_settings(search: SearchSpec, *, head: BaseModel, training: BaseModel) -> None:
    """Every setting of a space exists, and takes the ends of its range or all of its choices.

    Raises:
        ValueError: One does not.
    """
    for name, values in search.space.items():
        for value in values.ends() if isinstance(values, Range) else values:
            applied({name: value}, head=head, training=training)


def applied(settings: Settings, *, head: Model, training: BaseModel) -> tuple[Model, Any]:
    """A head and training settings with some of their values changed.

    Raises:
        ValueError: There is no such setting, or it cannot have that value.

    >>> from nver.heads.specs import FCNSpec
    >>> head, _ = applied({"head.dropout": 0.5}, head=FCNSpec(), training=FCNSpec())
    >>> head.dropout
    0.5
    """
    models: dict[str, BaseModel] = {"head": head, "training": training}
    changed = {part: model.model_dump() for part, model in models.items()}
    for name, value in settings.items():
        part, _, rest = name.partition(".")
        if part not in models or not rest:
            raise ValueError(f"cannot search '{name}'; expected training.NAME or head.NAME")
        _put(changed[part], _place(rest, models[part]), value, name=name)
    made = {part: _valid(model, changed[part], settings) for part, model in models.items()}
    return made["head"], made["training"]  # type: ignore[return-value]  # of the type that it was


def _place(rest: str, model: BaseModel) -> Sequence[str]:
    """Where a setting lies; a parameter of a classifier may be named without ``parameters``."""
    place = rest.split(".")
    is_parameter = isinstance(model, SklearnSpec) and place[0] not in type(model).model_fields
    return ["parameters", *place] if is_parameter else place


def _put(data: dict[str, Any], place: Sequence[str], value: Any, *, name: str) -> None:
    *parents, last = place
    inside = data
    for parent in parents:
        if not isinstance(inside.get(parent), Mapping):
            raise ValueError(f"cannot search '{name}': '{parent}' is no table; known: {', '.join(inside)}")
        inside[parent] = dict(inside[parent])
        inside = inside[parent]
    if last == "kind" or (not parents and last not in inside):
        known = ", ".join(key for key in inside if key != "kind")
        raise ValueError(f"cannot search '{name}': there is no such setting; known: {known}")
    inside[last] = value


def _valid(model: BaseModel, data: Mapping[str, Any], settings: Settings) -> BaseModel:
    try:
        return type(model).model_validate(data)
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        tried = ", ".join(f"{name} = {value}" for name, value in settings.items())
        raise ValueError(f"cannot search {tried}: {said}") from error
