"""Matrix products at the speed of the processor.

On CPUs torch gives float32 products to MKL, which on other makers' processors runs far below what oneDNN
reaches on the same cores; and it lays out a bfloat16 weight anew at each call. Here each weight is laid out
once for oneDNN, by the operator that torch's own compiler uses.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nver.encoders.base import Precision

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")

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


class Int8Linear(nn.Module):
    """``nn.Linear`` with weights in 8 bits, a scale an output, and inputs in 8 bits, a scale a frame.

    Scales are of the frame alone, so that a row still does not depend on its batch.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = linear.weight.detach().float()
        scale = weight.abs().amax(1) / 127
        self.weight8 = (weight / scale[:, None]).round().to(torch.int8).T
        self.scale = scale
        self.bias = linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features)."""
        rows = inputs.flatten(0, -2)
        scale = rows.abs().amax(1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny).float() / 127
        inputs8 = (rows / scale).round().to(torch.int8)
        outputs: Tensor = torch._int_mm(inputs8, self.weight8) * scale * self.scale
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs.to(inputs.dtype).view(*inputs.shape[:-1], self.out_features)


def quicken(model: nn.Module, precision: Precision) -> str:
    """Exchange the large linear layers of a network, in place, for faster ones where there are any.

    Returns:
        What multiplies from now on, for a result's provenance.
    """
    on_cpu = next(model.parameters()).device.type == "cpu"
    if precision == "int8":
        _exchange(model, Int8Linear)
        return "int8, oneDNN" if on_cpu else "int8, torch"
    if on_cpu and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        _exchange(model, PackedLinear)
        return "oneDNN, packed"
    return "torch"


def _exchange(module: nn.Module, kind: Any) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear) and child.weight.numel() >= _SMALLEST:
            setattr(module, name, kind(child))
        else:
            _exchange(child, kind)
