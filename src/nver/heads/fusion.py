"""What all fusions share: a branch an embedding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, count, islice

from torch import Tensor, nn

from nver.heads.base import Head
from nver.heads.convolution import ConvolutionBlock
from nver.heads.specs import ConcatSpec, CrossAttentionSpec, GatedSumSpec, RENOSpec

FusionSpec = ConcatSpec | CrossAttentionSpec | GatedSumSpec | RENOSpec


class FusionHead(Head):
    """A head of two or more embeddings; its branches are called ``branch_x``, ``branch_y``, ``branch_3``...

    Args:
        spec: Which head.
        dims: Length of each view's embedding.
        n_classes: How many classes it tells apart.
        make_branch: An embedding's length -> the module that makes (n, tokens, filters) of (n, length).
    """

    def __init__(
        self,
        spec: FusionSpec,
        dims: Sequence[int],
        n_classes: int,
        make_branch: Callable[[int], nn.Module],
    ) -> None:
        super().__init__(spec, dims, n_classes)
        for name, dim in zip(_names(len(dims)), dims, strict=True):
            self.add_module(name, make_branch(dim))

    @property
    def branches(self) -> tuple[nn.Module, ...]:
        """One a view, in the order of ``dims``."""
        return tuple(self.get_submodule(name) for name in _names(len(self.dims)))

    def tokens(self, views: Sequence[Tensor]) -> list[Tensor]:
        """(n, dim) of each view -> (n, tokens, filters) of each."""
        return [branch(view) for branch, view in zip(self.branches, views, strict=True)]


def convolutions(spec: FusionSpec, dim: int) -> ConvolutionBlock:
    """The convolution block of a branch."""
    return ConvolutionBlock(dim, filters=spec.filters, kernel_size=spec.kernel_size, tokens=spec.tokens)


def _names(n_views: int) -> list[str]:
    """The first two as in the study, whose features are x and y; more are counted."""
    return [f"branch_{suffix}" for suffix in islice(chain("xy", map(str, count(3))), n_views)]
