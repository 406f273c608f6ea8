"""``nver grid`` on a small corpus."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """Two cells: one needs no weights, one needs some."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        """
        name = "tiny"
        corpora = ["vivae", "jnv"]
        encoders = ["mfcc-stats", "wavlm-base"]
        heads = ["fcn"]
        folds = { protocol = "speaker", n_folds = 2 }
        training = { max_epochs = 1 }
        """
    )
    return path


def test_a_dry_run_lists_what_is_missing_and_writes_nothing(nver, grid, corpus, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    ran = nver("grid", grid, "--root", f"vivae={corpus}", "--out", tmp_path / "out", "--dry-run")
    assert ran.code == 0
    assert sorted(tmp_path.rglob("*")) == before
    lines = ran.out.splitlines()
    assert lines[0] == "tiny: 4 cells, 0 stored already, 1 to train, 3 left out"
    assert "  missing: corpus jnv (2 cells): there is no folder data/jnv" in ran.out
    assert (
        "  missing: encoder wavlm-base (2 cells): the weights of wavlm-base are not on this machine"
        in ran.out
    )
    assert "  embed: mfcc-stats on vivae: 66 of 66 clips" in ran.out
    assert lines[-1].startswith("about ")
    told = nver(
        "grid", grid, "--root", f"vivae={corpus}", "--out", tmp_path / "out", "--dry-run", "--json"
    ).json
    assert told["to_train"] == ["vivae/fcn-mfcc-stats-speaker"]
    assert [what["subject"] for what in told["missing"]] == ["corpus jnv", "encoder wavlm-base"]


def test_a_grid_runs_what_can_run_and_reports_it(nver, grid, corpus, tmp_path):
    arguments = ("grid", grid, "--root", f"vivae={corpus}", "--out", tmp_path / "out", "--workers", 1)
    ran = nver(*arguments)
    assert ran.code == 0
    assert "1 cells trained, 0 were there, 3 left out" in ran.err
    assert "best of vivae speaker: " in ran.err
    assert "vivae/fcn-mfcc-stats-speaker: accuracy " in ran.err
    again = nver(*arguments, "--json")
    assert (again.json["n_trained"], again.json["n_found"]) == (0, 1)
    changed = nver(*arguments, "--set", "training.lr=1e-2")
    assert "again: vivae/fcn-mfcc-stats-speaker: training.lr was 0.001, is 0.01" in changed.err
    assert nver("report", tmp_path / "out" / "tiny", "--out", tmp_path / "report").code == 0


def test_random_weights_are_loud_and_have_results_of_their_own(nver, grid, corpus, tmp_path):
    ran = nver(
        *("grid", grid, "--root", f"vivae={corpus}", "--out", tmp_path / "out"),
        *("--random-weights", 0, "--dry-run"),
    )
    assert "RANDOM WEIGHTS: scores of this grid mean nothing; it is called tiny-random" in ran.err
    assert ran.out.startswith("tiny-random: 4 cells, 0 stored already, 2 to train, 2 left out")


def test_a_grid_of_which_nothing_can_run_exits_with_1(nver, grid, tmp_path):
    ran = nver("grid", grid, "--out", tmp_path / "out")
    assert ran.code == 1
    assert "0 cells trained, 0 were there, 4 left out" in ran.err


@pytest.mark.parametrize(
    ("root", "sentence"),
    [
        ("vivae", "--root vivae: expected CORPUS=DIR, as in --root vivae=data/VIVAE"),
        ("vivea=data", "tiny has no corpus 'vivea'. Did you mean 'vivae'?"),
    ],
)
def test_a_root_that_cannot_be_meant_is_refused(nver, grid, root, sentence):
    ran = nver("grid", grid, "--root", root)
    assert ran.code == 2
    assert sentence in ran.err
