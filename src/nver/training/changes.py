"""Why a result that is there is not what the same experiment would give today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

from nver import fingerprint
from nver.experiment import Experiment
from nver.training import code
from nver.training.provenance import deciding
from nver.types import Clip

_ABSENT = object()


def made_of(experiment: Experiment, labels: Sequence[str], clips: Sequence[Clip]) -> dict[str, Any]:
    """All that decides a result but the embeddings.

    What the experiment is called and where its corpus lies decide nothing and are left out.
    """
    return {
        "experiment": _settings(experiment.model_dump(mode="json")),
        "labels": list(labels),
        "clips_sha256": fingerprint.of_data(
            [[clip.id, clip.label, clip.speaker, dict(clip.attributes)] for clip in clips]
        ),
        "code_sha256": code.of_training(experiment.head.kind, searches=experiment.search is not None),
        "versions": {
            name: metadata.version(name) for name in deciding(searches=experiment.search is not None)
        },
    }


def recorded(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What a saved result (``results.read_summary``) was made of; None for what it does not say."""
    provenance = summary["provenance"]
    return {
        "experiment": _settings(summary["experiment"]),
        "labels": summary["labels"],
        "clips_sha256": provenance.get("corpus", {}).get("clips_sha256"),
        "embeddings_sha256": provenance.get("embeddings_sha256"),
        "code_sha256": provenance.get("code_sha256"),
        "versions": {
            name: provenance.get("software", {}).get(name)
            for name in deciding(searches=bool(summary["experiment"].get("search")))
        },
    }


def between(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs, a few words each; empty when nothing does.

    Args:
        before: From ``recorded``.
        now: ``Run.made_of``, or ``made_of``: what is not there is not compared.

    >>> between({"versions": {"torch": "2.12.0"}}, {"versions": {"torch": "2.13.0"}})
    ('torch was 2.12.0, is 2.13.0',)
    """
    said: list[str] = []
    for part, value in now.items():
        was = before[part]
        if was == value:
            continue
        match part:
            case "experiment" | "versions":
                said += _settings_that_differ(was, value)
            case "labels":
                said.append("the labels changed")
            case "clips_sha256":
                said.append("the clips, their labels or speakers changed")
            case "embeddings_sha256":
                said.append(_embeddings_that_differ(was, value, now["experiment"]["encoders"]))
            case "code_sha256":
                said.append(
                    "the code that trains it changed" if was else "it does not say which code it is of"
                )
    return tuple(said)


def _settings(experiment: Mapping[str, Any]) -> dict[str, Any]:
    corpus = {key: value for key, value in experiment["corpus"].items() if key != "root"}
    without = (
        {"name"} if experiment.get("search") else {"name", "search"}
    )  # earlier results know of no search
    return {**{key: value for key, value in experiment.items() if key not in without}, "corpus": corpus}


def _settings_that_differ(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    was, is_ = dict(_flat(before)), dict(_flat(now))
    for key in sorted({*was, *is_}):
        old, new = was.get(key, _ABSENT), is_.get(key, _ABSENT)
        if old != new:
            yield f"{key} was {_text(old)}, is {_text(new)}"


def _embeddings_that_differ(was: list[str] | None, now: list[str], encoders: list[dict[str, Any]]) -> str:
    if was is None:
        return "it does not say which embeddings it is of"
    changed = [
        encoder["name"]
        for i, (encoder, digest) in enumerate(zip(encoders, now, strict=True))
        if i >= len(was) or was[i] != digest
    ]
    return f"the embeddings of {' and '.join(changed or ['another encoder'])} changed"


def _flat(data: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested plain data under dotted keys."""
    match data:
        case Mapping():
            items = list(data.items())
        case list() | tuple():
            items = [(str(i), item) for i, item in enumerate(data, start=1)]
        case _:
            yield prefix, data
            return
    for key, value in items:
        yield from _flat(value, f"{prefix}.{key}" if prefix else key)


def _text(value: Any) -> str:
    return "absent" if value is _ABSENT else "none" if value is None else str(value)
