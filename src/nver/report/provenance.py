"""What a report says of where its results come from, read off ``Result.provenance``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nver.encoders.base import is_random
from nver.heads.specs import LateFusionSpec
from nver.results import Result

_SAID_ELSEWHERE = ("audit", "unreadable", "warnings")


def n_parameters(result: Result) -> int | None:
    """Trained weights of the head; None for a classifier that keeps clips or trees in their place."""
    n: int | None = result.provenance["head_parameters"]
    return n


def parameters_text(result: Result) -> str:
    """Trained weights of the head, or a dash."""
    n = n_parameters(result)
    return "–" if n is None else f"{n:,}"


def was_trained(result: Result) -> bool:
    """Whether there are learning curves; a late fusion of other results has none."""
    return any(past.epochs for past in result.history)


def calibrated_how(result: Result) -> str:
    """Whether a temperature was fitted to its probabilities, and on what."""
    if isinstance(result.experiment.head, LateFusionSpec):
        return "means of its parents'"
    if result.experiment.training.calibrate == "temperature":
        return "temperature fitted on the inner validation part"
    return "as trained"


def n_speakers(result: Result) -> int:
    """Known speakers of the clips; 0 where none is known."""
    return int(result.provenance["corpus"]["n_speakers"])


def shortcut(result: Result) -> dict[str, float] | None:
    """What length, level and silence reach under the same folds; None in a result that was made without."""
    audit = result.provenance.get("audit")
    return None if audit is None else dict(audit["shortcut"])


def leaks(result: Result) -> list[str]:
    """What its audit found that a tested clip has in common with what was met before, but for speakers.

    Speakers on both sides are among the warnings of every result, with or without an audit.
    """
    found = result.provenance.get("audit", {}).get("findings", ())
    return [one["sentence"] for one in found if one["severity"] == "leak" and one["kind"] != "speakers"]


def random_weights(result: Result) -> list[str]:
    """The encoders that were never trained: their fingerprints say so."""
    return [
        f"{spec.name} ({encoder['weights']})"
        for spec, encoder in zip(result.experiment.encoders, result.provenance["encoders"], strict=True)
        if is_random(encoder["fingerprint"])
    ]


def shared_and_own(results: Sequence[Result]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Provenance that all results agree on, and what each says beyond that, but for what notices say."""
    said = [
        flat({key: value for key, value in result.provenance.items() if key not in _SAID_ELSEWHERE})
        for result in results
    ]
    shared = {key: text for key, text in said[0].items() if all(own.get(key) == text for own in said)}
    return shared, [{key: text for key, text in own.items() if key not in shared} for own in said]


def flat(data: Mapping[str, Any], *, prefix: str = "") -> dict[str, str]:
    """Nested plain data under dotted keys.

    >>> flat({"machine": {"cores": 2}, "encoders": [{"device": "cpu"}]})
    {'machine.cores': '2', 'encoders.1.device': 'cpu'}
    """
    texts: dict[str, str] = {}
    for key, value in data.items():
        match value:
            case Mapping():
                texts |= flat(value, prefix=f"{prefix}{key}.")
            case [Mapping(), *_]:
                numbered = {str(i): item for i, item in enumerate(value, start=1)}
                texts |= flat(numbered, prefix=f"{prefix}{key}.")
            case list() | tuple():
                texts[f"{prefix}{key}"] = ", ".join(map(str, value))
            case _:
                texts[f"{prefix}{key}"] = str(value)
    return texts
