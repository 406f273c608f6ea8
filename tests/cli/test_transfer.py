"""``nver transfer`` on two synthetic corpora."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nver.corpora.synthetic import synthesise
from nver.results import Result


@pytest.fixture
def crossing(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NVER_HOME", str(tmp_path / "home"))
    other = synthesise(tmp_path / "other", seed=1, n_clips=66)
    path = tmp_path / "cross.toml"
    path.write_text(
        f"""
        name = "cross"
        encoders = ["mfcc-stats"]
        systems = [{{ head = {{ kind = "fcn", dense = [8, 8] }} }}]
        training = {{ max_epochs = 2, standardize = true }}
        [corpora.one]
        name = "vivae"
        root = "{corpus.as_posix()}"
        test = {{ speaker = ["S10", "S11"] }}
        [corpora.two]
        name = "vivae"
        root = "{other.as_posix()}"
        test = {{ speaker = ["S10", "S11"] }}
        """
    )
    return path


def test_a_matrix_lies_beside_results_that_a_report_shows(nver, crossing, tmp_path):
    ran = nver("transfer", crossing, "--out", tmp_path / "runs", "--workers", 2)
    assert ran.code == 0
    rows = list(csv.DictReader((tmp_path / "runs/cross/matrix.csv").read_text().splitlines()))
    assert [(row["train"], row["test"]) for row in rows] == [
        *(("one", "one"), ("one", "two"), ("two", "one"), ("two", "two"), ("all", "one"), ("all", "two")),
    ]
    result = Result.load(tmp_path / "runs/cross/fcn-mfcc-stats-one-to-two")
    assert rows[1]["accuracy"] == f"{result.scores().accuracy.pooled:.5f}"
    assert {clip.split("/")[0] for clip in result.predictions.clip_ids} == {"two"}
    assert result.provenance["corpus"]["options"]["parts"]["one"]["test"] == {"speaker": ["S10", "S11"]}
    assert all(row["n_test"] == "12" for row in rows)
    assert "| one (" in ran.out
    svg = (tmp_path / "runs/cross/matrix.svg").read_text()
    assert "trained on" in svg
    again = nver("transfer", crossing, "--out", tmp_path / "runs", "--workers", 2, "--json")
    assert len(again.json) == 6
    results = sorted((tmp_path / "runs/cross").glob("fcn-*"))
    shown = nver("report", *results, "--out", tmp_path / "report", "--no-figures")
    assert shown.code == 0
    assert "one + two, 6 classes" in (tmp_path / "report/report.md").read_text()
