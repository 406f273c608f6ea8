"""Trees with the complete real names of the published corpora, of empty files: a scan reads names alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nver.corpora.naming import published_paths


def _touch_all(root: Path, paths: Iterable[str]) -> Path:
    """Links to one empty file: a tenth of the time of 32,130 files of their own."""
    empty = root / ".empty"
    empty.touch()
    folders: set[Path] = set()
    for path in paths:
        file = root / path
        if file.parent not in folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            folders.add(file.parent)
        os.link(empty, file)
    return root


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    """A tree of empty files below a folder of its own."""

    def plant_in(*paths: str, root: Path = tmp_path / "tree") -> Path:
        root.mkdir(exist_ok=True)
        return _touch_all(root, paths)

    return plant_in


@pytest.fixture
def sound() -> Callable[..., Path]:
    """Writes a fifth of a second of noise; equal seeds give equal samples."""

    def write(path: Path, seed: int, *, scale: float = 0.1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.random.default_rng(seed).uniform(-scale, scale, 3200), 16_000)
        return path

    return write


@pytest.fixture(scope="session")
def vivae_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All 1,085 clips, and ten of the core set's copies."""
    names = published_paths("vivae")
    core = [name for name in names if name.startswith("S01_anger_")][:10]
    paths = [f"VIVAE/full_set/{name}" for name in names] + [f"VIVAE/core_set/{name}" for name in core]
    return _touch_all(tmp_path_factory.mktemp("vivae"), [*paths, "VIVAE/readme.txt", "VIVAE/ratings.csv"])


@pytest.fixture(scope="session")
def asvp_esd_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All 13,964 clips in the folders of the release."""
    paths = [f"ASVP-ESD-Update/{path}" for path in published_paths("asvp_esd")]
    return _touch_all(tmp_path_factory.mktemp("asvp-esd"), paths)


@pytest.fixture(scope="session")
def emogator_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All 32,130 clips."""
    paths = (
        f"data/mp3/{contributor:06d}-{category:02d}-{take}.mp3"
        for contributor in range(1, 358)
        for category in range(1, 31)
        for take in (1, 2, 3)
    )
    root = _touch_all(tmp_path_factory.mktemp("emogator"), paths)
    return _touch_all(root, ["data/category_names.pt", "README.md"])
