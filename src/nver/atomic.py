"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """A file that is there whole, or as it was before, whatever ends the writing early.

    Raises:
        OSError: The disk refuses.
    """
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def write_folder(directory: Path, files: Mapping[str, bytes]) -> None:
    """A folder that holds these files and nothing else; what lay at ``directory`` is replaced.

    Whatever ends the writing early leaves there what was there before. The caller has made sure that this may
    go.

    Args:
        directory: Where the folder comes to lie; its parents are made.
        files: Content by name.

    Raises:
        OSError: The disk refuses.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    new, old = (directory.with_name(f".{directory.name}.{uuid.uuid4().hex}") for _ in range(2))
    new.mkdir()
    try:
        for name, data in files.items():
            with (new / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        if directory.exists():
            directory.rename(old)
        new.rename(directory)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        if old.exists() and not directory.exists():
            old.rename(directory)
        raise
    shutil.rmtree(old, ignore_errors=True)
