"""What a probe said of every clip, given one layer of an encoder after the other."""

from __future__ import annotations

from dataclasses import dataclass

from nver.types import Labels

ALL = "all"
"""What stands for the layers side by side."""


@dataclass(frozen=True, eq=False)
class Probed:
    """What a probe said of every clip, given one layer.

    Attributes:
        layer: From 1, or 0 for what enters the first block, or ``ALL``.
        guess: (n_clips,) class indices.
    """

    layer: str
    guess: Labels


@dataclass(frozen=True, eq=False)
class Probes:
    """All layers, in the order of the network, then all together.

    Attributes:
        truth: (n_clips,) class indices, in the order of the corpus.
        speakers: (n_clips,).
        labels: Classes.
        n_folds: Test parts.
    """

    encoder: str
    truth: Labels
    speakers: tuple[str | None, ...]
    labels: tuple[str, ...]
    n_folds: int
    layers: tuple[Probed, ...]
