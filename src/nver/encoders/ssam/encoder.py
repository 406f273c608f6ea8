"""Waves to Audio-Mamba embeddings: windows of all clips go through the network together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from nver import fingerprint
from nver.encoders.base import RANDOM, EncoderCard, Precision, is_random
from nver.encoders.spectrograms import windows_of_waves
from nver.encoders.ssam import CARDS
from nver.errors import WeightsError
from nver.kernels import pick_backend
from nver.models import checkpoint, logmel
from nver.models.patches import GRID_BANDS, Layout, frames_of, n_frames_kept
from nver.models.ssam import SSAM, Shape
from nver.models.ssam_cpu import CpuSSAM
from nver.types import Matrix, Samples

_VERSION = 1
"""Goes up whenever a change here alters a row."""

_WINDOWS_AT_ONCE = {"cpu": 8, "cuda": 64}
_FRAME_S = 0.04


@dataclass(frozen=True)
class Weights:
    """A network, and where it comes from.

    Attributes:
        card: As asked for, or what the weights turned out to be.
        network: In evaluation mode, on the CPU, in float32.
        identity: Digest of the weights; begins with ``random-`` for random ones.
        provenance: Where they come from, as plain data.
    """

    card: EncoderCard
    network: SSAM
    identity: str
    provenance: dict[str, str]

    @classmethod
    def read(cls, card: EncoderCard, path: Path) -> Self:
        """The weights in a file.

        Raises:
            WeightsError: They cannot be read, are of no Audio-Mamba, or are of another size that has a name.
        """
        network = SSAM.with_weights(checkpoint.read_tensors(path))
        width, n_blocks = network.shape.width, network.shape.n_blocks
        if network.shape != Shape(card.dim // GRID_BANDS):
            for other in CARDS.values():
                if network.shape == Shape(other.dim // GRID_BANDS):
                    raise WeightsError(
                        f"{path} holds the weights of {other.name}; expected those of {card.name}"
                    )
            card = card.model_copy(
                update={
                    "title": f"Audio-Mamba of width {width} with {n_blocks} blocks",
                    "dim": GRID_BANDS * width,
                    "parameters": sum(p.numel() for p in network.parameters()),
                    "notes": "Of no published size: the shape was read off the weights.",
                }
            )
        sha256 = checkpoint.digest(network.state_dict())
        return cls(card, network, sha256, {"weights": str(path), "weights_sha256": sha256})

    @classmethod
    def random(cls, card: EncoderCard, *, seed: int) -> Self:
        """The true architecture with the weights that training would start from."""
        network = SSAM.random(Shape(card.dim // GRID_BANDS), seed=seed).requires_grad_(False)
        identity = f"{RANDOM}{fingerprint.of_data({'card': card.name, 'seed': seed})}"
        return cls(
            card, network, identity, {"weights": f"RANDOM, seed {seed}: these embeddings mean nothing"}
        )


class SSAMEncoder:
    """Audio-Mamba over windows of two seconds.

    A clip is normalised by itself and cut into windows; windows of all clips are computed together, and no
    window sees another. Memory is bounded by the spectrogram of the longest clip and a few windows. Clips
    under 201 samples are continued by silence; a silent clip has an embedding like any other.
    """

    def __init__(
        self, weights: Weights, *, device: str, precision: Precision, layout: Layout, kernel: str
    ) -> None:
        self._card, self._layout = weights.card, layout
        self._device = torch.device(device)
        matrices = torch.float32 if precision == "float32" else torch.bfloat16
        kernel = pick_backend(kernel, device=self._device, dtype=torch.float32)
        self._run = _runner(weights.network, self._device, matrices, kernel)
        decides = {
            "family": "ssam",
            "weights": weights.identity,
            "layout": layout,
            "precision": precision,
            "front_end": logmel.VERSION,
            "version": _VERSION,
        }
        random = RANDOM if is_random(weights.identity) else ""
        self._fingerprint = random + fingerprint.of_data(decides)
        shape = weights.network.shape
        self._provenance = {
            **weights.provenance,
            "architecture": f"width {shape.width}, {shape.n_blocks} blocks, state {shape.state}",
            "layout": layout,
            "precision": precision,
            "device": str(self._device),
            "kernel": kernel,
        }

    @property
    def card(self) -> EncoderCard:
        """Where it comes from."""
        return self._card

    @property
    def dim(self) -> int:
        """Length of a row."""
        return self._card.dim

    @property
    def fingerprint(self) -> str:
        """Digest of weights, layout, precision and front end; kernels agree and are provenance."""
        return self._fingerprint

    @property
    def provenance(self) -> dict[str, str]:
        """Digest of the weights, or the seed of random ones; layout, precision, device, kernel."""
        return dict(self._provenance)

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, dim) float32: the mean over a clip's frames.

        Raises:
            EncoderError: A wave is empty, not mono, or not finite.
        """
        sums = np.zeros((len(waves), self.dim))
        n_frames = np.zeros((len(waves), 1))
        for clip, frames in self._frames(waves):
            sums[clip] += frames.numpy().sum(axis=0, dtype=np.float64)  # PyTorch would wake its threads
            n_frames[clip] += len(frames)
        return (sums / n_frames).astype(np.float32)

    def embed_frames(self, waves: Sequence[Samples]) -> list[tuple[Matrix, Matrix]]:
        """The frames of each wave, not averaged.

        Returns:
            A pair a wave: (n_frames, dim) float32, and ``frame_times_s`` of it.

        Raises:
            EncoderError: A wave is empty, not mono, or not finite.
        """
        found: list[list[Tensor]] = [[] for _ in waves]
        for clip, frames in self._frames(waves):
            found[clip].append(frames)
        return [
            (torch.cat(frames).numpy(), self.frame_times_s(len(wave)))
            for frames, wave in zip(found, waves, strict=True)
        ]

    def frame_times_s(self, n_samples: int) -> Matrix:
        """(n_frames,) where each frame of a clip starts, in seconds.

        In the layout ``time`` a frame is 40 ms. In the layout ``release`` a frame has no place in time; as
        in the release, the length of the clip is divided evenly.
        """
        n_frames = n_frames_kept(logmel.n_frames(n_samples))
        hop_s = _FRAME_S if self._layout == "time" else n_samples / self._card.rate_hz / n_frames
        return np.arange(n_frames, dtype=np.float32) * np.float32(hop_s)

    def _frames(self, waves: Sequence[Samples]) -> Iterator[tuple[int, Tensor]]:
        """(index of the clip, (n_frames, dim) of one of its windows), clip by clip, in the order of time."""
        windows = windows_of_waves(waves, encoder=self._card.name)
        while batch := list(islice(windows, _WINDOWS_AT_ONCE.get(self._device.type, 8))):
            tokens = self._run(torch.stack([window for _, _, window in batch]).to(self._device)).cpu()
            for i, (clip, n_kept, _) in enumerate(batch):
                yield clip, frames_of(tokens[i : i + 1], layout=self._layout)[:n_kept]


def _runner(
    network: SSAM, device: torch.device, matrices: torch.dtype, kernel: str
) -> Callable[[Tensor], Tensor]:
    """(n, 200, 80) -> (n, 250, width) in float32, by the fastest way that this kernel allows."""
    network.to(device).matrices_in(matrices)
    if kernel == "numba":
        return CpuSSAM(network, matrices=matrices)

    def run(windows: Tensor) -> Tensor:
        with torch.inference_mode():
            tokens: Tensor = network(windows, kernel)
            return tokens

    return run
