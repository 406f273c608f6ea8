"""Waves to embeddings by a network of the matched pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from nver import fingerprint
from nver.encoders.base import RANDOM, EncoderCard, is_random
from nver.encoders.burst import SHIPPED_WEIGHTS, folder_of
from nver.encoders.layers import LayerChoice, Layers, Pooling, check_pooling, pool, pooled_dim
from nver.encoders.spectrograms import windows_of_waves
from nver.errors import WeightsError
from nver.kernels.threads import one_core_threads
from nver.models import checkpoint, logmel
from nver.models.burst import BurstNetwork, BurstShape
from nver.models.network_files import read_network
from nver.types import Matrix, Samples

_VERSION = 1
"""Goes up whenever a change here alters a row."""

_STEP_S = 0.04
_WINDOWS_AT_ONCE = 32


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
    network: BurstNetwork
    identity: str
    provenance: dict[str, str]

    @classmethod
    def read(cls, card: EncoderCard, folder: Path) -> Self:
        """The weights in a folder.

        Raises:
            WeightsError: They cannot be read, or are those of the other mixer.
        """
        network, about = read_network(folder)
        shape = network.shape
        if shape.mixer != card.name.removeprefix("burst-"):
            raise WeightsError(f"{folder} holds a network that mixes by {shape.mixer}; expected {card.name}")
        sha256 = checkpoint.digest(network.state_dict())
        trained_on = about["trained_on"]
        card = card.model_copy(
            update={
                "dim": shape.width,
                "n_layers": shape.n_blocks,
                "parameters": sum(parameter.numel() for parameter in network.parameters()),
                "seen": {trained_on["corpus"]: tuple(trained_on["speakers"])},
            }
        )
        place = SHIPPED_WEIGHTS if folder == folder_of(card) else str(folder)
        return cls(card, network, sha256, {"weights": place, "weights_sha256": sha256})

    @classmethod
    def random(cls, card: EncoderCard, *, seed: int) -> Self:
        """The true architecture with the weights that training would start from."""
        shape = BurstShape("mamba" if card.name == "burst-mamba" else "attention")
        network = BurstNetwork.random(shape, seed=seed).requires_grad_(False).eval()
        identity = f"{RANDOM}{fingerprint.of_data({'card': card.name, 'seed': seed})}"
        return cls(
            card, network, identity, {"weights": f"RANDOM, seed {seed}: these embeddings mean nothing"}
        )


class BurstEncoder:
    """A network of the pair over windows of two seconds.

    A clip is normalised by itself and cut into windows, the last one continued by zeros whose steps are
    dropped. On a CPU a window is computed by itself on one core, windows side by side, so a row is the same
    bits whatever is embedded beside it.
    """

    def __init__(self, weights: Weights, *, device: str, layer: LayerChoice, pooling: Pooling) -> None:
        check_pooling(pooling)
        self._card, self._network = weights.card, weights.network.to(device)
        self._device = torch.device(device)
        self._layers = Layers.of(layer, n_layers=self._card.n_layers)
        self._pooling: Pooling = pooling
        decides = {
            "family": "burst",
            "shape": asdict(self._network.shape),
            "weights": weights.identity,
            "layer": self._layers.name,
            "pooling": pooling,
            "front_end": logmel.VERSION,
            "version": _VERSION,
        }
        random = RANDOM if is_random(weights.identity) else ""
        self._fingerprint = random + fingerprint.of_data(decides)
        self._provenance = {
            **weights.provenance,
            "layer": self._layers.name,
            "pooling": pooling,
            "precision": "float32",
            "device": str(self._device),
        }

    @property
    def card(self) -> EncoderCard:
        """Where it comes from."""
        return self._card

    @property
    def dim(self) -> int:
        """Length of a row, layers and pooling included."""
        return pooled_dim(self._card.dim, self._layers, self._pooling)

    @property
    def fingerprint(self) -> str:
        """Digest of weights, layer, pooling and front end."""
        return self._fingerprint

    @property
    def provenance(self) -> dict[str, str]:
        """Folder and digest of the weights, or the seed of random ones; layer, pooling, device."""
        return dict(self._provenance)

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        """(n_waves, dim) float32, pooled over the steps of a clip.

        Raises:
            ConfigError: The pooling is ``frames``.
            EncoderError: A wave is empty, not mono, or not finite.
        """
        rows = [pool(steps, self._pooling).numpy() for steps in self._steps(waves)]
        return np.stack(rows) if rows else np.zeros((0, self.dim), np.float32)

    def embed_frames(self, waves: Sequence[Samples]) -> list[tuple[Matrix, Matrix]]:
        """The steps of 40 ms of each wave, not pooled.

        Returns:
            A pair a wave: (n_steps, n_layers * dim of the card) float32, and (n_steps,) where each begins, in
            seconds.

        Raises:
            EncoderError: A wave is empty, not mono, or not finite.
        """
        return [
            (steps.flatten(1).numpy(), np.arange(len(steps), dtype=np.float32) * np.float32(_STEP_S))
            for steps in self._steps(waves)
        ]

    def _steps(self, waves: Sequence[Samples]) -> list[Tensor]:
        """(n_steps, n_parts, W) of each wave."""
        found: dict[int, list[Tensor]] = defaultdict(list)
        windows = windows_of_waves(waves, encoder=self._card.name)
        while batch := list(islice(windows, _WINDOWS_AT_ONCE)):
            states = self._states([window for _, _, window in batch])
            for (clip, n_kept, _), state in zip(batch, states, strict=True):
                found[clip].append(state[:n_kept])
        return [torch.cat(found[clip]) for clip in range(len(waves))]

    def _states(self, windows: Sequence[Tensor]) -> list[Tensor]:
        """(S, n_parts, W) of each window."""
        if self._device.type == "cpu":
            threads = one_core_threads(torch.get_num_threads())
            return list(threads.map(lambda window: self._run(window[None])[0], windows))
        return list(self._run(torch.stack(list(windows)).to(self._device)).cpu())

    def _run(self, windows: Tensor) -> Tensor:
        """(n, 200, 80) -> (n, S, n_parts, W): the layers that were asked for, the last one after its norm."""
        with torch.inference_mode():
            states = self._network.layers(windows)
            states[-1] = self._network.norm(states[-1])
            chosen = torch.stack([states[number] for number in self._layers.wanted], dim=2)
            return chosen.mean(2, keepdim=True) if self._layers.averaged else chosen
