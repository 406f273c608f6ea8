from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.errors import ResultError
from nver.experiment import Experiment
from nver.results import Epoch, FoldHistory, Predictions, Result

LABELS = ("cry", "Surprise (Negative)", "Geschrei, laut")


def make(n_clips: int = 9, *, seed: int = 0) -> Result:
    rng = np.random.default_rng(seed)
    raw = rng.random((n_clips, 3))
    fold = np.arange(n_clips) % 2
    return Result(
        experiment=Experiment.model_validate(
            {
                "name": "trial",
                "corpus": {
                    "name": "vivae",
                    "root": "data/VIVAE",
                    "options": {"intensities": ["low", "peak"]},
                },
                "encoders": [{"name": "logmel-stats", "n_bands": 40}, "mfcc-stats"],
                "head": {"kind": "reno", "shift": 0.0},
                "folds": {"protocol": "predefined", "train": ["a"], "test": ["b"]},
            }
        ),
        labels=LABELS,
        predictions=Predictions(
            clip_ids=tuple(f"klänge/{i:03d}.wav" for i in range(n_clips)),
            truth=rng.integers(0, 3, n_clips),
            probabilities=(raw / raw.sum(axis=1, keepdims=True)).astype(np.float32),
            fold=fold,
            speakers=tuple(None if i % 5 == 4 else f"zoë-{i % 3}" for i in range(n_clips)),
            attributes={"intensity": tuple("low" if i % 2 else None for i in range(n_clips))},
        ),
        history=tuple(
            FoldHistory(i, f"fold {i + 1}", 10, 2, int((fold == i).sum()), (Epoch(1.0, 1.1, 0.5, 0.4),), 0)
            for i in range(2)
        ),
        provenance={"key": "abc", "warnings": ["überall"], "machine": {"threads": 1}},
    )


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(2, 50), st.integers(0, 99))
def test_what_is_saved_is_what_is_loaded(tmp_path_factory, n_clips, seed):
    result = make(n_clips, seed=seed)
    place = tmp_path_factory.mktemp("results") / "deep" / "trial"
    result.save(place)
    loaded = Result.load(place)
    assert loaded.experiment == result.experiment
    assert (loaded.labels, loaded.history, loaded.provenance) == (
        result.labels,
        result.history,
        result.provenance,
    )
    assert loaded.predictions.clip_ids == result.predictions.clip_ids
    for name in ("truth", "probabilities", "fold"):
        ours, theirs = getattr(result.predictions, name), getattr(loaded.predictions, name)
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert loaded.predictions.speakers == result.predictions.speakers
    assert loaded.predictions.attributes == result.predictions.attributes
    np.testing.assert_array_equal(loaded.scores().confusion, result.scores().confusion)
    assert loaded.scores().accuracy == result.scores().accuracy


def test_a_result_that_was_saved_without_speakers_has_none(tmp_path):
    result = make()
    bare = dataclasses.replace(result.predictions, speakers=(), attributes={})
    dataclasses.replace(result, predictions=bare).save(tmp_path / "bare")
    loaded = Result.load(tmp_path / "bare").predictions
    assert (loaded.speakers, loaded.attributes) == ((), {})


def test_predictions_open_in_pandas(tmp_path):
    result = make()
    result.save(tmp_path / "trial")
    frame = pd.read_parquet(tmp_path / "trial" / "predictions.parquet")
    chance_names = [f"p_{label}" for label in LABELS]
    assert list(frame.columns) == ["clip_id", "fold", "truth", *chance_names, "speaker", "a_intensity"]
    assert frame.truth.tolist() == [LABELS[i] for i in result.predictions.truth]
    chances = frame[chance_names].to_numpy()
    assert (chances.argmax(axis=1) == result.predictions.guess).all()
    assert chances.dtype == np.float32


def test_the_same_result_is_saved_as_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        make().save(tmp_path / name)
    for file in ("result.json", "predictions.parquet"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_result_replaces_a_result_and_leaves_nothing_else_behind(tmp_path):
    make(seed=0).save(tmp_path / "trial")
    make(seed=1).save(tmp_path / "trial")
    np.testing.assert_array_equal(
        Result.load(tmp_path / "trial").predictions.truth, make(seed=1).predictions.truth
    )
    assert [path.name for path in tmp_path.iterdir()] == ["trial"]
    assert sorted(path.name for path in (tmp_path / "trial").iterdir()) == [
        "predictions.parquet",
        "result.json",
    ]


@pytest.mark.parametrize("name", ["a file", "a folder"])
def test_what_is_no_result_is_never_replaced(tmp_path, name):
    place = tmp_path / name
    if name == "a file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "notes.txt").write_text("mine")
    with pytest.raises(ResultError, match=r"exists and is no result; name another folder, or remove it$"):
        make().save(place)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_save_that_fails_leaves_the_earlier_result(tmp_path, monkeypatch, fails_at):
    make(seed=0).save(tmp_path / "trial")
    rename, calls = Path.rename, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == fails_at:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        make(seed=1).save(tmp_path / "trial")
    assert [path.name for path in tmp_path.iterdir()] == ["trial"]
    np.testing.assert_array_equal(
        Result.load(tmp_path / "trial").predictions.truth, make(seed=0).predictions.truth
    )


def corrupt(place: Path, how: str) -> None:
    summary = place / "result.json"
    match how:
        case "nothing there":
            summary.unlink()
        case "cut off":
            summary.write_text(summary.read_text()[:50])
        case "a later format":
            summary.write_text(json.dumps(json.loads(summary.read_text()) | {"format": 2}))
        case "no predictions":
            (place / "predictions.parquet").unlink()
        case "other predictions":
            make(seed=5).save(place.with_name("other"))
            (place.with_name("other") / "predictions.parquet").replace(place / "predictions.parquet")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("nothing there", "is no result: cannot read"),
        ("cut off", "result.json is damaged: "),
        ("a later format", "is not a result of format 1, the only one that this version reads"),
        ("no predictions", "cannot read"),
        ("other predictions", "is not what result.json was written with; run it again"),
    ],
)
def test_a_damaged_result_is_refused_with_the_reason(tmp_path, how, message):
    make().save(tmp_path / "trial")
    corrupt(tmp_path / "trial", how)
    with pytest.raises(ResultError, match=re.escape(message)):
        Result.load(tmp_path / "trial")


good: dict[str, Any] = {
    "clip_ids": ("a", "b"),
    "truth": np.array([0, 1]),
    "probabilities": np.array([[0.5, 0.5], [1.0, 0.0]], np.float32),
    "fold": np.array([0, 1]),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clip_ids": ("a", "a")}, "a clip is predicted twice"),
        ({"truth": np.array([0])}, "2 clip ids came with truth (1,), fold (2,) and probabilities (2, 2)"),
        ({"probabilities": np.ones(2, np.float32)}, "probabilities (2,); expected a row a clip in each"),
        ({"truth": np.array([0, 2])}, "a true class is outside 0..1"),
        ({"truth": np.array([-1, 1])}, "a true class is outside 0..1"),
        ({"speakers": ("ann",)}, "2 clips came with 1 of 'speakers'; expected one a clip"),
        ({"attributes": {"sex": ("f", "m", "f")}}, "2 clips came with 3 of 'sex'; expected one a clip"),
        ({"fold": np.array([-1, 1])}, "a fold is negative; folds are counted from 0"),
        ({"probabilities": np.array([[0.5, 0.6], [1, 0]], np.float32)}, "do not sum to one"),
        ({"probabilities": np.array([[np.nan, 0.6], [1, 0]], np.float32)}, "not finite"),
        ({"probabilities": np.array([[-0.5, 1.5], [1, 0]], np.float32)}, "not between 0 and 1"),
        (
            {
                "clip_ids": (),
                "truth": np.zeros(0, np.int64),
                "fold": np.zeros(0, np.int64),
                "probabilities": np.zeros((0, 2), np.float32),
            },
            "there are no predictions",
        ),
    ],
)
def test_predictions_refuse_to_exist_when_wrong(change, message):
    Predictions(**good)
    with pytest.raises(ResultError, match=re.escape(message)):
        Predictions(**{**good, **change})


def test_results_refuse_to_exist_when_wrong():
    result = make()
    with pytest.raises(ResultError, match=r"^2 labels came with probabilities of 3 classes$"):
        dataclasses.replace(result, labels=("a", "b"))
    with pytest.raises(ResultError, match=r"^the folds of the history are not those of the predictions$"):
        dataclasses.replace(result, history=result.history[:1])
    with pytest.raises(ResultError, match=r"^fold 1: the best epoch is 1 of 1 epochs$"):
        dataclasses.replace(result.history[0], best_epoch=1)
    with pytest.raises(ResultError, match=r"^fold 1: the best epoch is 1 of 0 epochs$"):
        dataclasses.replace(result.history[0], epochs=(), best_epoch=1)
    assert dataclasses.replace(result.history[0], epochs=()).best_epoch == 0
