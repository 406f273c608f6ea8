"""Late fusion: of each clip, the weighted mean of what finished results say; nothing is trained.

Weights are equal or given, and never fitted here: what a result says of the clips outside a fold comes from
heads that were trained on that fold, so weights fitted to it would have seen what they are tested on.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nver import config, fingerprint
from nver.errors import ConfigError, ResultError
from nver.experiment import EncoderSpec, Experiment
from nver.heads.specs import LateFusionSpec
from nver.results import FoldHistory, Result
from nver.training import provenance


def fuse(parents: Sequence[Result], *, name: str, weights: Sequence[float] | None = None) -> Result:
    """One result of several on the same clips and folds.

    Args:
        parents: Two or more results of one corpus, under one division into folds.
        name: Of the new experiment, fit for a folder.
        weights: One a parent, positive; they are scaled to a sum of one. None weighs all alike.

    Returns:
        Predictions are the weighted mean of the parents' probabilities. The experiment's encoders are those
        of all parents, its head is a ``LateFusionSpec``, training settings and seed are the first parent's;
        ``provenance["parents"]`` holds every parent's whole configuration and key.

    Raises:
        ConfigError: There are fewer than two parents, or weights that do not fit them.
        ResultError: Parents differ in corpus, classes, tested clips or folds.

    Source:
        Kittler, Hatef, Duin, Matas (1998), "On combining classifiers" (the sum rule).
    """
    shares = _shares(weights, len(parents))
    for parent in parents[1:]:
        _require_alike(parents[0], parent)
    first = parents[0]
    mean = sum(
        share * parent.predictions.probabilities.astype(np.float64)
        for share, parent in zip(shares, parents, strict=True)
    )
    encoders, said = _encoders(parents)
    experiment = config.validate(
        Experiment,
        {
            **first.experiment.model_dump(),
            "name": name,
            "encoders": encoders,
            "search": None,
            "head": LateFusionSpec(parents=tuple(p.experiment.name for p in parents), weights=shares),
        },
        source="late fusion",
    )
    made = first.predictions
    return Result(
        experiment=experiment,
        labels=first.labels,
        predictions=dataclasses.replace(made, probabilities=np.asarray(mean, np.float32)),
        history=tuple(_untrained(past) for past in first.history),
        provenance=_provenance(parents, shares, encoders=said),
    )


def _shares(weights: Sequence[float] | None, n_parents: int) -> tuple[float, ...]:
    if n_parents < 2:
        raise ConfigError(f"late fusion takes two or more results, got {n_parents}")
    given = [1.0] * n_parents if weights is None else list(weights)
    if len(given) != n_parents:
        raise ConfigError(f"{n_parents} results came with {len(given)} weights; expected one a result")
    if wrong := [weight for weight in given if not 0 < weight < math.inf]:
        raise ConfigError(
            f"a weight is a positive number, got {wrong[0]}; leave out what is to count nothing"
        )
    return tuple(weight / math.fsum(given) for weight in given)


def _require_alike(first: Result, other: Result) -> None:
    a, b = first.predictions, other.predictions
    corpora = [result.experiment.corpus.model_dump(exclude={"root"}) for result in (first, other)]
    differs = {
        "corpus": corpora[0] != corpora[1],
        "classes": first.labels != other.labels,
        "tested clips": a.clip_ids != b.clip_ids or not np.array_equal(a.truth, b.truth),
        "folds": not np.array_equal(a.fold, b.fold),
    }
    for what, is_other in differs.items():
        if is_other:
            raise ResultError(
                f"'{first.experiment.name}' and '{other.experiment.name}' differ in {what}; fuse results of "
                "one corpus, protocol and seed"
            )


def _encoders(parents: Sequence[Result]) -> tuple[tuple[EncoderSpec, ...], list[Mapping[str, Any]]]:
    """The encoders of all parents, each once, and what is said of them (nothing, if one parent does not)."""
    found: dict[str, tuple[EncoderSpec, Mapping[str, Any]]] = {}
    for parent in parents:
        specs = parent.experiment.encoders
        for spec, said in zip(specs, parent.provenance["encoders"] or [{}] * len(specs), strict=True):
            found.setdefault(f"{spec.model_dump_json()} {said.get('fingerprint')}", (spec, said))
    all_said = [said for _, said in found.values()]
    return tuple(spec for spec, _ in found.values()), all_said if all(all_said) else []


def _audit(parents: Sequence[Result]) -> dict[str, Any]:
    """The first parent's audit with what those of others found beyond it; nothing where one has none."""
    audits = [parent.provenance["audit"] for parent in parents if "audit" in parent.provenance]
    if len(audits) < len(parents):
        return {}
    found = {one["sentence"]: one for audit in audits for one in audit["findings"]}
    return {"audit": {**audits[0], "findings": list(found.values())}}


def _untrained(past: FoldHistory) -> FoldHistory:
    return FoldHistory(
        fold=past.fold,
        name=past.name,
        n_train=past.n_train,
        n_validation=past.n_validation,
        n_test=past.n_test,
        epochs=(),
        best_epoch=0,
    )


def _provenance(
    parents: Sequence[Result],
    shares: Sequence[float],
    *,
    encoders: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    warnings = dict.fromkeys(text for parent in parents for text in parent.provenance["warnings"])
    if len(set(shares)) > 1:
        given = " : ".join(f"{share:.3g}" for share in shares)
        warnings[f"weights {given} were given: if they were chosen on these clips, scores are optimistic"] = (
            None
        )
    keys = [parent.provenance.get("key") for parent in parents]
    weights_of = [parent.provenance["head_parameters"] for parent in parents]
    return {
        "key": fingerprint.of_data({"parents": keys, "weights": list(shares)}),
        "software": provenance.software(),
        "machine": provenance.machine(),
        "corpus": parents[0].provenance["corpus"],
        "encoders": list(encoders),
        "head_parameters": None if None in weights_of else sum(weights_of),
        "training_s": round(sum(parent.provenance["training_s"] for parent in parents), 2),
        "unreadable": {
            clip: why for parent in parents for clip, why in parent.provenance["unreadable"].items()
        },
        "warnings": list(warnings),
        **_audit(parents),
        "parents": [
            {
                "key": key,
                "weight": share,
                "experiment": parent.experiment.model_dump(mode="json"),
                "software": dict(parent.provenance["software"]),
            }
            for key, share, parent in zip(keys, shares, parents, strict=True)
        ],
    }
