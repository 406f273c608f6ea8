"""A spectrogram as a sequence of patches, and back: windows, positions, and the order of frames.

Glossary:
    window  200 frames of 10 ms, 80 bands: what the network sees at once
    patch   4 frames x 16 bands; a window is a grid of 50 x 5 of them, flattened with the band fastest
    token   the embedding of one patch
    frame   five tokens side by side; 50 a window, 40 ms apart
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Layout = Literal["release", "time"]

N_FRAMES, N_BANDS = 200, 80
PATCH_FRAMES, PATCH_BANDS = 4, 16
GRID_STEPS, GRID_BANDS = N_FRAMES // PATCH_FRAMES, N_BANDS // PATCH_BANDS
N_PATCHES = GRID_STEPS * GRID_BANDS


def windows_of(spectrogram: Tensor) -> Tensor:
    """A spectrogram, (frames, 80), continued by zeros and cut into (windows, 200, 80).

    A spectrogram that fills its last window exactly is followed by a whole window of zeros, as in the
    release.
    """
    n_added = N_FRAMES - spectrogram.shape[0] % N_FRAMES
    return torch.nn.functional.pad(spectrogram, (0, 0, 0, n_added)).reshape(-1, N_FRAMES, N_BANDS)


def n_frames_kept(n_spectrogram_frames: int) -> int:
    """Frames of 40 ms that are left when those of the added zeros are dropped.

    >>> n_frames_kept(101), n_frames_kept(200)
    (26, 50)
    """
    n_added = N_FRAMES - n_spectrogram_frames % N_FRAMES
    n_windows = (n_spectrogram_frames + n_added) // N_FRAMES
    return n_windows * GRID_STEPS - int(GRID_STEPS * n_added / N_FRAMES)


def frames_of(tokens: Tensor, *, layout: Layout) -> Tensor:
    """Tokens, (windows, 250, width), as frames, (windows * 50, 5 * width).

    Args:
        tokens: In the order of the patches, band fastest.
        layout: With ``time``, row r holds the five bands of step r. With ``release`` it holds tokens r,
            50 + r, 100 + r, 150 + r and 200 + r, five different times. All published embeddings have
            that order; averaged over a window, their five parts are stretches of time and not bands.
    """
    n_windows, _, width = tokens.shape
    if layout == "release":
        tokens = tokens.reshape(n_windows, GRID_BANDS, GRID_STEPS, width).transpose(1, 2)
    return tokens.reshape(n_windows * GRID_STEPS, GRID_BANDS * width)


def position_table(width: int) -> Tensor:
    """(251, width): sines and cosines of the step and of the band, half of the width each; row 0 is zero.

    Source:
        The 2-D table of He et al. (2022), "Masked Autoencoders Are Scalable Vision Learners".
    """
    steps, bands = torch.meshgrid(torch.arange(GRID_STEPS), torch.arange(GRID_BANDS), indexing="ij")
    halves = [waves(axis.flatten(), width // 2) for axis in (bands, steps)]
    table = torch.cat(halves, dim=1).float()
    return torch.cat([torch.zeros(1, width), table])


def waves(position: Tensor, width: int) -> Tensor:
    """(n,) places -> (n, width): their sines, then their cosines, at rates from 1 to 1e-4."""
    rate = 10_000.0 ** -(torch.arange(width // 2, dtype=torch.float64) / (width / 2))
    angle = position.double()[:, None] * rate  # (250, width / 2)
    return torch.cat([angle.sin(), angle.cos()], dim=1)
