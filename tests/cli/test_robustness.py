"""``nver robustness`` with a small head, on clips in folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nver import extract, load_encoder, open_corpus
from nver.embeddings.store import Store
from nver.experiment import Experiment
from nver.training.bundle import fit_bundle


@pytest.fixture(scope="module")
def model(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head on MFCC statistics."""
    home = tmp_path_factory.mktemp("model")
    clips, encoder = open_corpus("vivae", corpus), load_encoder("mfcc-stats")
    table = extract(clips.clips, encoder, store=Store(home / "store"), workers=0).table
    experiment = Experiment.model_validate(
        {
            "name": "tiny",
            "corpus": {"name": "vivae", "root": str(corpus)},
            "encoders": ["mfcc-stats"],
            "head": {"kind": "fcn", "dense": [8, 8]},
            "training": {"max_epochs": 2, "standardize": True},
        }
    )
    fit_bundle(experiment, clips, [table], home / "tiny", encoders=[encoder])
    return home / "tiny"


@pytest.fixture
def folder(corpus: Path, tmp_path: Path) -> Path:
    """Clips of three speakers, a folder a label."""
    for path in corpus.rglob("S0[123]_*.wav"):
        to = tmp_path / "clips" / path.name.split("_")[1]
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    return tmp_path / "clips"


def test_a_table_and_curves_are_written_and_the_second_time_nobody_is_asked(nver, model, folder, tmp_path):
    command = ["robustness", model, "--corpus", "folder", "--root", folder, "--option", "speaker=(S\\d+)_"]
    command += ["--only", "gain", "--only", "cut", "--out", tmp_path / "out", "--workers", 1]
    first = nver(*command)
    assert first.code == 0
    assert "| cut, 0.25 s |" in first.out
    assert "tiny on folder" in first.out
    assert "18 clips of 3 speakers" in first.out
    again = nver(*command, "--json")
    assert [one["condition"] for one in again.json][:2] == ["clean", "gain-20"]
    assert "cut, 1" not in again.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("answers", "robustness.csv", "robustness.md", "robustness.png", "robustness.svg")
    }


def test_clips_of_people_who_were_trained_on_are_refused(nver, model, corpus):
    ran = nver("robustness", model, "--corpus", "vivae", "--root", corpus)
    assert ran.code == 1
    assert "its scores here would be too good" in ran.err
