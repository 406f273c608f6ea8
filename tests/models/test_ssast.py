"""The attention block is the transformer layer that PyTorch has, with its norm in front."""

from __future__ import annotations

import torch
from torch import nn

from nver.models.ssam import LAYER_NORM_EPS
from nver.models.ssast import Block


def test_it_is_a_pre_norm_transformer_layer() -> None:
    torch.manual_seed(0)
    ours = Block(width=24, n_heads=3, hidden=40).eval()
    theirs = nn.TransformerEncoderLayer(
        24,
        3,
        40,
        dropout=0.0,
        activation="gelu",
        layer_norm_eps=LAYER_NORM_EPS,
        batch_first=True,
        norm_first=True,
    ).eval()
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": ours.qkv.weight,
            "self_attn.in_proj_bias": ours.qkv.bias,
            "self_attn.out_proj.weight": ours.proj.weight,
            "self_attn.out_proj.bias": ours.proj.bias,
            "linear1.weight": ours.to_hidden.weight,
            "linear1.bias": ours.to_hidden.bias,
            "linear2.weight": ours.of_hidden.weight,
            "linear2.bias": ours.of_hidden.bias,
            "norm1.weight": ours.norm.weight,
            "norm1.bias": ours.norm.bias,
            "norm2.weight": ours.norm_of_hidden.weight,
            "norm2.bias": ours.norm_of_hidden.bias,
        }
    )
    tokens = torch.randn(2, 7, 24)
    torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-5, atol=1e-6)


def test_order_does_not_matter_to_attention() -> None:
    torch.manual_seed(0)
    block, tokens = Block(width=24, n_heads=3, hidden=40), torch.randn(1, 7, 24)
    order = torch.randperm(7)
    torch.testing.assert_close(block(tokens[:, order]), block(tokens)[:, order], rtol=1e-5, atol=1e-6)
