"""Time lines of files, arrays and streams."""

from __future__ import annotations

import io
import itertools
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nver import audio
from nver.errors import AnnotationError, AudioError, ConfigError, EmptyAudioError, TruncatedAudioError
from nver.recordings import Recording, Segment, StreamingRecogniser, Windows, timeline
from nver.recordings.joining import bursts_of
from nver.types import RATE_HZ, AudioFile


def scene(duration_s: float, rate_hz: int = RATE_HZ, *, seed: int = 0) -> np.ndarray:
    """A breathy tone of 0.3 s in every second, over noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    sounds = (t % 1 > 0.4) & (t % 1 < 0.7)
    tone = np.sin(2 * np.pi * 300 * (1 + t.astype(int) % 3) * t) + rng.normal(size=len(t))
    return (0.1 * sounds * tone + 0.001 * rng.normal(size=len(t))).astype(np.float32)


@pytest.fixture(params=["wav", "flac", "ogg", "mp3"])
def encoded(request, tmp_path):
    path = tmp_path / f"a.{request.param}"
    stereo = np.stack([scene(4, 44_100), 0.5 * scene(4, 44_100)], axis=1)
    soundfile.write(path, stereo, 44_100)
    return path


def test_blocks_are_the_samples_that_decode_gives(encoded):
    recording = Recording.of_file(encoded)
    whole = audio.decode(AudioFile(encoded))
    blocks = np.concatenate(list(recording.blocks()))
    # libsndfile seeks after each block, and an MP3 is then decoded with other roundings
    assert np.allclose(blocks, whole, rtol=0, atol=1e-6 if encoded.suffix == ".mp3" else 0)
    assert recording.duration_s == pytest.approx(len(whole) / RATE_HZ, abs=0.1)
    in_memory = Recording.of_bytes(encoded.read_bytes(), name="upload")
    assert np.array_equal(np.concatenate(list(in_memory.blocks())), blocks)


def test_an_mp3_without_a_frame_count_is_read_whole(tmp_path):
    buffer = io.BytesIO()
    soundfile.write(buffer, scene(4, 44_100), 44_100, format="MP3")
    data = buffer.getvalue()
    tag = max(data.find(b"Info"), data.find(b"Xing"))
    first_frame = data.index(b"\xff\xfb", tag)
    path = tmp_path / "a.mp3"
    path.write_bytes(data[first_frame:])
    blocks = np.concatenate(list(Recording.of_file(path).blocks()))
    whole = audio.decode(AudioFile(path))
    assert len(blocks) == len(whole)
    assert np.allclose(blocks, whole, rtol=0, atol=1e-6)
    assert tag > 0


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
def test_blocks_of_an_array_are_the_samples_that_from_array_gives(rate_hz):
    wave = scene(2.3, rate_hz)[:, None] * np.ones(2, np.float32)
    blocks = np.concatenate(list(Recording.of_array(wave, rate_hz).blocks()))
    assert np.array_equal(blocks, audio.from_array(wave, rate_hz))


def test_a_recording_that_cannot_be_read_is_one_sentence(tmp_path, toy):
    soundfile.write(tmp_path / "a.flac", scene(3), RATE_HZ)
    (tmp_path / "cut.flac").write_bytes((tmp_path / "a.flac").read_bytes()[:20_000])
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(TruncatedAudioError, match=r"cut\.flac is truncated"):
        toy.timeline(tmp_path / "cut.flac")
    with pytest.raises(EmptyAudioError, match=r"empty\.wav is empty: it has 0 bytes"):
        toy.timeline(tmp_path / "empty.wav")
    with pytest.raises(AudioError, match=r"cannot read .*none\.wav: No such file"):
        toy.timeline(tmp_path / "none.wav")
    with pytest.raises(EmptyAudioError):
        toy.timeline((np.zeros(0, np.float32), RATE_HZ))
    with pytest.raises(AudioError, match="not finite: sample 20000 is NaN"):
        toy.timeline((np.where(np.arange(30_000) == 20_000, np.nan, 0.0), RATE_HZ))
    with pytest.raises(AudioError, match="divided by 32768"):
        toy.timeline((np.zeros(9, np.int16), RATE_HZ))


def heard_around(wave, event):
    """From 0.12 s before to 0.15 s after."""
    return wave[max(0, round(event.start_s * RATE_HZ) - 1920) : round(event.end_s * RATE_HZ) + 2400]


def test_every_event_is_what_the_recogniser_says_of_its_samples(toy):
    wave = scene(6)
    found = toy.timeline((wave, RATE_HZ))
    assert [round(event.start_s, 1) for event in found.events] == [k + 0.4 for k in range(6)]
    for event in found.events:
        alone = toy.predict(heard_around(wave, event), RATE_HZ)
        assert event.prediction.probabilities == pytest.approx(alone.probabilities, abs=1e-4)
        assert (event.label, event.confidence) == (event.prediction.label, event.prediction.confidence)
    assert (found.duration_s, found.labels, found.curve) == (6.0, toy.labels, None)


def test_a_view_and_progress(toy):
    told = []
    found = toy.timeline((scene(3), RATE_HZ), view="loudness", on_progress=lambda *at: told.append(at))
    assert found.labels == ("quiet", "loud")
    assert set(found.events[0].prediction.probabilities) == {"quiet", "loud"}
    assert told == [(1.0, 3.0), (2.0, 3.0), (3.0, 3.0)]
    with pytest.raises(ConfigError, match="has no view 'loud'"):
        toy.timeline((scene(3), RATE_HZ), view="loud")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), rate_hz=st.sampled_from([16_000, 22_050, 48_000]))
def test_a_stream_gives_the_events_of_the_file_however_it_is_divided(toy, data, rate_hz):
    wave = scene(4.2, rate_hz, seed=data.draw(st.integers(0, 5)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wave)), max_size=30)))
    stream = StreamingRecogniser(toy, rate_hz=rate_hz)
    pieces = [wave[a:b] for a, b in zip([0, *cuts], [*cuts, len(wave)], strict=True)]
    streamed = [event for piece in pieces for event in stream.push(piece)] + stream.flush()
    whole = timeline(toy, (wave, rate_hz)).events
    assert [(e.start_s, e.end_s) for e in streamed] == [(e.start_s, e.end_s) for e in whole]
    for one, other in zip(streamed, whole, strict=True):
        assert one.prediction.probabilities == pytest.approx(other.prediction.probabilities, abs=1e-4)
    assert len(whole) >= 4


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_a_stream_gives_each_burst_within_300_ms_of_its_end(toy, rate_hz):
    wave, n_chunk = scene(6, rate_hz), rate_hz // 100
    stream = StreamingRecogniser(toy, rate_hz=rate_hz, view="loudness")
    at_s = [
        (n + n_chunk) / rate_hz
        for n in range(0, len(wave), n_chunk)
        for _ in stream.push(wave[n : n + n_chunk])
    ]
    assert len(at_s) == 6
    assert all(0 < at - (k + 0.7) < 0.3 for k, at in enumerate(at_s))


def test_a_stream_that_is_over_takes_nothing_more(toy):
    stream = StreamingRecogniser(toy)
    assert stream.push(np.zeros(0, np.float32)) == stream.flush() == []
    with pytest.raises(AudioError, match="this stream was flushed"):
        stream.push(np.zeros(10, np.float32))


def test_marked_segments_are_asked_about_in_order_and_to_the_sample(toy):
    wave = scene(6)
    marked = [Segment(4.25, 5.5, "x"), Segment(0.5, 1.0), Segment(0.75, 5.75), Segment(5.0, 6.005)]
    found = toy.timeline((wave, RATE_HZ), segments=marked)
    assert [(e.start_s, e.end_s) for e in found.events] == [(0.5, 1.0), (0.75, 5.75), (4.25, 5.5), (5.0, 6.0)]
    alone = toy.predict(wave[10_080:94_400], RATE_HZ).probabilities
    assert found.events[1].prediction.probabilities == pytest.approx(alone, abs=1e-4)
    with pytest.raises(AnnotationError, match=r"goes from 5 s to 6\.5 s and the recording ends at 6 s"):
        toy.timeline((wave, RATE_HZ), segments=[Segment(5.0, 6.5)])
    with pytest.raises(ConfigError, match="give one of the two"):
        toy.timeline((wave, RATE_HZ), segments=marked, windows=Windows())


@pytest.mark.parametrize(("length_s", "hop_s"), [(1.0, 0.25), (0.5, 0.5), (0.7, 0.3), (9.0, 1.0)])
def test_a_curve_is_the_mean_over_the_windows_that_hear_each_time(toy, length_s, hop_s):
    wave = scene(4.1)
    found = toy.timeline((wave, RATE_HZ), windows=Windows(length_s, hop_s))
    length, hop, n = round(length_s * RATE_HZ), round(hop_s * RATE_HZ), len(wave)
    starts = [k for k in range(0, n, hop) if k + length <= n]
    if not starts or starts[-1] + length < n:
        starts.append(max(0, n - length))
    said = [list(toy.predict(wave[k : k + length], RATE_HZ).probabilities.values()) for k in starts]
    for time_s, row in zip(found.curve.times_s, found.curve.probabilities, strict=True):
        heard = [p for k, p in zip(starts, said, strict=True) if k <= time_s * RATE_HZ < k + length]
        assert row == pytest.approx(np.mean(heard, axis=0), abs=1e-4)
    assert len(found.curve.times_s) == -(-n // hop)
    assert found.events == ()
    assert found.segments()[-1].end_s == found.duration_s


@pytest.mark.parametrize(("length_s", "hop_s"), [(1.0, 0.0), (1.0, 1.5), (float("nan"), 1.0), (1.0, -1.0)])
def test_windows_that_cannot_be_meant_are_refused(length_s, hop_s):
    with pytest.raises(ConfigError, match="cannot be meant"):
        Windows(length_s, hop_s)


def test_memory_does_not_grow_with_the_recording(toy, tmp_path):
    peaks = []
    for n in (20, 80):
        soundfile.write(tmp_path / "a.wav", np.tile(scene(10), n // 10), RATE_HZ)
        tracemalloc.start()
        toy.timeline(tmp_path / "a.wav")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000


def pairs(duration_s: float = 12.0) -> np.ndarray:
    """Sounds of 0.3 s in pairs, 0.45 s apart; 3 s from pair to pair."""
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    sounds = (t % 3 > 1) & (t % 3 < 1.3) | (t % 3 > 1.75) & (t % 3 < 2.05)
    rng = np.random.default_rng(0)
    return (0.1 * sounds * np.sin(2_000 * t) + 0.001 * rng.normal(size=len(t))).astype(np.float32)


def test_bursts_are_joined_over_what_lies_between_them(toy):
    wave = pairs()
    apart, joined = (timeline(toy, (wave, RATE_HZ), join_s=s).events for s in (0.3, 0.6))
    assert [(e.start_s, e.end_s) for e in joined] == [
        (a.start_s, b.end_s) for a, b in zip(apart[::2], apart[1::2], strict=True)
    ]
    assert apart == timeline(toy, (wave, RATE_HZ)).events
    for event in joined:
        assert event.prediction == toy.predict(heard_around(wave, event), RATE_HZ)


def test_no_joined_burst_is_longer_than_8_s(toy):
    joined = timeline(toy, (scene(40), RATE_HZ), join_s=1.0).events
    assert 5 <= len(joined) <= 7
    assert all(event.end_s - event.start_s <= 8 for event in joined)


def test_a_burst_that_waits_for_another_does_not_hold_the_recording():
    rest = 0.001 * np.random.default_rng(1).normal(size=RATE_HZ).astype(np.float32)
    blocks = itertools.chain([pairs(2.5)], itertools.repeat(rest, 100))
    given = bursts_of(blocks, join_s=0.6)
    assert next(given).end_s == pytest.approx(2.05, abs=0.1)
    assert len(list(blocks)) > 80


@pytest.mark.parametrize("join_s", [-0.1, float("nan")])
def test_a_distance_that_is_none_is_refused(toy, join_s):
    with pytest.raises(ConfigError, match=r"cannot be joined; expected seconds, 0 or more"):
        timeline(toy, (scene(2), RATE_HZ), join_s=join_s)


def test_windows_cannot_be_joined(toy):
    with pytest.raises(ConfigError, match="only bursts can be joined"):
        timeline(toy, (scene(2), RATE_HZ), join_s=0.5, windows=Windows())
