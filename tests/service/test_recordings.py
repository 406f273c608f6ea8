"""What is found in a recording that is sent, or streamed, is what is found in it offline."""

from __future__ import annotations

import time

import numpy as np
import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from nver.recordings import Windows, timeline
from nver.recordings.recording import Recording

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def recording():
    """Four bursts in 9 s of faint noise, in 16 bits."""
    rng = np.random.default_rng(0)
    wave = 0.001 * rng.normal(size=9 * RATE_HZ)
    for start_s, length_s, pitch in [(1.0, 0.6, 0.1), (3.0, 1.0, 0.5), (5.5, 0.4, 0.05), (7.4, 0.9, 1.1)]:
        n, start = int(length_s * RATE_HZ), int(start_s * RATE_HZ)
        wave[start : start + n] += 0.4 * np.sin(pitch * np.arange(n)) * np.hanning(n)
    return np.round(wave * 32_768).astype("<i2")


@pytest.fixture(scope="module")
def wave(recording):
    return (recording / np.float32(32_768)).astype(np.float32)


def plain(event, *, top=None) -> dict:
    said = event.prediction
    shown = said.top(len(said.probabilities) if top is None else top)
    fields = {"label": said.label, "confidence": said.confidence, "outside": said.outside}
    return {"start_s": event.start_s, "end_s": event.end_s, "probabilities": dict(shown)} | fields


def test_a_time_line_is_the_one_that_is_found_offline(client, toys, network, wave, wav):
    found = timeline(toys.toy(network), (wave, RATE_HZ))
    assert len(found.events) == 4
    answer = client.post("/v1/timeline", content=wav(wave), headers={"Content-Type": "audio/wav"}).json()
    assert answer == {
        "model": "toy",
        "view": None,
        "duration_s": 9.0,
        "events": [plain(event) for event in found.events],
        "curve": None,
    }


def test_windows_give_a_course_instead_of_events(client, toys, network, wave, wav):
    found = timeline(toys.toy(network), (wave, RATE_HZ), windows=Windows(1.0, 0.5), view="loudness")
    query = "window_s=1&hop_s=0.5&view=loudness"
    answer = client.post(f"/v1/timeline?{query}", files={"file": ("a.wav", wav(wave))}).json()
    assert answer["events"] == []
    assert answer["curve"]["labels"] == ["quiet", "loud"]
    np.testing.assert_array_equal(answer["curve"]["times_s"], found.curve.times_s)
    np.testing.assert_allclose(answer["curve"]["probabilities"], found.curve.probabilities, atol=1e-12)


@pytest.mark.parametrize(
    ("limits", "query", "status", "sentence"),
    [
        ({"max_recording_s": 8}, "", 413, "the upload is over-long: 9.0 s, and 8 s are allowed"),
        ({"max_recording_mb": 0.5}, "", 413, "0.5 MB are allowed"),
        ({"recording_timeout_s": 0.01}, "", 503, "the recording was not answered within 0.01 s"),
        ({}, "?window_s=1&hop_s=2", 422, "expected a hop that is positive and no longer than the window"),
        ({}, "?window_s=0.001", 422, "parameter 'window_s' is '0.001'"),
    ],
)
def test_a_recording_that_is_too_much_is_refused(serving, wave, wav, limits, query, status, sentence):
    answer = serving(**limits).post(f"/v1/timeline{query}", content=wav(wave))
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_who_gives_up_on_a_recording_stops_it(serving, network, wave, wav, monkeypatch):
    real, n_read = Recording.blocks, []

    def slow(recording):
        for block in real(recording):
            n_read.append(len(block))
            time.sleep(0.1)
            yield block

    monkeypatch.setattr(Recording, "blocks", slow)
    client = serving(recording_timeout_s=0.2)
    assert client.post("/v1/timeline", content=wav(wave)).status_code == 503
    time.sleep(1)
    assert len(n_read) < 9


def streamed(client, data: bytes, *, query: str = "", size: int = 3_333) -> list[dict]:
    """Every message that comes back for these samples."""
    with client.websocket_connect(f"/v1/stream{query}") as socket:
        for start in range(0, len(data), size):
            socket.send_bytes(data[start : start + size])
        socket.send_text("end")
        messages = [socket.receive_json()]
        while messages[-1]["kind"] == "burst":
            messages.append(socket.receive_json())
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == (1000 if messages[-1]["kind"] == "end" else 1008)
    return messages


@pytest.mark.parametrize("size", [3_333, 64_000, 1 << 20])
def test_a_stream_gives_the_bursts_that_are_found_offline(client, toys, network, recording, wave, size):
    found = timeline(toys.toy(network), (wave, RATE_HZ))
    *bursts, end = streamed(client, recording.tobytes(), size=size)
    assert end == {"kind": "end", "duration_s": 9.0}
    assert len(bursts) == 4
    for burst, event in zip(bursts, found.events, strict=True):
        expected = {"kind": "burst"} | plain(event)
        assert burst["probabilities"] == pytest.approx(expected.pop("probabilities"), abs=1e-6)
        assert burst["confidence"] == pytest.approx(expected.pop("confidence"), abs=1e-6)
        assert {key: burst[key] for key in expected} == expected


def test_floats_of_two_channels_are_the_stream_of_their_mean(client, recording, wave):
    sides = np.stack([2 * wave, np.zeros_like(wave)], axis=1).astype("<f4")
    in_stereo = streamed(client, sides.tobytes(), query="?encoding=f32le&channels=2&top=1", size=9_999)
    assert in_stereo == streamed(client, recording.tobytes(), query="?top=1")


def test_a_burst_comes_while_the_stream_goes_on(client, recording):
    with client.websocket_connect("/v1/stream") as socket:
        socket.send_bytes(recording[: 2 * RATE_HZ].tobytes())
        burst = socket.receive_json()
    assert burst["start_s"] == pytest.approx(1.0, abs=0.2)
    assert burst["end_s"] == pytest.approx(1.6, abs=0.2)


@pytest.mark.parametrize(
    ("limits", "query", "data", "status", "sentence"),
    [
        ({"max_recording_s": 1}, "", bytes(32_002), 413, "the stream is over-long: 1 s are allowed"),
        ({}, "?encoding=f32le", np.full(9, np.nan, "<f4").tobytes(), 422, "sample 0 is NaN or infinite"),
        ({}, "?channels=2", bytes(9), 422, "the stream ends 1 bytes into a frame of 4"),
    ],
)
def test_a_stream_that_is_too_much_or_broken_ends_with_a_problem(
    serving, limits, query, data, status, sentence
):
    (problem,) = streamed(serving(**limits), data, query=query, size=1 << 20)
    assert (problem["kind"], problem["status"]) == ("problem", status)
    assert sentence in problem["detail"]


def test_a_stream_that_falls_silent_or_says_something_else_ends_with_a_problem(serving):
    client = serving(timeout_s=0.2)
    with client.websocket_connect("/v1/stream") as socket:
        assert socket.receive_json()["status"] == 408
    with client.websocket_connect("/v1/stream") as socket:
        socket.send_text("stop")
        assert "expected samples in binary messages, then 'end'" in socket.receive_json()["detail"]


@pytest.mark.parametrize(
    ("query", "headers", "status", "sentence"),
    [
        ("", {}, 401, "send the header 'Authorization: Bearer TOKEN'"),
        ("?rate_hz=9", {"Authorization": f"Bearer {'a' * 16}"}, 422, "parameter 'rate_hz' is '9'"),
        ("?view=x", {"Authorization": f"Bearer {'a' * 16}"}, 422, "has no view 'x'"),
        ("?model=x", {"Authorization": f"Bearer {'a' * 16}"}, 422, "no recogniser is called 'x'"),
    ],
)
def test_a_stream_is_refused_before_it_begins(serving, query, headers, status, sentence):
    client = serving(tokens=("a" * 16,))
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect(f"/v1/stream{query}", headers=headers),
    ):
        pass
    assert denied.value.status_code == status
    assert sentence in denied.value.json()["detail"]


def test_streams_beyond_the_limit_are_503_until_one_ends(serving):
    client = serving(max_streams=1)
    with (
        client.websocket_connect("/v1/stream"),
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/v1/stream"),
    ):
        pass
    assert denied.value.status_code == 503
    assert "the service is busy: 1 streams at once are all" in denied.value.json()["detail"]
    (end,) = streamed(client, b"")
    assert end == {"kind": "end", "duration_s": 0.0}
