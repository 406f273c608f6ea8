"""Files are decoded exactly or refused in one sentence that says why."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from nver import fingerprint
from nver.audio import decode, decode_addressed, decode_bytes, decoder_fingerprint, from_array
from nver.errors import (
    AudioError,
    EmptyAudioError,
    NonFiniteAudioError,
    OverlongAudioError,
    OversizedAudioError,
    TruncatedAudioError,
    UnsupportedAudioError,
)
from nver.types import AudioFile, Samples

LOSSLESS = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAVEX", "PCM_16"), ("FLAC", "PCM_16")]
TAG = re.compile(b"Info|Xing")
LOSSY = [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]


def burst(n_samples: int = 48_000, *, n_channels: int = 1, seed: int = 0) -> npt.NDArray[np.float32]:
    """Noise with a slow envelope: hard to compress, so that every byte of a file matters."""
    rng = np.random.default_rng(seed)
    envelope = np.sin(np.pi * np.arange(n_samples) / n_samples)[:, None]
    return (0.5 * envelope * rng.uniform(-1, 1, (n_samples, n_channels))).astype(np.float32)


def encode(x: npt.NDArray[np.float32], rate_hz: int, *, kind: tuple[str, str]) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, x, rate_hz, format=kind[0], subtype=kind[1])
    return sink.getvalue()


@pytest.fixture
def file(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Bytes to a source, under a name that says nothing about the format."""

    def write(data: bytes) -> AudioFile:
        path = tmp_path / "clip.audio"
        path.write_bytes(data)
        return AudioFile(path)

    return write


def mp3_frames(data: bytes) -> list[bytes]:
    """The frames of an MPEG 1 layer III file without tags, by the formula of the standard."""
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    frames = []
    while data:
        n = 144_000 * kbps[data[2] >> 4] // 48_000 + (data[2] >> 1 & 1)
        frames.append(data[:n])
        data = data[n:]
    return frames


def ogg_pages(data: bytes) -> list[bytes]:
    pages = []
    while data:
        n = 27 + data[26] + sum(data[27 : 27 + data[26]])
        pages.append(data[:n])
        data = data[n:]
    return pages


# --- what comes out ---


@pytest.mark.parametrize("kind", LOSSLESS)
def test_sixteen_khz_mono_comes_out_as_it_went_in(file, kind: tuple[str, str]) -> None:
    x = (np.round(burst(4_000) * 32_768) / 32_768).astype(np.float32)
    np.testing.assert_array_equal(decode(file(encode(x, 16_000, kind=kind))), x[:, 0])


@pytest.mark.parametrize("kind", LOSSLESS + LOSSY)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_every_format_comes_out_at_16_khz_mono_with_its_duration(
    file, kind: tuple[str, str], n_channels: int
) -> None:
    samples = decode(file(encode(burst(n_channels=n_channels), 48_000, kind=kind)))
    assert samples.dtype == np.float32
    assert samples.flags.c_contiguous
    assert samples.shape == (16_000,)


@pytest.mark.parametrize("kind", LOSSY)
def test_a_lossy_tone_is_still_that_tone(file, kind: tuple[str, str]) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000).astype(np.float32)
    samples = decode(file(encode(tone[:, None], 48_000, kind=kind)))
    spectrum = np.abs(np.fft.rfft(samples[4_000:12_000] * np.hanning(8_000)))
    assert spectrum.argmax() * 2 == 440
    assert np.abs(samples[4_000:12_000]).max() == pytest.approx(0.5, rel=0.1)


def test_channels_are_averaged_before_resampling(file) -> None:
    x = burst(48_000, n_channels=3)
    expected = soxr.resample(x.mean(axis=1), 48_000, 16_000, quality="HQ")
    np.testing.assert_array_equal(decode(file(encode(x, 48_000, kind=("WAV", "FLOAT")))), expected)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 96_000])
def test_any_rate_keeps_pitch_and_level(file, rate_hz: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(rate_hz) / rate_hz).astype(np.float32)
    samples = decode(file(encode(tone[:, None], rate_hz, kind=("WAV", "FLOAT"))))
    expected = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(samples[2_000:14_000], expected[2_000:14_000], atol=2e-3)


def test_what_16_khz_cannot_hold_is_gone_and_not_folded_back(file) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000).astype(np.float32)
    samples = decode(file(encode(tone[:, None], 48_000, kind=("WAV", "FLOAT"))))
    assert np.abs(samples[500:-500]).max() < 1e-4


def test_a_stretch_of_an_archive_decodes_like_the_file(tmp_path: Path) -> None:
    data = encode(burst(8_000), 16_000, kind=("FLAC", "PCM_16"))
    archive = tmp_path / "clips.tar"
    archive.write_bytes(b"x" * 512 + data + b"y" * 100)
    whole = tmp_path / "clip.flac"
    whole.write_bytes(data)
    inside = decode(AudioFile(archive, "clip.flac", 512, len(data)))
    np.testing.assert_array_equal(inside, decode(AudioFile(whole)))


def test_digests_are_those_of_the_bytes_and_of_the_samples(file) -> None:
    data = encode(burst(8_000), 16_000, kind=("WAV", "PCM_16"))
    answer = decode_addressed(file(data))
    assert answer.encoded_sha256 == fingerprint.of_bytes(data)
    assert answer.audio_sha256 == fingerprint.of_array(decode(file(data)))
    assert len(decoder_fingerprint()) == 64


def test_a_wav_and_its_flac_have_one_audio_digest(file) -> None:
    x = (np.round(burst(8_000) * 32_768) / 32_768).astype(np.float32)
    digests = {
        decode_addressed(file(encode(x, 48_000, kind=kind))).audio_sha256
        for kind in [("WAV", "PCM_16"), ("FLAC", "PCM_16")]
    }
    assert len(digests) == 1


def test_a_flac_that_does_not_count_its_samples_is_refused_since_a_cut_could_not_be_seen(file) -> None:
    data = bytearray(encode(burst(8_000), 16_000, kind=("FLAC", "PCM_16")))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    with pytest.raises(AudioError, match="its FLAC header does not count its samples"):
        decode(file(bytes(data)))


def test_a_wav_from_a_pipe_does_not_know_its_size_and_is_whole(file) -> None:
    data = bytearray(encode(burst(4_000), 16_000, kind=("WAV", "PCM_16")))
    data[40:44] = b"\xff" * 4
    assert decode(file(bytes(data))).size == 4_000


def test_an_mp3_without_a_frame_count_is_read_to_its_end(file) -> None:
    frames = mp3_frames(encode(burst(96_000), 48_000, kind=("MP3", "MPEG_LAYER_III")))
    assert TAG.search(frames[0])
    bare = decode(file(b"".join(frames[1:])))
    # The decoder leaves out its own delay of 529 samples at 48 kHz, and nothing else.
    assert bare.size == pytest.approx(((len(frames) - 1) * 1_152 - 529) / 3, abs=1)


@pytest.mark.parametrize(
    ("rate_hz", "n_channels"), [(48_000, 2), (44_100, 1), (22_050, 1), (16_000, 2), (8_000, 1)]
)
def test_frames_of_every_mpeg_version_are_counted(file, rate_hz: int, n_channels: int) -> None:
    data = encode(burst(2 * rate_hz, n_channels=n_channels), rate_hz, kind=("MP3", "MPEG_LAYER_III"))
    tag = TAG.search(data).start()
    n_frames = struct.unpack(">I", data[tag + 8 : tag + 12])[0]
    n_samples = n_frames * (1_152 if rate_hz >= 32_000 else 576)
    without_tag = decode(file(data[:tag] + b"Gone" + data[tag + 4 :]))
    # The frame that held the tag now counts as audio, hence one more.
    assert without_tag.size == pytest.approx(n_samples * 16_000 / rate_hz, abs=1_152 * 16_000 / rate_hz + 1)


# --- what does not come out ---


def test_a_missing_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"cannot read .*gone\.wav: No such file"):
        decode(AudioFile(tmp_path / "gone.wav"))


def test_a_file_of_no_bytes_is_empty(file) -> None:
    with pytest.raises(EmptyAudioError, match=r"clip\.audio is empty: it has 0 bytes"):
        decode(file(b""))


def test_a_file_of_no_samples_is_empty(file) -> None:
    with pytest.raises(EmptyAudioError, match="is empty: it holds no samples"):
        decode(file(encode(burst(0), 16_000, kind=("WAV", "PCM_16"))))


def test_less_than_one_sample_at_16_khz_is_empty(file) -> None:
    with pytest.raises(EmptyAudioError, match="is empty: it holds 1 samples at 48000 Hz"):
        decode(file(encode(burst(1), 48_000, kind=("WAV", "FLOAT"))))


@pytest.mark.parametrize("data", [b"plain text, not sound\n" * 50, b"\0" * 4_000, b"RIFF", b"\xff\xfb\x94"])
def test_what_is_not_audio_is_refused_with_what_was_expected(file, data: bytes) -> None:
    with pytest.raises(AudioError, match=r"cannot decode .*; expected WAV, FLAC, MP3, Ogg Vorbis or Opus"):
        decode(file(data))


def test_a_format_whose_wholeness_we_cannot_check_is_refused_by_name(file) -> None:
    with pytest.raises(UnsupportedAudioError, match=r"it is AIFF.*; expected WAV"):
        decode(file(encode(burst(1_000), 16_000, kind=("AIFF", "PCM_16"))))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused_and_named(file, value: float) -> None:
    x = burst(1_000, n_channels=2)
    x[700, 1] = value
    with pytest.raises(NonFiniteAudioError, match="is not finite: sample 700 of 1000"):
        decode(file(encode(x, 16_000, kind=("WAV", "FLOAT"))))


def test_an_over_long_file_says_how_long_it_is(file) -> None:
    data = encode(burst(32_000), 16_000, kind=("WAV", "PCM_16"))
    assert decode(file(data), max_duration_s=2.0).size == 32_000
    with pytest.raises(OverlongAudioError, match=r"is over-long: 2\.0 s, and 1\.9 s are allowed"):
        decode(file(data), max_duration_s=1.9)


def test_samples_that_would_not_fit_are_refused_before_they_are_decoded(monkeypatch) -> None:
    silence = encode(np.zeros((48_000, 8), np.float32), 48_000, kind=("FLAC", "PCM_16"))
    n_bytes = 48_000 * 8 * 4
    assert len(silence) < n_bytes / 50
    assert decode_bytes(silence, name="silence", max_decoded_bytes=n_bytes).size == 16_000
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(OversizedAudioError, match=r"48000 samples of 8 channels take 1\.5 MB, and 1\.5 MB"):
        decode_bytes(silence, name="silence", max_decoded_bytes=n_bytes - 1)


@pytest.mark.parametrize("data", [b"plain text, not sound\n" * 50, b"\xff" * 1_000])
def test_what_no_format_begins_with_is_not_supported_and_what_one_does_is_damaged(data: bytes) -> None:
    with pytest.raises(UnsupportedAudioError):
        decode_bytes(data, name="it")
    with pytest.raises(AudioError) as refused:
        decode_bytes(b"fLaC" + data, name="it")
    assert type(refused.value) is AudioError


@pytest.mark.parametrize("kind", LOSSLESS + LOSSY)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, "one byte"])
def test_a_file_that_was_cut_is_never_taken_for_a_whole_one(
    file, kind: tuple[str, str], share: float | str
) -> None:
    data = encode(burst(), 48_000, kind=kind)
    n_kept = len(data) - 1 if isinstance(share, str) else int(share * len(data))
    with pytest.raises(AudioError, match=r"clip\.audio"):
        decode(file(data[:n_kept]))


@pytest.mark.parametrize("kind", [*LOSSLESS, ("MP3", "MPEG_LAYER_III")])
def test_a_file_that_lost_its_second_half_is_truncated(file, kind: tuple[str, str]) -> None:
    data = encode(burst(), 48_000, kind=kind)
    with pytest.raises(TruncatedAudioError, match="is truncated"):
        decode(file(data[: len(data) // 2]))


def test_an_mp3_without_a_frame_count_is_truncated_when_its_last_frame_is(file) -> None:
    frames = mp3_frames(encode(burst(), 48_000, kind=("MP3", "MPEG_LAYER_III")))
    with pytest.raises(TruncatedAudioError, match="7 bytes of its last MP3 frame are missing"):
        decode(file(b"".join(frames[1:])[:-7]))


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
class TestOgg:
    @pytest.fixture
    def pages(self, subtype: str) -> list[bytes]:
        return ogg_pages(encode(burst(144_000), 48_000, kind=("OGG", subtype)))

    def test_the_last_page_is_missed(self, file, pages: list[bytes]) -> None:
        with pytest.raises(TruncatedAudioError, match=f"breaks off after page {len(pages) - 2}"):
            decode(file(b"".join(pages[:-1])))

    def test_a_page_in_the_middle_is_missed(self, file, pages: list[bytes]) -> None:
        with pytest.raises(TruncatedAudioError, match="page 3 of its Ogg stream is missing"):
            decode(file(b"".join(pages[:3] + pages[4:])))

    def test_a_damaged_page_is_missed(self, file, pages: list[bytes]) -> None:
        damaged = bytearray(pages[3])
        damaged[len(damaged) // 2] ^= 0xFF
        with pytest.raises(TruncatedAudioError, match="could be decoded"):
            decode(file(b"".join([*pages[:3], bytes(damaged), *pages[4:]])))

    def test_two_streams_in_one_file_are_refused(self, file, pages: list[bytes]) -> None:
        other = encode(burst(48_000, seed=1), 48_000, kind=("OGG", "VORBIS"))
        with pytest.raises(AudioError, match="several Ogg streams"):
            decode(file(b"".join(pages) + other))


def test_a_damaged_flac_frame_is_refused(file) -> None:
    data = bytearray(encode(burst(), 48_000, kind=("FLAC", "PCM_16")))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(TruncatedAudioError, match="truncated or damaged"):
        decode(file(bytes(data)))


def test_an_archive_that_ends_inside_a_clip_is_truncated(tmp_path: Path) -> None:
    archive = tmp_path / "clips.tar"
    archive.write_bytes(encode(burst(1_000), 16_000, kind=("WAV", "PCM_16")))
    with pytest.raises(
        TruncatedAudioError, match=r"clips\.tar:a\.wav is truncated: the archive ends 56 bytes"
    ):
        decode(AudioFile(archive, "a.wav", 0, 2_100))


# --- real recordings ---


def real(folder: Path, pattern: str, *, step: int) -> list[Path]:
    return sorted(folder.rglob(pattern))[::step]


def test_real_mp3s_decode_whole(emogator_mp3: Path) -> None:
    for path in real(emogator_mp3, "*.mp3", step=60):
        samples = decode(AudioFile(path))
        assert 0.4 < samples.size / 16_000 < 2.2


def test_a_cut_of_a_real_mp3_is_refused_wherever_it_is(emogator_mp3: Path, file) -> None:
    data = real(emogator_mp3, "*.mp3", step=1)[0].read_bytes()
    for n_kept in np.linspace(600, len(data) - 1, 20).astype(int):
        with pytest.raises(TruncatedAudioError):
            decode(file(data[:n_kept]))


def test_real_mp3s_sound_like_the_plain_loop(emogator_mp3: Path) -> None:
    for path in real(emogator_mp3, "*.mp3", step=300):
        x, rate_hz = soundfile.read(path, dtype="float64", always_2d=True)
        plain: Samples = soxr.resample(x.mean(axis=1), rate_hz, 16_000, quality="VHQ")
        np.testing.assert_allclose(decode(AudioFile(path))[100:-100], plain[100:-100], atol=2e-3)


# --- what is in memory already ---


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_an_array_gives_the_samples_that_a_file_of_it_gives(file, rate_hz: int, n_channels: int) -> None:
    x = burst(6_000, n_channels=n_channels)
    expected = decode(file(encode(x, rate_hz, kind=("WAV", "FLOAT"))))
    np.testing.assert_array_equal(from_array(x, rate_hz), expected)
    np.testing.assert_array_equal(from_array(x.astype(np.float64), rate_hz), expected)
    if n_channels == 1:
        np.testing.assert_array_equal(from_array(x[:, 0], rate_hz), expected)


def test_an_array_is_copied_and_may_be_read_only() -> None:
    x = burst(4_000)
    x.flags.writeable = False
    samples = from_array(x[:, 0], 16_000)
    samples[:] = 0
    assert x.any()
