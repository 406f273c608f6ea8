"""The digest of the code that trains a head."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nver.training import code


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package to change."""
    copy = tmp_path / "nver"
    shutil.copytree(code._PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "_PACKAGE", copy)
    return copy


def digest(kind: str) -> str:
    return code.of_training.__wrapped__(kind)


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        ("training/fit.py", {"fcn", "reno"}),
        ("evaluation/folds.py", {"fcn", "reno"}),
        ("heads/dropout.py", {"fcn", "reno"}),
        ("heads/attention.py", {"reno"}),
        ("heads/reno.py", {"reno"}),
        ("heads/specs.py", set()),
        ("report/tables.py", set()),
    ],
)
def test_code_counts_for_the_heads_that_it_trains(package, file, kinds):
    before = {kind: digest(kind) for kind in ("fcn", "reno")}
    with (package / file).open("a") as source:
        source.write("\nCHANGED = 1\n")
    assert {kind for kind, was in before.items() if digest(kind) != was} == kinds


def test_comments_docstrings_and_layout_do_not_count(package):
    before = digest("reno")
    path = package / "heads" / "reno.py"
    path.write_text(
        "# A comment.\n\n" + path.read_text().replace('"""RENO', '"""Another sentence about RENO')
    )
    assert digest("reno") == before
