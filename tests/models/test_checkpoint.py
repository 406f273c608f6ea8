"""Reading weights: what is data is read, what is a program is refused and not run."""

from __future__ import annotations

import argparse
import os
import pickle
import sys
from pathlib import Path

import pytest
import torch

from nver.errors import WeightsError
from nver.models.checkpoint import convert, digest, find_file, read_tensors


class Payload:
    """Creates a file when it is unpickled in the usual way."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.target),)


class Evaluated(Payload):
    def __reduce__(self) -> tuple[object, ...]:
        return eval, (f"__import__('os').mkdir({str(self.target)!r})",)


class Built(Payload):
    """Harmless to make; its state does the harm, through the BUILD opcode."""

    def __reduce__(self) -> tuple[object, ...]:
        return argparse.Namespace, (), {"model": Payload(self.target)}


class Imported(Payload):
    """A class that torch does not know; importing its module would be enough."""

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.target,)


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    return {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4)}


@pytest.mark.parametrize("payload", [Payload, Evaluated, Built, Imported])
@pytest.mark.parametrize("place", ["alone", "model", "args", "within a list in a tensor's place"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_booby_trap_is_refused_and_runs_nothing(tmp_path, tensors, payload, place, zipped):
    trap = payload(tmp_path / "sprung")
    held = {
        "alone": trap,
        "model": {"model": trap},
        "args": {"model": tensors, "args": argparse.Namespace(config=trap)},
        "within a list in a tensor's place": {"model": {**tensors, "c": [[trap]]}},
    }[place]
    path = tmp_path / "checkpoint-1.pth"
    torch.save(held, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match="was refused and nothing in it was run"):
        read_tensors(path)
    assert not (tmp_path / "sprung").exists()
    torch.load(path, weights_only=False)
    assert (tmp_path / "sprung").exists() or payload is Imported, "the trap is no trap"


def test_a_plain_pickle_is_refused_and_runs_nothing(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Payload(tmp_path / "sprung"), protocol=2))
    with pytest.raises(WeightsError):
        read_tensors(path)
    assert not (tmp_path / "sprung").exists()


def test_the_settings_beside_the_weights_are_forgotten(tmp_path, tensors):
    config_dict = pytest.importorskip("ml_collections", reason="ml_collections is not installed")
    config = config_dict.ConfigDict(
        {"model": {"name": "ssam", "n": (1, 2)}, "lr": config_dict.FieldReference(3)}
    )
    held = {
        "model": tensors,
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3}]},
        "epoch": 99,
        "scaler": {"scale": 65536.0},
        "args": argparse.Namespace(config=config.lock(), precision="float16", rate=0.5, flags=[True, None]),
    }
    path = tmp_path / "checkpoint-99.pth"
    torch.save(held, path)
    modules = set(sys.modules)
    found = read_tensors(path)
    assert set(sys.modules) == modules
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_the_highest_checkpoint_is_the_one_that_is_read(tmp_path):
    for epoch in (9, 20, 100):
        path = tmp_path / "checkpoints" / f"checkpoint-{epoch}.pth"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "checkpoints" / "checkpoint-last.pth").touch()
    assert find_file(tmp_path).name == "checkpoint-100.pth"
    assert find_file(tmp_path / "checkpoints" / "checkpoint-9.pth").name == "checkpoint-9.pth"
    assert find_file(tmp_path / "nowhere") is None


def test_conversion_keeps_every_bit_and_the_digest(tmp_path, tensors):
    source, target = tmp_path / "checkpoint-1.pth", tmp_path / "new" / "weights.safetensors"
    torch.save({"model": tensors}, source)
    convert(source, target)
    found = read_tensors(target)
    assert digest(found) == digest(tensors)
    assert [path.name for path in target.parent.iterdir()] == ["weights.safetensors"]
    with pytest.raises(WeightsError, match=r"expected the name of a new \.safetensors file"):
        convert(source, target)


def test_a_conversion_that_fails_leaves_nothing(tmp_path, tensors, monkeypatch):
    source = tmp_path / "checkpoint-1.pth"
    torch.save({"model": tensors}, source)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        convert(source, tmp_path / "new" / "weights.safetensors")
    assert list((tmp_path / "new").iterdir()) == []


def test_other_values_or_names_have_another_digest(tensors):
    assert digest({**tensors, "b": torch.zeros(4)}) != digest(tensors)
    assert digest({"a": tensors["a"], "c": tensors["b"]}) != digest(tensors)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 10, 300])
def test_a_truncated_file_is_one_sentence(tmp_path, tensors, suffix, kept):
    source, path = tmp_path / "whole.pth", tmp_path / f"cut{suffix}"
    torch.save({"model": tensors}, source)
    if suffix == ".safetensors":
        convert(source, path)
        kept = min(kept, path.stat().st_size - 1)
    else:
        path.write_bytes(source.read_bytes())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"cut"):
        read_tensors(path)


@pytest.mark.parametrize("held", [{}, {"model": {}}, {"model": 3}, {"epoch": 3}, [torch.ones(2)]])
def test_a_file_without_weights_says_so(tmp_path, held):
    path = tmp_path / "checkpoint-1.pth"
    torch.save(held, path)
    with pytest.raises(WeightsError, match=r"holds no weights: expected tensors by name"):
        read_tensors(path)
