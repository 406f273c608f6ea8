"""Each limit has its status and its sentence, and is kept before memory grows."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from nver.errors import ConfigError
from nver.service.limits import Limits

AUDIO = {"Content-Type": "audio/wav"}


def refused(answer, status: int) -> str:
    """The sentence of a refusal."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    return answer.json()["detail"]


def in_chunks(data: bytes):
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


def test_a_body_over_the_limit_is_413_announced_or_not(serving):
    client = serving(max_body_mb=0.01)
    body = b"\0" * 20_000
    said = refused(client.post("/v1/predict", content=body), 413)
    assert said == "the body has 0.0 MB, and 0.01 MB are allowed; cut or compress the recording"
    read = []

    def counted():
        for chunk in in_chunks(body):
            read.append(chunk)
            yield chunk

    assert "0.01 MB are allowed" in refused(client.post("/v1/predict", content=counted()), 413)
    assert "0.01 MB are allowed" in refused(client.post("/v1/predict", files={"file": body}), 413)


def test_a_recording_over_the_limit_is_413(serving, wav):
    client = serving(max_duration_s=1)
    assert client.post("/v1/predict", content=wav(np.zeros(16_000, np.float32))).status_code == 200
    said = refused(client.post("/v1/predict", content=wav(np.zeros(16_001, np.float32))), 413)
    assert said.startswith("the upload is over-long: 1.0 s, and 1 s are allowed")


@pytest.mark.parametrize(
    ("shape", "rate_hz", "reason"),
    [
        ((48_000 * 120, 1), 48_000, "is over-long: 120.0 s"),
        ((192_000 * 50, 2), 192_000, "is too large when decoded"),
    ],
)
def test_a_small_file_of_many_samples_is_413_before_it_is_decoded(
    client, wav, monkeypatch, shape, rate_hz, reason
):
    bomb = wav(np.zeros(shape, np.int16), rate_hz=rate_hz, container="FLAC", subtype="PCM_16")
    assert len(bomb) < np.prod(shape) * 4 / 100
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    assert reason in refused(client.post("/v1/predict", content=bomb), 413)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        (
            {"Content-Type": "application/json"},
            "the body is of type 'application/json'; expected audio as it is",
        ),
        ({"Content-Type": "text/plain; charset=utf-8"}, "the body is of type 'text/plain'"),
        ({**AUDIO, "Content-Encoding": "gzip"}, "Content-Encoding 'gzip'; expected none"),
        (AUDIO, "cannot decode the upload: Format not recognised; expected WAV, FLAC, MP3"),
    ],
)
def test_what_is_no_audio_is_415(client, headers, sentence):
    assert sentence in refused(client.post("/v1/predict", content=b"no audio" * 9, headers=headers), 415)


def test_audio_that_is_empty_cut_or_not_finite_is_422(client, clips, wav):
    def said(body: bytes) -> str:
        return refused(client.post("/v1/predict", content=body, headers=AUDIO), 422)

    assert said(b"").startswith("the upload is empty: it has 0 bytes")
    assert said(clips[0][:-10]).startswith("the upload is truncated")
    assert "sample 7 of 9 is NaN or infinite" in said(wav(np.array([0] * 7 + [np.nan, 0], np.float32)))
    assert said(wav(np.full(99, 500, np.float32))) == "a wave is far beyond full scale"


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (
            b"--x--\r\n",
            "multipart/form-data; boundary=x",
            "the form has no file in a part 'file' (parts: none)",
        ),
        (b"", "multipart/form-data", "the form cannot be read: its Content-Type has no boundary"),
        (b"junk", "multipart/form-data; boundary=x", "the form cannot be read"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "the form has no file in a part 'file' (parts: 'file')",
        ),
    ],
)
def test_a_form_that_is_none_or_has_no_file_is_422(client, content, kind, sentence):
    assert sentence in refused(
        client.post("/v1/predict", content=content, headers={"Content-Type": kind}), 422
    )


def under_way(client) -> int:
    line = next(
        x for x in client.get("/metrics").text.splitlines() if x.startswith('nver_under_way{kind="requests"}')
    )
    return int(float(line.split()[1]))


def fill(client, network, clip, *, n: int, pool: ThreadPoolExecutor):
    """n requests that wait for the network."""
    network.gate.clear()
    waiting = [pool.submit(client.post, "/v1/predict", content=clip) for _ in range(n)]
    deadline = time.monotonic() + 10
    while under_way(client) < n:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return waiting


@pytest.mark.parametrize(
    ("limits", "status", "sentence"),
    [
        ({"max_waiting": 2}, 503, "the service is busy: 2 requests at once are all"),
        ({"max_waiting_per_client": 2}, 429, "2 requests at once are all that one client may"),
    ],
)
def test_what_is_too_much_at_once_is_refused_and_what_was_let_in_is_answered(
    serving, network, clips, limits, status, sentence
):
    client = serving(**limits)
    with ThreadPoolExecutor(2) as pool:
        waiting = fill(client, network, clips[0], n=2, pool=pool)
        answer = client.post("/v1/predict", content=clips[0])
        network.gate.set()
        assert sentence in refused(answer, status)
        assert answer.headers["retry-after"] == "1"
        assert [one.result().status_code for one in waiting] == [200, 200]
    assert client.post("/v1/predict", content=clips[0]).status_code == 200


def test_an_answer_that_takes_too_long_is_503_and_its_clip_is_not_asked_about(serving, network, clips):
    client = serving(timeout_s=0.4, max_batch_clips=1)
    with ThreadPoolExecutor(3) as pool:
        waiting = fill(client, network, clips[0], n=3, pool=pool)
        said = {refused(one.result(), 503) for one in waiting}
    assert said == {"the clip was not answered within 0.4 s; try again, or send less at once"}
    network.gate.set()
    assert client.post("/v1/predict", content=clips[0]).status_code == 200
    assert network.sizes == [1, 1]  # the first was with the network already; two were given up


def test_limits_refuse_to_exist_when_nothing_could_pass():
    for key in Limits.model_fields:
        with pytest.raises(ValueError, match=key):
            Limits(**{key: 0})


def test_two_recognisers_of_one_name_are_refused(serving):
    with pytest.raises(ConfigError, match="of names that differ; got toy, toy"):
        serving(names=("toy", "toy"))
