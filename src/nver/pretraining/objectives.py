"""What a network is trained to do: reconstruct what was hidden from it, or tell classes apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nver.evaluation import metrics
from nver.models.burst import N_PATCHES_A_STEP, BurstNetwork, Reconstructor, patches_of
from nver.pretraining.spec import LabelsSpec, MaskedSpec
from nver.types import Labels

_EPS = 1e-6


class Objective(Protocol):
    """A loss, and the layers that only it needs."""

    @property
    def layers(self) -> nn.Module:
        """Trained with the network, and not part of it."""

    def loss(self, network: BurstNetwork, windows: Tensor, truth: Tensor, draws: torch.Generator) -> Tensor:
        """The mean loss of windows, (n, 200, 80), with class indices (n,); every chance comes from draws."""

    def figures(self, outputs: Sequence[Tensor], truth: Labels) -> Mapping[str, float]:
        """Scores of validation windows from all that ``measure`` gave."""

    def measure(self, network: BurstNetwork, windows: Tensor, draws: torch.Generator) -> Tensor:
        """What ``figures`` needs to know of some windows."""


class Masked:
    """Hide patches, predict what is in them; the loss is the mean square over what was hidden."""

    def __init__(self, spec: MaskedSpec, *, width: int) -> None:
        self.spec = spec
        self.layers = Reconstructor(width)

    def loss(self, network: BurstNetwork, windows: Tensor, truth: Tensor, draws: torch.Generator) -> Tensor:
        """As ``Objective`` has it; labels are not looked at."""
        return self._losses(network, windows, draws).mean()

    def measure(self, network: BurstNetwork, windows: Tensor, draws: torch.Generator) -> Tensor:
        """(n,) losses."""
        return self._losses(network, windows, draws)

    def figures(self, outputs: Sequence[Tensor], truth: Labels) -> Mapping[str, float]:
        """Their mean."""
        return {"validation_loss": float(torch.cat(list(outputs)).mean())}

    def _losses(self, network: BurstNetwork, windows: Tensor, draws: torch.Generator) -> Tensor:
        n, n_steps = len(windows), windows.shape[1] // 4
        n_patches = n_steps * N_PATCHES_A_STEP
        n_hidden = round(self.spec.hidden_share * n_patches)
        order = torch.rand(n, n_patches, generator=draws).argsort(1)
        hidden = (order < n_hidden).view(n, n_steps, N_PATCHES_A_STEP).to(windows.device)
        wanted = patches_of(windows)  # (n, S, 5, 64)
        if self.spec.normalise_patches:
            spread = wanted.var(-1, keepdim=True).add(_EPS).sqrt()
            wanted = (wanted - wanted.mean(-1, keepdim=True)) / spread
        guessed: Tensor = self.layers(network(self.layers.hide(windows, hidden))).float()
        squares = (guessed - wanted).square().mean(-1)  # (n, S, 5)
        losses: Tensor = (squares * hidden).sum((1, 2)) / n_hidden
        return losses


class Labelled:
    """Tell the classes of the corpus apart, on windows that are moved, masked and mixed."""

    def __init__(self, spec: LabelsSpec, *, width: int, n_classes: int) -> None:
        self.spec, self._n_classes = spec, n_classes
        self.layers = nn.Linear(width, n_classes)

    def loss(self, network: BurstNetwork, windows: Tensor, truth: Tensor, draws: torch.Generator) -> Tensor:
        """Cross-entropy with smoothed and mixed labels."""
        windows = augmented(windows, self.spec, draws)
        target = functional.one_hot(truth, self._n_classes).float()
        if self.spec.mixup:
            share = self._share(len(windows), draws).to(windows.device)
            other = torch.randperm(len(windows), generator=draws).to(windows.device)
            windows = share[:, None, None] * windows + (1 - share[:, None, None]) * windows[other]
            target = share[:, None] * target + (1 - share[:, None]) * target[other]
        logits = self.layers(network(windows).mean(1)).float()
        return functional.cross_entropy(logits, target, label_smoothing=self.spec.label_smoothing)

    def measure(self, network: BurstNetwork, windows: Tensor, draws: torch.Generator) -> Tensor:
        """(n, n_classes) logits of the windows as they are."""
        del draws
        logits: Tensor = self.layers(network(windows).mean(1)).float()
        return logits

    def figures(self, outputs: Sequence[Tensor], truth: Labels) -> Mapping[str, float]:
        """Cross-entropy, accuracy, macro F1."""
        logits = torch.cat(list(outputs)).cpu()
        guess = logits.argmax(1).numpy()
        return {
            "validation_loss": float(functional.cross_entropy(logits, torch.from_numpy(truth))),
            "accuracy": metrics.accuracy(truth, guess),
            "macro_f1": metrics.macro_f1(truth, guess, n_classes=self._n_classes),
        }

    def _share(self, n: int, draws: torch.Generator) -> Tensor:
        """(n,) from Beta(mixup, mixup), the larger part first; numpy's, since torch's takes no generator."""
        seed = int(torch.randint(2**31, (1,), generator=draws))
        share = np.random.default_rng(seed).beta(self.spec.mixup, self.spec.mixup, n)
        return torch.from_numpy(np.maximum(share, 1 - share).astype(np.float32))


def augmented(windows: Tensor, spec: LabelsSpec, draws: torch.Generator) -> Tensor:
    """Windows, (n, T, 80), as others might have made the same sound, with parts set to the mean (zero).

    Source:
        Park et al. (2019), "SpecAugment", for the hidden stretches; Jaitly and Hinton (2013), "Vocal tract
        length perturbation", for the stretched bands.
    """
    n, n_frames, n_bands = windows.shape
    windows = _warped(windows, spec, draws)
    for _ in range(2):
        time = _stretch(n, n_frames, spec.hidden_frames, draws)[:, :, None]
        bands = _stretch(n, n_bands, spec.hidden_bands, draws)[:, None, :]
        windows = windows.masked_fill((time | bands).to(windows.device), 0.0)
    return windows


def _warped(windows: Tensor, spec: LabelsSpec, draws: torch.Generator) -> Tensor:
    """Stretched and moved in time (nearest frame) and over bands (linear); zeros beyond the edges."""
    n, n_frames, n_bands = windows.shape
    chances = 2 * torch.rand(n, 4, 1, generator=draws) - 1
    frame = _places(n_frames, spec.stretch_time * chances[:, 0], spec.shift_frames * chances[:, 1]).round()
    inside = (frame >= 0) & (frame < n_frames)
    frame = frame.clamp(0, n_frames - 1).long().to(windows.device)
    moved = windows[torch.arange(n, device=windows.device)[:, None], frame] * inside[..., None].to(
        windows.device
    )
    band = _places(n_bands, spec.stretch_bands * chances[:, 2], spec.shift_bands * chances[:, 3])
    weight = (1 - (torch.arange(n_bands)[:, None] - band[:, None, :]).abs()).clamp(min=0)  # (n, from, to)
    return moved @ weight.to(windows.device)


def _places(length: int, stretch: Tensor, shift: Tensor) -> Tensor:
    """(n, length): where each place is read from; stretched about the middle, then moved."""
    middle = (length - 1) / 2
    return (torch.arange(length) - middle) * (1 + stretch) + middle + shift


def _stretch(n: int, length: int, longest: int, draws: torch.Generator) -> Tensor:
    """(n, length) bool: one stretch of 0 to ``longest`` places in each row."""
    size = torch.randint(0, longest + 1, (n, 1), generator=draws)
    begin = (torch.rand(n, 1, generator=draws) * (length - size + 1)).long()
    place = torch.arange(length)
    return (place >= begin) & (place < begin + size)
