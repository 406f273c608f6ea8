from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from nver.embeddings.store import Store
from nver.errors import AudioError, ResultError
from nver.experiment import Experiment, Plan
from nver.results import Result
from nver.training.cross_validate import Progress
from nver.training.run import Observer, run_plan


class Diary(Observer):
    """Writes down what it is told, and can interrupt."""

    def __init__(self, interrupt_at: tuple[str, int] | None = None) -> None:
        self.embedded_by: list[tuple[str, int]] = []
        self.trained_in: set[str] = set()
        self.done: list[tuple[str, bool]] = []
        self.interrupt_at = interrupt_at

    def embedded(self, encoder: Any, extraction: Any) -> None:
        self.embedded_by.append((encoder.card.name, extraction.n_computed))

    def trained(self, experiment: Experiment, progress: Progress) -> None:
        self.trained_in.add(experiment.name)
        if self.interrupt_at == (experiment.name, progress.fold):
            raise KeyboardInterrupt

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        self.done.append((result.experiment.name, was_there))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two classes of twelve short recordings: tones with noise, low and high."""
    rng = np.random.default_rng(0)
    t = np.arange(8000) / 16000
    for label, pitch in (("low", 200.0), ("high", 900.0)):
        folder = tmp_path / "recordings" / label
        folder.mkdir(parents=True)
        for i in range(12):
            wave = 0.3 * np.sin(2 * np.pi * pitch * (1 + 0.02 * i) * t) + 0.02 * rng.normal(size=t.size)
            soundfile.write(folder / f"{i:02d}.wav", wave, 16000, subtype="PCM_16")
    return tmp_path / "recordings"


def plan(recordings: Path, **changes: Any) -> Plan:
    small = {"dense": [8, 8], "dropout": 0.0}
    plain = {
        "name": "tones",
        "corpus": {"name": "folder", "root": recordings},
        "folds": {"protocol": "paper", "n_folds": 3},
        "training": {"max_epochs": 4, "lr": 1e-2, "standardize": True},
        "systems": [
            {"head": {"kind": "fcn", **small}, "encoders": ["logmel-stats"]},
            {"head": {"kind": "fcn", **small}, "encoders": ["mfcc-stats"]},
            {
                "head": {"kind": "concat", "filters": [2, 2], "tokens": 2, **small},
                "encoders": ["logmel-stats", "mfcc-stats"],
            },
        ],
    }
    return Plan.model_validate(plain | changes)


NAMES = ["fcn-logmel-stats-paper", "fcn-mfcc-stats-paper", "concat-logmel-stats-mfcc-stats-paper"]


def test_a_plan_embeds_once_an_encoder_and_saves_every_result(recordings, tmp_path):
    diary = Diary()
    results = run_plan(
        plan(recordings), out=tmp_path / "runs", store=Store(tmp_path / "store"), workers=0, observer=diary
    )
    assert diary.embedded_by == [("logmel-stats", 24), ("mfcc-stats", 24)]
    assert diary.done == [(name, False) for name in NAMES]
    assert sorted(path.name for path in (tmp_path / "runs" / "tones").iterdir()) == sorted(NAMES)
    for name, result in zip(NAMES, results, strict=True):
        saved = Result.load(tmp_path / "runs" / "tones" / name)
        assert saved.experiment == result.experiment
        np.testing.assert_array_equal(saved.predictions.probabilities, result.predictions.probabilities)
        assert saved.history == result.history
        assert saved.provenance == result.provenance
    assert results[0].scores().accuracy.pooled == 1.0
    assert [said["name"] for said in results[2].provenance["encoders"]] == ["logmel-stats", "mfcc-stats"]
    assert all(said["fingerprint"] for said in results[2].provenance["encoders"])


def test_an_interrupted_plan_goes_on_and_a_finished_one_is_not_run_again(recordings, tmp_path):
    where: dict[str, Any] = {"out": tmp_path / "runs", "store": Store(tmp_path / "store"), "workers": 0}
    stopped = Diary(interrupt_at=(NAMES[1], 2))
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(recordings), observer=stopped, jobs=1, **where)
    assert stopped.done == [(NAMES[0], False)]
    resumed = Diary()
    results = run_plan(plan(recordings), observer=resumed, **where)
    assert resumed.embedded_by == [("logmel-stats", 0), ("mfcc-stats", 0)]
    assert resumed.done == [(NAMES[0], True), (NAMES[1], False), (NAMES[2], False)]
    assert sorted(path.name for path in (tmp_path / "runs" / "tones").iterdir()) == sorted(NAMES)
    again = Diary()
    run_plan(plan(recordings), observer=again, **where)
    assert again.done == [(name, True) for name in NAMES]
    assert again.trained_in == set()
    elsewhere = run_plan(plan(recordings), out=tmp_path / "other", store=where["store"], workers=0)
    for one, other in zip(results, elsewhere, strict=True):
        np.testing.assert_array_equal(one.predictions.probabilities, other.predictions.probabilities)


def test_a_changed_setting_is_run_again(recordings, tmp_path):
    where: dict[str, Any] = {"out": tmp_path / "runs", "store": Store(tmp_path / "store"), "workers": 0}
    one_system = {"systems": [{"head": {"kind": "fcn", "dense": [8, 8]}, "encoders": ["mfcc-stats"]}]}
    run_plan(plan(recordings, **one_system), **where)
    diary = Diary()
    (result,) = run_plan(plan(recordings, seed=3, **one_system), observer=diary, **where)
    assert diary.done == [(NAMES[1], False)]
    assert Result.load(tmp_path / "runs" / "tones" / NAMES[1]).experiment.seed == result.experiment.seed == 3


def test_an_unreadable_clip_stops_the_run_or_is_listed(recordings, tmp_path):
    (recordings / "low" / "03.wav").write_bytes(b"not audio at all")
    where: dict[str, Any] = {"out": tmp_path / "runs", "store": Store(tmp_path / "store"), "workers": 0}
    with pytest.raises(AudioError, match=r"03\.wav"):
        run_plan(plan(recordings), **where)
    for result in run_plan(plan(recordings), skip_unreadable=True, **where):
        assert list(result.provenance["unreadable"]) == ["low/03.wav"]
        assert len(result.predictions.clip_ids) == 23


def test_what_is_no_result_is_found_in_the_way_before_any_work(recordings, tmp_path):
    taken = tmp_path / "runs" / "tones" / NAMES[2]
    taken.mkdir(parents=True)
    (taken / "notes.txt").write_text("mine")
    diary = Diary()
    with pytest.raises(ResultError, match=r"exists and is no result; name another folder, or remove it$"):
        run_plan(plan(recordings), out=tmp_path / "runs", observer=diary)
    assert diary.embedded_by == []
    assert (taken / "notes.txt").read_text() == "mine"
