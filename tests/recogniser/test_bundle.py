from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nver.errors import BundleError, ConfigError
from nver.recogniser import bundle
from nver.recogniser.bundle import Bundle, find_bundle, load_bundle, read_card, save_bundle
from nver.recogniser.recogniser import Recogniser


def edit(directory: Path, **changes: object) -> None:
    path = directory / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_bundle_is_read_as_it_was_written(save_toy, toy_card, toy_tensors):
    directory = save_toy(notes=("Ärger",))
    found = load_bundle(directory)
    assert found.card == toy_card(notes=("Ärger",))
    assert torch.equal(found.tensors["weight"], toy_tensors["weight"])
    assert sorted(path.name for path in directory.iterdir()) == [
        "MODEL_CARD.md",
        "bundle.json",
        "model.safetensors",
    ]


def test_every_type_of_weight_survives(save_toy):
    tensors = {
        name: torch.tensor([1.5, -2.0], dtype=getattr(torch, name))
        for name in ("float16", "bfloat16", "float64")
    }
    found = load_bundle(save_toy(tensors)).tensors
    assert {name: tensor.dtype for name, tensor in found.items()} == {
        name: tensor.dtype for name, tensor in tensors.items()
    }


def test_the_same_bundle_has_the_same_bytes(save_toy):
    first = {path.name: path.read_bytes() for path in save_toy().iterdir()}
    assert {path.name: path.read_bytes() for path in save_toy().iterdir()} == first


def test_the_number_of_parameters_is_that_of_the_tensors(save_toy):
    assert (
        read_card(
            save_toy({"a": torch.zeros(2, 3), "b": torch.zeros(()), "c": torch.zeros(0, 9)})
        ).weights.n_parameters
        == 7
    )


@pytest.mark.parametrize("position", [0, 8, -1])
def test_one_altered_byte_of_the_weights_is_seen(save_toy, position):
    path = save_toy() / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match=r"model\.safetensors is not what bundle\.json was written with"):
        load_bundle(path.parent)


def test_weights_of_another_shape_are_seen_though_their_digest_was_forged(save_toy):
    directory = save_toy()
    save_file({"weight": torch.zeros(2, 3)}, directory / "model.safetensors")
    data = json.loads((directory / "bundle.json").read_text())
    digest = bundle.fingerprint.of_file(directory / "model.safetensors")
    edit(directory, weights=data["weights"] | {"sha256": digest})
    with pytest.raises(BundleError, match=r"holds 'weight' otherwise than bundle\.json says"):
        load_bundle(directory)


def test_weights_that_do_not_fit_the_network_are_refused(save_toy, toy_tensors):
    with pytest.raises(BundleError, match=re.escape("weight 'weight' has shape (3, 1); expected (3, 2)")):
        Recogniser.load(save_toy({"weight": torch.zeros(3, 1)}))
    with pytest.raises(BundleError, match="the weights lack 'weight'"):
        Recogniser.load(save_toy({"bias": torch.zeros(3)}))
    with pytest.raises(BundleError, match="the weights hold 'bias', which this architecture does not have"):
        Recogniser.load(save_toy(toy_tensors | {"bias": torch.zeros(3)}))


@pytest.mark.parametrize("name", ["bundle.json", "model.safetensors"])
def test_a_missing_file_is_named(save_toy, name):
    directory = save_toy()
    (directory / name).unlink()
    with pytest.raises(
        BundleError, match=rf"is no whole bundle: cannot read .*{re.escape(name)}: No such file"
    ):
        load_bundle(directory)


def test_nothing_is_read_from_the_page_for_people(save_toy, toy_card):
    directory = save_toy()
    (directory / "MODEL_CARD.md").unlink()
    assert load_bundle(directory).card == toy_card()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "is not a bundle of format 1, the only one that this version reads"),
        ({"extra": 1}, "unknown key 'extra'"),
        ({"card": {}}, "is missing; the bundle is damaged, or of another version"),
    ],
)
def test_what_another_version_wrote_is_refused(save_toy, changes, message):
    directory = save_toy()
    edit(directory, **changes)
    with pytest.raises(BundleError, match=re.escape(message)):
        read_card(directory)


def test_a_cut_card_is_refused(save_toy):
    path = save_toy() / "bundle.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BundleError, match=r"bundle\.json is damaged"):
        read_card(path.parent)


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_save_that_fails_leaves_the_earlier_bundle_and_no_litter(save_toy, monkeypatch, fails_at):
    directory = save_toy()
    rename, calls = Path.rename, []

    def failing(self, target):
        calls.append(self)
        if len(calls) == fails_at:
            raise OSError("the disk is full")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", failing)
        with pytest.raises(OSError, match="the disk is full"):
            save_toy(temperature=5.0)
    assert load_bundle(directory).card.temperature == 2.0
    assert [path.name for path in directory.parent.iterdir() if path.is_dir()] == ["toy"]


def test_a_folder_that_is_no_bundle_is_not_overwritten(tmp_path, toy_card, toy_tensors):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(BundleError, match="exists and is no bundle"):
        save_bundle(Bundle(toy_card(), toy_tensors), tmp_path, page="")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_name_that_is_neither_shipped_nor_a_folder_gets_a_suggestion(tmp_path):
    with pytest.raises(
        ConfigError, match=r"is no folder, and no recogniser is called so\. Did you mean 'burst-recogniser'"
    ):
        find_bundle("burst-recognizer")
    assert find_bundle(tmp_path) == tmp_path


def test_a_shipped_name_comes_before_a_folder_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "burst-recogniser").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "SHIPPED", {"burst-recogniser": "corpora"})
    assert find_bundle("burst-recogniser").name == "corpora"
    assert find_bundle("./burst-recogniser") != find_bundle("burst-recogniser")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("hum", "hum", "shout")}, "a label is listed twice"),
        (
            {"views": {"v": {"classes": ("a", "b"), "members": {"hum": "a", "laugh": "b"}}}},
            "maps 'laugh', which is no label",
        ),
        (
            {"views": {"v": {"classes": ("a", "b"), "members": {"hum": "a"}}}},
            "'b' is a class without a member",
        ),
        ({"views": {"v": {"classes": ("a",), "members": {"hum": "a"}}}}, "two or more classes that differ"),
        ({"temperature": 0}, "greater than 0"),
        ({"seen": ()}, "at least 1 item"),
    ],
)
def test_a_card_that_contradicts_itself_does_not_come_to_exist(changes, message, toy_card):
    with pytest.raises(ValueError, match=message):
        toy_card(**changes)


def test_an_unknown_family_is_a_request_that_cannot_be_meant(save_toy):
    system = {"kind": "network", "family": "toi", "config": {}}
    with pytest.raises(ConfigError, match="no network family is called 'toi'"):
        Recogniser.load(save_toy(system=system))
