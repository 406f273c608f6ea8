"""Fetch a corpus's published archives, whole, checked and unpacked, over connections that break."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import httpx

from nver import fingerprint
from nver.corpora.base import Archive, CorpusCard
from nver.corpora.unpack import ArchiveError, unpack
from nver.errors import DownloadError

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with an archive's file name, its bytes that are there, and all of its bytes where that is known."""

RECEIPT = ".nver-archive.json"
"""In each unpacked folder: what it was unpacked from. Its presence means that everything is there."""


@dataclass(frozen=True)
class Patience:
    """How long to bear with a server.

    Attributes:
        n_tries: Failures in a row, without a byte of progress, before giving up.
        timeout_s: Silence that counts as a failure.
        pause_s: Wait after the first failure; doubled after each further one.
    """

    n_tries: int = 4
    timeout_s: float = 30.0
    pause_s: float = 1.0


_PATIENCE = Patience()


def download(
    card: CorpusCard,
    to: Path,
    *,
    accept_licence: bool,
    on_progress: Progress | None = None,
    client: httpx.Client | None = None,
    patience: Patience = _PATIENCE,
) -> Path:
    """Fetch and unpack all archives of a corpus; what is already there is not fetched again.

    ``to`` ends up with one folder an archive (``VIVAE.zip`` in ``VIVAE/``). An archive put into ``to`` by
    hand is checked and unpacked in place of a download, and kept. An interrupted download leaves
    ``VIVAE.zip.part``, from which the next one goes on if the server still has that version of the file.

    Args:
        card: What to fetch.
        to: The folder to fetch it to, made if absent.
        accept_licence: Whether the corpus's licence was read and accepted.
        on_progress: Told about bytes as they arrive.
        client: To go through a proxy, say. It should follow redirects.
        patience: With stalling and failing servers; its timeout holds for the default client.

    Returns:
        ``to``: a root for ``open_corpus``.

    Raises:
        DownloadError: The licence is not accepted; the card has no archives; an archive cannot be had; there
            is no room; or an archive is damaged, unsafe or not what the card says, and is now ``*.corrupt``.
    """
    if not card.archives:
        where = f"ask for it at {card.homepage}" if card.homepage else "it is a corpus of one's own"
        raise DownloadError(f"{card.name} has no archive to download: {where}")
    if not accept_licence:
        raise DownloadError(
            f"{card.name} is licensed under {card.licence} ({card.licence_url}); nothing was downloaded. "
            "Read the licence, and say that you accept it with accept_licence=True or --accept-licence"
        )
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(f"cannot make the folder {to}: {error.strerror}; choose another one") from error
    missing = [archive for archive in card.archives if not _is_unpacked(archive, to)]
    with nullcontext(client) if client else _client(patience) as session:
        for archive in missing:
            _install(card, archive, to, session, patience, on_progress or _silence)
    return to


def _client(patience: Patience) -> httpx.Client:
    return httpx.Client(follow_redirects=True, timeout=patience.timeout_s)


def _silence(file_name: str, n_there: int, n_bytes: int | None) -> None:
    """The progress that nobody asked for."""


def _folder(archive: Archive, to: Path) -> Path:
    return to / re.sub(r"\.(zip|tar|tgz|tar\.\w+)$", "", archive.file_name)


def _is_unpacked(archive: Archive, to: Path) -> bool:
    folder = _folder(archive, to)
    if folder.exists() and not (folder / RECEIPT).exists():
        raise DownloadError(
            f"{folder} is there but was not unpacked by a download, so that it may be incomplete; use it "
            f"as it is, with {to} as the root, or move it aside"
        )
    return folder.exists()


def _install(
    card: CorpusCard,
    archive: Archive,
    to: Path,
    client: httpx.Client,
    patience: Patience,
    on_progress: Progress,
) -> None:
    """From the network, or from a file that was put there by hand, to a complete folder."""
    whole, folder = to / archive.file_name, _folder(archive, to)
    by_hand = whole.exists()
    try:
        if not by_hand:
            _fetch(card, archive, whole, client, patience, on_progress)
        sha256 = _checked_digest(archive, whole)
        scratch = folder.with_name(f".{folder.name}.unpacking")
        shutil.rmtree(scratch, ignore_errors=True)
        unpack(whole, scratch)
    except ArchiveError as error:
        aside = whole.with_name(f"{whole.name}.corrupt")
        whole.replace(aside)
        raise DownloadError(f"{error}. It was set aside as {aside.name}") from error
    receipt = {"url": archive.url, "n_bytes": whole.stat().st_size, "sha256": sha256}
    (scratch / RECEIPT).write_text(json.dumps(receipt, indent=1) + "\n")
    scratch.rename(folder)
    if not by_hand:
        whole.unlink()


def _checked_digest(archive: Archive, whole: Path) -> str:
    """The file's SHA-256, after a look at whatever the card knows of it."""
    n_bytes, sha256 = whole.stat().st_size, fingerprint.of_file(whole)
    if archive.n_bytes is not None and n_bytes != archive.n_bytes:
        raise ArchiveError(f"{whole} has {n_bytes:,} bytes, not {archive.n_bytes:,}: fetch it again")
    if archive.sha256 is not None and sha256 != archive.sha256:
        raise ArchiveError(f"{whole} has the SHA-256 {sha256}, not {archive.sha256}: fetch it again")
    if archive.md5 is not None and (md5 := _md5(whole)) != archive.md5:
        raise ArchiveError(f"{whole} has the MD5 {md5}, not {archive.md5}: fetch it again")
    return sha256


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


class _TryError(Exception):
    """What came of one request, when another one may fare better."""


@dataclass(frozen=True)
class _Part:
    """What has arrived of a file, and of which version of it.

    Attributes:
        path: The bytes.
        note: Their URL, and the server's name for their version (ETag, or else date of the last change).
    """

    path: Path
    note: Path

    @property
    def n_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self, url: str) -> str | None:
        """What the server called the version that these bytes are of, if they can be gone on from."""
        if not (self.path.exists() and self.note.exists()):
            return None
        noted_url, _, version = self.note.read_text().partition("\n")
        return version if version and noted_url == url else None

    def begin(self, url: str, version: str | None) -> None:
        """Forget what has arrived: the bytes first, so that no note stands beside another version's bytes."""
        self.path.unlink(missing_ok=True)
        self.note.write_text(f"{url}\n{version or ''}")


def _fetch(
    card: CorpusCard,
    archive: Archive,
    whole: Path,
    client: httpx.Client,
    patience: Patience,
    on_progress: Progress,
) -> None:
    """All bytes of an archive, in as many requests as it takes."""
    part = _Part(whole.with_name(f"{whole.name}.part"), whole.with_name(f"{whole.name}.part.version"))
    by_hand = f"put the file there by hand as {whole} (see {card.homepage}) and run again"
    n_failures, furthest = 0, part.n_bytes
    while True:
        try:
            _request(archive, part, client, on_progress, by_hand)
            break
        except (httpx.RequestError, _TryError) as error:
            n_failures = 1 if part.n_bytes > furthest else n_failures + 1
            furthest = max(furthest, part.n_bytes)
            if n_failures >= patience.n_tries:
                raise DownloadError(
                    f"cannot fetch {archive.url} ({_reason(error)}, {n_failures} tries); "
                    f"{part.n_bytes:,} bytes are there. Run again when there is a connection, or {by_hand}"
                ) from error
        time.sleep(patience.pause_s * 2 ** (n_failures - 1))
    part.path.rename(whole)
    part.note.unlink()


def _reason(error: Exception) -> str:
    return "the server fell silent" if isinstance(error, httpx.TimeoutException) else str(error)


def _request(
    archive: Archive, part: _Part, client: httpx.Client, on_progress: Progress, by_hand: str
) -> None:
    """Ask once for what is missing, and add what comes to the part."""
    version = part.version(archive.url)
    n_there = part.n_bytes if version else 0
    headers = {"Accept-Encoding": "identity"}
    if version and n_there:
        headers |= {"Range": f"bytes={n_there}-", "If-Range": version}
    with client.stream("GET", archive.url, headers=headers) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            if answer.headers.get("Content-Range") == f"bytes */{n_there}":
                return
            part.path.unlink()
            raise _TryError("the server has fewer bytes than before")
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise _TryError(f"HTTP {answer.status_code} {answer.reason_phrase}")
        if answer.status_code == httpx.codes.PARTIAL_CONTENT:
            if not answer.headers.get("Content-Range", "").startswith(f"bytes {n_there}-"):
                part.path.unlink()
                raise _TryError("the server sent another part than the missing one")
            if _version(answer) not in {None, version}:
                part.path.unlink()
                raise _TryError("the file changed on the server")
        elif answer.status_code == httpx.codes.OK:
            n_there = 0
            part.begin(archive.url, _version(answer))
        else:
            raise DownloadError(
                f"{archive.url} answered {answer.status_code} {answer.reason_phrase}; {by_hand}"
            )
        _receive(archive, part, answer, n_there, on_progress)


def _version(answer: httpx.Response) -> str | None:
    """A name of the file's version that ``If-Range`` takes: weak tags do not promise equal bytes."""
    etag: str | None = answer.headers.get("ETag")
    changed: str | None = answer.headers.get("Last-Modified")
    return etag if etag and not etag.startswith("W/") else changed


def _receive(
    archive: Archive, part: _Part, answer: httpx.Response, n_there: int, on_progress: Progress
) -> None:
    """Add the body of an answer to the part."""
    length = answer.headers.get("Content-Length")
    n_bytes = n_there + int(length) if length else archive.n_bytes
    n_free = shutil.disk_usage(part.path.parent).free
    if n_bytes is not None and n_bytes - n_there > n_free:
        raise DownloadError(
            f"{archive.file_name} needs {n_bytes - n_there:,} more bytes, and {n_free:,} are free at "
            f"{part.path.parent}; make room"
        )
    on_progress(archive.file_name, n_there, n_bytes)
    try:
        with part.path.open("ab") as file:
            for piece in answer.iter_raw():
                file.write(piece)
                n_there += len(piece)
                on_progress(archive.file_name, n_there, n_bytes)
    except OSError as error:
        raise DownloadError(f"cannot write {part.path}: {error.strerror}") from error
    if n_bytes is not None and n_there < n_bytes:
        raise _TryError(f"the connection ended after {n_there:,} of {n_bytes:,} bytes")
