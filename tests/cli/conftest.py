"""The command line in this process, and a small corpus for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nver.cli import main
from nver.corpora.synthetic import synthesise


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Nver = Callable[..., Ran]


@pytest.fixture
def nver(capsys: pytest.CaptureFixture[str]) -> Nver:
    """``nver("corpora", "list")``."""

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ran(int(end.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """66 synthetic clips: every speaker in every emotion once."""
    return synthesise(tmp_path_factory.mktemp("synthetic"), n_clips=66)


@pytest.fixture
def plan(tmp_path: Path, corpus: Path) -> Path:
    """The smallest experiment."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        f"""
        name = "tiny"
        systems = [{{ head = "fcn", encoders = ["mfcc-stats"] }}]
        corpus = {{ name = "vivae", root = "{corpus.as_posix()}" }}
        folds = {{ protocol = "speaker", n_folds = 2 }}
        training = {{ max_epochs = 1 }}
        """
    )
    return path
