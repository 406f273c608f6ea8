"""``check`` finds what is wrong with a bundle, and says it in a line."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

from nver.recogniser import bundle
from nver.recogniser.checking import check


def wrong(directory):
    return [(finding.subject, finding.detail) for finding in check(directory) if not finding.is_fine]


def edit_card(directory, **changes):
    path = directory / "bundle.json"
    data = json.loads(path.read_text())
    data["card"] |= changes
    path.write_text(json.dumps(data))


def test_a_whole_bundle_is_fine_in_every_respect(save_toy, trained):
    assert [finding.subject for finding in check(save_toy())] == ["card", "page", "weights", "answer"]
    assert [finding.subject for finding in check(trained[0])] == [
        *("card", "page", "weights", "encoder mfcc-stats", "answer")
    ]
    assert wrong(save_toy()) == wrong(trained[0]) == []


def test_an_altered_byte_is_found(save_toy):
    path = save_toy() / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    ((subject, detail),) = wrong(path.parent)
    assert subject == "weights"
    assert "is not what bundle.json was written with" in detail


def test_weights_that_are_not_finite_are_found_though_their_digest_is_right(save_toy):
    directory = save_toy({"weight": torch.full((3, 2), float("nan"))})
    assert wrong(directory) == [("weights", "weight 'weight' holds NaN or infinity; train again")]


def test_weights_of_another_network_are_found(save_toy):
    directory = save_toy({"weight": torch.zeros(3, 1)})
    assert wrong(directory) == [("answer", "weight 'weight' has shape (3, 1); expected (3, 2)")]


def test_a_card_that_contradicts_itself_ends_the_check(save_toy):
    directory = save_toy()
    edit_card(directory, labels=["hum", "hum", "shout"])
    ((subject, detail),) = wrong(directory)
    assert subject == "card"
    assert "a label is listed twice" in detail
    assert [finding.subject for finding in check(directory)] == ["card", "page"]


def test_a_missing_page_is_found(save_toy):
    directory = save_toy()
    (directory / "MODEL_CARD.md").unlink()
    ((subject, detail),) = wrong(directory)
    assert (subject, "MODEL_CARD.md is missing" in detail) == ("page", True)


def test_an_encoder_that_is_another_one_here_is_found(trained, tmp_path):
    directory = tmp_path / "bundle"
    shutil.copytree(trained[0], directory)
    data = json.loads((directory / "bundle.json").read_text())
    data["card"]["system"]["encoders"][0]["fingerprint"] = "f00d"
    (directory / "bundle.json").write_text(json.dumps(data))
    ((subject, detail),) = wrong(directory)
    assert subject == "encoder mfcc-stats"
    assert "the head was trained on f00d" in detail


def test_a_file_that_may_be_a_pickle_is_found(save_toy):
    directory = save_toy()
    (directory / "optimizer.pt").touch()
    assert wrong(directory) == [("folder", "optimizer.pt may hold a pickle; a bundle has none: remove it")]


@pytest.mark.parametrize("name", list(bundle.SHIPPED))
def test_what_is_shipped_is_fine_but_for_its_family_which_is_a_toy_here(name):
    found = {finding.subject: finding.is_fine for finding in check(bundle.find_bundle(name))}
    assert found["card"]
    assert found["page"]
    assert found["weights"]


def test_weights_of_another_shape_are_found_though_their_digest_was_forged(save_toy):
    directory = save_toy()
    save_file({"weight": torch.zeros(2, 3)}, directory / "model.safetensors")
    data = json.loads((directory / "bundle.json").read_text())
    data["weights"]["sha256"] = bundle.fingerprint.of_file(directory / "model.safetensors")
    (directory / "bundle.json").write_text(json.dumps(data))
    ((subject, detail),) = wrong(directory)
    assert (subject, "holds 'weight' otherwise than bundle.json says" in detail) == ("weights", True)
