"""Where the weights of a checkpoint of the hub lie on this machine, and how they get there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nver.encoders.cards import HubCard
from nver.errors import WeightsError
from nver.home import home

_FORMATS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Where weights may lie, the safe format first; an index names the parts of a file too large to be one."""

_SMALL_FILES = ("config.json", "preprocessor_config.json")


def folder_of(card: HubCard) -> Path:
    """Where ``fetch`` puts a checkpoint, and where a hand-copied one is found.

    >>> folder_of(HubCard(name="hf:a/b", title="", family="", dim=1, licence="", citation="")).name
    'a--b'
    """
    return home() / "weights" / card.name.removeprefix("hf:").replace("/", "--")


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights in a folder, the safe format preferred; empty when there are none.

    Raises:
        WeightsError: An index cannot be read.
    """
    for name in _FORMATS:
        path = folder / name
        if not path.is_file():
            continue
        if not name.endswith(".index.json"):
            return [path]
        try:
            parts = sorted(set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError) as error:
            raise WeightsError(f"{path} does not name the parts of the weights: {error}") from error
        return [folder / part for part in parts]
    return []


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a configuration and every file of the weights that it names."""
    files = weight_files(folder) if (folder / "config.json").is_file() else []
    return bool(files) and all(path.is_file() for path in files)


def present(card: HubCard) -> Path | None:
    """The folder of a checkpoint here: nver's own, or the cache of the hub's client; None without one."""
    if is_whole(folder_of(card)):
        return folder_of(card)
    cached = _in_hub_cache(card)
    return cached if cached is not None and is_whole(cached) else None


def find_folder(card: HubCard, weights: str | Path | None) -> Path:
    """The folder to load from.

    Raises:
        WeightsError: It holds no checkpoint, or none is on this machine; the message says where one would be.
    """
    if weights is not None:
        folder = Path(weights).expanduser()
        if not is_whole(folder):
            raise WeightsError(
                f"{folder} holds no checkpoint: expected config.json and one of {', '.join(_FORMATS[::2])}"
            )
        return folder
    if (found := present(card)) is None:
        raise WeightsError(
            f"the weights of {card.name} are not on this machine: run 'nver encoders fetch {card.name}', "
            f"or copy the files of {card.source} to {folder_of(card)}"
        )
    return found


def _in_hub_cache(card: HubCard) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(card.source), revision=card.revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def fetch(card: HubCard, *, say: Callable[[str], Any] = print) -> Path:
    """Download a checkpoint, at its pinned revision, to the folder where it is looked for; resumes.

    Only the configuration and one form of the weights are fetched, safetensors if there is one.

    Args:
        card: Which one.
        say: Is told what is being fetched, once it is known.

    Raises:
        WeightsError: The hub cannot be reached, wants an account that has accepted the licence, or has no
            such weights; the message says where a hand-copied file would be found.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled, RepositoryNotFoundError
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # its own client, whichever that is

    folder = folder_of(card)
    by_hand = f"copy its files to {folder} by hand, or try again"
    try:
        info = HfApi().model_info(str(card.source), revision=card.revision, files_metadata=True)
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        wanted = _wanted(set(sizes))
        if not wanted:
            raise WeightsError(f"{card.source} has no weights that transformers reads; {by_hand}")
        say(f"{card.source} at {info.sha}: {sum(sizes[name] for name in wanted) / 1e6:.0f} MB to {folder}")
        for name in wanted:
            hf_hub_download(str(card.source), name, revision=info.sha, local_dir=folder)
    except GatedRepoError as error:
        raise WeightsError(
            f"{card.source} is gated: accept its licence on its page and log in with 'hf auth login', "
            f"or {by_hand}"
        ) from error
    except RepositoryNotFoundError as error:
        raise WeightsError(f"the hub has no repository {card.source} that you may see; {by_hand}") from error
    except (OfflineModeIsEnabled, httpx.HTTPError, OSError) as error:
        raise WeightsError(f"cannot fetch {card.source}: the hub cannot be reached; {by_hand}") from error
    if not is_whole(folder):
        raise WeightsError(f"{folder} is not whole after fetching {card.source}; run the same command again")
    return folder


def _wanted(names: set[str]) -> list[str]:
    """The files to fetch: the small ones, and the first form of weights that is there, in all its parts."""
    for name in _FORMATS:
        if name in names:
            stem, _, kind = name.removesuffix(".index.json").partition(".")
            parts = sorted(
                part for part in names if part.startswith(f"{stem}-0") and part.endswith(f".{kind}")
            )
            small = [file for file in _SMALL_FILES if file in names]
            return [*small, name, *(parts if name.endswith(".index.json") else ())]
    return []


def to_safetensors(source: Path, to: Path) -> Path:
    """Write the PyTorch weights of a checkpoint as safetensors, with its configuration beside them.

    Args:
        source: A folder with ``config.json`` and ``pytorch_model.bin``; nothing in the pickle is executed.
        to: The folder to write, which may be ``source`` itself.

    Returns:
        The file that was written.

    Raises:
        WeightsError: There is no such file, it is no plain table of tensors, or the target is there already.
    """
    import pickle
    import shutil

    import torch
    from safetensors.torch import save_file

    pickled, target = source / "pytorch_model.bin", to / "model.safetensors"
    if not (source / "config.json").is_file() or not pickled.is_file():
        raise WeightsError(f"{source} holds no config.json with a pytorch_model.bin to convert")
    if target.exists():
        raise WeightsError(f"{target} is there already; delete it to convert again")
    try:
        state = torch.load(pickled, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError(f"{pickled} is no plain table of tensors: {str(error).splitlines()[0]}") from error
    to.mkdir(parents=True, exist_ok=True)
    # Tensors that share memory are written apart: safetensors has no notion of sharing.
    save_file({name: tensor.clone() for name, tensor in state.items()}, target, metadata={"format": "pt"})
    for name in _SMALL_FILES:
        if to != source and (source / name).is_file():
            shutil.copyfile(source / name, to / name)
    return target
