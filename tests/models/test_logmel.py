"""The front end of Audio-Mamba: shapes, normalisation, long and short clips."""

from __future__ import annotations

import pytest
import torch

from nver.models import logmel


def noise(n_samples: int) -> torch.Tensor:
    return torch.randn(n_samples, generator=torch.Generator().manual_seed(n_samples))


def test_the_golden_spectrograms_are_met(golden):
    for name, wave in golden.items():
        if name.startswith("wave_") and name != "wave_silence":
            truth = golden[name.replace("wave", "logmel")]
            error = (logmel.log_mel(wave) - truth).norm() / truth.norm()
            assert error < 1e-5, name


@pytest.mark.parametrize("n_samples", [1, 200, 201, 319, 320, 16_000, 31_999])
def test_there_is_a_row_every_ten_milliseconds(n_samples):
    spectrogram = logmel.log_mel(noise(n_samples))
    assert spectrogram.shape == (logmel.n_frames(n_samples), 80)
    assert spectrogram.isfinite().all()


def test_mean_is_zero_and_spread_is_one():
    spectrogram = logmel.log_mel(noise(16_000)).double()
    torch.testing.assert_close(spectrogram.mean(), torch.tensor(0.0).double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(spectrogram.std(), torch.tensor(1.0).double(), rtol=1e-5, atol=0)


def test_loudness_does_not_matter():
    torch.testing.assert_close(
        logmel.log_mel(noise(8_000)), logmel.log_mel(9 * noise(8_000)), rtol=1e-3, atol=1e-3
    )


def test_a_short_clip_is_continued_by_silence():
    wave = noise(50)
    continued = torch.cat([wave, torch.zeros(151)])
    assert torch.equal(logmel.log_mel(wave), logmel.log_mel(continued))


def test_a_long_clip_in_stretches_is_the_clip_at_once(monkeypatch):
    wave = noise(40_123)
    at_once = logmel.log_mel(wave)
    monkeypatch.setattr(logmel, "_FRAMES_AT_ONCE", 7)
    monkeypatch.setattr(logmel, "_SAMPLES_AT_ONCE", 6 * logmel.HOP + logmel.N_FFT)
    torch.testing.assert_close(logmel.log_mel(wave), at_once, rtol=1e-6, atol=1e-6)


def test_filters_are_triangles_that_touch():
    """Between the first and the last peak the triangles of a bin sum to one where mel is uniform in width."""
    bank = logmel.mel_filters(torch.device("cpu"))
    assert bank.shape == (201, 80)
    assert ((bank > 0).sum(1) <= 2).all()
    assert (bank[2:] <= 1).all()
    assert bank[0].eq(0).all()
