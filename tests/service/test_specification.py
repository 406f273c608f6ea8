"""The service keeps to its specification, whatever it is sent."""

from __future__ import annotations

import random

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from nver.service.app import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


def test_every_answer_is_as_specified(toys, network):
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app([toys.toy(network)]))
    for found in schema.get_all_operations():
        _try_out(found.ok())


def _try_out(operation) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def answer(case):
        case.call_and_validate(checks=CHECKS)

    answer()


def test_the_document_has_an_example_of_every_answer_and_every_refusal(client):
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {"/v1/predict", "/v1/timeline", "/v1/models", "/healthz", "/metrics"}
    responses = document["paths"]["/v1/predict"]["post"]["responses"]
    assert set(responses) == {"200", "401", "408", "413", "415", "422", "429", "503"}
    for name in ("Answer", "Burst", "Model", "Problem"):
        fields = document["components"]["schemas"][name]["properties"]
        assert all("examples" in field for key, field in fields.items() if key != "notes")


def malformed(clips: list[bytes], encoded: list[bytes], *, n: int, seed: int):
    """Bodies that are none: cut, with bytes changed, put together, or of noise behind a true beginning."""
    rng = random.Random(seed)
    for _ in range(n):
        body = bytearray(rng.choice(clips + encoded))
        match rng.randrange(5):
            case 0:
                del body[rng.randrange(len(body)) :]
            case 1:
                for _ in range(rng.randrange(1, 40)):
                    body[rng.randrange(len(body))] = rng.randrange(256)
            case 2:  # headers are where lengths, rates and counts stand
                for _ in range(rng.randrange(1, 12)):
                    body[rng.randrange(min(64, len(body)))] = rng.choice((0, 1, 127, 128, 255))
            case 3:
                body[rng.randrange(len(body)) :] = rng.choice(encoded)
            case _:
                body[rng.randrange(min(100, len(body))) :] = rng.randbytes(2000)
        yield bytes(body)


@pytest.mark.parametrize("route", ["/v1/predict", "/v1/timeline"])
def test_a_malformed_body_is_answered_or_refused_and_never_a_fault(client, clips, waves, wav, route):
    kinds = [
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
        ("WAV", "PCM_16"),
    ]
    encoded = [wav(waves[0], container=container, subtype=subtype) for container, subtype in kinds]
    seen = set()
    for body in malformed(clips, encoded, n=100, seed=len(route)):
        answer = client.post(route, content=body, headers={"Content-Type": "audio/wav"})
        seen.add(answer.status_code)
        assert answer.json().keys() >= ({"detail"} if answer.status_code != 200 else {"model"})
    assert seen <= {200, 413, 415, 422}
    assert {415, 422} <= seen


@pytest.mark.parametrize("size", [0, 10, 300])
def test_a_malformed_form_is_refused_and_never_a_fault(client, size):
    rng = random.Random(size)
    whole = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n'
    for _ in range(50):
        body = bytearray(whole + rng.randbytes(size))
        for _ in range(rng.randrange(1, 6)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        kind = rng.choice(
            ["multipart/form-data; boundary=x", "multipart/form-data; boundary=x; charset=\xff"]
        )
        headers = {"Content-Type": kind.encode("latin-1")}
        answer = client.post("/v1/predict", content=bytes(body), headers=headers)
        assert answer.status_code in (415, 422)
        assert answer.json()["detail"]
