"""Fetching from a hub, which here is a server on this machine, and turning pickles into safetensors."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file

from nver.encoders.cards import HubCard, card_of
from nver.encoders.folders import fetch, find_folder, folder_of, is_whole, present, to_safetensors
from nver.errors import ConfigError, WeightsError

SHA = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b"{}",
    "preprocessor_config.json": b"{}",
    "model.safetensors": b"weights " * 100,
    "pytorch_model.bin": b"the same as a pickle " * 100,
    "README.md": b"words",
}


class Hub(ThreadingHTTPServer):
    files: dict[str, bytes]
    refusal: tuple[int, str] | None
    asked: list[str]


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        headers, body, status = {"X-Repo-Commit": SHA}, b"", 200
        if self.server.refusal is not None:
            status, headers["X-Error-Code"] = self.server.refusal
        elif self.path.startswith("/api/models/"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in self.server.files.items()]
            body = json.dumps({"id": "tests/tiny", "sha": SHA, "siblings": siblings}).encode()
        else:
            body = self.server.files[self.path.rsplit("/", 1)[-1]]
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()}"'
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    server = Hub(("127.0.0.1", 0), _Answer)
    server.files, server.refusal, server.asked = dict(FILES), None, []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    monkeypatch.setattr(
        huggingface_hub.constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        url + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def card() -> HubCard:
    return HubCard(
        name="tiny",
        title="tiny",
        family="hubert",
        dim=1,
        licence="none",
        citation="none",
        source="tests/tiny",
    )


def test_fetch_takes_the_small_files_and_one_safe_form_of_the_weights(hub: Hub, card: HubCard) -> None:
    said: list[str] = []
    folder = fetch(card, say=said.append)
    assert folder == folder_of(card) == present(card)
    fetched = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert fetched == {
        name: FILES[name] for name in ("config.json", "preprocessor_config.json", "model.safetensors")
    }
    assert SHA in said[0]


def test_fetch_asks_for_the_pinned_revision(hub: Hub, card: HubCard) -> None:
    fetch(card.model_copy(update={"revision": SHA}), say=lambda text: None)
    assert any(f"/revision/{SHA}" in line for line in hub.asked)
    assert not any("main" in line for line in hub.asked)


def test_fetch_takes_the_pickle_when_there_is_nothing_else(hub: Hub, card: HubCard) -> None:
    del hub.files["model.safetensors"]
    assert (fetch(card, say=lambda text: None) / "pytorch_model.bin").is_file()


def test_fetch_takes_every_part_of_weights_in_parts(hub: Hub, card: HubCard) -> None:
    del hub.files["model.safetensors"]
    parts = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    hub.files |= dict.fromkeys(parts, b"half")
    hub.files["model.safetensors.index.json"] = json.dumps(
        {"weight_map": dict(zip("ab", parts, strict=True))}
    ).encode()
    folder = fetch(card, say=lambda text: None)
    assert all((folder / part).is_file() for part in parts)
    assert not (folder / "pytorch_model.bin").exists()


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ((403, "GatedRepo"), "is gated: accept its licence"),
        ((404, "RepoNotFound"), "has no repository tests/tiny"),
        ((503, ""), "the hub cannot be reached"),
    ],
)
def test_a_refusal_is_one_sentence_with_the_folder_of_a_copy_by_hand(
    refusal: tuple[int, str], reason: str, hub: Hub, card: HubCard
) -> None:
    hub.refusal = refusal
    with pytest.raises(WeightsError, match=reason) as caught:
        fetch(card)
    assert str(folder_of(card)) in str(caught.value)


def test_without_a_network_fetch_says_so(hub: Hub, card: HubCard, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.shutdown()
    hub.server_close()
    with pytest.raises(WeightsError, match="the hub cannot be reached; copy its files to"):
        fetch(card)


def test_a_repository_without_weights_is_refused(hub: Hub, card: HubCard) -> None:
    hub.files = {"config.json": b"{}"}
    with pytest.raises(WeightsError, match="has no weights that transformers reads"):
        fetch(card)


def test_a_folder_with_a_part_missing_is_not_whole(tmp_path: Path, card: HubCard) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "one", "b": "two"}}')
    (tmp_path / "one").write_bytes(b"")
    assert not is_whole(tmp_path)
    with pytest.raises(WeightsError, match="holds no checkpoint"):
        find_folder(card, tmp_path)
    (tmp_path / "two").write_bytes(b"")
    assert is_whole(tmp_path)


def test_what_the_hub_client_has_cached_is_found(hub: Hub, card: HubCard) -> None:
    cached = Path(huggingface_hub.hf_hub_download("tests/tiny", "config.json")).parent
    huggingface_hub.hf_hub_download("tests/tiny", "model.safetensors")
    assert present(card) == cached


def test_a_pickle_becomes_safetensors_once(tmp_path: Path) -> None:
    shared = torch.arange(4.0)
    torch.save({"a": shared, "b": shared}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text("{}")
    target = to_safetensors(tmp_path, tmp_path / "to")
    assert {name: tensor.tolist() for name, tensor in load_file(target).items()} == {
        "a": [0, 1, 2, 3],
        "b": [0, 1, 2, 3],
    }
    assert is_whole(tmp_path / "to")
    with pytest.raises(WeightsError, match="is there already"):
        to_safetensors(tmp_path, tmp_path / "to")


def test_a_pickle_of_anything_but_tensors_is_not_converted(tmp_path: Path) -> None:
    torch.save({"a": threading.Thread}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(WeightsError, match="no plain table of tensors"):
        to_safetensors(tmp_path, tmp_path / "to")


def test_a_repository_is_named_by_owner_and_name() -> None:
    bare = card_of("hf:someone/something")
    assert bare is not None
    assert bare.source == "someone/something"
    known = card_of("hf:microsoft/wavlm-base")
    assert known is not None
    assert known.name == "wavlm-base"
    for wrong in ("hf:wavlm", "hf:a/b/c", "hf:../x/y", "hf:"):
        with pytest.raises(ConfigError, match="expected hf:org/name"):
            card_of(wrong)
