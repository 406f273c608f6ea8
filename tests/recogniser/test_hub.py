"""Bundles to the Hugging Face Hub and back; the Hub is a server on this machine.

It speaks what huggingface_hub asks of one: repositories are made, files are committed (weights through the
LFS protocol), listed and fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import huggingface_hub.constants
import pytest

from nver import Recogniser
from nver.errors import BundleError, ConfigError
from nver.recogniser import hub as room
from nver.recogniser.bundle import load_bundle

pytestmark = pytest.mark.filterwarnings(
    "ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning"  # of the Hub's client to itself
)

SHA = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """One repository, ``ann/toy``.

    Attributes:
        files: Its content; None while it was not made.
        stored: What came through LFS, by digest.
        refusal: A status and the Hub's code for it, which every request then gets.
        asked: What was asked.
    """

    files: dict[str, bytes] | None
    stored: dict[str, bytes]
    refusal: tuple[int, str] | None
    asked: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(f"{self.command} {path}")
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, body = 200, {"X-Repo-Commit": SHA}, b""
        if self.server.refusal is not None:
            status, headers["X-Error-Code"] = self.server.refusal
        elif self.command == "PUT":
            self.server.stored[path.rsplit("/", 1)[-1]] = data
        elif self.command == "POST":
            body = json.dumps(self._posted(path, data)).encode()
        elif self.server.files is None:
            status, headers["X-Error-Code"] = 404, "RepoNotFound"
        elif "/resolve/" in path:
            body = self.server.files[path.rsplit("/", 1)[-1]]
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()}"'
        elif "/missing" in path:
            status, headers["X-Error-Code"] = 404, "RevisionNotFound"
        else:
            body = json.dumps(self._listed(path, self.server.files)).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _listed(self, path: str, files: dict[str, bytes]) -> Any:
        if "/tree/" in path:
            return [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}  # noqa: S324
                for name, data in files.items()
            ]
        return {"id": "ann/toy", "sha": SHA, "siblings": [{"rfilename": name} for name in files]}

    def _posted(self, path: str, data: bytes) -> Any:
        if path == "/api/repos/create":
            self.server.files = self.server.files or {}
            return {"url": f"{self.server.url}/ann/toy"}
        if path == "/api/validate-yaml":
            return {"errors": [], "warnings": []}
        if "/preupload/" in path:
            return {"files": [_mode(file["path"]) for file in json.loads(data)["files"]]}
        if path.endswith("/info/lfs/objects/batch"):
            return {"objects": [self._where_to(one) for one in json.loads(data)["objects"]]}
        assert "/commit/" in path, path
        assert self.server.files is not None
        for line in map(json.loads, data.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.server.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.server.files[value["path"]] = self.server.stored[value["oid"]]
        return {"commitUrl": f"{self.server.url}/ann/toy/commit/{SHA}", "commitOid": SHA}

    def _where_to(self, one: dict[str, Any]) -> dict[str, Any]:
        return one | {"actions": {"upload": {"href": f"{self.server.url}/store/{one['oid']}"}}}

    def log_message(self, *args: Any) -> None:
        pass


def _mode(name: str) -> dict[str, Any]:
    mode = "lfs" if name.endswith(".safetensors") else "regular"
    return {"path": name, "uploadMode": mode, "shouldIgnore": False}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    server = Hub(("127.0.0.1", 0), _Answer)
    server.files, server.stored, server.refusal, server.asked = None, {}, None, []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # its protocol is the Hub's own
    monkeypatch.setenv("HF_TOKEN", "hf_nobody")
    yield server
    server.shutdown()
    server.server_close()


def test_what_was_pushed_is_loaded_and_says_the_same(hub, save_toy, waves):
    directory = save_toy()
    assert room.push(directory, "ann/toy") == f"{hub.url}/ann/toy/commit/{SHA}"
    here, there = Recogniser.load(directory), Recogniser.load("hf://ann/toy")
    assert there.predict_many(waves) == here.predict_many(waves)
    assert there.identity == here.identity
    assert Recogniser.load("hf://ann/toy@main").card == here.card


def test_a_push_takes_the_files_of_a_bundle_and_a_page_that_the_hub_shows(hub, save_toy):
    directory = save_toy(licence='CC0: "free"')
    (directory / "notes.bin").write_bytes(b"mine")
    room.push(directory, "hf://ann/toy")
    assert sorted(hub.files) == ["MODEL_CARD.md", "README.md", "bundle.json", "model.safetensors"]
    _, front, page = hub.files["README.md"].decode().split("---\n", 2)
    assert 'license_name: "CC0: \\"free\\""' in front
    assert page.strip() == (directory / "MODEL_CARD.md").read_text().strip()
    assert len(hub.stored) == 1, "weights go through LFS"


def test_nothing_but_safetensors_json_and_the_card_is_ever_fetched(hub, save_toy):
    room.push(save_toy(), "ann/toy")
    hub.files |= {"pytorch_model.bin": b"\x80\x04pickle", "model.pkl": b"\x80\x04", "evil.py": b"1 / 0"}
    hub.asked.clear()
    folder = room.fetch("hf://ann/toy")
    assert sorted(path.name for path in folder.iterdir()) == [
        "MODEL_CARD.md",
        "bundle.json",
        "model.safetensors",
    ]
    fetched = {line.rsplit("/", 1)[-1] for line in hub.asked if "/resolve/" in line}
    assert fetched <= set(room.FILES)


def test_weights_that_are_not_those_of_the_card_are_refused(hub, save_toy):
    room.push(save_toy(), "ann/toy")
    hub.files["model.safetensors"] = hub.files["model.safetensors"][:-1] + b"?"
    with pytest.raises(BundleError, match=r"model.safetensors is not what bundle.json was written with"):
        Recogniser.load("hf://ann/toy")


def test_a_damaged_bundle_is_not_pushed(hub, save_toy):
    directory = save_toy()
    (directory / "model.safetensors").write_bytes(b"?")
    with pytest.raises(BundleError, match="is not what"):
        room.push(directory, "ann/toy")
    assert hub.asked == []


def test_without_a_network_what_was_fetched_is_still_there_and_else_one_sentence_says_so(hub, save_toy):
    directory = save_toy()
    room.push(directory, "ann/toy")
    room.fetch("hf://ann/toy")
    hub.shutdown()
    hub.server_close()
    assert load_bundle(room.fetch("hf://ann/toy")).card == load_bundle(directory).card
    with pytest.raises(
        BundleError, match="cannot fetch hf://ann/other: the hub cannot be reached, and no whole"
    ):
        room.fetch("hf://ann/other")
    with pytest.raises(BundleError, match="cannot push to hf://ann/toy: the hub cannot be reached"):
        room.push(directory, "ann/toy")


def test_offline_mode_is_no_network(hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BundleError, match="cannot fetch hf://ann/toy: the hub cannot be reached"):
        room.fetch("hf://ann/toy")
    assert hub.asked == []


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ((403, "GatedRepo"), "it is gated; accept its terms"),
        ((404, "RepoNotFound"), "there is no such repository that you may see"),
        ((401, ""), "log in with 'hf auth login'"),
    ],
)
def test_a_refusal_is_one_sentence(hub, refusal, sentence):
    hub.files, hub.refusal = {}, refusal
    with pytest.raises(BundleError, match=sentence):
        room.fetch("hf://ann/toy")


def test_a_push_that_the_hub_refuses_is_one_sentence(hub, save_toy):
    hub.refusal = (403, "")
    with pytest.raises(BundleError, match=r"cannot push to hf://ann/toy: the hub says no \(403\); log in"):
        room.push(save_toy(), "ann/toy")


def test_a_revision_or_a_bundle_that_is_not_there_is_one_sentence(hub):
    hub.files = {"config.json": b"{}"}
    with pytest.raises(BundleError, match="it has no revision 'missing'"):
        room.fetch("hf://ann/toy@missing")
    with pytest.raises(BundleError, match=r"hf://ann/toy holds no recogniser: it has no bundle.json"):
        room.fetch("hf://ann/toy")


@pytest.mark.parametrize("address", ["hf://toy", "hf://a/b/c", "hf://../b", "hf://ann/toy@", "hf://"])
def test_what_is_no_address_is_a_request_that_cannot_be_meant(hub, address):
    with pytest.raises(ConfigError, match="is no repository; expected hf://owner/name"):
        Recogniser.load(address)
    assert hub.asked == []


def test_a_bundle_is_pushed_to_the_main_branch_alone(hub, save_toy):
    with pytest.raises(ConfigError, match="names a revision"):
        room.push(save_toy(), "ann/toy@v1")
