"""``nver predict`` and ``nver bundle`` with a small head."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from nver import Recogniser, extract, load_encoder, open_corpus
from nver.audio import decode
from nver.embeddings.store import Store
from nver.experiment import Experiment
from nver.recogniser import bundle
from nver.recogniser.bundle import Bundle, load_bundle, save_bundle
from nver.training.bundle import fit_bundle
from nver.types import AudioFile


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


@pytest.fixture
def folder(clips, tmp_path) -> Path:
    """Three clips, one that is none, and a text."""
    home = tmp_path / "recordings"
    (home / "deep").mkdir(parents=True)
    for name, clip in zip(("a.wav", "b.wav", "deep/c.wav"), clips, strict=True):
        (home / name).write_bytes(clip.read_bytes())
    (home / "broken.wav").write_bytes(b"no audio")
    (home / "notes.txt").touch()
    return home


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_format_holds_the_same_answers_with_times_and_all_probabilities(nver, model, folder):
    found = nver("predict", folder, "--model", model, "--json").json
    labels = Recogniser.load(model).labels
    assert [Path(one["path"]).name for one in found] == ["a.wav", "b.wav", "broken.wav", "c.wav"]
    first = found[0]
    assert list(first["probabilities"]) == list(labels)
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert (first["start_s"], first["not_sure"]) == (0.0, False)
    assert 0.1 < first["end_s"] < 20
    lines = nver("predict", folder, "--model", model, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == found
    out = folder.parent / "answers"
    for suffix in (".csv", ".parquet", ".json", ".jsonl"):
        ran = nver("predict", folder, "--model", model, "--out", out.with_suffix(suffix))
        assert (ran.code, ran.out) == (1, "")
        assert f"answers{suffix}: 3 clips answered, 1 not readable" in ran.err
    assert json.loads(out.with_suffix(".json").read_text()) == found
    assert rows_of(out.with_suffix(".jsonl")) == found
    table = pq.read_table(out.with_suffix(".parquet")).to_pylist()
    text = list(csv.DictReader(io.StringIO(out.with_suffix(".csv").read_text())))
    for one, typed, plain in zip(found, table, text, strict=True):
        assert typed["path"] == plain["path"] == one["path"]
        if "error" in one:
            assert typed["error"] == plain["error"] == one["error"]
        else:
            assert {label: typed[f"p_{label}"] for label in labels} == one["probabilities"]
            assert float(plain["confidence"]) == typed["confidence"] == one["confidence"]
    assert sorted(path.name for path in folder.parent.glob(".*")) == [], "no journal is left"


def test_a_threshold_says_not_sure_and_keeps_the_guess(nver, model, clips):
    said = next(Recogniser.load(model).predict_files(clips))
    threshold = said.confidence + 1e-6
    assert "not sure" in nver("predict", clips[0], "--model", model, "--not-sure", threshold).out
    assert "not sure" not in nver("predict", clips[0], "--model", model, "--not-sure", said.confidence).out
    (one,) = nver("predict", clips[0], "--model", model, "--not-sure", threshold, "--json").json
    assert (one["label"], one["not_sure"], one["not_sure_below"]) == (said.label, True, threshold)


def test_standard_input_gives_the_paths(nver, model, clips, monkeypatch):
    data = "\n".join(map(str, clips)).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    found = nver("predict", "-", "--model", model, "--json").json
    assert [one["path"] for one in found] == list(map(str, clips))


def interrupt_after(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after so many answers."""
    whole = Recogniser.predict_sources

    def cut(self, sources, **options):
        for i, outcome in enumerate(whole(self, sources, **options)):
            if i == n:
                raise KeyboardInterrupt
            yield outcome

    monkeypatch.setattr(Recogniser, "predict_sources", cut)


def cells_of(path: Path) -> list[str | float]:
    """A file in pieces, numbers as numbers: a head's last bits depend on how many clips it is asked of."""
    pieces = re.split(r"[,:{}\r\n]+ ?", path.read_text())
    return [float(piece) if re.fullmatch(r"[-+\d.e]+", piece) else piece for piece in pieces]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_an_interrupted_run_goes_on_where_it_was_and_ends_the_same(nver, model, folder, suffix, monkeypatch):
    whole, out = folder.parent / f"whole{suffix}", folder.parent / f"cut{suffix}"
    nver("predict", folder, "--model", model, "--out", whole)
    with monkeypatch.context() as patched:
        interrupt_after(2, patched)
        ran = nver("predict", folder, "--model", model, "--out", out)
    assert ran.code == 130
    assert "interrupted: 2 of 4 clips are answered; give the same command again" in ran.err
    asked = []
    ask = Recogniser.predict_sources
    monkeypatch.setattr(
        Recogniser,
        "predict_sources",
        lambda self, sources, **o: asked.extend(sources) or ask(self, sources, **o),
    )
    again = nver("predict", folder, "--model", model, "--out", out)
    assert "2 clips were answered before; 2 are left" in again.err
    assert [source.path.name for source in asked] == ["broken.wav", "c.wav"]
    assert len(cells_of(out)) == len(cells_of(whole)) > 20
    for cell, expected in zip(cells_of(out), cells_of(whole), strict=True):
        assert cell == (pytest.approx(expected, abs=1e-6) if isinstance(expected, float) else expected)


def test_an_interrupted_run_without_a_file_prints_what_it_has(nver, model, folder, monkeypatch):
    interrupt_after(2, monkeypatch)
    ran = nver("predict", folder, "--model", model, "--json")
    assert ran.code == 130
    assert [Path(one["path"]).name for one in ran.json] == ["a.wav", "b.wav"]
    assert "with --out FILE it could go on" in ran.err


def test_what_could_not_be_read_is_tried_again_and_answers_stay(nver, model, folder, clips):
    out = folder.parent / "answers.jsonl"
    assert nver("predict", folder, "--model", model, "--out", out).code == 1
    (folder / "broken.wav").write_bytes(clips[0].read_bytes())
    assert nver("predict", folder, "--model", model, "--out", out).code == 0
    rows = rows_of(out)
    assert sorted(Path(row["path"]).name for row in rows) == ["a.wav", "b.wav", "broken.wav", "c.wav"]
    assert not any("error" in row for row in rows)


def test_answers_of_another_recogniser_or_question_are_not_mixed_in(nver, model, folder, clips):
    out = folder.parent / "answers.jsonl"
    nver("predict", clips[0], "--model", model, "--out", out)
    before = out.read_bytes()
    for changes in (["--model", "burst-recogniser"], ["--model", model, "--view", "sharpness"]):
        ran = nver("predict", clips[0], "--out", out, *changes)
        assert (ran.code, ran.out) == (2, "")
        assert "answers another question (tiny@" in ran.err
        assert len(ran.err.splitlines()) == 1
    out.write_bytes(before + b"hello\n")
    damaged = nver("predict", clips[0], "--model", model, "--out", out)
    assert damaged.code == 1
    assert f"line 2 of {out} is no row of predictions" in damaged.err
    assert out.read_bytes() == before + b"hello\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--json", "--format", "csv"], "--json and --format csv contradict each other"),
        (["--format", "parquet"], "--format parquet is no text; name a file with --out"),
        (["--format", "csv", "--top", 2], "--top is for tables and JSON documents"),
        (["--out", "answers.xlsx"], "expected one of table, json, jsonl, csv, parquet"),
        (["--not-sure", 30], "expected a probability from 0 to 1"),
        (["--model", "hf://toy"], "'hf://toy' is no repository; expected hf://owner/name[@revision]"),
        (["nowhere/*.wav"], "no recording matches 'nowhere/*.wav'"),
    ],
)
def test_options_that_contradict_each_other_exit_with_2_before_anything_is_heard(
    nver, model, clips, arguments, sentence
):
    ran = nver("predict", clips[0], "--model", model, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_check_is_a_line_a_finding_and_exits_with_1_when_one_is_wrong(nver, model, tmp_path):
    fine = nver("bundle", "check", model)
    assert fine.code == 1, "this model was saved without a page"
    assert [line.split()[0] for line in fine.out.splitlines()] == ["ok", "WRONG", "ok", "ok", "ok"]
    assert "MODEL_CARD.md is missing or empty" in fine.out
    as_json = nver("bundle", "check", model, "--json").json
    assert [one["is_fine"] for one in as_json] == [True, False, True, True, True]
    shipped = nver("bundle", "check", "burst-recogniser")
    assert shipped.code == 0
    assert "probabilities of a synthetic sound are finite and sum to one" in shipped.out


@pytest.fixture
def long(clips, tmp_path) -> Path:
    """Three clips with two seconds of faint noise around each."""
    rng = np.random.default_rng(0)
    pieces = [1e-4 * rng.normal(size=32_000)]
    for clip in clips:
        pieces += [decode(AudioFile(clip)), 1e-4 * rng.normal(size=32_000)]
    path = tmp_path / "long.wav"
    soundfile.write(path, np.concatenate(pieces), 16_000, subtype="FLOAT")
    return path


def test_bursts_are_a_row_each_with_their_times_and_what_the_recogniser_says_of_them(
    nver, model, long, tmp_path
):
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, 1e-4 * np.random.default_rng(1).normal(size=48_000), 16_000, subtype="FLOAT")
    events = Recogniser.load(model).timeline(long).events
    assert len(events) >= 3
    *rows, last = nver("predict", long, quiet, "--model", model, "--bursts", "--json").json
    assert [(row["start_s"], row["end_s"], row["label"], row["burst"]) for row in rows] == [
        (event.start_s, event.end_s, event.label, i + 1) for i, event in enumerate(events)
    ]
    assert {row["n_bursts"] for row in rows} == {len(events)}
    assert (last["path"], last["n_bursts"], last["end_s"], "label" in last) == (str(quiet), 0, 3.0, False)
    table = nver("predict", long, quiet, "--model", model, "--bursts").out
    assert f"{events[-1].start_s:.2f} s" in table
    assert "no burst" in table


def test_bursts_go_on_where_they_were_interrupted_and_do_not_mix_with_clips(
    nver, model, long, clips, tmp_path
):
    out = tmp_path / "answers.jsonl"
    whole = nver("predict", long, clips[0], "--model", model, "--bursts", "--out", out)
    before = out.read_bytes()
    assert (whole.code, "bursts answered, 0 not readable" in whole.err) == (0, True)
    out.write_bytes(before.splitlines(keepends=True)[0])
    again = nver("predict", long, clips[0], "--model", model, "--bursts", "--out", out)
    assert again.code == 0
    assert out.read_bytes() == before
    assert nver("predict", clips[0], "--model", model, "--out", out).code == 2
    assert out.read_bytes() == before


def test_a_recording_whose_bursts_cannot_be_located_is_one_sentence(nver, model, long, tmp_path):
    long.write_bytes(long.read_bytes()[:-4000])
    ran = nver("predict", long, tmp_path / "gone.wav", "--model", model, "--bursts")
    assert (ran.code, ran.out) == (1, "")
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert "long.wav is truncated" in errors[0]


def test_an_over_long_clip_is_an_error_that_says_how_else_to_ask(nver, model, tmp_path):
    path = tmp_path / "hour.wav"
    soundfile.write(path, np.zeros(601 * 1000, np.int16), 1000)
    ran = nver("predict", path, "--model", model)
    assert ran.code == 1
    assert "is over-long: 601.0 s" in ran.err
    assert "bursts can be asked about in recordings of any length" in ran.err


def test_a_push_to_what_is_no_repository_exits_with_2(nver, model):
    ran = nver("bundle", "push", model, "toy")
    assert (ran.code, ran.out) == (2, "")
    assert "'toy' is no repository" in ran.err
