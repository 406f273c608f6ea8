"""Grids: nothing is done twice, what changed is done again, what is missing is left out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from nver import fingerprint
from nver.embeddings.store import Store
from nver.experiment import Experiment
from nver.grid import Grid
from nver.results import RESULT_FILE, Result, read_summary
from nver.training import code
from nver.training.grid import Ending, GridObserver, run_grid
from nver.training.outlook import outlook

SMALL = {"dense": [8, 8], "dropout": 0.0}
NAMES = [
    "tones/fcn-logmel-stats-paper",
    "tones/fcn-mfcc-stats-paper",
    "tones/concat-logmel-stats-mfcc-stats-paper",
]


class Diary(GridObserver):
    """Writes down what it is told, and can interrupt once a cell is saved."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.computed: list[tuple[str, int]] = []
        self.trained_in: set[str] = set()
        self.done: list[tuple[str, bool]] = []
        self.again: dict[str, Sequence[str]] = {}
        self.interrupt_after = interrupt_after

    def embedded(self, encoder: Any, extraction: Any) -> None:
        self.computed.append((encoder.card.name, extraction.n_computed))

    def trained(self, experiment: Experiment, progress: Any) -> None:
        self.trained_in.add(experiment.name)

    def redoing(self, experiment: Experiment, directory: Path, reasons: Sequence[str]) -> None:
        self.again[f"{directory.parent.name}/{directory.name}"] = reasons

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        self.done.append((f"{directory.parent.name}/{directory.name}", was_there))
        if len(self.done) == self.interrupt_after:
            raise KeyboardInterrupt


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two classes of six short recordings: tones with noise, low and high."""
    rng = np.random.default_rng(0)
    t = np.arange(4000) / 16000
    for label, pitch in (("low", 200.0), ("high", 900.0)):
        folder = tmp_path / "recordings" / label
        folder.mkdir(parents=True)
        for i in range(6):
            wave = 0.3 * np.sin(2 * np.pi * pitch * (1 + 0.02 * i) * t) + 0.02 * rng.normal(size=t.size)
            soundfile.write(folder / f"{i:02d}.wav", wave, 16000, subtype="PCM_16")
    return tmp_path / "recordings"


def grid(recordings: Path, **changes: Any) -> Grid:
    plain = {
        "name": "small",
        "encoders": ["logmel-stats", "mfcc-stats"],
        "heads": [{"kind": "fcn", **SMALL}],
        "pairs": [["logmel-stats", "mfcc-stats"]],
        "fusions": [{"kind": "concat", "filters": [2, 2], "tokens": 2, **SMALL}],
        "corpora": [{"name": "folder", "label": "tones", "root": recordings}],
        "folds": {"protocol": "paper", "n_folds": 2},
        "training": {"max_epochs": 2, "standardize": True, "validation_share": 0.3},
    }
    return Grid.model_validate(plain | changes)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs a grid, always in the same places."""

    def run(made: Grid, diary: Diary | None = None, **how: Any) -> Ending:
        return run_grid(
            made, out=tmp_path / "out", store=Store(tmp_path / "store"), workers=0, observer=diary, **how
        )

    return run


def stamps(out: Path) -> dict[str, int]:
    return {str(path.parent.relative_to(out)): path.stat().st_mtime_ns for path in out.rglob(RESULT_FILE)}


def test_a_grid_loads_an_encoder_once_and_saves_every_cell_below_its_corpus(recordings, run, tmp_path):
    more = {"name": "folder", "label": "again", "root": recordings}
    diary = Diary()
    made = grid(recordings, corpora=[*grid(recordings).corpora, more])
    ending = run(made, diary)
    assert (ending.n_trained, ending.n_found, ending.missing, ending.failed) == (6, 0, (), ())
    assert [name for name, _ in diary.computed] == [
        "logmel-stats",
        "logmel-stats",
        "mfcc-stats",
        "mfcc-stats",
    ]
    assert set(stamps(tmp_path / "out" / "small")) == {cell.name for cell in made.cells()}


def test_an_interrupted_grid_goes_on_and_a_finished_one_does_nothing(recordings, run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(grid(recordings), Diary(interrupt_after=1), jobs=1)
    before = stamps(tmp_path / "out" / "small")
    assert list(before) == NAMES[:1]
    resumed = Diary()
    ending = run(grid(recordings), resumed)
    assert (ending.n_trained, ending.n_found) == (2, 1)
    assert sum(n for _, n in resumed.computed) == 0
    assert before.items() <= stamps(tmp_path / "out" / "small").items()
    again = Diary()
    assert run(grid(recordings), again).n_found == 3
    assert again.trained_in == set()
    assert again.again == {}


KILLED = """
import os, signal, sys
from pathlib import Path
from nver.embeddings.store import Store
from nver.grid import Grid
from nver.training.grid import GridObserver, run_grid

class Kill(GridObserver):
    def finished(self, result, directory, *, was_there):
        os.kill(os.getpid(), signal.SIGKILL)

grid, out, store = sys.argv[1:]
how = {"workers": 0, "jobs": 1, "observer": Kill()}
run_grid(Grid.model_validate_json(grid), out=Path(out), store=Store(Path(store)), **how)
"""


def test_a_killed_grid_goes_on(recordings, run, tmp_path):
    """SIGKILL, as soon as a cell is saved, while others are trained: nothing can be tidied up."""
    made, places = grid(recordings), [str(tmp_path / "out"), str(tmp_path / "store")]
    killed = subprocess.run([sys.executable, "-c", KILLED, made.model_dump_json(), *places])
    assert killed.returncode == -signal.SIGKILL
    before = stamps(tmp_path / "out" / "small")
    assert list(before) == NAMES[:1]
    diary = Diary()
    ending = run(made, diary)
    assert diary.again == {}
    assert (ending.n_trained, ending.n_found) == (2, 1)
    assert before.items() <= stamps(tmp_path / "out" / "small").items()
    left = {path.name for path in (tmp_path / "out" / "small" / "tones").iterdir()}
    assert left == {name.split("/")[1] for name in NAMES}


def test_a_changed_setting_is_done_again_and_named(recordings, run):
    run(grid(recordings))
    diary = Diary()
    dense = grid(recordings, heads=[{"kind": "fcn", **SMALL, "dense": [9, 8]}])
    assert run(dense, diary).n_found == 1
    assert diary.again == dict.fromkeys(NAMES[:2], ("head.dense.1 was 8, is 9",))


def test_changed_data_are_done_again_and_named(recordings, run):
    run(grid(recordings))
    wave, rate_hz = soundfile.read(recordings / "low" / "00.wav")
    soundfile.write(recordings / "low" / "00.wav", wave[::-1] / 2, rate_hz, subtype="PCM_16")
    diary = Diary()
    run(grid(recordings), diary)
    assert diary.again[NAMES[0]] == ("the embeddings of logmel-stats changed",)
    assert diary.again[NAMES[2]] == ("the embeddings of logmel-stats and mfcc-stats changed",)
    (recordings / "low" / "00.wav").unlink()
    run(grid(recordings), diary)
    assert "the clips, their labels or speakers changed" in diary.again[NAMES[0]]


def test_changed_code_is_done_again_and_named(recordings, run, monkeypatch):
    run(grid(recordings))
    of_training = code.of_training
    monkeypatch.setattr(
        code,
        "of_training",
        lambda kind, **_: fingerprint.of_data(kind) if kind == "concat" else of_training(kind),
    )
    diary = Diary()
    assert run(grid(recordings), diary).n_found == 2
    assert diary.again == {NAMES[2]: ("the code that trains it changed",)}


def test_a_result_that_does_not_say_what_it_is_of_is_done_again(recordings, run, tmp_path):
    run(grid(recordings))
    path = tmp_path / "out" / "small" / NAMES[0] / RESULT_FILE
    told = json.loads(path.read_text())
    del told["provenance"]["code_sha256"], told["provenance"]["embeddings_sha256"]
    told["provenance"]["software"]["torch"] = "1.0"
    path.write_text(json.dumps(told))
    diary = Diary()
    run(grid(recordings), diary)
    (reasons,) = diary.again.values()
    assert reasons[:2] == ("it does not say which code it is of", reasons[1])
    assert reasons[1].startswith("torch was 1.0, is ")
    assert reasons[2] == "it does not say which embeddings it is of"


def test_a_damaged_result_is_made_anew(recordings, run, tmp_path):
    run(grid(recordings))
    path = tmp_path / "out" / "small" / NAMES[1] / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    diary = Diary()
    assert run(grid(recordings), diary).n_trained == 1
    assert list(diary.again) == [NAMES[1]]
    Result.load(path.parent)


def test_cells_with_missing_inputs_are_left_out_with_what_to_do(recordings, run):
    made = grid(
        recordings,
        encoders=["logmel-stats", "audio-mamba-tiny", "wavlm-base"],
        pairs=[["logmel-stats", "wavlm-base"]],
        corpora=[*grid(recordings).corpora, {"name": "vivae", "root": recordings / "nowhere"}],
    )
    ending = run(made)
    assert (ending.n_trained, ending.failed) == (1, ())
    corpus, mamba, wavlm = ending.missing
    assert corpus.subject == "corpus vivae"
    assert "there is no folder" in corpus.reason
    assert "`nver corpora download vivae --to DIR` fetches it" in corpus.reason
    assert len(corpus.cells) == 4
    assert "get the folder ssam_tiny_200_16x4_4x256_fp16_r1 from" in mamba.reason
    assert mamba.cells == ("tones/fcn-audio-mamba-tiny-paper", "vivae/fcn-audio-mamba-tiny-paper")
    assert "run 'nver encoders fetch wavlm-base'" in wavlm.reason
    assert len(wavlm.cells) == 4


def test_folds_that_cannot_be_made_leave_their_cells_out(recordings, run):
    ending = run(grid(recordings, folds=["speaker", {"protocol": "paper", "n_folds": 2}]))
    assert ending.n_trained == 3
    (refused,) = ending.missing
    assert refused.subject == "protocol speaker on tones"
    assert len(refused.cells) == 3


def test_a_cell_that_fails_leaves_the_others_alone(recordings, run):
    wild = {"label": "wild", "lr": 1e30, "max_epochs": 2, "validation_share": 0.3}
    tame = {"label": "tame", "max_epochs": 2, "validation_share": 0.3}
    ending = run(grid(recordings, training=[wild, tame], heads=[{"kind": "fcn", **SMALL}], fusions=[]))
    assert ending.n_trained == 2
    assert {what.subject for what in ending.failed} == {
        "cell tones/fcn-logmel-stats-wild-paper",
        "cell tones/fcn-mfcc-stats-wild-paper",
    }
    assert all("loss became" in what.reason for what in ending.failed)


def test_a_clip_that_cannot_be_read_fails_its_corpus_or_is_listed(recordings, run, tmp_path):
    (recordings / "low" / "03.wav").write_bytes(b"not audio at all")
    ending = run(grid(recordings))
    assert ending.n_trained == 0
    assert {what.subject for what in ending.failed} == {"logmel-stats on tones", "mfcc-stats on tones"}
    assert run(grid(recordings), skip_unreadable=True).n_trained == 3
    summary = read_summary(tmp_path / "out" / "small" / NAMES[0])
    assert list(summary["provenance"]["unreadable"]) == ["low/03.wav"]


def test_looking_ahead_writes_nothing_and_says_what_a_run_would_do(recordings, run, tmp_path):
    store = Store(tmp_path / "store")
    how: dict[str, Any] = {"out": tmp_path / "out", "store": store, "jobs": 1}
    before = sorted(tmp_path.rglob("*"))
    first = outlook(grid(recordings), **how)
    assert sorted(tmp_path.rglob("*")) == before
    assert (first.n_cells, first.n_to_train, first.stored, first.redone) == (3, 3, (), ())
    assert [(job.encoder, job.n_missing) for job in first.embeddings] == [
        ("logmel-stats", 12),
        ("mfcc-stats", 12),
    ]
    assert first.embeddings[0].n_bytes == 12 * 640 * 4
    assert first.training_s > 0
    assert first.result_bytes > 0

    run(grid(recordings))
    stored = outlook(grid(recordings), **how)
    assert (stored.stored, stored.n_to_train, stored.training_s) == (tuple(NAMES), 0, 0.0)
    assert [job.n_missing for job in stored.embeddings] == [0, 0]
    changed = outlook(grid(recordings, seeds=[5]), **how)
    assert dict(changed.redone) == dict.fromkeys(NAMES, ("seed was 0, is 5",))
    assert changed.n_to_train == 3


def test_a_clip_that_was_left_out_is_no_reason_to_do_a_cell_again(recordings, run, tmp_path):
    (recordings / "low" / "03.wav").write_bytes(b"not audio at all")
    run(grid(recordings), skip_unreadable=True)
    ahead = outlook(grid(recordings), out=tmp_path / "out", store=Store(tmp_path / "store"), jobs=1)
    assert ahead.stored == tuple(NAMES)
