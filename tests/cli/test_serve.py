"""``nver serve`` hands on what it was told, and warns of a door that stands open."""

from __future__ import annotations

import pytest

from nver.cli import serve
from nver.service import server


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What would be served; burst-recogniser is not loaded."""
    calls: list[dict] = []
    monkeypatch.setattr(server, "serve", lambda app, **options: calls.append({"app": app, **options}))
    monkeypatch.setattr("nver.recogniser.recogniser.Recogniser.load", lambda name: name)
    monkeypatch.setattr("nver.service.app.create_app", lambda names, **options: {"names": names, **options})
    monkeypatch.delenv("NVER_SERVE_TOKENS", raising=False)
    return calls


def test_it_binds_to_this_machine_alone_and_asks_the_shipped_recogniser(nver, served):
    ran = nver("serve")
    assert (ran.code, ran.err) == (0, "")
    (call,) = served
    assert (call["host"], call["port"]) == ("127.0.0.1", 8000)
    assert call["app"]["names"] == ["burst-recogniser"]
    assert not call["app"]["tokens"]


def test_limits_and_tokens_are_handed_on(nver, served, tmp_path):
    (tmp_path / "tokens").write_text("a" * 20)
    limits = ("--limit", "max_duration_s=20", "--limit", "max_batch_clips=1")
    ran = nver("serve", "--host", "0.0.0.0", "--tokens-file", tmp_path / "tokens", *limits)  # noqa: S104
    assert (ran.code, ran.err) == (0, "")
    assert served[0]["limits"] == served[0]["app"]["limits"]
    assert (served[0]["limits"].max_duration_s, served[0]["limits"].max_batch_clips) == (20, 1)
    assert served[0]["app"]["tokens"].client_of("Bearer " + "a" * 20) == "token 1"


@pytest.mark.parametrize(
    ("host", "warns"),
    [("192.168.0.9", True), ("::", True), ("nver.example", True), ("::1", False), ("localhost", False)],
)
def test_a_door_that_stands_open_is_said(nver, served, host, warns):
    assert ("everybody who reaches" in nver("serve", "--host", host).err) is warns


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--limit", "max_body=1"],
            "--limit: unknown key 'max_body'; expected one of decoders, max_batch_clips",
        ),
        (["--limit", "timeout_s=0"], "--limit: 'timeout_s' got 0"),
        (["--tokens-file", "gone"], "cannot read tokens from gone"),
    ],
)
def test_what_cannot_be_meant_exits_with_2(nver, served, arguments, sentence):
    ran = nver("serve", *arguments)
    assert ran.code == 2
    assert sentence in ran.err
    assert served == []


def test_without_the_extra_it_says_how_to_get_it(nver, served, monkeypatch):
    monkeypatch.setattr(serve, "find_spec", lambda name: None if name == "uvicorn" else object())
    ran = nver("serve")
    assert (ran.code, ran.err) == (2, "error: nver serve needs uvicorn: pip install 'nver[serve]'\n")
