"""Multiply-adds of an encoder's network, without running what surrounds it.

Counted by ``torch.utils.flop_counter`` (products of matrices, convolutions, attention) on the true
architecture; what our own kernels compute, which it cannot see, is added by formula. Front ends
(spectrograms), norms, activations and poolings are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nver.encoders import burst, ssam
from nver.encoders.cards import card_of
from nver.models.burst import BurstNetwork, BurstShape
from nver.models.patches import GRID_BANDS
from nver.models.ssam import SSAM, Mixer, Shape
from nver.types import RATE_HZ

WINDOW_S = 2.0
"""What networks over spectrograms see at once; a shorter clip costs as much."""


def n_multiply_adds(name: str, *, clip_s: float) -> int | None:
    """Of one clip through an encoder.

    Args:
        name: One of ``ENCODERS``.
        clip_s: Length of the clip in seconds.

    Returns:
        0 for an encoder without a network; None where the architecture is not one that this can feed.
    """
    n_windows = math.ceil(clip_s / WINDOW_S)
    if name in burst.CARDS:
        mixer = name.removeprefix("burst-")
        network = BurstNetwork.random(BurstShape(mixer), seed=0).eval()  # type: ignore[arg-type]
        return n_windows * counted(network, lambda: network(torch.zeros(1, 200, 80)))
    if name in ssam.CARDS:
        mamba = SSAM.random(Shape(ssam.CARDS[name].dim // GRID_BANDS), seed=0)
        return n_windows * counted(mamba, lambda: mamba(torch.zeros(1, 200, 80)))
    card = card_of(name)
    if card is None:
        return 0
    from nver.encoders.hf.macs import network_and_input

    fed = network_and_input(card, n_samples=round(clip_s * RATE_HZ))
    return None if fed is None else counted(fed[0], lambda: fed[0](fed[1]))


def counted(network: nn.Module, run: Callable[[], object]) -> int:
    """Multiply-adds of what ``run`` computes with a network.

    >>> layer = nn.Linear(10, 20)
    >>> counted(layer, lambda: layer(torch.zeros(5, 10)))
    1000
    """
    unseen = 0

    def of_mixer(mixer: nn.Module, given: tuple[torch.Tensor, ...], _: object) -> None:
        nonlocal unseen
        assert isinstance(mixer, Mixer)  # noqa: S101  hooks are registered on mixers alone
        batch, length, _width = given[0].shape
        inner, state = mixer.A_log.shape
        unseen += batch * length * inner * (2 * state + mixer.conv1d.kernel_size[0])

    hooks = [m.register_forward_hook(of_mixer) for m in network.modules() if isinstance(m, Mixer)]
    try:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    seen: int = counter.get_total_flops() // 2
    return seen + unseen
