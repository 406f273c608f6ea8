"""Which recordings a list of paths means."""

from __future__ import annotations

import os
import tarfile

import pytest

from nver.errors import ConfigError
from nver.predictions.request import find


def no_input() -> bytes:
    raise AssertionError("standard input was read")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three recordings on two levels, and a text."""
    monkeypatch.chdir(tmp_path)
    for name in ("r/b.wav", "r/a.MP3", "r/deep/c.flac", "r/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(request):
    return [str(source) for source in request.sources]


def test_a_folder_gives_its_recordings_at_any_depth_sorted(folder):
    assert names(find(["r"], read_input=no_input)) == ["r/a.MP3", "r/b.wav", "r/deep/c.flac"]


def test_a_file_is_taken_as_it_is_named_whether_it_is_there_or_not(folder):
    assert names(find(["r/notes.txt", "gone.wav"], read_input=no_input)) == ["r/notes.txt", "gone.wav"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("r/*", ["r/a.MP3", "r/b.wav"]), ("r/[b]*", ["r/b.wav"]), ("r/**/*.flac", ["r/deep/c.flac"])],
)
def test_a_pattern_that_the_shell_left_alone_gives_what_it_matches(folder, pattern, found):
    assert names(find([pattern], read_input=no_input)) == found


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    (folder / "[1].wav").touch()
    assert names(find(["[1].wav"], read_input=no_input)) == ["[1].wav"]


def test_what_is_named_twice_is_asked_about_once(folder):
    asked = find(["r/b.wav", "r", "./r/b.wav", "-"], read_input=lambda: b"r/a.MP3\n")
    assert names(asked) == ["r/b.wav", "r/a.MP3", "r/deep/c.flac"]


@pytest.mark.parametrize(
    "data", [b"r/a b.wav\nr/c.wav\n", b"r/a b.wav\0r/c.wav\0", b"r/a b.wav\r\n\r\nr/c.wav"]
)
def test_standard_input_gives_a_path_a_line_or_ended_by_zero_bytes(folder, data):
    assert names(find(["-"], read_input=lambda: data)) == ["r/a b.wav", "r/c.wav"]


def test_a_shard_gives_its_members(folder):
    with tarfile.open("s.tar", "w") as tar:
        for name in ("r/b.wav", "r/a.MP3", "r/notes.txt"):
            tar.add(name)
    assert names(find(["s.tar"], read_input=no_input)) == ["s.tar:r/a.MP3", "s.tar:r/b.wav"]


def test_a_damaged_shard_is_refused_and_costs_no_other_recording(folder):
    (folder / "r" / "s.tar").write_bytes(b"no tar")
    asked = find(["r", "r/s.tar"], read_input=no_input)
    assert len(asked.sources) == 3
    assert [path for path, _ in asked.refused] == ["r/s.tar"] * 2
    assert "cannot be read as an uncompressed tar" in asked.refused[0][1]


def test_a_name_that_is_not_utf_8_is_refused(folder):
    odd = os.fsdecode(b"\xff.wav")
    (path, reason), *_ = find([odd, "r"], read_input=no_input).refused
    assert path == "\\udcff.wav"
    assert "not UTF-8; rename it" in reason


@pytest.mark.parametrize(
    ("paths", "data", "sentence"),
    [
        (["x*.wav"], b"", r"no recording matches 'x\*.wav'"),
        (["empty"], b"", "there is no recording in empty or below it"),
        (["-"], b"\n", "standard input is empty: expected paths"),
        (["-"], b"RIFF\xff\xff", "is no list of paths: .* audio itself has to lie in a file"),
    ],
)
def test_what_means_no_recording_is_a_request_that_cannot_be_meant(folder, paths, data, sentence):
    (folder / "empty").mkdir()
    with pytest.raises(ConfigError, match=sentence):
        find(paths, read_input=lambda: data)
