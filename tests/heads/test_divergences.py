from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.special import softmax as scipy_softmax
from torch import Tensor

from nver.errors import ConfigError, TrainingError
from nver.heads.divergences import bhattacharyya, chernoff, jensen_shannon, renyi

ORDERS = (0.2, 0.5, 0.97, 1 - 1e-6, 1.0, 1 + 1e-9, 1.03, 2.0, 5.0, 100.0, math.inf)
WITHOUT_SHIFT = {
    **{f"renyi-{order}": partial(renyi, order=order) for order in ORDERS},
    "chernoff-0.3": partial(chernoff, order=0.3),
    "bhattacharyya": bhattacharyya,
    "jensen-shannon": jensen_shannon,
}
EVERY = {**WITHOUT_SHIFT, "study": partial(renyi, order=2.0, shift=0.2)}
RENORMALISED = {
    f"renormalised-{order}": partial(renyi, order=order, shift=0.2, renormalised=True)
    for order in (0.5, 1.0, 2.0, math.inf)
}
EVERY |= RENORMALISED

every = pytest.mark.parametrize("divergence", EVERY.values(), ids=EVERY.keys())
without_shift = pytest.mark.parametrize("divergence", WITHOUT_SHIFT.values(), ids=WITHOUT_SHIFT.keys())
seeded = settings(max_examples=25, deadline=None, derandomize=True)
logits = arrays(np.float64, (5,), elements=st.floats(-6, 6, width=16))


def random_pair(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(*shape, generator=generator, dtype=dtype),
        torch.randn(*shape, generator=generator, dtype=dtype),
    )


# Worked by hand: p = (1/2, 1/2), q = (1/4, 3/4).
P, Q = torch.tensor([0.5, 0.5]).double().log(), torch.tensor([0.25, 0.75]).double().log()


@pytest.mark.parametrize(
    ("divergence", "by_hand"),
    [
        (partial(renyi, order=2.0), math.log(4 / 3)),
        (partial(renyi, order=1.0), math.log(4 / 3) / 2),
        (partial(renyi, order=math.inf), math.log(2)),
        (partial(renyi, order=0.5), -2 * math.log((math.sqrt(2) + math.sqrt(6)) / 4)),
        (partial(renyi, order=2.0, shift=0.2), math.log(0.49 / 0.45 + 0.49 / 0.95)),
        (partial(renyi, order=3.0, shift=0.2), math.log(0.343 / 0.2025 + 0.343 / 0.9025) / 2),
        (partial(renyi, order=math.inf, shift=0.2), math.log(0.7 / 0.45)),
        (bhattacharyya, -math.log((math.sqrt(2) + math.sqrt(6)) / 4)),
    ],
)
def test_two_coins_worked_by_hand(divergence, by_hand):
    assert divergence(P, Q).item() == pytest.approx(by_hand, rel=1e-12)


@seeded
@given(x=logits, y=logits, order=st.floats(0.05, 8.0).filter(lambda order: abs(order - 1) > 1e-3))
def test_renyi_agrees_with_the_sum_of_powers(x, y, order):
    p, q = scipy_softmax(x), scipy_softmax(y)
    powers = math.log(np.sum(p**order * q ** (1 - order))) / (order - 1)
    assert renyi(torch.tensor(x), torch.tensor(y), order=order).item() == pytest.approx(powers, abs=1e-9)


@seeded
@given(x=logits, y=logits, order=st.sampled_from([0.3, 0.5, 1.5, 2.0, 4.0]), shift=st.floats(0.01, 1.0))
def test_the_shifted_term_is_the_formula_of_the_study(x, y, order, shift):
    p, q = scipy_softmax(x), scipy_softmax(y)
    study = 1 / (order - 1) * math.log(np.sum((p + shift) ** order * (q + shift) ** (1 - order)))
    ours = renyi(torch.tensor(x), torch.tensor(y), order=order, shift=shift).item()
    assert ours == pytest.approx(study, rel=1e-9, abs=1e-12)


@seeded
@given(x=logits, y=logits, order=st.floats(0.05, 0.95))
def test_the_others_agree_with_scipy_and_numpy(x, y, order):
    p, q = scipy_softmax(x), scipy_softmax(y)
    x, y = torch.tensor(x), torch.tensor(y)
    assert renyi(x, y, order=1.0).item() == pytest.approx(rel_entr(p, q).sum(), abs=1e-12)
    assert renyi(x, y, order=math.inf).item() == pytest.approx(math.log(np.max(p / q)), abs=1e-12)
    assert jensen_shannon(x, y).item() == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-12)
    assert bhattacharyya(x, y).item() == pytest.approx(-math.log(np.sqrt(p * q).sum()), abs=1e-12)
    by_powers = -math.log(np.sum(p**order * q ** (1 - order)))
    assert chernoff(x, y, order=order).item() == pytest.approx(by_powers, abs=1e-12)


@without_shift
@seeded
@given(x=logits, y=logits)
def test_never_negative_and_zero_only_at_equality(divergence, x, y):
    value = divergence(torch.tensor(x), torch.tensor(y)).item()
    distance = np.abs(scipy_softmax(x) - scipy_softmax(y)).sum()  # Pinsker: 2 KL >= distance squared
    assert value >= -1e-9
    assert value > distance**2 / 50 - 1e-9
    assert divergence(torch.tensor(x), torch.tensor(x + 3.0)).item() == pytest.approx(0, abs=1e-9)


@seeded
@given(x=logits, y=logits)
def test_renyi_grows_with_its_order(x, y):
    values = [renyi(torch.tensor(x), torch.tensor(y), order=order).item() for order in ORDERS]
    assert all(low <= high + 1e-9 for low, high in pairwise(values))


@seeded
@given(x=logits, y=logits)
def test_the_symmetric_ones_are_symmetric_and_renyi_of_order_two_is_not(x, y):
    x, y = torch.tensor(x), torch.tensor(y)
    for divergence in (jensen_shannon, bhattacharyya, partial(renyi, order=0.5)):
        torch.testing.assert_close(divergence(x, y), divergence(y, x))
    assert renyi(P, Q, order=2.0).item() != pytest.approx(renyi(Q, P, order=2.0).item(), rel=1e-3)


def test_chernoff_is_renyi_times_what_lacks_to_order_one():
    x, y = random_pair(4, 30)
    for order in (0.1, 0.5, 0.99):
        torch.testing.assert_close(chernoff(x, y, order=order), (1 - order) * renyi(x, y, order=order))


def test_jensen_shannon_is_at_most_log_two():
    x = torch.tensor([[50.0, -50.0]])
    assert jensen_shannon(x, -x).item() == pytest.approx(math.log(2), rel=1e-6)


@seeded
@given(x=logits, y=logits, order=st.sampled_from([0.3, 0.5, 1.0, 2.0, math.inf]), shift=st.floats(0.01, 1.0))
def test_the_renormalised_shift_is_the_divergence_of_smoothed_distributions(x, y, order, shift):
    p, q = ((scipy_softmax(z) + shift) / (1 + 5 * shift) for z in (x, y))
    smoothed = renyi(torch.tensor(p).log(), torch.tensor(q).log(), order=order).item()
    ours = renyi(torch.tensor(x), torch.tensor(y), order=order, shift=shift, renormalised=True).item()
    assert ours == pytest.approx(smoothed, rel=1e-9, abs=1e-12)


def test_renormalising_the_shift_takes_away_a_constant_and_so_leaves_the_gradient():
    x, y = random_pair(4, 30)
    plain, renormalised = x.clone().requires_grad_(), x.clone().requires_grad_()
    with_floor = renyi(plain, y, shift=0.2)
    without = renyi(renormalised, y, shift=0.2, renormalised=True)
    torch.testing.assert_close(with_floor - without, torch.full_like(without, math.log(1 + 0.2 * 30)))
    for value in (with_floor, without):
        value.sum().backward()
    assert plain.grad.abs().sum() > 0
    torch.testing.assert_close(plain.grad, renormalised.grad)


@pytest.mark.parametrize("order", [0.5, 2.0, 3.0])
@pytest.mark.parametrize("d", [2, 1280])
def test_the_floor_of_the_shifted_term_is_log_of_one_plus_shift_times_features(order, d):
    x, y = random_pair(3, d)
    floor = math.log(1 + 0.2 * d) / (order - 1)
    at_equality = renyi(x, x, order=order, shift=0.2)
    torch.testing.assert_close(at_equality, torch.full_like(at_equality, floor))
    assert (renyi(x, y, order=order, shift=0.2) > at_equality).all()


def test_the_shift_of_the_study_leaves_a_thousandth_of_a_nat_of_two():
    x, y = random_pair(64, 256)
    exact = renyi(x, y, order=2.0).mean().item()
    excess = renyi(x, y, order=2.0, shift=0.2).mean().item() - math.log(1 + 0.2 * 256)
    assert 1.0 < exact < 3.0
    assert 2e-4 < excess < 2e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_order_passes_one_without_a_jump(dtype):
    x, y = random_pair(16, 200, dtype=dtype)
    at_one = renyi(x.double(), y.double(), order=1.0).to(dtype)
    steps = [10.0**-k for k in range(2, 15)]
    for order in (1 + sign * step for step in steps for sign in (-1, 1)):
        exact = renyi(x.double(), y.double(), order=order).to(dtype)
        torch.testing.assert_close(renyi(x, y, order=order), exact, rtol=2e-5, atol=1e-6)
        assert ((exact - at_one).abs() <= 3 * abs(order - 1) + 1e-6).all()


@pytest.mark.parametrize("order", [0.95, 1.05])
def test_the_two_ways_of_computing_meet_where_they_change_over(order):
    x, y = random_pair(16, 50)
    inside, outside = (renyi(x, y, order=order + step) for step in (-1e-9, 1e-9))
    torch.testing.assert_close(inside, outside, rtol=1e-7, atol=1e-9)


def test_great_orders_approach_infinity():
    x, y = random_pair(8, 40)
    torch.testing.assert_close(renyi(x, y, order=1e8), renyi(x, y, order=math.inf), rtol=0, atol=1e-6)


@every
def test_the_gradient_is_the_derivative(divergence):
    x, y = random_pair(3, 6)
    assert torch.autograd.gradcheck(divergence, (x.requires_grad_(), y.requires_grad_()), atol=1e-4)


@every
@pytest.mark.parametrize("height", [1e2, 1e3, 1e4])
def test_extreme_logits_have_finite_values_and_gradients(divergence, height):
    x = torch.tensor([[height, -height, 0.0], [height, 0.0, 0.0], [-height, height, height], [0.0, 0.0, 0.0]])
    y = torch.tensor(
        [[-height, height, 0.0], [0.0, 0.0, height], [-height, height, height], [0.0, -height, 1.0]]
    )
    x.requires_grad_()
    y.requires_grad_()
    value = divergence(x, y)
    value.sum().backward()
    assert value.isfinite().all()
    assert x.grad.isfinite().all()
    assert y.grad.isfinite().all()


@every
def test_adding_a_constant_to_the_logits_changes_nothing(divergence):
    x, y = random_pair(5, 20)
    torch.testing.assert_close(divergence(x + 7.0, y - 3.0), divergence(x, y))


@every
def test_each_pair_is_compared_alone_whatever_the_leading_shape(divergence):
    x, y = random_pair(2, 3, 10)
    value = divergence(x, y)
    assert value.shape == (2, 3)
    torch.testing.assert_close(value[1, 2], divergence(x[1, 2], y[1, 2]))


@pytest.mark.parametrize(
    ("divergence", "message"),
    [
        (partial(renyi, order=0.0), "the order of Renyi's divergence is positive, got 0.0"),
        (partial(renyi, order=math.nan), "positive, got nan"),
        (partial(renyi, shift=-0.1), "a shift is zero or a positive number, got -0.1"),
        (partial(renyi, order=1.0, shift=0.2), "order 1 takes no shift"),
        (partial(chernoff, order=1.0), "between 0 and 1, got 1.0"),
        (partial(chernoff, order=0.0), "between 0 and 1, got 0.0"),
    ],
)
def test_settings_outside_the_domain_are_refused(divergence, message):
    with pytest.raises(ConfigError, match=message):
        divergence(P, Q)


@every
def test_features_that_are_no_distributions_are_refused(divergence):
    with pytest.raises(TrainingError, match=r"of one shape, got \(2,\) and \(3,\)"):
        divergence(P, torch.zeros(3))
    for broken in (math.nan, math.inf, -math.inf):
        with pytest.raises(TrainingError, match="needs finite features"):
            divergence(P, torch.tensor([0.0, broken]))
