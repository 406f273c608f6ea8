"""Waves in, rows out, by way of a stack of transformers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from nver import fingerprint
from nver.encoders.base import RANDOM, Precision, is_random
from nver.encoders.cards import HubCard
from nver.encoders.hf.checkpoint import Checkpoint
from nver.encoders.hf.linear import quicken
from nver.encoders.hf.stacks import Heard
from nver.encoders.hf.windows import STACKS
from nver.encoders.layers import LayerChoice, Layers, Pooling, check_pooling, pool, pooled_dim
from nver.errors import ConfigError, EncoderError
from nver.types import Matrix, Samples

_VERSION = 1
"""Of what happens between a wave and its row; a change that changes rows raises it."""

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class HubEncoder:
    """An encoder of transformers whose rows do not depend on their batch.

    A clip shorter than one frame (25 ms for most families) is followed by zeros up to one frame; where the
    checkpoint normalises waves, it is normalised first, over its own samples. ``nver.encoders.hf.load``
    explains the arguments.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str = "cpu",
        precision: Precision = "float32",
        layer: LayerChoice = "last",
        pooling: Pooling = "mean",
        batch_s: float = 16.0,
    ) -> None:
        check_pooling(pooling)
        if precision not in _DTYPES:
            raise ConfigError(
                f"{checkpoint.card.name} computes in {' or '.join(_DTYPES)}; got precision '{precision}'"
            )
        self._card = checkpoint.card
        self._layers = Layers.of(layer, n_layers=checkpoint.card.n_layers)
        self._pooling = pooling
        self._batch_s = batch_s
        self._device = torch.device(device)
        self._dtype = _DTYPES[precision]
        self._stack = STACKS[checkpoint.card.family](
            checkpoint.model, checkpoint.extract, top=self._layers.top
        )
        checkpoint.model.to(self._device, self._dtype)
        kernel = quicken(checkpoint.model)
        random = RANDOM if is_random(checkpoint.identity) else ""
        self._fingerprint = random + fingerprint.of_data(
            {
                "checkpoint": checkpoint.identity,
                "layer": self._layers.name,
                "pooling": pooling,
                "precision": precision,
                "version": _VERSION,
            }
        )
        self._provenance = {
            **checkpoint.provenance,
            "source": str(checkpoint.card.source),
            "revision": checkpoint.card.revision or "not pinned",
            "layer": self._layers.name,
            "pooling": pooling,
            "precision": precision,
            "device": str(self._device),
            "kernel": kernel,
        }

    @property
    def card(self) -> HubCard:
        """Where it comes from."""
        return self._card

    @property
    def dim(self) -> int:
        """Length of a row, layers and pooling included."""
        return pooled_dim(self._card.dim, self._layers, self._pooling)

    @property
    def fingerprint(self) -> str:
        """Digest of weights, configuration, front end, layer, pooling, precision and version."""
        return self._fingerprint

    @property
    def provenance(self) -> dict[str, str]:
        """Folder and digest of the weights, or the seed of random ones; layer, pooling, precision, kernel."""
        return dict(self._provenance)

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, dim) float32; with several layers, one after the other in each row.

        Raises:
            ConfigError: The pooling is ``frames``.
            EncoderError: A wave is empty, or not finite.
        """
        rows = np.empty((len(waves), self.dim), np.float32)
        for index, frames in self._frames(waves):
            rows[index] = pool(frames, self._pooling).cpu().numpy()
        return rows

    def embed_frames(self, waves: Sequence[Samples]) -> list[tuple[Matrix, Matrix]]:
        """The sequence over time of each wave, not pooled.

        Returns:
            A pair a wave: (n_frames, n_layers * dim of the card) float32, and (n_frames,) the times of the
            middle of each frame, in seconds.

        Raises:
            EncoderError: A wave is empty, or not finite.
        """
        found: dict[int, Matrix] = {
            index: frames.float().flatten(1).cpu().numpy() for index, frames in self._frames(waves)
        }
        return [(found[i], self._times(len(found[i]))) for i in range(len(waves))]

    def _times(self, n_frames: int) -> Matrix:
        times = self._stack.first_s + self._stack.hop_s * np.arange(n_frames)
        return times.astype(np.float32)

    def _frames(self, waves: Sequence[Samples]) -> Iterator[tuple[int, torch.Tensor]]:
        """(index of the wave, (n_frames, n_parts, dim)) in the order of computing."""
        heard = [self._stack.prepare(wave) for wave in _checked(waves)]
        for batch in _batches(heard, self._batch_s):
            clips = [heard[index].to(self._device, self._dtype) for index in batch]
            with torch.inference_mode():
                states = self._stack.run(clips, self._layers.wanted)
            for position, index in enumerate(batch):
                frames = torch.stack([states[layer][position] for layer in self._layers.wanted], dim=1)
                yield index, frames.float().mean(1, keepdim=True) if self._layers.averaged else frames


def _checked(waves: Sequence[Samples]) -> Iterator[Samples]:
    for position, wave in enumerate(waves):
        wave = np.ascontiguousarray(wave, np.float32)
        if wave.ndim != 1 or wave.size == 0:
            raise EncoderError(
                f"wave {position} has shape {wave.shape}: expected (n_samples,), one sample or more"
            )
        if not np.isfinite(wave).all():
            raise EncoderError(f"wave {position} holds a sample that is not finite")
        yield wave


def _batches(heard: Sequence[Heard], batch_s: float) -> Iterator[list[int]]:
    """Clips of like length together, longest first, so that little is padded and memory peaks at once."""
    batch: list[int] = []
    for index in sorted(range(len(heard)), key=lambda i: -heard[i].seconds):
        if batch and (len(batch) + 1) * heard[batch[0]].seconds > batch_s:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
