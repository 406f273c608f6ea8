"""Audio-Mamba's front end: a wave to its normalised log-mel spectrogram.

Source:
    Yadav and Tan (2024), "Audio Mamba: Selective State Spaces for Self-Supervised Audio Representations"; the
    filter bank is the HTK one without area normalisation.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

VERSION = 1
"""Goes into fingerprints: raised whenever an output may change."""

N_FFT = 400
HOP = 160
N_BANDS = 80
SHORTEST = N_FFT // 2 + 1
"""Samples; the spectrogram reflects half a window at both ends, which takes at least this many."""

_FRAMES_AT_ONCE = 4096
_SAMPLES_AT_ONCE = (_FRAMES_AT_ONCE - 1) * HOP + N_FFT
"""A spectrum takes 20 times the memory of its samples: long clips are transformed 41 s at a time."""

_RATE_HZ = 16_000
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 8000.0


def n_frames(n_samples: int) -> int:
    """Rows of the spectrogram of a clip: one every 10 ms.

    >>> n_frames(1), n_frames(16_000)
    (2, 101)
    """
    return 1 + max(n_samples, SHORTEST) // HOP


def log_mel(wave: Tensor) -> Tensor:
    """The log-mel spectrogram of a wave, minus its mean and divided by its spread over the whole clip.

    Args:
        wave: (n_samples,) float32 at 16 kHz. A clip shorter than 201 samples (12.6 ms) is continued by
        silence to
            that length.

    Returns:
        (n_frames(n_samples), 80).
    """
    wave = functional.pad(wave, (0, max(0, SHORTEST - len(wave))))
    reflected = functional.pad(wave[None], (N_FFT // 2, N_FFT // 2), mode="reflect")[0]
    stretches = range(0, n_frames(len(wave)), _FRAMES_AT_ONCE)
    mel = torch.cat([_mel(reflected[first * HOP :][:_SAMPLES_AT_ONCE]) for first in stretches])
    mel = mel.add_(torch.finfo(torch.float32).eps).log_()  # (frames, 80)
    return (mel - mel.mean()) / (mel.std() + 1e-8)


def _mel(samples: Tensor) -> Tensor:
    """Power in each band, (frames, 80), of the frames that fit into a stretch of samples."""
    spectrum = torch.stft(
        samples, N_FFT, HOP, window=_window(samples.device), center=False, return_complex=True
    )  # (201, frames)
    return spectrum.abs().square().T @ mel_filters(samples.device)


@cache
def mel_filters(device: torch.device) -> Tensor:
    """(201, 80): triangles that are equally wide in HTK mel between 50 and 8000 Hz.

    >>> mel_filters(torch.device("cpu")).sum(0).min() > 0
    tensor(True)
    """
    hz = torch.linspace(0, _RATE_HZ // 2, N_FFT // 2 + 1)
    lowest, highest = (2595.0 * math.log10(1.0 + edge / 700.0) for edge in (_LOWEST_HZ, _HIGHEST_HZ))
    corners = 700.0 * (10.0 ** (torch.linspace(lowest, highest, N_BANDS + 2) / 2595.0) - 1.0)
    width = corners.diff()  # (81,)
    slopes = corners[None] - hz[:, None]  # (201, 82)
    rising = -slopes[:, :-2] / width[:-1]
    falling = slopes[:, 2:] / width[1:]
    return torch.minimum(rising, falling).clamp(min=0.0).to(device)


@cache
def _window(device: torch.device) -> Tensor:
    return torch.hann_window(N_FFT, device=device)
