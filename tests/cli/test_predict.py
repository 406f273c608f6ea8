"""``nver predict`` and ``nver bundle info`` with a small head."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from nver import Recogniser, extract, load_encoder, open_corpus
from nver.embeddings.store import Store
from nver.experiment import Experiment
from nver.recogniser import bundle
from nver.recogniser.bundle import Bundle, load_bundle, save_bundle
from nver.training.bundle import fit_bundle


@pytest.fixture(scope="module")
def model(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head on MFCC statistics, with a view that leaves four of its six classes out."""
    home = tmp_path_factory.mktemp("model")
    clips, encoder = open_corpus("vivae", corpus), load_encoder("mfcc-stats")
    table = extract(clips.clips, encoder, store=Store(home / "store"), workers=0).table
    experiment = Experiment.model_validate(
        {
            "name": "tiny",
            "corpus": {"name": "vivae", "root": str(corpus)},
            "encoders": ["mfcc-stats"],
            "head": {"kind": "fcn", "dense": [16, 8]},
            "training": {"max_epochs": 3, "standardize": True},
        }
    )
    made = fit_bundle(experiment, clips, [table], home / "model", encoders=[encoder])
    sharp = {"classes": ("mild", "sharp"), "members": {"pleasure": "mild", "pain": "sharp"}}
    card = type(made.card).model_validate(made.card.model_dump() | {"views": {"sharpness": sharp}})
    save_bundle(Bundle(card, made.tensors), home / "model", page="")
    return home / "model"


@pytest.fixture
def clips(corpus: Path) -> list[Path]:
    return sorted(corpus.rglob("*.wav"))[:3]


def test_json_holds_what_the_recogniser_says(nver, model, clips):
    found = nver("predict", *clips, "--model", model, "--top", 2, "--json").json
    for one, clip, said in zip(found, clips, Recogniser.load(model).predict_files(clips), strict=True):
        assert one["path"] == str(clip)
        assert (one["label"], one["confidence"]) == (said.label, said.confidence)
        assert list(one["probabilities"].items()) == said.top(2)


def test_a_table_names_every_clip_with_its_best_classes(nver, model, clips):
    ran = nver("predict", *clips, "--model", model, "--top", 2)
    said = next(Recogniser.load(model).predict_files(clips))
    assert ran.code == 0
    assert all(clip.name in ran.out for clip in clips)
    assert f"{said.label} {100 * said.confidence:.0f} %" in ran.out
    assert "in no class" not in ran.out
    every = nver("predict", *clips, "--model", model, "--top", 9).out
    assert "6." in every
    assert "7." not in every


def test_clips_of_one_name_are_told_apart_by_their_folders(nver, model, clips, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.wav").write_bytes(clips[0].read_bytes())
    with contextlib.chdir(tmp_path):
        shown = nver("predict", "a/x.wav", "b/x.wav", "--model", model).out
    assert "a/x.wav" in shown
    assert "b/x.wav" in shown


def test_a_view_shows_its_classes_and_what_is_in_none(nver, model, clips):
    ran = nver("predict", *clips, "--model", model, "--view", "sharpness")
    assert "in no class" in ran.out
    (one, *_) = nver("predict", *clips, "--model", model, "--view", "sharpness", "--json").json
    assert set(one["probabilities"]) == {"mild", "sharp"}
    assert 0 < one["outside"] < 1


def test_a_clip_that_cannot_be_read_is_one_sentence_and_exit_1(nver, model, clips, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    ran = nver("predict", clips[0], broken, clips[1], "--model", model)
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith(f"error: cannot decode {broken}")
    assert clips[1].name in ran.out
    as_json = nver("predict", clips[0], broken, clips[1], "--model", model, "--json")
    assert as_json.code == 1
    assert [one.get("error", "")[:15] for one in as_json.json] == ["", "cannot decode /"[:15], ""]
    assert nver("predict", broken, "--model", model).out == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--view", "vivae-six"], "recogniser 'tiny' has no view 'vivae-six'. Known: sharpness."),
        (["--model", "burst-recogniser-2"], "Did you mean 'burst-recogniser'?"),
    ],
)
def test_a_request_that_cannot_be_meant_exits_with_2(nver, model, clips, arguments, sentence):
    chosen = arguments if "--model" in arguments else [*arguments, "--model", model]
    ran = nver("predict", clips[0], *chosen)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_without_a_model_the_shipped_recogniser_is_asked(nver, model, clips, monkeypatch):
    asked = []
    monkeypatch.setattr("nver.recogniser.recogniser.find_bundle", lambda name: asked.append(name) or model)
    assert nver("predict", clips[0]).code == 0
    assert asked == ["burst-recogniser"]
    assert "burst-recogniser" in bundle.SHIPPED


def test_info_says_what_was_trained_on_after_checking_the_weights(nver, model, tmp_path):
    said = nver("bundle", "info", model)
    assert "vivae: 66 clips, speakers S01, S02" in said.out
    assert "sharpness (2)" in said.out
    as_json = nver("bundle", "info", model, "--json").json
    n_numbers = sum(tensor.numel() for tensor in load_bundle(model).tensors.values())
    assert f"{n_numbers:,} numbers" in said.out
    assert as_json["card"]["name"] == "tiny"

    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 100)
    damaged = nver("bundle", "info", tmp_path)
    assert (damaged.code, damaged.out) == (1, "")
    assert "is not what bundle.json was written with" in damaged.err
