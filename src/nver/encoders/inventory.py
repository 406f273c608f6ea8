"""What is known of every encoder, and which weights are on this machine, without loading one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nver import fingerprint
from nver.encoders import ENCODERS, burst, folders, load_encoder, ssam
from nver.encoders.base import EncoderCard
from nver.encoders.cards import HubCard, card_of
from nver.errors import ConfigError, WeightsError


@dataclass(frozen=True, slots=True)
class Entry:
    """One encoder as a list of encoders shows it.

    Attributes:
        card: Its card.
        n_bytes: About what its weights weigh; 0 when it needs none.
        weights: The file or folder on this machine; None when it is not here, or none is needed.
    """

    card: EncoderCard
    n_bytes: int
    weights: Path | None


def entry(name: str) -> Entry:
    """What is known of an encoder.

    Raises:
        ConfigError: No encoder has this name.
    """
    if (card := card_of(name)) is not None:
        return Entry(card, card.n_bytes, folders.present(card))
    if name in ssam.CARDS:
        mamba = ssam.CARDS[name]
        try:
            return Entry(mamba, 4 * mamba.parameters, ssam.find_weights(mamba, None))
        except WeightsError:
            return Entry(mamba, 4 * mamba.parameters, None)
    if name in burst.CARDS:
        folder = burst.folder_of(burst.CARDS[name])
        n_bytes = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        return Entry(burst.CARDS[name], n_bytes, folder if n_bytes else None)
    return Entry(load_encoder(name).card, 0, None)


def has_weights(name: str) -> bool:
    """Whether an encoder has weights, here or elsewhere.

    >>> [has_weights(name) for name in ("logmel-stats", "audio-mamba-tiny", "wavlm-base")]
    [False, True, True]

    Raises:
        ConfigError: No encoder has this name.
    """
    if card_of(name) is not None or name in ssam.CARDS:
        return True
    ENCODERS[name]
    return False


def require_weights(name: str, options: Mapping[str, Any]) -> None:
    """Look for what ``load_encoder`` would load, without loading it.

    Raises:
        ConfigError: No encoder has this name.
        WeightsError: Its weights are not here; the sentence says how to get them.
    """
    if not has_weights(name) or options.get("random_weights") is not None:
        return
    if (card := card_of(name)) is not None:
        folders.find_folder(card, options.get("weights"))
    else:
        ssam.find_weights(ssam.CARDS[name], options.get("weights"))


def hub_card(name: str) -> HubCard:
    """The card of a checkpoint of the hub.

    Raises:
        ConfigError: No encoder has this name, or its weights are not the hub's to give.
    """
    if (card := card_of(name)) is not None:
        return card
    ENCODERS[name]
    where = f"; it lies at {ssam.CARDS[name].source}" if name in ssam.CARDS else ": it needs no weights"
    raise ConfigError(f"'{name}' is no checkpoint of the hub{where}")


def digests(name: str) -> dict[str, str]:
    """SHA-256 of each file of an encoder's weights on this machine, by path; empty when it needs none.

    Raises:
        ConfigError: No encoder has this name.
        WeightsError: Its weights are not here.
    """
    if (card := card_of(name)) is not None:
        files = folders.weight_files(folders.find_folder(card, None))
    elif name in ssam.CARDS:
        files = [ssam.find_weights(ssam.CARDS[name], None)]
    elif name in burst.CARDS:
        files = sorted(burst.folder_of(burst.CARDS[name]).glob("*.safetensors"))
    else:
        ENCODERS[name]
        files = []
    return {str(path): fingerprint.of_file(path) for path in files}
