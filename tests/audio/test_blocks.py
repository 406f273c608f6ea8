"""Audio read block by block is the audio that is decoded at once."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from nver.audio import blocks, decode_bytes


def encoded(wave: np.ndarray, rate_hz: int, *, kind: tuple[str, str]) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, wave, rate_hz, format=kind[0], subtype=kind[1])
    return sink.getvalue()


@pytest.mark.parametrize("kind", [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("FLAC", "PCM_16")])
@pytest.mark.parametrize(("rate_hz", "n_channels"), [(48_000, 1), (44_100, 2)])
def test_a_tone_in_blocks_is_the_tone_at_once(kind, rate_hz, n_channels):
    # MP3 frames of a tone borrow bits from each other, and those of noise do not.
    tone = 0.5 * np.sin(np.arange(3 * rate_hz) / 8)
    data = encoded(np.repeat(tone[:, None], n_channels, axis=1), rate_hz, kind=kind)
    joined = np.concatenate(list(blocks.blocks_of_encoded(data, name="a tone")))
    np.testing.assert_allclose(joined, decode_bytes(data, name="a tone"), rtol=0, atol=1e-6)


def test_a_block_of_many_channels_is_no_larger_than_one_of_few(monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK_NUMBERS", 4_000)
    sizes = []
    real = blocks.read_frames

    def noted(*arguments, **options):
        frames = real(*arguments, **options)
        sizes.append(frames.size)
        return frames

    monkeypatch.setattr(blocks, "read_frames", noted)
    data = encoded(np.zeros((16_000, 8), np.float32), 16_000, kind=("FLAC", "PCM_16"))
    list(blocks.blocks_of_encoded(data, name="silence"))
    assert max(sizes) == 4_000
