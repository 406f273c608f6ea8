"""A network of transformers with something to feed it, so that its multiply-adds can be counted."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils import parametrize

from nver.encoders.cards import HubCard
from nver.encoders.hf.checkpoint import randomly

_OF_WAVES = ("wav2vec2", "hubert", "wavlm", "unispeech-sat", "data2vec-audio")


def network_and_input(card: HubCard, *, n_samples: int) -> tuple[Any, torch.Tensor] | None:
    """The true architecture with random weights, and a silent clip; None for one that is not fed waves."""
    if card.family not in _OF_WAVES or card.config is None:
        return None
    model = randomly(card, seed=0).model
    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):  # the counter cannot see through weight norm
            parametrize.remove_parametrizations(module, "weight")
    return model, torch.zeros(1, n_samples)
