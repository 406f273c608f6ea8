"""Archives that would do harm, and damaged ones, leave nothing behind; all others are unpacked whole."""

from __future__ import annotations

import hashlib
import io
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora.unpack import unpack
from nver.errors import DownloadError


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(*entries: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_link(name: str, target: bytes) -> bytes:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.wav", b"good")
        archive.writestr(info, target)
    return packed.getvalue()


def duplicate() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.wav", b"good")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("good.wav", b"bad")
    return packed.getvalue()


GOOD = (entry("good.wav"), b"good")
UNSAFE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "zip: above": (
        "x.zip",
        lambda: zipped({"good.wav": b"", "../evil": b""}),
        r"'\.\./evil' would leave the folder",
    ),
    "zip: above, within": (
        "x.zip",
        lambda: zipped({"good.wav": b"", "a/../../evil": b""}),
        "would leave the folder",
    ),
    "zip: above, backwards": (
        "x.zip",
        lambda: zipped({"good.wav": b"", "..\\evil": b""}),
        "would leave the folder",
    ),
    "zip: absolute": ("x.zip", lambda: zipped({"good.wav": b"", "/evil": b""}), "would leave the folder"),
    "zip: drive": ("x.zip", lambda: zipped({"good.wav": b"", "C:evil": b""}), "would leave the folder"),
    "zip: link": ("x.zip", lambda: zip_link("evil", b"/etc/passwd"), "'evil' is a link"),
    "zip: twice": ("x.zip", duplicate, r"'good\.wav' comes twice"),
    "zip: file and folder": ("x.zip", lambda: zipped({"a": b"", "a/b": b""}), "'a' is a file and a folder"),
    "zip: bomb": (
        "x.zip",
        lambda: zipped({"zero.wav": bytes(10**7)}, zipfile.ZIP_DEFLATED),
        "more than 100 times its",
    ),
    "tar: above": ("x.tar.gz", lambda: tarred(GOOD, (entry("../evil"), b"")), "would leave the folder"),
    "tar: absolute": ("x.tgz", lambda: tarred(GOOD, (entry("/evil"), b"")), "would leave the folder"),
    "tar: link": (
        "x.tar",
        lambda: tarred(GOOD, (entry("evil", tarfile.SYMTYPE, "/etc"), b""), mode="w:"),
        "is a link",
    ),
    "tar: hard link": (
        "x.tar.xz",
        lambda: tarred(GOOD, (entry("evil", tarfile.LNKTYPE, "/etc/passwd"), b"")),
        "is a link",
    ),
    "tar: device": ("x.tar.bz2", lambda: tarred(GOOD, (entry("evil", tarfile.CHRTYPE), b"")), "is a device"),
    "tar: bomb": ("x.tar.gz", lambda: tarred((entry("zero.wav"), bytes(10**7))), "more than 100 times its"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_archive_is_refused_before_anything_is_written(tmp_path: Path, case: str) -> None:
    name, make, complaint = UNSAFE[case]
    (tmp_path / name).write_bytes(make())
    with pytest.raises(DownloadError, match=complaint):
        unpack(tmp_path / name, tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_tars_of_all_kinds_are_unpacked(tmp_path: Path, mode: str) -> None:
    (tmp_path / "x.tar").write_bytes(tarred(GOOD, (entry("a/b.wav"), b"bytes"), mode=mode))
    unpack(tmp_path / "x.tar", tmp_path / "to")
    assert (tmp_path / "to" / "a" / "b.wav").read_bytes() == b"bytes"
    assert (tmp_path / "to" / "good.wav").read_bytes() == b"good"


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_flipped_bit_in_a_compressed_tar_leaves_nothing(tmp_path: Path, mode: str) -> None:
    packed = bytearray(tarred((entry("a.wav"), hashlib.shake_256(b"a").digest(20_000)), mode=mode))
    packed[len(packed) // 2] ^= 1
    (tmp_path / "x.tar").write_bytes(packed)
    with pytest.raises(DownloadError, match="is damaged"):
        unpack(tmp_path / "x.tar", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_member_larger_than_its_zip_says_is_not_unpacked(tmp_path: Path) -> None:
    lying = bytearray(zipped({"a.wav": bytes(10**6)}, zipfile.ZIP_DEFLATED))
    directory = lying.index(b"PK\x01\x02")
    lying[directory + 24 : directory + 28] = struct.pack("<I", 50)  # the uncompressed size of the only member
    (tmp_path / "x.zip").write_bytes(lying)
    with pytest.raises(DownloadError, match="is damaged"):
        unpack(tmp_path / "x.zip", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_an_interrupted_unpacking_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({"a.wav": bytes(100)}))
    monkeypatch.setattr(shutil, "copyfileobj", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        unpack(tmp_path / "x.zip", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_archive_larger_than_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({"a.wav": bytes(100)}))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 0, 10))
    with pytest.raises(DownloadError, match="needs more than the 10 bytes free"):
        unpack(tmp_path / "x.zip", tmp_path / "to")
