"""Frozen encoders by name: ``load_encoder("logmel-stats").embed(waves)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial

from nver.encoders import hf
from nver.encoders.base import Encoder, EncoderCard, Precision
from nver.encoders.cards import CARDS, card_of
from nver.errors import ConfigError
from nver.names import Names

__all__ = ["ENCODERS", "Encoder", "EncoderCard", "Precision", "load_encoder"]

ENCODERS = Names(
    "encoder",
    {
        "logmel-stats": "nver.encoders.spectral:logmel_stats",
        "mfcc-stats": "nver.encoders.spectral:mfcc_stats",
        "shortcut-stats": "nver.encoders.shortcuts:shortcut_stats",
        "audio-mamba-tiny": "nver.encoders.ssam:audio_mamba_tiny",
        "audio-mamba-small": "nver.encoders.ssam:audio_mamba_small",
        "audio-mamba-base": "nver.encoders.ssam:audio_mamba_base",
        "burst-mamba": "nver.encoders.burst:burst_mamba",
        "burst-attention": "nver.encoders.burst:burst_attention",
        **dict.fromkeys(CARDS, "nver.encoders.hf:load"),
    },
)
"""Every encoder, and the function that makes it from the options of ``load_encoder``.

The checkpoints of the hub are listed in ``cards.py``, and share one function, which takes the card too.
"""


def load_encoder(name: str, **options: object) -> Encoder:
    """An encoder, ready to embed.

    Args:
        name: One of ``ENCODERS``, or ``hf:org/name`` for any checkpoint in transformers' format.
        options: What this encoder can be told (weights, device, precision, layer, pooling...).

    Raises:
        ConfigError: No encoder has this name, or it does not take one of the options.
        WeightsError: Its weights are missing or damaged.

    >>> load_encoder("logmel-stats").dim
    640
    """
    card = card_of(name)
    make: Callable[..., Encoder] = ENCODERS.load(name) if card is None else partial(hf.load, card)
    takes = inspect.signature(make).parameters
    for option in options:
        if option not in takes:
            expected = ", ".join(takes) or "no options"
            raise ConfigError(f"encoder '{name}' does not take '{option}'; it takes {expected}")
    return make(**options)
