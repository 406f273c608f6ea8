"""What is particular to the CPU kernel: threads, bfloat16 in memory, the announcement, memory."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
import torch
from torch.nn import functional

from nver.kernels import numba_loops, numba_scan, selective_scan

LOG2_E = 1.4426950408889634


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def given(*, batch: int = 2, length: int = 50, inner: int = 300, state: int = 6) -> dict[str, torch.Tensor]:
    return {
        "x": draw(batch, length, inner),
        "dt": draw(batch, length, inner, seed=1),
        "A": -draw(inner, state, seed=2).exp(),
        "B": draw(batch, length, state, seed=3),
        "C": draw(batch, length, state, seed=4),
        "D": draw(inner, seed=5),
    }


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_the_number_of_threads_changes_no_bit(threads):
    found = []
    for n in (1, 2, 3):
        threads(n)
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in given().items()}
        y = selective_scan(**leaves, backend="numba")
        y.square().sum().backward()
        found.append([y.detach(), *(leaf.grad for leaf in leaves.values())])
    for others in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


def test_several_python_threads_may_scan_at_once():
    inputs = given()
    alone = selective_scan(**inputs, backend="numba")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: selective_scan(**inputs, backend="numba"), range(12)))
    assert all(torch.equal(y, alone) for y in together)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_can_scan_too():
    program = (
        "import os, torch; torch.set_num_threads(2)\n"
        "from nver.kernels import selective_scan as scan\n"
        "x = torch.ones(4, 9, 200); A = -torch.ones(200, 3); b = torch.ones(4, 9, 3)\n"
        "y = scan(x, x, A, b, b, x[0, 0], backend='numba')\n"
        "child = os.fork()\n"
        "if not child: os._exit(0 if torch.equal(y, scan(x, x, A, b, b, x[0, 0], backend='numba')) else 1)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_convolution_is_torchs_causal_one(dtype):
    x, weight, bias = draw(2, 37, 130).to(dtype), draw(4, 130, seed=1), draw(130, seed=2)
    padded = functional.pad(x.float().mT, (3, 0))
    truth = functional.silu(functional.conv1d(padded, weight.T[:, None], bias, groups=130)).mT
    found = numba_scan.causal_conv_silu(x, weight, bias)
    assert found.dtype == dtype
    torch.testing.assert_close(
        found, truth.to(dtype), rtol=1e-2 if dtype == torch.bfloat16 else 1e-5, atol=1e-6
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_convolution_of_two_stretches_is_that_of_the_whole(dtype):
    x, weight, bias = draw(2, 37, 130).to(dtype), draw(4, 130, seed=1), draw(130, seed=2)
    whole = numba_scan.causal_conv_silu(x, weight, bias)
    earlier = numba_scan.causal_conv_silu(x[:, :20], weight, bias)
    later = numba_scan.causal_conv_silu(x[:, 20:], weight, bias, before=x[:, 17:20])
    assert torch.equal(torch.cat([earlier, later], dim=1), whole)


def test_bfloat16_in_memory_is_float32_within():
    """Rounding the inputs and the output is all that bfloat16 changes."""
    rounded = {name: tensor.bfloat16() for name, tensor in given().items()}
    wide = {name: tensor.float() for name, tensor in rounded.items()}
    truth = selective_scan(**wide, backend="numba")
    found = numba_scan.scan_prepared(
        rounded["x"],
        rounded["dt"],
        torch.zeros(300),
        (wide["A"] * LOG2_E).T,
        rounded["B"],
        rounded["C"],
        wide["D"],
        None,
        torch.zeros(2, 6, 300),
    )
    assert torch.equal(found, truth.bfloat16())


def test_exp_and_softplus_are_right_to_a_few_units_in_the_last_place():
    """A scan of one step without input: what is read is exp(step A) of the state before."""
    steps = torch.linspace(-30, 30, 4001)
    one = torch.ones(1, 1, 4001)
    y = selective_scan(
        x=0 * one,
        dt=steps[None, None],
        A=-torch.ones(4001, 1),
        B=torch.ones(1, 1, 1),
        C=torch.ones(1, 1, 1),
        D=torch.zeros(4001),
        backend="numba",
        initial_state=torch.ones(1, 4001, 1),
    )
    truth = torch.exp(-functional.softplus(steps.double(), threshold=1000))
    error = ((y[0, 0].double() - truth) / truth).abs()
    assert error[truth > 0.5].max() < 3e-7
    assert error.max() < 30 * 4e-7


def test_compiling_is_announced_once(caplog):
    @numba.njit
    def fresh_loop(first, last, array):
        for i in range(first, last):
            array[i] = i

    found = np.zeros(5)
    for _ in range(2):
        numba_scan._in_threads(fresh_loop, torch.float64, 5, found)
    assert [record.getMessage() for record in caplog.records] == [
        "compiling fresh_loop for torch.float64; this happens once and takes seconds"
    ]
    assert found.tolist() == [0, 1, 2, 3, 4]


def test_compiled_loops_are_kept_on_disk():
    for loop in (numba_loops.scan_forward, numba_loops.scan_backward, numba_loops.causal_conv_silu):
        assert loop.stats.cache_path


def test_nothing_as_large_as_every_state_is_allocated():
    """256 channels x 24 states x 4000 steps would be 98 MB; scan and gradient stay under a fifth of that."""
    resource = pytest.importorskip("resource")
    inputs = given(batch=1, length=4000, inner=256, state=24)
    selective_scan(**given(), backend="numba")
    leaves = {name: tensor.requires_grad_() for name, tensor in inputs.items()}
    tensors = sum(tensor.nbytes for tensor in leaves.values())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    selective_scan(**leaves, backend="numba").sum().backward()
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown - 3 * tensors < 4 * np.prod([4000, 256, 24]) / 5


def test_logging_is_quiet_when_nothing_is_compiled(caplog):
    selective_scan(**given(), backend="numba")
    with caplog.at_level(logging.DEBUG, logger="nver.kernels"):
        selective_scan(**given(), backend="numba")
    assert not caplog.records
