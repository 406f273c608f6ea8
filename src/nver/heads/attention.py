"""Self-attention over a clip's tokens.

Glossary: n clips, t tokens, f features of a token, a attention heads, c = f / a features of a head.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)


class SelfAttention(nn.Module):
    """softmax(Q K^T / sqrt(c)) V in ``n_heads`` heads, projected; with ``residual_norm``, residual and norm.

    The parameters and the function are those of ``torch.nn.MultiheadAttention``, without its general-purpose
    checks and transpositions, which cost more than the arithmetic on a few dozen tokens.

    Args:
        n_features: f, a multiple of ``n_heads``.
        n_heads: a.
        residual_norm: Whether the result is ``layer_norm(x + attention(x))`` rather than ``attention(x)``.
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

    def forward(self, x: Tensor) -> Tensor:
        """(n, t, f) -> (n, t, f)."""
        heads = self.project_in(x).unflatten(-1, (3, self.n_heads, -1))  # (n, t, 3, a, c)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # (n, a, t, c) each
        seen = F.scaled_dot_product_attention(query, key, value)
        attended: Tensor = self.project_out(seen.transpose(1, 2).flatten(2))  # (n, t, f)
        return attended if self.norm is None else self.norm(x + attended)
