"""Matrix products at the speed of the processor.

On CPUs torch gives float32 products to MKL, which on other makers' processors runs far below what oneDNN
reaches on the same cores; and it lays out a bfloat16 weight anew at each call. Here each weight is laid out
once for oneDNN, by the operator that torch's own compiler uses.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SMALLEST = 1 << 16
"""Weights below which laying out anew is not worth a call into oneDNN."""

_ROWS = 512
"""Frames of a typical batch: what oneDNN chooses its layout for. Any number of rows may follow."""


class PackedLinear(nn.Module):
    """``nn.Linear`` with its weight in oneDNN's own layout."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _ROWS)
        self.bias = linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features)."""
        outputs: Tensor = torch.ops.mkldnn._linear_pointwise(inputs, self.packed, self.bias, "none", [], "")
        return outputs


def quicken(model: nn.Module) -> str:
    """Exchange the large linear layers of a network, in place, for faster ones where there are any.

    Returns:
        What multiplies from now on, for a result's provenance.
    """
    on_cpu = next(model.parameters()).device.type == "cpu"
    if not on_cpu or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return "torch"
    _exchange(model)
    return "oneDNN, packed"


def _exchange(module: nn.Module) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear) and child.weight.numel() >= _SMALLEST:
            setattr(module, name, PackedLinear(child))
        else:
            _exchange(child)
