"""The experiment files that make a comparison again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from nver.experiment import Experiment
from nver.heads.specs import LateFusionSpec
from nver.report.comparison import Comparison, system_name


def plans(comparison: Comparison) -> dict[str, str]:
    """TOML by file name: one file for all systems that share training settings, search and seed.

    ``nver.experiment.load_plan`` reads each of them back to the experiments of the comparison, but for late
    fusions, which no plan makes.
    """
    return {f"{name}.toml": _plan(name, group) for name, group in _groups(comparison).items()}


def fusions(comparison: Comparison) -> list[str]:
    """The commands that make the late fusions again, once all plans were run."""
    places = {
        experiment.name: f"runs/{name}/{experiment.name}"
        for name, group in _groups(comparison).items()
        for experiment in group
    }
    commands = []
    for row in comparison.rows:
        if isinstance(head := row.result.experiment.head, LateFusionSpec):
            parents = " ".join(places.get(parent, parent) for parent in head.parents)
            weights = " ".join(f"--weight {weight}" for weight in head.weights)
            place = f"runs/{comparison.slug}/{row.result.experiment.name}"
            commands.append(f"nver fuse {parents} {weights} --out {place}")
    return commands


def _groups(comparison: Comparison) -> dict[str, list[Experiment]]:
    """Trained experiments by the name of their plan: those that share training settings, search and seed."""
    groups: dict[str, list[Experiment]] = {}
    for row in comparison.rows:
        experiment = row.result.experiment
        if isinstance(experiment.head, LateFusionSpec):
            continue
        group = groups.setdefault(f"{experiment.training!r} {experiment.search!r} {experiment.seed}", [])
        if experiment not in group:
            group.append(experiment)
    names = [comparison.slug, *(f"{comparison.slug}-{n}" for n in range(2, len(groups) + 1))]
    return dict(zip(names, groups.values(), strict=False))


def _plan(name: str, experiments: list[Experiment]) -> str:
    first = experiments[0]
    training = first.training.model_dump(mode="json")
    if training["patience"] is None:  # TOML has no null; patience for every epoch is the same as no end to it
        training["patience"] = first.training.max_epochs
    systems = [
        {
            "name": system_name(experiment),
            "head": experiment.head.model_dump(mode="json"),
            "encoders": [encoder.model_dump(mode="json") for encoder in experiment.encoders],
        }
        for experiment in experiments
    ]
    lines = [
        f"name = {_value(name)}",
        f"seed = {first.seed}",
        "systems = [",
        *(f"    {_value(system)}," for system in systems),
        "]",
        *_table("corpus", first.corpus.model_dump(mode="json")),
        *_table("folds", first.folds.model_dump(mode="json")),
        *_table("training", training),
        *(_table("search", first.search.model_dump(mode="json")) if first.search else ()),
    ]
    return "\n".join(lines) + "\n"


def _table(name: str, content: Mapping[str, Any]) -> list[str]:
    return ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in content.items())]


def _value(value: Any) -> str:
    """A TOML value; JSON's strings, numbers, booleans and lists are TOML's as well, its objects are not."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
