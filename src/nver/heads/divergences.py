"""Divergences between pairs of distributions, in log space, with gradients.

Every function takes logits ``x`` and ``y`` of one shape (..., d), finite; log-probabilities are logits too.
With p = softmax(x) and q = softmax(y) over the last axis it returns nats of shape (...): zero where p equals
q and positive elsewhere. Values and gradients stay finite for extreme logits.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nver.errors import ConfigError, TrainingError

_NEAR_ONE = 0.05  # within this of order 1 the plain formula would divide rounding errors by almost nothing


def renyi(
    x: Tensor, y: Tensor, *, order: float = 2.0, shift: float = 0.0, renormalised: bool = False
) -> Tensor:
    """Renyi's divergence of p from q: log(sum p^order q^(1 - order)) / (order - 1).

    It grows with the order: at 1/2 it is symmetric (twice Bhattacharyya's), at 1 it is Kullback and Leibler's
    (the limit, approached without loss of precision), at infinity the log of the greatest ratio p / q.

    With a ``shift`` it is the study's alignment term: the same formula over p + shift and q + shift, which no
    longer sum to one. Its least value, at p = q, is ``log(1 + shift d) / (order - 1)`` rather than zero, and
    what exceeds that is the divergence between (p + shift) / (1 + shift d) and (q + shift) / (1 + shift d),
    which ``renormalised`` asks for.

    Args:
        x: Logits of p, (..., d).
        y: Logits of q, (..., d).
        order: Positive; ``math.inf`` is allowed.
        shift: Zero or more; at order 1, where the shifted formula has a pole, positive only if renormalised.
        renormalised: Whether shifted probabilities are divided by their sum, 1 + shift d.

    Returns:
        (...) nats.

    Raises:
        ConfigError: ``order`` or ``shift`` is outside its domain.
        TrainingError: ``x`` and ``y`` differ in shape or hold something that is not finite.

    Source:
        Renyi (1961), "On measures of entropy and information"; van Erven and Harremoes (2014), "Renyi
        divergence and Kullback-Leibler divergence"; the shift: Akhtar et al. (2025), equation of L_RD.

    >>> p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
    >>> round(renyi(p.log(), q.log()).exp().item(), 4)  # 0.25 / 0.25 + 0.25 / 0.75
    1.3333
    """
    if not order > 0:
        raise ConfigError(f"the order of Renyi's divergence is positive, got {order}")
    if not 0 <= shift < math.inf:
        raise ConfigError(f"a shift is zero or a positive number, got {shift}")
    if shift and order == 1 and not renormalised:
        raise ConfigError(
            "Renyi's divergence of order 1 takes no shift, it would divide by zero; set shift = 0, or "
            "renormalise"
        )
    log_p, log_q = _log_probabilities(x, y)
    if not shift:
        return _renyi(log_p, log_q, order)
    log_total = math.log1p(shift * x.shape[-1])
    log_p = (log_p.exp() + shift).log() - log_total
    log_q = (log_q.exp() + shift).log() - log_total
    smoothed = _renyi(log_p, log_q, order)
    return smoothed if renormalised else smoothed + log_total / (order - 1)


def _renyi(log_p: Tensor, log_q: Tensor, order: float) -> Tensor:
    log_ratio = log_p - log_q
    if order == 1:
        return (log_p.exp() * log_ratio).sum(-1)
    if math.isinf(order):
        return log_ratio.amax(-1)
    excess = order - 1
    exponent = excess * log_ratio
    plain = torch.logsumexp(log_p + exponent, -1) / excess
    if abs(excess) > _NEAR_ONE:
        return plain
    # The same sum less its value at order 1, which is exactly one; in range only for moderate ratios.
    moderate = exponent.detach().abs().amax(-1, keepdim=True) <= 1
    near = torch.log1p((log_p.exp() * torch.expm1(exponent.where(moderate, 0.0))).sum(-1)) / excess
    return torch.where(moderate[..., 0], near, plain)


def chernoff(x: Tensor, y: Tensor, *, order: float) -> Tensor:
    """Chernoff's divergence: -log(sum p^order q^(1 - order)), which is (1 - order) times Renyi's.

    Args:
        x: Logits of p, (..., d).
        y: Logits of q, (..., d).
        order: Between 0 and 1, both excluded; 1/2 is Bhattacharyya's.

    Returns:
        (...) nats.

    Raises:
        ConfigError: ``order`` is outside its domain.
        TrainingError: ``x`` and ``y`` differ in shape or hold something that is not finite.

    Source:
        Chernoff (1952), "A measure of asymptotic efficiency for tests of a hypothesis".
    """
    if not 0 < order < 1:
        raise ConfigError(f"the order of Chernoff's divergence lies between 0 and 1, got {order}")
    log_p, log_q = _log_probabilities(x, y)
    return -torch.logsumexp(order * log_p + (1 - order) * log_q, -1)


def bhattacharyya(x: Tensor, y: Tensor) -> Tensor:
    """Bhattacharyya's distance: -log(sum sqrt(p q)); symmetric.

    Args:
        x: Logits of p, (..., d).
        y: Logits of q, (..., d).

    Returns:
        (...) nats.

    Raises:
        TrainingError: ``x`` and ``y`` differ in shape or hold something that is not finite.

    Source:
        Bhattacharyya (1943), "On a measure of divergence between two statistical populations".
    """
    return chernoff(x, y, order=0.5)


def jensen_shannon(x: Tensor, y: Tensor) -> Tensor:
    """The mean divergence (Kullback and Leibler's) of p and of q from their mean; symmetric, at most log 2.

    Args:
        x: Logits of p, (..., d).
        y: Logits of q, (..., d).

    Returns:
        (...) nats.

    Raises:
        TrainingError: ``x`` and ``y`` differ in shape or hold something that is not finite.

    Source:
        Lin (1991), "Divergence measures based on the Shannon entropy".

    >>> apart = torch.tensor([[100.0, -100.0]])
    >>> bool(torch.isclose(jensen_shannon(apart, -apart), torch.tensor(2.0).log()))
    True
    """
    log_p, log_q = _log_probabilities(x, y)
    log_mean = torch.logaddexp(log_p, log_q) - math.log(2)
    from_p = (log_p.exp() * (log_p - log_mean)).sum(-1)
    from_q = (log_q.exp() * (log_q - log_mean)).sum(-1)
    return (from_p + from_q) / 2


def _log_probabilities(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    if x.shape != y.shape:
        raise TrainingError(
            f"a divergence compares features of one shape, got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    if not (x.isfinite().all() and y.isfinite().all()):
        raise TrainingError(
            "a divergence needs finite features, got NaN or infinity; try a lower learning rate"
        )
    return x.log_softmax(-1), y.log_softmax(-1)
