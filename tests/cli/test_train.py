"""``nver train``: from a plan to a bundle that another process loads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from nver import Recogniser
from nver.recogniser.bundle import read_card


@pytest.fixture
def several(plan):
    """The smallest plan, with two systems under two ways of folding."""
    text = plan.read_text()
    text = text.replace('[{ head = "fcn"', '[{ head = "cnn", encoders = ["mfcc-stats"] }, { head = "fcn"')
    text = text.replace("folds = {", 'folds = [{ protocol = "paper", n_folds = 2 }, {').replace(
        "n_folds = 2 }\n        training", "n_folds = 2 }]\n        training"
    )
    plan.write_text(text)
    return plan


def test_a_plan_becomes_a_bundle_that_another_process_loads_and_that_says_the_same(
    nver, plan, corpus, tmp_path
):
    out = tmp_path / "laughs"
    ran = nver("train", plan, "--out", out, "--not-sure", 0.9, "--licence", "CC0")
    assert ran.code == 0, ran.err
    assert ran.out == f"{out}\n"
    assert "held-back clips were found" in ran.err
    card = read_card(out).card
    assert (card.name, card.licence, card.not_sure_below) == ("laughs", "CC0", 0.9)
    assert card.seen[0].n_train + card.seen[0].n_held_back == 66
    assert "less than 90 % counts as not sure" in (out / "MODEL_CARD.md").read_text()
    clip = min(corpus.rglob("*.wav"))
    done = subprocess.run(
        [sys.executable, "-m", "nver", "predict", str(clip), "--model", str(out), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    (one,) = json.loads(done.stdout)
    (here,) = Recogniser.load(out).predict_files([clip])
    assert one["probabilities"] == pytest.approx(dict(here.probabilities), abs=1e-6)
    assert one["not_sure"] == (here.confidence < 0.9)
    assert nver("bundle", "check", out).code == 0


def test_one_of_several_systems_is_chosen_by_its_name_whatever_the_folds(nver, several, tmp_path):
    ran = nver("train", several, "--out", tmp_path / "b")
    assert (ran.code, ran.out) == (2, "")
    assert "tiny has 2 systems; name one of them: cnn-mfcc-stats, fcn-mfcc-stats" in ran.err
    wrong = nver("train", several, "--out", tmp_path / "b", "--system", "fnc-mfcc-stats")
    assert (wrong.code, "Did you mean 'fcn-mfcc-stats'" in wrong.err) == (2, True)
    as_json = nver("train", several, "--out", tmp_path / "b", "--system", "fcn-mfcc-stats", "--json").json
    assert as_json["card"]["system"]["head"]["kind"] == "fcn"


def test_only_a_bundle_is_overwritten(nver, plan, tmp_path):
    (tmp_path / "thesis.tex").touch()
    ran = nver("train", plan, "--out", tmp_path)
    assert ran.code == 1
    assert "exists and is no bundle" in ran.err
    assert "embedding" not in ran.err, "refused before anything is computed"
    assert (tmp_path / "thesis.tex").exists()
    first = nver("train", plan, "--out", tmp_path / "b")
    again = nver("train", plan, "--out", tmp_path / "b", "--set", "seed=1")
    assert (first.code, again.code) == (0, 0)


@pytest.mark.parametrize(
    ("out", "option", "sentence"),
    [
        (".hidden", [], "cannot name a folder"),
        ("b", ["--not-sure", 2], "expected a probability between 0 and 1"),
    ],
)
def test_what_cannot_be_meant_exits_with_2(nver, plan, tmp_path, out, option, sentence):
    ran = nver("train", plan, "--out", tmp_path / out, *option)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_clips_that_cannot_be_read_are_left_out_when_asked_and_counted(nver, plan, corpus, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    min(copy.rglob("*.wav")).write_bytes(b"no audio")
    options = ["--set", f"corpus.root='{copy}'", "--out", tmp_path / "b"]
    refused = nver("train", plan, *options)
    assert refused.code == 1
    assert not (tmp_path / "b").exists()
    assert nver("train", plan, *options, "--skip-unreadable").code == 0
    card = read_card(tmp_path / "b").card
    assert card.seen[0].n_train + card.seen[0].n_held_back == 65
    assert "Clips that could not be read and were left out: 1." in card.notes
