"""Whether a bundle is whole and works here: what ``nver bundle check`` says, a finding a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nver.encoders import load_encoder
from nver.errors import BundleError, NverError
from nver.recogniser.bundle import CARD_FILE, PAGE_FILE, WEIGHTS_FILE, load_bundle, read_card
from nver.recogniser.card import EncoderPart, HeadSystem
from nver.recogniser.recogniser import Recogniser
from nver.types import RATE_HZ, Samples

_FILES = frozenset({WEIGHTS_FILE, CARD_FILE, PAGE_FILE})

_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What.
        detail: What was found, in a sentence.
        is_fine: Whether that is as it should be.
    """

    subject: str
    detail: str
    is_fine: bool


def check(directory: Path) -> tuple[Finding, ...]:
    """Everything that can be said of a bundle without the clips that it was trained on.

    The card and its digests, the type and shape of every tensor, the page for people, the fingerprints that
    its encoders have on this machine, and what it says of a synthetic sound. What cannot be looked at because
    something before it is broken is left out.
    """
    found = [_look("card", lambda: _card(directory)), _page(directory)]
    if not found[0].is_fine:
        return tuple(found)
    found.append(_look("weights", lambda: _weights(directory)))
    system = read_card(directory).card.system
    parts = system.encoders if isinstance(system, HeadSystem) else ()
    found += [_look(f"encoder {part.name}", partial(_encoder, part)) for part in parts]
    if all(finding.is_fine for finding in found if finding.subject != "page"):
        found.append(_look("answer", lambda: _answer(directory)))
    found += _strangers(directory)
    return tuple(found)


def _look(subject: str, at: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, at(), is_fine=True)
    except NverError as error:
        return Finding(subject, str(error), is_fine=False)


def _card(directory: Path) -> str:
    card = read_card(directory).card
    return f"{card.name}, {len(card.labels)} labels, {card.system.title}"


def _page(directory: Path) -> Finding:
    path = directory / PAGE_FILE
    is_there = path.is_file() and path.stat().st_size > 0
    detail = (
        PAGE_FILE if is_there else f"{path} is missing or empty; write one, so that people know what it is"
    )
    return Finding("page", detail, is_fine=is_there)


def _weights(directory: Path) -> str:
    tensors = load_bundle(directory).tensors
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise BundleError(f"weight '{name}' holds NaN or infinity; train again")
    file = read_card(directory).weights
    return f"{len(tensors)} tensors, {file.n_parameters:,} numbers, all finite; SHA-256 {file.sha256[:12]}"


def _encoder(part: EncoderPart) -> str:
    encoder = load_encoder(part.name, **part.options)
    if encoder.fingerprint != part.fingerprint or encoder.dim != part.dim:
        raise BundleError(
            f"here it has the fingerprint {encoder.fingerprint[:12]}, and the head was trained on "
            f"{part.fingerprint[:12]}: other weights, settings or version"
        )
    return f"fingerprint {part.fingerprint[:12]}, {part.dim} dimensions"


def _answer(directory: Path) -> str:
    recogniser = Recogniser.load(directory)
    prediction = recogniser.predict(_sound(), RATE_HZ)
    for name, seen in {"its labels": prediction, **prediction.views}.items():
        probabilities = np.array(list(seen.probabilities.values()))
        if not np.isfinite(probabilities).all() or abs(probabilities.sum() - 1.0) > _SUM_TOLERANCE:
            raise BundleError(
                f"the probabilities of {name} for a synthetic sound sum to {probabilities.sum()}; expected 1"
            )
    return f"probabilities of a synthetic sound are finite and sum to one ({prediction.label} first)"


def _sound() -> Samples:
    """A second of a falling tone with overtones and a soft end, as a sigh has."""
    seconds = np.arange(RATE_HZ) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(300.0 - 120.0 * seconds) / RATE_HZ
    overtones = sum(np.sin(k * phase) / k for k in range(1, 6))
    return np.asarray(0.2 * np.hanning(RATE_HZ) * overtones, np.float32)


def _strangers(directory: Path) -> Iterator[Finding]:
    """Files that no bundle has: nothing reads them, and whoever hands the folder on should know."""
    for path in sorted(directory.iterdir()):
        if path.suffix in (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt") and path.name not in _FILES:
            yield Finding(
                "folder", f"{path.name} may hold a pickle; a bundle has none: remove it", is_fine=False
            )
