"""Training stops anywhere and goes on with the same numbers; what it wrote can be used and gone on from."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nver.errors import AudioError, TrainingError, WeightsError
from nver.models.network_files import read_network, read_parts
from nver.pretraining import loop
from nver.pretraining.run import pretrain
from nver.pretraining.spec import Pretraining, load_pretraining

PLANS = sorted((Path(__file__).parents[2] / "experiments" / "pretraining").glob("*.toml"))

Make = Callable[..., Pretraining]


class KilledError(Exception):
    pass


def curve(folder: Path) -> list[dict[str, str]]:
    with (folder / "curve.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    own, rest, _ = read_parts(folder)
    return own | rest


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_file_that_comes_with_the_project_can_be_meant(path: Path) -> None:
    assert load_pretraining(path).training.epochs > 0


def test_the_files_of_the_pair_differ_in_the_mixer_alone() -> None:
    mamba, attention = (
        load_pretraining(PLANS[0].with_name(f"burst-{mixer}.toml")).model_dump()
        for mixer in ("mamba", "attention")
    )
    mamba["network"]["mixer"], mamba["name"] = "attention", "burst-attention"
    assert mamba == attention


@pytest.mark.parametrize("kind", ["masked", "labels"])
def test_a_training_that_was_killed_ends_as_if_it_had_not_been(
    kind: str, make_spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec(objective={"kind": kind}).model_copy(
        update={"training": make_spec().training.model_copy(update={"checkpoint_s": 1e-9})}
    )
    monkeypatch.setattr(loop, "_ROWS_BETWEEN", 7)
    whole = pretrain(spec, out=tmp_path / "whole", workers=0)

    def kill_at(step: int) -> Callable[[loop.Progress], None]:
        def watch(progress: loop.Progress) -> None:
            if progress.step == step:
                raise KilledError

        return watch

    for step in (18, 19, 33):
        with pytest.raises(KilledError):
            pretrain(spec, out=tmp_path / "killed", workers=0, on_progress=kill_at(step))
    resumed = pretrain(spec, out=tmp_path / "killed", workers=0)
    assert curve(resumed) == curve(whole)
    found = weights(resumed)
    assert all(torch.equal(value, found[name]) for name, value in weights(whole).items())


def test_the_loss_falls(make_spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_ROWS_BETWEEN", 10)
    losses = [
        float(row["loss"]) for row in curve(pretrain(make_spec(), out=tmp_path, workers=0)) if row["loss"]
    ]
    assert losses[-1] < 0.9 * losses[0]


def test_labels_are_learnt_from_a_pre_trained_start(make_spec: Make, tmp_path: Path) -> None:
    start = pretrain(make_spec(), out=tmp_path, workers=0)
    spec = make_spec(
        name="tuned",
        objective={"kind": "labels", "start": str(start), "mixup": 0.0},
        training={"epochs": 60, "batch_size": 4, "lr": 3e-3, "precision": "float32"},
    )
    folder = pretrain(spec, out=tmp_path, workers=0)
    last = [row for row in curve(folder) if row["accuracy"]][-1]
    assert float(last["accuracy"]) == 1.0
    _, about = read_network(folder)
    assert about["labels"] == ["noise", "tone"]


def test_a_start_of_another_shape_is_refused(make_spec: Make, tmp_path: Path) -> None:
    training = {"epochs": 1, "batch_size": 4}
    start = pretrain(make_spec(training=training), out=tmp_path, workers=0)
    network = {**make_spec().network.model_dump(), "mixer": "attention"}
    spec = make_spec(
        name="tuned", network=network, training=training, objective={"kind": "labels", "start": str(start)}
    )
    with pytest.raises(WeightsError, match=r"expected .*attention.*, as \[network\] says"):
        pretrain(spec, out=tmp_path, workers=0)


def test_a_checkpoint_of_another_training_is_refused(make_spec: Make, tmp_path: Path) -> None:
    training = {"epochs": 1, "batch_size": 4}
    pretrain(make_spec(training=training), out=tmp_path, workers=0)
    with pytest.raises(TrainingError, match=r"is of a training with other settings.*name another --out"):
        pretrain(make_spec(training={**training, "lr": 0.5}), out=tmp_path, workers=0)


def test_a_loss_that_runs_away_is_said(make_spec: Make, tmp_path: Path) -> None:
    training = {"epochs": 40, "batch_size": 4, "lr": 1e12, "max_gradient": 1e30, "precision": "float32"}
    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) at step \d+; lower training.lr"):
        pretrain(make_spec(training=training), out=tmp_path, workers=0)


def test_fewer_clips_than_a_batch_are_refused(make_spec: Make, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"8 clips are fewer than a batch of 64"):
        pretrain(make_spec(training={"epochs": 1}), out=tmp_path, workers=0)
    assert not (tmp_path / "tiny").exists()


def test_an_unreadable_clip_stops_before_anything_is_trained(
    make_spec: Make, recordings: Path, tmp_path: Path
) -> None:
    (recordings / "tone" / "0.wav").write_bytes(b"no audio")
    with pytest.raises(AudioError, match=r"0\.wav"):
        pretrain(make_spec(), out=tmp_path, workers=0)
    assert not (tmp_path / "tiny").exists()
