"""A head from its spec. Apart from ``nver.heads.specs``, so that reading an experiment loads no torch."""

from __future__ import annotations

from collections.abc import Sequence

from nver.heads.base import Head, HeadOutput
from nver.heads.specs import HeadSpec
from nver.names import Names

__all__ = ["HEADS", "Head", "HeadOutput", "build"]

HEADS = Names(
    "head",
    {
        "cnn": "nver.heads.cnn:CNN",
        "concat": "nver.heads.concat:Concat",
        "cross-attention": "nver.heads.cross_attention:CrossAttentionFusion",
        "fcn": "nver.heads.fcn:FCN",
        "gated-sum": "nver.heads.gated_sum:GatedSum",
        "layer-mix": "nver.heads.layer_mix:LayerMix",
        "reno": "nver.heads.reno:RENO",
    },
)
"""Every kind of head, and the class that is made as ``class(spec, dims, n_classes)``."""


def build(spec: HeadSpec, dims: Sequence[int], n_classes: int) -> Head:
    """An untrained head; torch's random state decides its weights, so seed it first.

    Args:
        spec: Which head, with all its settings.
        dims: Length of each view's embedding, in the order in which views will come.
        n_classes: How many classes it tells apart, two or more.

    Raises:
        ConfigError: The head takes another number of views, or an embedding is too short for it.

    >>> from nver.heads.specs import CNNSpec
    >>> head = build(CNNSpec(), [640], 6)
    >>> sum(parameter.numel() for parameter in head.parameters())
    990790
    """
    head: Head = HEADS.load(spec.kind)(spec, dims, n_classes)
    return head
