from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora import open_corpus, shards
from nver.corpora.base import Problem
from nver.corpora.listing import list_recordings
from nver.errors import CorpusError

Plant = Callable[..., Path]


def places(root: Path) -> list[str]:
    return [recording.place for recording in list_recordings(root).recordings]


def make_tar(path: Path, content: dict[str, bytes], *, format: int = tarfile.PAX_FORMAT) -> Path:  # noqa: A002
    with tarfile.open(path, "w", format=format) as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_only_visible_recordings_are_listed(plant: Plant) -> None:
    root = plant(
        *("b/1.wav", "a.FLAC", "c/d/e/2.opus", "readme.txt", "x.csv", "noext", ".hidden.wav", ".git/3.wav"),
        *("__MACOSX/b/._1.wav", "b/._1.wav"),
    )
    assert places(root) == ["a.FLAC", "b/1.wav", "c/d/e/2.opus"]


def test_a_format_that_cannot_be_decoded_is_listed_so_that_it_is_missed_by_nobody(plant: Plant) -> None:
    assert places(plant("a.m4a", "b.wma")) == ["a.m4a", "b.wma"]


def test_links_are_followed_and_loops_end(plant: Plant, tmp_path: Path) -> None:
    root = plant("a/1.wav")
    elsewhere = plant("2.wav", root=tmp_path / "elsewhere")
    (root / "linked").symlink_to(elsewhere)
    (root / "a" / "up").symlink_to(root)
    assert places(root) == ["a/1.wav", "linked/2.wav"]


def test_accents_are_spelt_alike_on_every_machine(plant: Plant) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    root = plant(f"{decomposed}/1.wav")
    assert places(root) == [f"{composed}/1.wav"]
    assert list_recordings(root).recordings[0].source.path.exists()


def test_a_name_that_is_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.wav")).touch()
    (problem,) = list_recordings(tmp_path).problems
    assert "has a name that is not UTF-8" in problem.detail
    assert problem.detail.isascii()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"there is no folder .*nowhere; give the one that holds the corpus"
    ):
        list_recordings(tmp_path / "nowhere")


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_offset_and_length_are_where_the_bytes_lie(tmp_path: Path, format: int) -> None:  # noqa: A002
    content = {
        "a.wav": b"",
        "b.opus": b"abc",
        f"{'long/' * 30}c.mp3": bytes(range(256)) * 5,
        "d.txt": b"no clip",
    }
    tar = make_tar(tmp_path / "1.tar", content, format=format)
    assert {source.member: source.read() for source in shards.members(tar)} == content


def test_members_are_listed_below_their_shard(tmp_path: Path) -> None:
    make_tar(tmp_path / "1.tar", {"./x/a.wav": b"1", "b.txt": b"2", "x/._a.wav": b"3"})
    assert places(tmp_path) == ["1.tar/x/a.wav"]


@pytest.mark.parametrize("n_bytes_left", [0, 100, 512, 700, 512 * 3, 512 * 4])
def test_a_shard_that_is_cut_anywhere_is_reported(tmp_path: Path, n_bytes_left: int) -> None:
    tar = make_tar(
        tmp_path / "1.tar", {"a.wav": bytes(512), "b.wav": bytes(512)}, format=tarfile.USTAR_FORMAT
    )
    tar.write_bytes(tar.read_bytes()[:n_bytes_left])
    listing = list_recordings(tmp_path)
    (problem,) = listing.problems
    assert (problem.kind, problem.subject) == ("truncated", "1.tar")
    assert len(listing.recordings) <= n_bytes_left // 1024
    with pytest.raises(CorpusError, match=r"1\.tar"):
        open_corpus("folder", tmp_path)


def test_a_shard_with_a_damaged_header_is_reported(tmp_path: Path) -> None:
    tar = make_tar(
        tmp_path / "1.tar", {"a.wav": bytes(512), "b.wav": bytes(512)}, format=tarfile.USTAR_FORMAT
    )
    data = bytearray(tar.read_bytes())
    data[1024 + 150] ^= 0xFF
    tar.write_bytes(data)
    assert list_recordings(tmp_path).problems == (
        Problem("truncated", "1.tar", f"{tar} has no end mark after its last member; fetch this shard again"),
    )
