"""Waves to the windows that networks over spectrograms see, for every family that does so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import numpy as np
import torch
from torch import Tensor

from nver.errors import EncoderError
from nver.kernels.threads import one_core_threads
from nver.models import logmel
from nver.models.patches import GRID_STEPS, n_frames_kept, windows_of
from nver.types import Samples

_SPECTROGRAMS_AHEAD = 4


def windows_of_waves(waves: Sequence[Samples], *, encoder: str) -> Iterator[tuple[int, int, Tensor]]:
    """The windows of 2 s of all waves, in order.

    Args:
        waves: Mono at 16 kHz.
        encoder: Who asks, for messages.

    Yields:
        Index of the wave, steps of 40 ms to keep, (200, 80) normalised log-mel; windows of which nothing is
        kept are left out.

    Raises:
        EncoderError: A wave is empty, not mono, or not finite.
    """
    for clip, spectrogram in enumerate(_spectrograms(waves, encoder)):
        if not spectrogram.isfinite().all():
            raise EncoderError(
                f"{encoder}: wave {clip} holds NaN, infinity or samples far beyond full scale; "
                "expected finite samples within about ±1"
            )
        left = n_frames_kept(len(spectrogram))
        for window in windows_of(spectrogram):
            if left > 0:
                yield clip, min(left, GRID_STEPS), window
            left -= GRID_STEPS


def _spectrograms(waves: Sequence[Samples], encoder: str) -> Iterator[Tensor]:
    """Each wave's, in order; a few waves ahead are at work, one core each."""
    threads = one_core_threads(torch.get_num_threads())
    running: deque[Future[Tensor]] = deque()
    for clip, wave in enumerate(waves):
        wave = np.ascontiguousarray(wave, np.float32)
        if wave.ndim != 1 or not wave.size:
            raise EncoderError(
                f"{encoder}: wave {clip} has shape {wave.shape}; expected one sample or more, mono"
            )
        running.append(threads.submit(logmel.log_mel, torch.from_numpy(wave)))
        if len(running) == _SPECTROGRAMS_AHEAD:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()
