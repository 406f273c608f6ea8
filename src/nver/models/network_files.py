"""A network of ``nver.models.burst`` as a folder: ``network.safetensors``, and what is said of it in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nver.errors import WeightsError
from nver.models import checkpoint
from nver.models.burst import BurstNetwork

WEIGHTS_FILE, ABOUT_FILE = "network.safetensors", "network.json"
OBJECTIVE = "objective."
"""What the names of tensors begin with that only the objective of a training needs."""


def contents(tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of such a folder; the digest of the weights is added to what is said of them."""
    from safetensors.torch import save

    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())}
    said = {**about, "sha256": checkpoint.digest(whole)}
    text = json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return {WEIGHTS_FILE: save(whole, {"format": "pt"}), ABOUT_FILE: text.encode()}


def read_parts(folder: Path) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Any]]:
    """Tensors of the network, tensors of the objective, and what is said of both.

    Raises:
        WeightsError: A file is missing or damaged, or the weights are not those that the JSON speaks of.
    """
    try:
        about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder} holds no network: cannot read {ABOUT_FILE} ({error})") from error
    tensors = checkpoint.read_tensors(folder / WEIGHTS_FILE)
    if checkpoint.digest(tensors) != about.get("sha256"):
        raise WeightsError(
            f"{folder / WEIGHTS_FILE} is not what {ABOUT_FILE} was written with; copy both again"
        )
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(OBJECTIVE)}
    rest = {name.removeprefix(OBJECTIVE): tensor for name, tensor in tensors.items() if name not in own}
    return own, rest, about


def read_network(folder: Path) -> tuple[BurstNetwork, dict[str, Any]]:
    """The network in a folder, for use, and what is said of it.

    Raises:
        WeightsError: The folder holds no network, or one that is damaged.
    """
    own, _, about = read_parts(folder)
    return BurstNetwork.with_weights(about["shape"], own), about


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights in float16, for shipping.

    Raises:
        WeightsError: A weight does not fit into float16.
    """
    small = {name: tensor.to(torch.float16) for name, tensor in tensors.items()}
    if odd := [name for name, tensor in small.items() if not tensor.isfinite().all()]:
        raise WeightsError(f"'{odd[0]}' holds weights beyond 65,504; keep this network in float32")
    return small


SCALE = ".scale"
"""What the names of the scales of an eight-bit matrix end with."""

_LEAST_ROWS = 16


def in_eight_bits(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices as int8 with a float16 scale a row, all else in float16: a quarter of the bytes.

    A weight is off by half a step at the most, 1/254 of the largest weight of its row.
    """
    small: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim != 2 or min(tensor.shape) < _LEAST_ROWS:
            small |= halved({name: tensor})
            continue
        largest = tensor.float().abs().amax(1).clamp(min=1e-4)
        # A scale is rounded up, so that the largest weight is no step out of reach.
        scale = (largest / 127 * (1 + 2.0**-10)).to(torch.float16)
        small[name] = (tensor.float() / scale.float()[:, None]).round().to(torch.int8)
        small[name + SCALE] = scale
    return small


def of_eight_bits(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that ``in_eight_bits`` stored, in float32; tensors without a scale as they are."""
    return {
        name: tensor.float() * tensors[name + SCALE].float()[:, None] if name + SCALE in tensors else tensor
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }
