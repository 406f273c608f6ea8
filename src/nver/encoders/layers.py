"""Which hidden states of an encoder make its embedding, and how their frames become one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from nver.errors import ConfigError

if TYPE_CHECKING:
    import torch

LayerChoice: TypeAlias = int | Literal["last", "all"] | Sequence[int]
Pooling = Literal["mean", "mean+std", "mean+std+max", "max", "frames"]

POOLINGS: tuple[Pooling, ...] = ("mean", "mean+std", "mean+std+max", "max", "frames")


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers that were asked for.

    Attributes:
        wanted: Their numbers, ascending; 0 is the input of the first block.
        averaged: Whether their mean over layers is taken, frame by frame; otherwise they lie side by side.
        name: How the choice reads in a fingerprint: ``12``, ``all 1-12``, ``mean 4-8``.
    """

    wanted: tuple[int, ...]
    averaged: bool
    name: str

    @classmethod
    def of(cls, choice: LayerChoice, *, n_layers: int) -> Layers:
        """What a choice means for an encoder of ``n_layers`` blocks.

        >>> Layers.of("last", n_layers=12).wanted, Layers.of((4, 6), n_layers=12).wanted
        ((12,), (4, 5, 6))

        Raises:
            ConfigError: There is no such layer.
        """
        match choice:
            case "last":
                return cls((n_layers,), averaged=False, name=str(n_layers))
            case "all":
                return cls(tuple(range(1, n_layers + 1)), averaged=False, name=f"all 1-{n_layers}")
            case bool():
                pass
            case int() if 0 <= choice <= n_layers:
                return cls((choice,), averaged=False, name=str(choice))
            case [int(first), int(last)] if 0 <= first < last <= n_layers:
                return cls(tuple(range(first, last + 1)), averaged=True, name=f"mean {first}-{last}")
        raise ConfigError(
            f"cannot take layer {choice!r}: expected 'last', 'all', a number from 0 to {n_layers}, "
            f"or a pair (first, last) of such numbers"
        )

    @property
    def top(self) -> int:
        """The highest layer that has to be computed."""
        return self.wanted[-1]

    @property
    def n_parts(self) -> int:
        """How many vectors of one layer's length a row holds, before pooling."""
        return 1 if self.averaged else len(self.wanted)


def check_pooling(pooling: str) -> None:
    """Raise ConfigError unless ``pooling`` is one of ``POOLINGS``."""
    if pooling not in POOLINGS:
        raise ConfigError(f"cannot pool by '{pooling}': expected one of {', '.join(POOLINGS)}")


def pooled_dim(dim: int, layers: Layers, pooling: Pooling) -> int:
    """Length of a row: ``dim`` times the parts of ``layers`` times the figures of ``pooling``."""
    return dim * layers.n_parts * (1 + pooling.count("+"))


def pool(frames: torch.Tensor, pooling: Pooling) -> torch.Tensor:
    """One vector for the frames of one clip.

    Args:
        frames: (n_frames, n_parts, dim), one frame or more.
        pooling: ``mean``, ``std`` (the population's: one frame gives zeros) and ``max``, over time, as
            ``POOLINGS`` combines them.

    Returns:
        (n_figures * n_parts * dim,): the layers follow each other, and each is its mean, then its standard
        deviation, then its maximum, whichever were asked for.
    """
    import torch

    frames = frames.float()
    if pooling == "frames":
        raise ConfigError("an encoder with pooling 'frames' gives no rows: call embed_frames")
    figures = {
        "mean": lambda: frames.mean(0),
        "std": lambda: frames.std(0, correction=0),
        "max": lambda: frames.amax(0),
    }
    return torch.stack([figures[name]() for name in pooling.split("+")], dim=1).flatten()
