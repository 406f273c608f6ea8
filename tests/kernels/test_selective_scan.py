"""The one entrance: which kernel runs, and what is refused."""

from __future__ import annotations

import pytest
import torch

from nver.errors import ConfigError, KernelError
from nver.kernels import pick_backend, selective_scan
from nver.kernels.reference import selective_scan as definition

CPU = torch.device("cpu")


def small(dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    ones = torch.ones(1, 3, 2, dtype=dtype)
    return {
        "x": ones,
        "dt": 0 * ones,
        "A": -torch.ones(2, 2, dtype=dtype),
        "B": ones,
        "C": ones,
        "D": ones[0, 0],
    }


def test_two_steps_worked_by_hand():
    """softplus(0) = log 2, so a step halves: h = log 2, then 3/2 log 2; two states are read, D adds 1."""
    log2 = torch.tensor(2.0).log()
    y = selective_scan(**small(), backend="reference")
    torch.testing.assert_close(y[0, :2, 0], torch.stack([2 * log2 + 1, 3 * log2 + 1]))


def test_the_gradient_of_the_definition_is_right():
    generator = torch.Generator().manual_seed(0)

    def leaf(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()

    given = (leaf(2, 4, 3), leaf(2, 4, 3), leaf(3, 2), leaf(2, 4, 2), leaf(2, 4, 2), leaf(3))
    assert torch.autograd.gradcheck(definition, (*given, leaf(2, 4, 3), leaf(3), leaf(2, 3, 2)))


def test_auto_takes_the_fastest_that_can_run():
    assert pick_backend("auto", device=CPU, dtype=torch.float32) == "numba"
    assert pick_backend("auto", device=CPU, dtype=torch.float64) == "reference"
    assert pick_backend("auto", device=torch.device("meta"), dtype=torch.float32) == "reference"


def test_a_kernel_that_cannot_run_is_an_error_that_says_why():
    with pytest.raises(
        KernelError, match=r"the triton kernel cannot run: it is for CUDA and the tensors are on cpu"
    ):
        selective_scan(**small(), backend="triton")
    with pytest.raises(KernelError, match=r"computes in float32 and the tensors are torch.float64"):
        selective_scan(**small(torch.float64), backend="numba")


def test_an_unknown_kernel_suggests_a_known_one():
    with pytest.raises(ConfigError, match=r"no scan kernel is called 'nomba'. Did you mean 'numba'"):
        selective_scan(**small(), backend="nomba")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": torch.ones(3, 2)}, r"x is \(3, 2\)"),
        ({"x": torch.ones(1, 0, 2)}, "none of them zero"),
        ({"B": torch.ones(1, 3, 5)}, r"B is \(1, 3, 5\); beside x \(1, 3, 2\) expected \(1, 3, 2\)"),
        (
            {"D": torch.ones(2, dtype=torch.float64)},
            "D is torch.float64 on cpu; expected torch.float32 on cpu",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(KernelError, match=message):
        selective_scan(**{**small(), **change})


def test_the_numba_kernel_refuses_growth():
    given = {**small(), "A": torch.ones(2, 2)}
    with pytest.raises(KernelError, match="A has positive entries"):
        selective_scan(**given, backend="numba")
    assert selective_scan(**given, backend="reference").isfinite().all()


def test_mamba_ssm_agrees():
    interface = pytest.importorskip(
        "mamba_ssm.ops.selective_scan_interface", reason="mamba-ssm is not installed"
    )
    generator = torch.Generator().manual_seed(0)
    x, dt, z = (torch.randn(2, 40, 8, generator=generator) for _ in range(3))
    B, C = (torch.randn(2, 40, 4, generator=generator) for _ in range(2))
    A, D, bias = -torch.rand(8, 4, generator=generator), torch.ones(8), torch.zeros(8)
    theirs = interface.selective_scan_ref(
        x.mT, dt.mT, A, B.mT, C.mT, D, z.mT, delta_bias=bias, delta_softplus=True
    ).mT
    torch.testing.assert_close(selective_scan(x, dt, A, B, C, D, z, bias), theirs, rtol=1e-5, atol=1e-5)
