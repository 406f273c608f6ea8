"""Downloads over a server that truncates, stalls, ignores ranges, changes its files, fails and corrupts."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from nver.corpora import Archive, CorpusCard, load_card
from nver.corpora.download import RECEIPT, Patience, download
from nver.errors import DownloadError

QUICK = Patience(n_tries=3, timeout_s=0.3, pause_s=0.01)


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


MEMBERS = {
    "X/full_set/a.wav": bytes(range(256)) * 300,
    "X/full_set/b.wav": b"b" * 500,
    "X/readme.txt": b"hello",
}
CONTENT = zipped(MEMBERS)
OTHER = zipped({**MEMBERS, "X/readme.txt": b"a second edition"})


@dataclass
class Behaviour:
    """What the server does with one request."""

    content: bytes = CONTENT
    etag: str | None = '"one"'
    status: int | None = None
    stop_after: int | None = None  # bytes of the body, then hang up
    stall_after: int | None = None  # bytes of the body, then silence
    ranges: bool = True  # whether Range is honoured
    wrong_range: bool = False  # whether another part than the one asked for is sent
    length: bool = True  # whether Content-Length is sent
    blind: bool = False  # whether If-Range is ignored


@dataclass
class Server:
    """Behaves as told, request by request, and well after that."""

    url: str = ""
    plan: list[Behaviour] = field(default_factory=list)
    after: Behaviour = field(default_factory=Behaviour)
    seen: list[dict[str, str]] = field(default_factory=list)
    end_of_stall: threading.Event = field(default_factory=threading.Event)

    def card(self, *, file_name: str = "X.zip", **known: object) -> CorpusCard:
        return CorpusCard(
            name="x",
            title="X",
            labels=("a",),
            licence="CC BY-NC 4.0",
            licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
            citation="",
            homepage="https://example.org/x",
            archives=(Archive(url=f"{self.url}/{file_name}", file_name=file_name, **known),),
        )

    def get(self, to: Path, **options: object) -> Path:
        return download(self.card(), to, accept_licence=True, patience=QUICK, **options)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.seen.append(dict(self.headers))
            answer(self, told, told.plan.pop(0) if told.plan else told.after)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.url = f"http://127.0.0.1:{http.server_port}"
    yield told
    told.end_of_stall.set()
    http.shutdown()
    http.server_close()
    thread.join()


def answer(request: BaseHTTPRequestHandler, told: Server, how: Behaviour) -> None:
    request.close_connection = True
    if how.status is not None:
        request.send_response(how.status)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    start, n_bytes = 0, len(how.content)
    asked = request.headers.get("Range")
    if asked and how.ranges and (how.blind or request.headers.get("If-Range") == how.etag):
        start = int(asked.removeprefix("bytes=").removesuffix("-")) - how.wrong_range
        if start >= n_bytes:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{n_bytes}")
            request.end_headers()
            return
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {start}-{n_bytes - 1}/{n_bytes}")
    else:
        request.send_response(200)
    body = how.content[start:]
    if how.length:
        request.send_header("Content-Length", str(len(body)))
    if how.etag:
        request.send_header("ETag", how.etag)
    request.end_headers()
    if how.stop_after is not None:
        request.wfile.write(body[: how.stop_after])
    elif how.stall_after is not None:
        request.wfile.write(body[: how.stall_after])
        request.wfile.flush()
        told.end_of_stall.wait(5)
    else:
        request.wfile.write(body)


def is_complete(to: Path) -> bool:
    """Every member, and neither archive, part nor scratch folder beside them."""
    files = [path for path in (to / "X").rglob("*") if path.is_file()]
    there = {path.relative_to(to / "X").as_posix(): path.read_bytes() for path in files}
    there.pop(RECEIPT)
    return there == MEMBERS and [path.name for path in to.iterdir()] == ["X"]


# What a user meets first


def test_a_licence_that_is_not_accepted_is_named_and_nothing_is_asked_for(
    server: Server, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match=r"x is licensed under CC BY-NC 4\.0 \(https.*--accept-licence"):
        download(server.card(), tmp_path / "to", accept_licence=False)
    assert server.seen == []
    assert not (tmp_path / "to").exists()


def test_a_corpus_without_archives_says_where_to_ask(server: Server, tmp_path: Path) -> None:
    card = server.card().model_copy(update={"archives": ()})
    with pytest.raises(
        DownloadError, match=r"x has no archive to download: ask for it at https://example\.org/x"
    ):
        download(card, tmp_path, accept_licence=True)


def test_a_corpus_of_ones_own_has_nothing_to_download(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="folder has no archive to download: it is a corpus of one's own"):
        download(load_card("folder"), tmp_path, accept_licence=True)


def test_a_download_arrives_is_unpacked_and_leaves_a_receipt(server: Server, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    root = server.get(tmp_path / "deep" / "to", on_progress=lambda *news: told.append(news))
    assert is_complete(root)
    receipt = json.loads((root / "X" / RECEIPT).read_text())
    assert receipt == {
        "url": f"{server.url}/X.zip",
        "n_bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    assert told[0] == ("X.zip", 0, len(CONTENT))
    assert told[-1] == ("X.zip", len(CONTENT), len(CONTENT))


def test_what_is_complete_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    server.get(tmp_path)
    server.get(tmp_path)
    assert len(server.seen) == 1


def test_a_folder_that_no_download_made_is_not_taken_for_complete(server: Server, tmp_path: Path) -> None:
    (tmp_path / "X").mkdir()
    with pytest.raises(DownloadError, match="was not unpacked by a download, so that it may be incomplete"):
        server.get(tmp_path)
    assert server.seen == []


def test_a_target_that_is_a_file_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "to").write_text("")
    with pytest.raises(DownloadError, match="cannot make the folder"):
        server.get(tmp_path / "to")


# Connections that break


@pytest.mark.parametrize(
    "failure", [{"stop_after": 20_000}, {"stall_after": 20_000}], ids=["drops", "stalls"]
)
def test_a_broken_connection_is_gone_on_from(server: Server, tmp_path: Path, failure: dict[str, int]) -> None:
    server.plan = [Behaviour(**failure), Behaviour(**failure)]
    assert is_complete(server.get(tmp_path))
    assert [seen.get("Range") for seen in server.seen] == [None, "bytes=20000-", "bytes=40000-"]
    assert [seen.get("If-Range") for seen in server.seen] == [None, '"one"', '"one"']


def test_progress_counts_as_hope_however_often_the_connection_breaks(server: Server, tmp_path: Path) -> None:
    server.plan = [Behaviour(stop_after=10_000) for _ in range(6)]
    assert is_complete(server.get(tmp_path))
    assert len(server.seen) == 7 > QUICK.n_tries


def test_a_server_that_never_gets_further_is_given_up_and_the_part_is_kept(
    server: Server, tmp_path: Path
) -> None:
    server.plan = [Behaviour(stop_after=30_000)]
    server.after = Behaviour(stop_after=0)
    with pytest.raises(
        DownloadError, match=r"3 tries\); 30,000 bytes are there\. Run again .* by hand as .*X\.zip"
    ):
        server.get(tmp_path)
    assert (tmp_path / "X.zip.part").read_bytes() == CONTENT[:30_000]
    server.after = Behaviour()
    assert is_complete(server.get(tmp_path))
    assert server.seen[-1]["Range"] == "bytes=30000-"


def test_ctrl_c_leaves_a_part_that_the_next_run_goes_on_from(server: Server, tmp_path: Path) -> None:
    def stop(name: str, n_there: int, n_bytes: int | None) -> None:
        if n_there >= 20_000:
            raise KeyboardInterrupt

    server.plan = [Behaviour(stall_after=20_000)]
    with pytest.raises(KeyboardInterrupt):
        server.get(tmp_path, on_progress=stop)
    assert (tmp_path / "X.zip.part").read_bytes() == CONTENT[:20_000]
    assert is_complete(server.get(tmp_path))
    assert server.seen[-1]["Range"] == "bytes=20000-"


@pytest.mark.parametrize(
    "then",
    [
        Behaviour(ranges=False),
        Behaviour(content=OTHER, etag='"two"'),
        Behaviour(content=OTHER, etag='"two"', blind=True),
        Behaviour(wrong_range=True),
    ],
    ids=["range ignored", "file changed", "file changed and If-Range ignored", "another range sent"],
)
def test_a_part_that_cannot_be_gone_on_from_is_begun_anew(
    server: Server, tmp_path: Path, then: Behaviour
) -> None:
    server.plan, server.after = [Behaviour(stop_after=30_000)], then
    server.get(tmp_path)
    readme = (tmp_path / "X" / "X" / "readme.txt").read_bytes()
    assert readme == (b"hello" if then.content == CONTENT else b"a second edition")
    assert "Range" in server.seen[1]


def test_without_a_name_for_the_version_a_download_begins_anew(server: Server, tmp_path: Path) -> None:
    server.plan = [Behaviour(etag=None, stop_after=30_000), Behaviour(etag='W/"weak"', stop_after=30_001)]
    assert is_complete(server.get(tmp_path))
    assert ["Range" in seen for seen in server.seen] == [False, False, False]


def test_a_part_of_another_address_is_not_gone_on_from(server: Server, tmp_path: Path) -> None:
    (tmp_path / "X.zip.part").write_bytes(b"something else")
    (tmp_path / "X.zip.part.version").write_text('https://example.org/old.zip\n"one"')
    assert is_complete(server.get(tmp_path))
    assert "Range" not in server.seen[0]


def test_a_part_that_is_already_whole_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "X.zip.part").write_bytes(CONTENT)
    (tmp_path / "X.zip.part.version").write_text(f'{server.url}/X.zip\n"one"')
    assert is_complete(server.get(tmp_path))
    assert len(server.seen) == 1


def test_a_part_longer_than_the_file_is_begun_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "X.zip.part").write_bytes(CONTENT + b"more")
    (tmp_path / "X.zip.part.version").write_text(f'{server.url}/X.zip\n"one"')
    assert is_complete(server.get(tmp_path))
    assert len(server.seen) == 2


def test_an_early_end_shows_by_the_cards_size_when_the_server_names_none(
    server: Server, tmp_path: Path
) -> None:
    server.plan = [Behaviour(stop_after=30_000, length=False)]
    card = server.card(n_bytes=len(CONTENT))
    assert is_complete(download(card, tmp_path, accept_licence=True, patience=QUICK))
    assert server.seen[1]["Range"] == "bytes=30000-"


# Servers that say no


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path, status: int) -> None:
    server.plan = [Behaviour(status=status)] * 2
    assert is_complete(server.get(tmp_path))


def test_a_server_that_stays_busy_is_given_up(server: Server, tmp_path: Path) -> None:
    server.after = Behaviour(status=503)
    with pytest.raises(DownloadError, match=r"HTTP 503 Service Unavailable, 3 tries"):
        server.get(tmp_path)
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_file_is_not_asked_for_again(server: Server, tmp_path: Path, status: int) -> None:
    server.after = Behaviour(status=status)
    with pytest.raises(
        DownloadError, match=rf"X\.zip answered {status} .*by hand as .*X\.zip \(see https://example"
    ):
        server.get(tmp_path)
    assert len(server.seen) == 1


def test_offline_is_one_sentence_with_the_address_and_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = Server(url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(DownloadError) as raised:
            nobody.get(tmp_path)
    message = str(raised.value)
    assert message.startswith(f"cannot fetch {nobody.url}/X.zip (")
    assert f"put the file there by hand as {tmp_path / 'X.zip'} (see https://example.org/x)" in message
    assert "\n" not in message


def test_a_client_of_ones_own_is_used_and_left_open(tmp_path: Path) -> None:
    def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(CONTENT))

    with httpx.Client(transport=httpx.MockTransport(answered)) as mine:
        card = Server(url="https://example.org").card()
        assert is_complete(download(card, tmp_path, accept_licence=True, client=mine))
        assert not mine.is_closed


# Archives put there by hand


def test_an_archive_put_there_by_hand_is_unpacked_and_kept(server: Server, tmp_path: Path) -> None:
    (tmp_path / "X.zip").write_bytes(CONTENT)
    server.get(tmp_path)
    assert server.seen == []
    assert (tmp_path / "X.zip").read_bytes() == CONTENT
    assert (tmp_path / "X" / "X" / "readme.txt").read_bytes() == b"hello"


def test_a_damaged_archive_put_there_by_hand_is_named_and_set_aside(server: Server, tmp_path: Path) -> None:
    (tmp_path / "X.zip").write_bytes(CONTENT[:-100])
    with pytest.raises(DownloadError, match=r"X\.zip is damaged .*set aside as X\.zip\.corrupt"):
        server.get(tmp_path)
    assert (tmp_path / "X.zip.corrupt").read_bytes() == CONTENT[:-100]


# Archives that are not what they should be


@pytest.mark.parametrize(
    ("known", "complaint"),
    [
        ({"n_bytes": len(CONTENT) + 1}, f"has {len(CONTENT):,} bytes, not {len(CONTENT) + 1:,}"),
        ({"sha256": "0" * 64}, f"has the SHA-256 {hashlib.sha256(CONTENT).hexdigest()}, not 000"),
        ({"md5": "0" * 32}, "has the MD5 [0-9a-f]{32}, not 000"),
    ],
    ids=["size", "sha256", "md5"],
)
def test_an_archive_that_is_not_the_cards_is_never_unpacked(
    server: Server, tmp_path: Path, known: dict[str, object], complaint: str
) -> None:
    (tmp_path / "X.zip").write_bytes(CONTENT)
    with pytest.raises(DownloadError, match=complaint):
        download(server.card(**known), tmp_path, accept_licence=True, patience=QUICK)
    assert [path.name for path in tmp_path.iterdir()] == ["X.zip.corrupt"]


def test_an_archive_that_is_the_cards_is_unpacked(server: Server, tmp_path: Path) -> None:
    known = {
        "n_bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "md5": hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(),
    }
    assert is_complete(download(server.card(**known), tmp_path, accept_licence=True, patience=QUICK))


@pytest.mark.parametrize("place", [100, len(CONTENT) // 2])
def test_a_corrupted_download_is_never_unpacked_and_the_next_run_begins_anew(
    server: Server, tmp_path: Path, place: int
) -> None:
    server.plan = [Behaviour(content=CONTENT[:place] + bytes([CONTENT[place] ^ 1]) + CONTENT[place + 1 :])]
    with pytest.raises(DownloadError, match=r"X\.zip is damaged \(.*set aside as X\.zip\.corrupt"):
        server.get(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["X.zip.corrupt"]
    server.get(tmp_path)
    assert (tmp_path / "X" / "X" / "readme.txt").exists()


def test_a_web_page_under_an_archives_name_is_no_archive(server: Server, tmp_path: Path) -> None:
    server.after = Behaviour(content=b"<html>please log in</html>")
    with pytest.raises(DownloadError, match=r"is damaged \(File is not a zip file\)"):
        server.get(tmp_path)


def test_a_download_larger_than_the_disk_is_refused_before_it_comes(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 0, 10))
    with pytest.raises(DownloadError, match=rf"X\.zip needs {len(CONTENT):,} more bytes, and 10 are free"):
        server.get(tmp_path)
    assert not (tmp_path / "X.zip.part").exists()
