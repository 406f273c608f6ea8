"""Attention between a clip's tokens.

Glossary: n clips, t tokens, s tokens that are looked at, f features of a token, a attention heads, c = f / a
features of a head.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)


class _Attention(nn.Module):
    """What both kinds share.

    The parameters and the function are those of ``torch.nn.MultiheadAttention``, without its general-purpose
    checks and transpositions, which cost more than the arithmetic on a few dozen tokens.
    """

    def __init__(self, n_features: int, *, n_heads: int, residual_norm: bool) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.project_in = nn.Linear(n_features, 3 * n_features)
        self.project_out = nn.Linear(n_features, n_features)
        self.norm = nn.LayerNorm(n_features) if residual_norm else None
        nn.init.xavier_uniform_(self.project_in.weight)
        nn.init.zeros_(self.project_in.bias)
        nn.init.zeros_(self.project_out.bias)

    def _attend(self, x: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """(n, t, f), (n, a, t, c), (n, a, s, c) twice -> (n, t, f)."""
        seen = F.scaled_dot_product_attention(query, key, value)
        attended: Tensor = self.project_out(seen.transpose(1, 2).flatten(2))  # (n, t, f)
        return attended if self.norm is None else self.norm(x + attended)


class SelfAttention(_Attention):
    """softmax(Q K^T / sqrt(c)) V in ``n_heads`` heads, projected; with ``residual_norm``, residual and norm.

    Args:
        n_features: f, a multiple of ``n_heads``.
        n_heads: a.
        residual_norm: Whether the result is ``layer_norm(x + attention(x))`` rather than ``attention(x)``.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, t, f) -> (n, t, f)."""
        heads = self.project_in(x).unflatten(-1, (3, self.n_heads, -1))  # (n, t, 3, a, c)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # (n, a, t, c) each
        return self._attend(x, query, key, value)


class CrossAttention(_Attention):
    """Self-attention but for keys and values, which are those of other tokens.

    Args:
        n_features: f, a multiple of ``n_heads``.
        n_heads: a.
        residual_norm: Whether the result is ``layer_norm(x + attention(x, others))``.
    """

    def forward(self, x: Tensor, others: Tensor) -> Tensor:
        """(n, t, f) that look, (n, s, f) that are looked at -> (n, t, f)."""
        (n, t, f), s, a = x.shape, others.shape[1], self.n_heads
        weight, bias = self.project_in.weight, self.project_in.bias
        query = F.linear(x, weight[:f], bias[:f]).reshape(n, t, a, f // a).transpose(1, 2)  # (n, a, t, c)
        heads = F.linear(others, weight[f:], bias[f:]).reshape(n, s, 2, a, f // a)
        key, value = heads.permute(2, 0, 3, 1, 4)  # (n, a, s, c) each
        return self._attend(x, query, key, value)
