"""``nver timeline`` and ``nver corpora cut``."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import soundfile

from nver import open_corpus
from nver.audio import decode
from nver.recogniser.card import BundleCard, NetworkSystem, Seen
from nver.recogniser.recogniser import Recogniser
from nver.recordings import formats


@pytest.fixture
def talk(tmp_path):
    t = np.arange(4 * 16_000) / 16_000
    rng = np.random.default_rng(0)
    wave = 0.2 * (t % 2 > 1) * (t % 2 < 1.5) * np.sin(2000 * t) + 0.001 * rng.normal(size=len(t))
    soundfile.write(tmp_path / "talk.wav", wave, 16_000)
    return tmp_path / "talk.wav"


@pytest.fixture(autouse=True)
def _loudness(monkeypatch):
    seen = (Seen(corpus="toy", n_train=6, n_held_back=2, speakers=("ann", "bob")),)
    card = BundleCard(
        name="toy",
        labels=("hum", "shout"),
        system=NetworkSystem(family="toy", config={}),
        temperature=1.0,
        views={},
        seen=seen,
        licence="CC0",
    )
    one = Recogniser(card, lambda waves: np.array([[0, 20 * np.std(w)] for w in waves], np.float32))
    monkeypatch.setattr(Recogniser, "load", lambda _: one)


def test_a_table_shows_when_each_burst_is(nver, talk):
    ran = nver("timeline", talk)
    assert ran.code == 0
    assert "talk.wav, 0:04.00: 2 bursts" in ran.out
    assert [ran.out.count(word) for word in ("shout", "0:01.5", "0:03.5")] == [2, 1, 1]


@pytest.mark.parametrize("name", formats.SUFFIXES)
def test_a_file_a_recording_is_written_in_every_format(nver, talk, tmp_path, name):
    ran = nver("timeline", talk, "--format", name, "--out", tmp_path / "marks")
    path = tmp_path / "marks" / f"talk{formats.SUFFIXES[name]}"
    assert ran.out == f"{path}\n"
    assert path.read_text() == nver("timeline", talk, "--format", name).out


def test_windows_and_segments_take_the_place_of_bursts(nver, talk, tmp_path):
    curve = nver("timeline", talk, "--windows", 1, "--hop", 0.5, "--format", "json").json["curve"]
    assert curve["times_s"] == [0.25 + 0.5 * k for k in range(8)]
    (tmp_path / "a.txt").write_text("1.0\t1.25\tx\n")
    (event,) = nver("timeline", talk, "--segments", tmp_path / "a.txt", "--format", "json").json["events"]
    assert (event["start_s"], event["end_s"]) == (1.0, 1.25)


def test_what_cannot_be_read_is_listed_and_the_others_are_written(nver, talk, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    ran = nver("timeline", tmp_path / "bad.wav", talk, "--format", "json")
    assert ran.code == 1
    assert len(json.loads(ran.out)["events"]) == 2
    assert f"error: cannot decode {tmp_path / 'bad.wav'}" in ran.err
    assert "1 of 2 recordings could not be read" in ran.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--hop", 1], "--hop needs --windows"),
        (["--out", "x"], "--out needs --format"),
        (["--format", "srtt"], "Did you mean 'srt'?"),
        (["--windows", 1, "--hop", 2], "cannot be meant"),
        (["talk.wav", "--format", "srt", "--out", "x"], "two recordings would be written to one file"),
        (["talk.wav", "--segments", "x.txt"], "--segments marks one recording"),
    ],
)
def test_a_request_that_cannot_be_meant_exits_with_2(nver, talk, arguments, sentence):
    ran = nver("timeline", talk, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_marked_recordings_become_a_corpus(nver, talk, tmp_path):
    talk.with_suffix(".txt").write_text("3.0\t3.5\tcry\n1.0\t1.5\tlaugh, loud\n")
    assert nver("corpora", "cut", talk, "--to", tmp_path / "corpus").out.endswith("manifest.csv\n")
    clips = open_corpus("manifest", tmp_path / "corpus").clips
    assert [(c.label, c.speaker, c.attributes["start_s"]) for c in clips] == [
        ("laugh, loud", "talk", "1.0"),
        ("cry", "talk", "3.0"),
    ]
    wave, _ = soundfile.read(talk, dtype="float32")
    assert np.allclose(decode(clips[1].source), wave[48_000:56_000], atol=1e-6)
    with (tmp_path / "corpus" / "manifest.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2


def test_cutting_needs_marks_and_a_new_folder(nver, talk, tmp_path):
    ran = nver("corpora", "cut", talk, "--to", tmp_path / "corpus")
    assert (ran.code, (tmp_path / "corpus").exists()) == (1, False)
    assert "no file of marks beside" in ran.err
    assert "holds something" in nver("corpora", "cut", talk, "--to", tmp_path).err
