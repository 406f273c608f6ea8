"""Fixtures that every room's tests share: where real data lies, and a home that is nobody's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("NVER_SHARED", Path(__file__).parents[2] / "shared"))


def _below_shared(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no {'/'.join(parts)} below {SHARED}; set NVER_SHARED to the folder that holds it")
    return path


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Specifications, golden files and real audio that are not part of the project."""
    return _below_shared()


@pytest.fixture(scope="session")
def emogator_mp3() -> Path:
    """EmoGator as published, contributors 1-20."""
    return _below_shared("corpora", "EmoGator")


@pytest.fixture(scope="session")
def emogator_tars() -> Path:
    """EmoGator as 16 kHz Opus, one tar a contributor, contributors 1-300."""
    return _below_shared("corpora", "emogator-16k")


@pytest.fixture(autouse=True)
def _home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the store of the person who runs it."""
    monkeypatch.setenv("NVER_HOME", str(tmp_path / "nver-home"))
