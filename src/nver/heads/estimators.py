"""Classifiers of scikit-learn as pure data; ``nver.training.estimators`` makes and fits them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from nver.heads.spec import Spec

ESTIMATORS: dict[str, tuple[str, dict[str, object]]] = {
    "logistic-regression": ("sklearn.linear_model.LogisticRegression", {"max_iter": 1000}),
    "svm": ("sklearn.svm.SVC", {}),
    "linear-svm": ("sklearn.svm.LinearSVC", {}),
    "k-nn": ("sklearn.neighbors.KNeighborsClassifier", {}),
}
"""Kinds of heads that are short for a classifier of scikit-learn, and what they change from its defaults."""


class SklearnSpec(Spec):
    """A classifier of scikit-learn on one embedding, or on several laid end to end.

    Attributes:
        estimator: The dotted name of a class of scikit-learn, or a key of ``ESTIMATORS``.
        parameters: What its constructor is given; ``random_state`` is the fold's seed and cannot be set.
    """

    kind: Literal["sklearn"] = "sklearn"
    n_views: ClassVar[int] = 1
    takes_more_views: ClassVar[bool] = True
    estimator: str = ESTIMATORS["logistic-regression"][0]
    parameters: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short_names(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("estimator") in ESTIMATORS:
            estimator, usual = ESTIMATORS[data["estimator"]]
            return {**data, "estimator": estimator, "parameters": {**usual, **data.get("parameters", {})}}
        return data

    @field_validator("estimator")
    @classmethod
    def _of_scikit_learn(cls, name: str) -> str:
        if not re.fullmatch(r"sklearn(\.[a-z]\w*)+\.[A-Z]\w*", name):
            raise ValueError(
                f"'{name}' is no class of scikit-learn; expected a name such as "
                f"{ESTIMATORS['svm'][0]}, or one of {', '.join(ESTIMATORS)}"
            )
        return name

    @field_validator("parameters")
    @classmethod
    def _seeded_by_the_fold(cls, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if "random_state" in parameters:
            raise ValueError("random_state is the seed of the fold; leave it out, and set 'seed' or 'seeds'")
        return parameters

    @property
    def name(self) -> str:
        """``svm``: the short name of its class, or else the class's own."""
        short = [name for name, (estimator, _) in ESTIMATORS.items() if estimator == self.estimator]
        return short[0] if short else self.estimator.rpartition(".")[2]


def with_whole_kind(head: Mapping[str, Any]) -> Mapping[str, Any]:
    """A head as a file has it, where the kind may be short for a classifier of scikit-learn.

    >>> with_whole_kind({"kind": "k-nn", "n_neighbors": 7})
    {'kind': 'sklearn', 'estimator': 'k-nn', 'parameters': {'n_neighbors': 7}}
    """
    if head.get("kind") not in ESTIMATORS:
        return head
    given = {key: value for key, value in head.items() if key not in ("kind", "parameters")}
    return {
        "kind": "sklearn",
        "estimator": head["kind"],
        "parameters": {**given, **head.get("parameters", {})},
    }
