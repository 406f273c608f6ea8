"""Unpack a published archive: every member or none, and nothing outside the folder it is unpacked to."""

from __future__ import annotations

import errno
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from nver.errors import DownloadError

LARGEST_RATIO = 100
"""An archive that claims to be more than this many times its own size unpacked is no corpus of recordings."""

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


_DAMAGE_ERRNO = {None, errno.EINVAL}  # gzip and bz2 give none; a zip's offset may lie before its first byte


class ArchiveError(DownloadError):
    """An archive that is damaged, or that holds what no corpus holds."""


class _Member(NamedTuple):
    """One entry of an archive; ``oddity`` says what it is when it is neither a plain file nor a folder."""

    name: str
    n_bytes: int
    is_folder: bool
    oddity: str | None
    entry: zipfile.ZipInfo | tarfile.TarInfo


def unpack(archive: Path, to: Path) -> None:
    """Unpack a zip or a tar (plain, gz, bz2, xz) to a new folder.

    All names and sizes are checked before anything is written, and the folder is removed again if a member
    turns out to be damaged.

    Args:
        archive: Read as a zip if its name ends in ``.zip``, as a tar otherwise.
        to: A folder that does not exist yet.

    Raises:
        ArchiveError: The archive is damaged; or a member is absolute, leaves the folder, is a link, a device
            or encrypted, or comes twice; or all is more than ``LARGEST_RATIO`` times the archive's size.
        DownloadError: There is no room, or the folder cannot be written.
    """
    try:
        with _open(archive) as source:
            members = _checked(archive, source, to.parent)
            to.mkdir()
            try:
                for path, member in members.items():
                    _write(source, member, to / path)
                _read_to_end(source)
            except BaseException:
                shutil.rmtree(to)
                raise
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise ArchiveError(f"{archive} is damaged ({reason}); fetch it again") from error
    except OSError as error:
        if error.errno in _DAMAGE_ERRNO:
            raise ArchiveError(f"{archive} is damaged ({error}); fetch it again") from error
        raise DownloadError(f"cannot unpack {archive} to {to}: {error.strerror}") from error


@contextmanager
def _open(archive: Path) -> Iterator[zipfile.ZipFile | tarfile.TarFile]:
    if archive.suffix.lower() == ".zip":
        with zipfile.ZipFile(archive) as opened:
            yield opened
    else:
        with tarfile.open(archive) as opened_tar:
            yield opened_tar


def _members(source: zipfile.ZipFile | tarfile.TarFile) -> Iterator[_Member]:
    if isinstance(source, zipfile.ZipFile):
        for info in source.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            oddity = "encrypted" if info.flag_bits & 1 else None
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                oddity = "a link" if kind == stat.S_IFLNK else "a device"
            yield _Member(info.filename, info.file_size, info.is_dir(), oddity, info)
    else:
        for entry in source:
            oddity = None if entry.isreg() or entry.isdir() else "a device"
            if entry.issym() or entry.islnk():
                oddity = "a link"
            yield _Member(entry.name, entry.size, entry.isdir(), oddity, entry)


def _checked(
    archive: Path, source: zipfile.ZipFile | tarfile.TarFile, parent: Path
) -> dict[PurePosixPath, _Member]:
    """The members by their path below the target, or an error before anything is written."""
    n_packed, n_free = archive.stat().st_size, shutil.disk_usage(parent).free
    n_unpacked = 0
    files: dict[PurePosixPath, _Member] = {}
    folders: set[PurePosixPath] = set()
    for member in _members(source):
        if member.oddity:
            raise ArchiveError(f"{archive}: '{member.name}' is {member.oddity}; nothing was unpacked")
        path = PurePosixPath(member.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or member.name[1:2] == ":":
            raise ArchiveError(f"{archive}: '{member.name}' would leave the folder; nothing was unpacked")
        n_unpacked += member.n_bytes
        if n_unpacked > LARGEST_RATIO * n_packed:
            raise ArchiveError(
                f"{archive} would unpack to more than {LARGEST_RATIO} times its {n_packed:,} bytes, as no "
                "corpus of recordings does; nothing was unpacked"
            )
        if n_unpacked > n_free:
            raise DownloadError(f"{archive} needs more than the {n_free:,} bytes free at {parent}; make room")
        if member.is_folder:
            folders.add(path)
        elif files.setdefault(path, member) is not member:
            raise ArchiveError(f"{archive}: '{member.name}' comes twice; nothing was unpacked")
        folders.update(path.parents)
    both = sorted(files.keys() & folders)
    if both:
        raise ArchiveError(f"{archive}: '{both[0]}' is a file and a folder; nothing was unpacked")
    return files


def _write(source: zipfile.ZipFile | tarfile.TarFile, member: _Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _reader(source, member) as packed, path.open("xb") as file:
        shutil.copyfileobj(packed, file)
    if path.stat().st_size != member.n_bytes:
        raise EOFError(f"'{member.name}' ends early")


def _read_to_end(source: zipfile.ZipFile | tarfile.TarFile) -> None:
    """The checksum of a compressed tar comes after its last member, and is looked at only there."""
    if isinstance(source, tarfile.TarFile) and source.fileobj is not None:
        while source.fileobj.read(1 << 20):
            pass


def _reader(source: zipfile.ZipFile | tarfile.TarFile, member: _Member) -> IO[bytes]:
    if isinstance(source, zipfile.ZipFile):
        return source.open(member.entry)  # type: ignore[arg-type]
    packed = source.extractfile(member.entry)  # type: ignore[arg-type]
    if packed is None:
        raise tarfile.TarError(f"'{member.name}' has no content")
    return packed
