"""The matched pair that comes with the package: cards, and where weights lie. Nothing heavy is imported."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nver.encoders.base import EncoderCard
from nver.encoders.layers import LayerChoice, Pooling
from nver.errors import ConfigError

if TYPE_CHECKING:
    from nver.encoders.burst.encoder import BurstEncoder

_SHIPPED = Path(__file__).parents[2] / "weights"
SHIPPED_WEIGHTS = "shipped with nver"
"""What provenance says of them instead of a place on somebody's machine."""

_SPEAKERS = tuple(f"{number:06d}" for number in range(1, 251))


def _card(mixer: str, *, title: str, parameters: int) -> EncoderCard:
    return EncoderCard(
        name=f"burst-{mixer}",
        title=title,
        family="burst",
        dim=192,
        n_layers=6,
        parameters=parameters,
        licence="Apache-2.0",
        citation="nver; pre-trained on EmoGator (Buhl, 2023, arXiv:2301.00508)",
        seen={"emogator": _SPEAKERS},
        notes=(
            "Masked spectrogram modelling of EmoGator's contributors 1-250. burst-mamba and burst-attention "
            "differ in the mixer of their blocks alone."
        ),
    )


CARDS = {
    card.name: card
    for card in (
        _card("mamba", title="burst-mamba", parameters=2_311_296),
        _card("attention", title="burst-attention", parameters=2_353_920),
    )
}


def folder_of(card: EncoderCard) -> Path:
    """Where the shipped weights lie."""
    return _SHIPPED / card.name


def load(
    card: EncoderCard,
    *,
    weights: str | Path | None = None,
    device: str = "cpu",
    layer: LayerChoice = "last",
    pooling: Pooling = "mean+std+max",
    random_weights: int | None = None,
) -> BurstEncoder:
    """An encoder of the pair, ready to embed.

    Args:
        card: Which one.
        weights: A folder that ``nver pretrain`` wrote; None takes the weights that come with the package.
        device: As torch names it.
        layer: ``last``, ``all``, a number (0 is what enters the first block), or a pair (first, last) to
            average.
        pooling: Over time, as ``nver.encoders.layers.POOLINGS`` has it. A mean alone loses a fifth of what a
            linear probe finds; ``frames`` gives no rows, only ``embed_frames``.
        random_weights: A seed: the true architecture with random weights, for speed tests and dry runs.

    Raises:
        ConfigError: An option that cannot be meant.
        WeightsError: The weights are missing, damaged, or of the other mixer.
    """
    from nver.encoders.burst.encoder import BurstEncoder, Weights

    if random_weights is not None and weights is not None:
        raise ConfigError(f"{card.name}: give weights or random_weights, not both")
    if random_weights is not None:
        held = Weights.random(card, seed=random_weights)
    else:
        held = Weights.read(card, folder_of(card) if weights is None else Path(weights).expanduser())
    return BurstEncoder(held, device=device, layer=layer, pooling=pooling)


burst_mamba = partial(load, CARDS["burst-mamba"])
burst_attention = partial(load, CARDS["burst-attention"])
