"""Tokens open what they should, and come from a file or the environment alone."""

from __future__ import annotations

import hmac

import pytest

from nver.errors import ConfigError
from nver.service.auth import ENVIRONMENT, Tokens
from nver.service.problems import Refusal

ANN, BOB = "a" * 32, "b" * 16


def test_with_tokens_only_health_is_open(serving, clips):
    client = serving(tokens=(ANN, BOB))
    for method, path in [("POST", "/v1/predict"), ("GET", "/v1/models"), ("GET", "/metrics")]:
        for headers in (
            {},
            {"Authorization": f"Bearer {ANN}x"},
            {"Authorization": ANN},
            {"Authorization": f"Basic {ANN}"},
        ):
            refused = client.request(method, path, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert ANN not in refused.text
        for token in (ANN, BOB):
            headers = {"Authorization": f"bearer {token}"}
            content = clips[0] if method == "POST" else None
            assert client.request(method, path, headers=headers, content=content).status_code == 200
    assert client.get("/healthz").status_code == 200
    document = client.get("/openapi.json").json()
    assert document["paths"]["/v1/predict"]["post"]["security"] == [{"token": []}]
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_a_stranger_is_refused_before_a_body_is_read(serving):
    client = serving(tokens=(ANN,))

    def body():
        yield b"\0"
        pytest.fail("the body was read")

    assert client.post("/v1/predict", content=body()).status_code in (401,)


def test_every_token_is_compared_in_constant_time_whichever_fits(monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    tokens = Tokens([ANN, BOB])
    assert tokens.client_of(f"Bearer {ANN}") == "token 1"
    assert tokens.client_of(f"Bearer {BOB}") == "token 2"
    with pytest.raises(Refusal):
        tokens.client_of("Bearer ä")
    assert len(compared) == 6
    assert {len(side) for pair in compared for side in pair} == {32}


def test_tokens_are_read_from_a_file_or_the_environment(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"{ANN}\n{BOB}\n")
    environment = {ENVIRONMENT: BOB}
    assert Tokens.read(path, environment).client_of(f"Bearer {ANN}") == "token 1"
    assert Tokens.read(None, environment).client_of(f"Bearer {BOB}") == "token 1"
    nobody = Tokens.read(None, {})
    assert not nobody
    assert nobody.client_of(None) is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot read tokens from"),
        ("\n", "holds no token"),
        (f"{ANN}\nsecret", "token 2 of 2 has 6 characters"),
    ],
)
def test_a_file_that_would_leave_the_service_open_is_refused(tmp_path, content, sentence):
    path = tmp_path / "tokens"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=sentence) as refused:
        Tokens.read(path)
    assert "secret" not in str(refused.value)
