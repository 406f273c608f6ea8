"""Weights on disk: the release's pickles, read without running anything in them, and safetensors.

A pickle is a program, and reading it the usual way runs it. PyTorch's restricted reader builds tensors and
plain containers and refuses all else; the settings that training scripts store beside the weights are of
classes that it does not know. For those it is given an empty class that forgets what it is told, under the
names in ``_FORGOTTEN``.
"""

from __future__ import annotations

import os
import pickle
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from nver import fingerprint
from nver.errors import WeightsError

_NUMBER = re.compile(r"checkpoint-(\d+)\.pth")
_REFUSED = re.compile(r"GLOBAL (\S+)")

_FORGOTTEN = (
    "argparse.Namespace",
    "ml_collections.config_dict.config_dict.ConfigDict",
    "ml_collections.config_dict.config_dict.FrozenConfigDict",
    "ml_collections.config_dict.config_dict.FieldReference",
    *(f"builtins.{name}" for name in ("bool", "dict", "float", "int", "list", "str", "tuple")),
)

_DAMAGE = (
    *(
        AssertionError,
        AttributeError,
        EOFError,
        IndexError,
        KeyError,
        LookupError,
        MemoryError,
        OverflowError,
    ),
    *(RuntimeError, TypeError, ValueError, zipfile.BadZipFile),
)
"""What PyTorch's reader is seen to raise over a file that is truncated or is something else."""


class _Forgetful:
    """Stands for an object of training settings: takes anything, keeps nothing."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


def find_file(place: Path) -> Path | None:
    """The weights in a file or folder, or None: a converted file first, else the highest checkpoint.

    Args:
        place: A file, or a folder that holds ``*.safetensors`` or ``checkpoints/checkpoint-<epoch>.pth``.
    """
    if place.is_file():
        return place
    converted = sorted(place.glob("*.safetensors"))
    if converted:
        return converted[0]
    checkpoints = place.glob("checkpoints/*.pth")
    numbered = {int(m[1]): path for path in checkpoints if (m := _NUMBER.fullmatch(path.name))}
    return numbered[max(numbered)] if numbered else None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The weights in a ``.safetensors`` file or a checkpoint of the release, by name, on the CPU.

    Raises:
        WeightsError: The file is damaged, holds no weights, or holds a program that is not only data;
        nothing of it
            has then been run.
    """
    tensors = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    if not tensors or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise WeightsError(f"{path} holds no weights: expected tensors by name, alone or under 'model'")
    return tensors


def convert(source: Path, target: Path) -> None:
    """Write a checkpoint's weights as safetensors; the file appears whole or not at all.

    Args:
        source: A checkpoint, or a folder of the release.
        target: A ``.safetensors`` file that does not exist yet.

    Raises:
        WeightsError: There are no weights at ``source``, they cannot be read, or ``target`` exists.
    """
    from safetensors.torch import save

    path = find_file(source)
    if path is None:
        raise WeightsError(
            f"no weights at {source}: expected a file, or a folder with checkpoints/checkpoint-<epoch>.pth"
        )
    if target.suffix != ".safetensors" or target.exists():
        raise WeightsError(f"cannot convert to {target}: expected the name of a new .safetensors file")
    tensors = {name: tensor.contiguous() for name, tensor in read_tensors(path).items()}
    about = {"format": "pt", "converted_from": path.name, "sha256_of_source": fingerprint.of_file(path)}
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(save(tensors, about))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names and values: equal for a checkpoint and for what it was converted to."""
    parts = {name: fingerprint.of_array(tensor.detach().cpu().numpy()) for name, tensor in tensors.items()}
    return fingerprint.of_data(parts)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"cannot read {path} as safetensors: {error}") from error


def _read_pickle(path: Path) -> dict[str, Tensor]:
    try:
        with torch.serialization.safe_globals([(_Forgetful, name) for name in _FORGOTTEN]):
            held = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        if found := _REFUSED.search(str(error)):
            raise WeightsError(
                f"{path} was refused and nothing in it was run: it asks for {found[1]}, which is not data"
            ) from error
        raise WeightsError(
            f"{path} was refused and nothing in it was run: it is no checkpoint of tensors"
        ) from error
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise WeightsError(f"{path} is damaged, or is no PyTorch checkpoint") from error
    if not isinstance(held, Mapping):
        raise WeightsError(f"{path} holds no weights: expected tensors by name, alone or under 'model'")
    model = held.get("model", held)
    return dict(model) if isinstance(model, Mapping) else {}
