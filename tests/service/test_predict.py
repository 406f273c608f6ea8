"""What is answered is what the recogniser says."""

from __future__ import annotations

from http import HTTPStatus

import numpy as np
import pytest

AUDIO = {"Content-Type": "audio/wav"}


def test_an_answer_is_what_the_recogniser_says(client, toys, network, waves, clips):
    for wave, clip in zip(waves, clips, strict=True):
        said = toys.toy(network).predict(wave, 16_000)
        answer = client.post("/v1/predict", content=clip, headers=AUDIO).json()
        assert answer == {
            "model": "toy",
            "view": None,
            "duration_s": wave.size / 16_000,
            "label": said.label,
            "confidence": said.confidence,
            "outside": 0.0,
            "probabilities": dict(said.top(3)),
        }
        assert list(answer["probabilities"]) == [label for label, _ in said.top(3)]


def test_a_form_a_body_and_a_body_without_a_type_are_answered_alike(client, clips):
    as_body = client.post("/v1/predict", content=clips[0], headers=AUDIO)
    as_form = client.post("/v1/predict", files={"file": ("laugh.wav", clips[0])}, data={"note": "x"})
    plain = client.post("/v1/predict", content=clips[0])
    assert as_body.status_code == 200
    assert as_body.json() == as_form.json() == plain.json()


@pytest.mark.parametrize(
    ("container", "subtype"), [("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III"), ("OGG", "OPUS")]
)
def test_content_decides_and_not_the_name_or_the_type(client, waves, wav, container, subtype):
    data = wav(waves[0][:, None].repeat(2, axis=1), rate_hz=48_000, container=container, subtype=subtype)
    for kind in ("audio/wav", "application/octet-stream", "audio/x-of-my-own"):
        answer = client.post("/v1/predict", content=data, headers={"Content-Type": kind})
        assert answer.status_code == 200
        assert answer.json()["duration_s"] == pytest.approx(4000 / 48_000, abs=1e-3)
    named = client.post("/v1/predict", files={"file": ("../../etc/passwd", data, "text/plain")})
    assert named.json() == answer.json()


def test_a_large_form_stays_in_memory(client, wav, monkeypatch):
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.__init__", lambda *_, **__: pytest.fail("a file"))
    answer = client.post("/v1/predict", files={"file": wav(np.zeros(900_000, np.float32))})
    assert answer.json()["duration_s"] == 56.25


def test_a_view_and_the_number_of_classes_are_chosen_by_the_request(client, toys, network, waves, clips):
    seen = toys.toy(network).predict(waves[0], 16_000).view("loudness")
    answer = client.post("/v1/predict?view=loudness&top=1", content=clips[0], headers=AUDIO).json()
    assert answer["probabilities"] == dict(seen.top(1))
    assert (answer["label"], answer["outside"], answer["view"]) == (seen.label, seen.outside, "loudness")


def test_a_request_may_name_its_recogniser(serving, clips):
    client = serving(names=("one", "two"))
    asked = [client.post(f"/v1/predict{query}", content=clips[0]) for query in ("", "?model=two")]
    assert [answer.json()["model"] for answer in asked] == ["one", "two"]
    assert [model["name"] for model in client.get("/v1/models").json()["models"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("model=../toy", "no recogniser is called '../toy'. Did you mean 'toy'? Known: toy."),
        ("view=loud", "recogniser 'toy' has no view 'loud'. Did you mean 'loudness'? Known: loudness."),
        ("top=0", "parameter 'top' is '0': input should be greater than or equal to 1"),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_a_422_before_any_decoding(
    client, network, clips, query, sentence
):
    answer = client.post(f"/v1/predict?{query}", content=clips[0])
    assert answer.status_code == 422
    assert answer.json() == {"title": HTTPStatus(422).phrase, "status": 422, "detail": sentence}
    assert network.sizes == []


def test_models_say_labels_views_and_licence(client, toys):
    (model,) = client.get("/v1/models").json()["models"]
    assert model["labels"] == list(toys.LABELS)
    assert model["views"] == {"loudness": ["quiet", "loud"]}
    assert model["licence"] == "CC0"


def test_metrics_count_requests_by_route_and_status_and_batches(client, clips):
    for clip in (clips[0], clips[1], b"no audio"):
        client.post("/v1/predict", content=clip, headers=AUDIO)
    client.get("/v1/" + "x" * 50)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.text.splitlines()
    assert 'nver_requests_total{route="/v1/predict",status="200"} 2.0' in lines
    assert 'nver_requests_total{route="/v1/predict",status="415"} 1.0' in lines
    assert 'nver_requests_total{route="none",status="404"} 1.0' in lines
    assert "nver_batch_clips_sum 2.0" in lines
    assert "nver_audio_seconds_total 0.5" in lines
    assert 'nver_under_way{kind="requests"} 0.0' in lines
    assert "xxxxx" not in answer.text


def test_a_fault_of_the_recogniser_is_a_500_without_details_and_the_next_request_is_answered(
    client, network, clips, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr(type(network), "_row", lambda *_: 1 / 0)
        failed = client.post("/v1/predict", content=clips[0])
    assert (failed.status_code, failed.headers["content-type"]) == (500, "application/problem+json")
    assert "division" not in failed.text
    assert client.post("/v1/predict", content=clips[0]).status_code == 200
    assert client.get("/healthz").json() == {"status": "ready"}


def test_every_path_but_these_is_a_404_that_says_where_to_look(client):
    answer = client.get("/docs")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "GET /docs: Not Found; /openapi.json lists what there is"
