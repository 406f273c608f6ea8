"""Families of end-to-end networks: how a bundle of kind ``network`` becomes a function of waves.

A family is a factory. It is given the configuration and the tensors of the bundle, and returns the network as
a callable. Adding one takes a module and a row here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from nver.errors import BundleError
from nver.names import Names
from nver.types import Matrix, Samples

if TYPE_CHECKING:
    from torch import Tensor

FAMILIES = Names("network family", {"burst": "nver.recogniser.burst:build"})
"""Every family, and its factory."""

Logits: TypeAlias = Callable[[Sequence[Samples]], Matrix]
"""Waves in, (n_waves, n_classes) float32 finite logits out.

Waves are mono at 16 kHz and hold one sample or more. A row depends on
its own wave and on nothing else. An EncoderError says that a wave cannot be read.
"""


class Factory(Protocol):
    """What the row of a family names."""

    def __call__(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Logits:
        """The network.

        Args:
            config: What the bundle says under ``config``: plain data.
            tensors: Weights by name, on the CPU, in the type that they were saved in; not to be written to.

        Raises:
            BundleError: A tensor is missing, left over, or of another shape (``require_shapes`` says so).
            WeightsError: The same, said by the network itself.
        """
        ...


def build(family: str, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Logits:
    """The network of a family.

    Raises:
        ConfigError: No family has this name.
        BundleError: The tensors are not those of the configuration.
        WeightsError: The same, said by the network itself.
    """
    factory: Factory = FAMILIES.load(family)
    return factory(config, tensors)


def require_shapes(tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Tensors are exactly those that an architecture has.

    Raises:
        BundleError: One is missing, left over, or of another shape.
    """
    for name, shape in expected.items():
        if name not in tensors:
            raise BundleError(f"the weights lack '{name}'; expected a tensor of shape {shape}")
        if tuple(tensors[name].shape) != shape:
            raise BundleError(f"weight '{name}' has shape {tuple(tensors[name].shape)}; expected {shape}")
    if extra := sorted(set(tensors) - set(expected)):
        raise BundleError(f"the weights hold '{extra[0]}', which this architecture does not have")
