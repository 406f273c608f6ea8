"""The family ``burst``: networks of the matched pair that went on with labels, alone or as a committee.

Each member says the class of a clip from the mean over its steps; the committee's logits are the logarithm of
the members' mean probability.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from nver.encoders.spectrograms import windows_of_waves
from nver.errors import BundleError, WeightsError
from nver.kernels.threads import one_core_threads
from nver.models.burst import BurstNetwork
from nver.models.network_files import in_eight_bits, of_eight_bits
from nver.recogniser.network import Logits
from nver.types import Matrix, Samples

_NAME = "burst"
_CLASSIFIER = "classifier."


def tensors_of(members: Sequence[tuple[Mapping[str, Tensor], Mapping[str, Tensor]]]) -> dict[str, Tensor]:
    """What a bundle of this family stores: matrices in eight bits, all else in float16.

    Args:
        members: The tensors of each network, and ``weight`` and ``bias`` of the layer on its mean token.
    """
    held: dict[str, Tensor] = {}
    for i, (network, classifier) in enumerate(members):
        held |= {f"{i}.{name}": tensor for name, tensor in network.items()}
        held |= {f"{i}.{_CLASSIFIER}{name}": tensor for name, tensor in classifier.items()}
    return in_eight_bits(held)


def build(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Logits:
    """The committee as a function of waves.

    Args:
        config: ``shapes``: the fields of each member's ``BurstShape``.
        tensors: As ``tensors_of`` names them.

    Raises:
        BundleError: The tensors are not those of the configuration.
    """
    shapes = config.get("shapes")
    if not isinstance(shapes, Sequence) or not shapes:
        raise BundleError(f"a bundle of the family burst lists the shapes of its networks; got {shapes!r}")
    parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for name, tensor in of_eight_bits(tensors).items():
        member, _, rest = name.partition(".")
        parts[member][rest] = tensor
    if set(parts) != {str(i) for i in range(len(shapes))}:
        raise BundleError(
            f"the weights are of members {', '.join(sorted(parts))}; expected {len(shapes)} of them"
        )
    return _Committee([_Member(shape, parts[str(i)]) for i, shape in enumerate(shapes)])


class _Member:
    """A network and its linear layer."""

    def __init__(self, shape: Mapping[str, object], tensors: Mapping[str, Tensor]) -> None:
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith(_CLASSIFIER)}
        try:
            self._network = BurstNetwork.with_weights(shape, own)
            self.weight = tensors[f"{_CLASSIFIER}weight"].float()
            self.bias = tensors[f"{_CLASSIFIER}bias"].float()
        except (WeightsError, KeyError) as error:
            raise BundleError(f"these weights are no member of the family burst: {error}") from error
        if self.weight.shape != (len(self.bias), self._network.shape.width):
            raise BundleError(
                f"the linear layer is {tuple(self.weight.shape)}; "
                f"expected ({len(self.bias)}, {self._network.shape.width})"
            )

    def tokens(self, window: Tensor) -> Tensor:
        """(200, 80) -> (50, W)."""
        return cast("Tensor", self._network(window[None])[0])

    def log_probabilities(self, mean: Tensor) -> Tensor:
        """(n, W) mean tokens -> (n, n_classes)."""
        return torch.log_softmax(mean @ self.weight.T + self.bias, dim=1)


class _Committee:
    """Members that are asked about a window one after the other, on one core; windows side by side."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self._members = members

    def __call__(self, waves: Sequence[Samples]) -> Matrix:
        threads = one_core_threads(torch.get_num_threads())
        windows = list(windows_of_waves(waves, encoder=_NAME))
        steps: list[list[list[Tensor]]] = [[[] for _ in waves] for _ in self._members]
        found = threads.map(self._ask, [window for _, _, window in windows])
        for (clip, n_kept, _), tokens in zip(windows, found, strict=True):
            for own, of_window in zip(steps, tokens, strict=True):
                own[clip].append(of_window[:n_kept])
        shares = [
            # Clip by clip: a product of several rows has other bits than that of one.
            torch.cat([member.log_probabilities(torch.cat(clip).mean(0, keepdim=True)) for clip in own])
            for member, own in zip(self._members, steps, strict=True)
        ]
        logits = torch.logsumexp(torch.stack(shares), dim=0) - math.log(len(shares))
        return np.asarray(logits.numpy(), np.float32)

    def _ask(self, window: Tensor) -> list[Tensor]:
        with torch.inference_mode():
            return [member.tokens(window) for member in self._members]
