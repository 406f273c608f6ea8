"""The cache of spectrograms holds what the front end gives, and is written once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nver.audio import decode
from nver.corpora import open_corpus
from nver.models.logmel import log_mel
from nver.pretraining import spectrograms as module
from nver.pretraining.spectrograms import Spectrograms, spectrograms_of


@pytest.fixture
def made(recordings: Path, tmp_path: Path) -> Spectrograms:
    return spectrograms_of(open_corpus("folder", recordings).clips, tmp_path / "cache", workers=0)


def test_a_row_is_the_clips_spectrogram(made: Spectrograms, recordings: Path) -> None:
    clip = open_corpus("folder", recordings).clips[3]
    expected = log_mel(torch.from_numpy(decode(clip.source)))
    window = made.windows(np.array([3]))[0]
    torch.testing.assert_close(window[: len(expected)], expected, rtol=2e-3, atol=2e-3)
    assert (window[len(expected) :] == 0).all()


def test_it_is_computed_once(
    made: Spectrograms, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "decode_many", None)
    again = spectrograms_of(open_corpus("folder", recordings).clips, tmp_path / "cache", workers=0)
    assert np.array_equal(again.frames, made.frames)


def test_windows_of_a_long_clip_lie_anywhere_in_it() -> None:
    frames = np.repeat(np.arange(300, dtype=np.float16)[:, None], 80, axis=1)
    long = Spectrograms(frames, np.array([0, 300]), "")
    draws = torch.Generator().manual_seed(0)
    begins = {int(long.windows(np.array([0]), draws)[0, 0, 0]) for _ in range(400)}
    assert min(begins) <= 3
    assert max(begins) >= 97
    assert max(begins) <= 100
