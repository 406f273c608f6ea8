"""TOML -> validated frozen models; an unknown key is an error that says which keys there are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from nver.errors import ConfigError


class FrozenModel(BaseModel):
    """Data that never changes and refuses to exist with unknown or ill-typed fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ConfigError: There is no such file, or it is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def with_overrides(data: Mapping[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """``data`` with ``"a.b=value"`` assignments applied; values are read as TOML, else as text.

    >>> with_overrides({"training": {"lr": 1e-3}}, ["training.lr=1e-2", "name=trial"])
    {'training': {'lr': 0.01}, 'name': 'trial'}

    Raises:
        ConfigError: An assignment has no ``=``, or goes through a value that is no table.
    """
    merged: dict[str, Any] = {key: dict(v) if isinstance(v, dict) else v for key, v in data.items()}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"cannot set '{assignment}': expected KEY=VALUE, as in training.lr=1e-3")
        *parents, last = key.strip().split(".")
        table = merged
        for parent in parents:
            below = table.get(parent, {})
            if not isinstance(below, dict):
                raise ConfigError(f"cannot set '{key}': '{parent}' is not a table")
            table[parent] = dict(below)
            table = table[parent]
        try:
            table[last] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            table[last] = text
    return merged


def validate(model: type[Model], data: Mapping[str, Any], *, source: str) -> Model:
    """``data`` as ``model``.

    Args:
        model: The pydantic model.
        data: Plain data, as from TOML.
        source: What the data came from, for the message (a file name, an option).

    Raises:
        ConfigError: The first thing that does not fit, in one sentence; unknown keys come first.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{source}: {_first_sentence(model, error)}") from error


def _first_sentence(model: type[BaseModel], error: ValidationError) -> str:
    # A mistyped key is both unknown and missing: the unknown one says what was typed.
    details = error.errors(include_url=False)
    detail = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    where = [str(part) for part in detail["loc"]]
    match detail["type"]:
        case "extra_forbidden":
            fields = _fields_at(model, where[:-1])
            expected = f"; expected one of {', '.join(sorted(fields))}" if fields else ""
            inside = f" in [{'.'.join(where[:-1])}]" if where[:-1] else ""
            return f"unknown key '{where[-1]}'{inside}{expected}"
        case "missing":
            return f"'{'.'.join(where)}' is missing"
        case "value_error":
            reason = str(detail["ctx"]["error"])
            return f"'{'.'.join(where)}': {reason}" if where else reason
        case _:
            return f"'{'.'.join(where)}' got {detail['input']!r}: {detail['msg']}"


def _fields_at(model: type[BaseModel], where: Sequence[str]) -> list[str]:
    """The fields of the model that lies at a dotted place; empty when a union hides it."""
    for part in where:
        field = model.model_fields.get(part)
        if field is None or not (
            isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        ):
            return []
        model = field.annotation
    return list(model.model_fields)
