"""A trained recogniser as a folder: weights, what they are, and a page for people. Never a pickle.

model.safetensors   every tensor
bundle.json         ``BundleFile``: labels, system, temperature, views, what was seen, digest of the weights
MODEL_CARD.md       the same for a reader, with figures where they were measured; nothing is read from it
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nver import atomic, config, fingerprint
from nver.errors import BundleError, ConfigError
from nver.names import suggest
from nver.recogniser.card import BundleCard, BundleFile, TensorCard, WeightsCard

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS_FILE, CARD_FILE, PAGE_FILE = "model.safetensors", "bundle.json", "MODEL_CARD.md"
FORMAT = 1
HUB_SCHEME = "hf://"

SHIPPED: Mapping[str, str] = {"burst-recogniser": "weights/burst-recogniser"}
"""Recognisers that come with the package: name -> folder below ``nver``."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A recogniser's card and its tensors."""

    card: BundleCard
    tensors: Mapping[str, Tensor]


def save_bundle(bundle: Bundle, directory: Path, *, page: str) -> None:
    """Write a bundle, whole or not at all; an earlier bundle there is replaced.

    Args:
        bundle: What to write.
        directory: Where; its last part need not be the bundle's name.
        page: The model card, as Markdown.

    Raises:
        BundleError: There is something at ``directory`` that is no bundle.
        OSError: The disk refuses.
    """
    from safetensors.torch import save

    require_place(directory)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(bundle.tensors.items())}
    weights = save(tensors, {"format": "pt"})
    file = BundleFile(
        format=FORMAT,
        card=bundle.card,
        weights=WeightsCard(
            sha256=fingerprint.of_bytes(weights),
            n_bytes=len(weights),
            tensors={name: _card_of(tensor) for name, tensor in tensors.items()},
        ),
    )
    text = json.dumps(file.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    atomic.write_folder(
        directory, {WEIGHTS_FILE: weights, CARD_FILE: text.encode(), PAGE_FILE: page.encode()}
    )


def require_place(directory: Path) -> None:
    """A bundle may be written there: there is nothing, an empty folder, or an earlier bundle.

    Raises:
        BundleError: Something else lies there.
    """
    occupied = directory.is_file() or (directory.is_dir() and any(directory.iterdir()))
    if occupied and not (directory / CARD_FILE).is_file():
        raise BundleError(f"{directory} exists and is no bundle; name another folder, or remove it")


def load_bundle(directory: Path) -> Bundle:
    """The bundle in a folder, after its weights were compared with its digest and its table of shapes.

    Raises:
        BundleError: The folder is no bundle, or a file of it is missing, damaged or of another version.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    file = read_card(directory)
    path = directory / WEIGHTS_FILE
    data = _read(path)
    if fingerprint.of_bytes(data) != file.weights.sha256:
        raise BundleError(
            f"{path} is not what {CARD_FILE} was written with ({len(data):,} bytes, expected "
            f"{file.weights.n_bytes:,}, or others of that number); copy the bundle again"
        )
    try:
        tensors = load(data)
    except (SafetensorError, ValueError) as error:
        raise BundleError(f"cannot read {path} as safetensors: {error}") from error
    found = {name: _card_of(tensor) for name, tensor in tensors.items()}
    if found != dict(file.weights.tensors):
        odd = min(name for name in {*found, *file.weights.tensors} if _differ(name, found, file))
        raise BundleError(f"{path} holds '{odd}' otherwise than {CARD_FILE} says; copy the bundle again")
    return Bundle(file.card, tensors)


def read_card(directory: Path) -> BundleFile:
    """What ``bundle.json`` says; the weights are not looked at.

    Raises:
        BundleError: There is no such file, it is damaged, or another version wrote it.
    """
    path = directory / CARD_FILE
    try:
        data: Any = json.loads(_read(path))
    except ValueError as error:
        raise BundleError(f"{path} is damaged: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BundleError(f"{path} is not a bundle of format {FORMAT}, the only one that this version reads")
    try:
        return config.validate(BundleFile, data, source=str(path))
    except ConfigError as error:
        raise BundleError(f"{error}; the bundle is damaged, or of another version") from error


def digest_of(directory: Path) -> str:
    """SHA-256 of all that a bundle says of itself, the digest of its weights included.

    Raises:
        BundleError: As ``read_card``.
    """
    return fingerprint.of_data(read_card(directory).model_dump(mode="json"))


def find_bundle(name_or_path: str | Path) -> Path:
    """The folder of a recogniser that is shipped, of one's own, or of one that is fetched from the Hub.

    A shipped name comes before a folder. ``hf://owner/name[@revision]`` is looked up on the Hugging Face Hub.

    Raises:
        ConfigError: It is none of these.
        BundleError: It should have come with the package and did not, or cannot be fetched.
    """
    if str(name_or_path).startswith(HUB_SCHEME):
        from nver.recogniser.hub import fetch

        return fetch(str(name_or_path))
    if (folder := SHIPPED.get(str(name_or_path))) is not None:
        directory = Path(__file__).parents[1] / folder
        if not directory.is_dir():
            raise BundleError(f"'{name_or_path}' is not in this installation: {directory} is missing")
        return directory
    directory = Path(name_or_path).expanduser()
    if not directory.is_dir():
        raise ConfigError(
            f"'{name_or_path}' is no folder, and no recogniser is called so. "
            f"{suggest(str(name_or_path), list(SHIPPED))}"
        )
    return directory


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path.parent} is no whole bundle: cannot read {path}: {error.strerror or error}"
        ) from error


def _card_of(tensor: Tensor) -> TensorCard:
    return TensorCard(dtype=str(tensor.dtype).removeprefix("torch."), shape=tuple(tensor.shape))


def _differ(name: str, found: Mapping[str, TensorCard], file: BundleFile) -> bool:
    return found.get(name) != file.weights.tensors.get(name)
