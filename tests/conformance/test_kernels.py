"""What every scan kernel keeps to, whatever runs it: the reference in float64 is the truth."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nver.errors import KernelError
from nver.kernels import KERNELS, pick_backend, selective_scan

LENGTHS = (1, 2, 63, 64, 65, 251, 1000)
NAMES = ("x", "dt", "A", "B", "C", "D", "z", "dt_bias", "initial_state")

VALUE, GRADIENT = 2e-6, 5e-6
"""Relative L2 in float32; the table of docs/numerics.md."""


@pytest.fixture(params=list(KERNELS))
def backend(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    device = device_of(name)
    try:
        return pick_backend(name, device=device, dtype=torch.float32)
    except KernelError as error:
        pytest.skip(str(error))


def device_of(backend: str) -> torch.device:
    return torch.device("cuda" if backend == "triton" and torch.cuda.is_available() else "cpu")


def inputs(
    *, batch: int = 2, length: int = 65, inner: int = 20, state: int = 5, seed: int = 0
) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "x": draw(batch, length, inner),
        "dt": draw(batch, length, inner) - 2.0,
        "A": -torch.exp(draw(inner, state)),
        "B": draw(batch, length, state),
        "C": draw(batch, length, state),
        "D": draw(inner),
        "z": draw(batch, length, inner),
        "dt_bias": draw(inner),
        "initial_state": draw(batch, inner, state),
    }


def run(backend: str, given: dict[str, Tensor], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Output, last state, and the gradient of a fixed mixture of both by every input."""
    device = device_of(backend)
    leaves = {name: t.detach().to(device, dtype).requires_grad_() for name, t in given.items()}
    y, last = selective_scan(**leaves, backend=backend, return_state=True)
    generator = torch.Generator().manual_seed(1)
    mixture = sum(
        (out * torch.randn(out.shape, generator=generator).to(device, dtype)).sum() for out in (y, last)
    )
    mixture.backward()
    found = {"y": y.detach(), "last": last.detach()}
    return {**found, **{f"gradient of {name}": leaf.grad for name, leaf in leaves.items()}}


def relative(guess: Tensor, truth: Tensor) -> float:
    return float((guess.cpu().double() - truth).norm() / truth.norm())


def assert_same(found: Tensor, truth: Tensor) -> None:
    """PyTorch's own loops round an element by where it lies: the definition may differ in the last bit."""
    torch.testing.assert_close(found, truth, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("length", LENGTHS)
def test_values_and_gradients_are_those_of_the_definition(backend, length):
    given = inputs(length=length)
    truth = run("reference", given, torch.float64)
    for name, found in run(backend, given).items():
        assert relative(found, truth[name]) < (GRADIENT if "gradient" in name else VALUE), name


@pytest.mark.parametrize(("inner", "state"), [(1, 1), (7, 24), (96, 16), (97, 24), (200, 3)])
def test_any_number_of_channels_and_states_will_do(backend, inner, state):
    given = inputs(inner=inner, state=state, length=17)
    truth = run("reference", given, torch.float64)
    for name, found in run(backend, given).items():
        assert relative(found, truth[name]) < GRADIENT, name


@pytest.mark.parametrize("left_out", ["z", "dt_bias", "initial_state"])
def test_what_is_left_out_is_left_out_of_the_definition_too(backend, left_out):
    given = {name: tensor for name, tensor in inputs().items() if name != left_out}
    truth = run("reference", given, torch.float64)
    for name, found in run(backend, given).items():
        assert relative(found, truth[name]) < GRADIENT, name


@pytest.mark.parametrize("cut", [1, 16, 40, 64])
def test_scanning_in_two_halves_equals_scanning_once(backend, cut):
    given = {name: tensor.to(device_of(backend)) for name, tensor in inputs().items()}
    over_time = ("x", "dt", "B", "C", "z")
    first, second = (
        {name: t[:, part] if name in over_time else t for name, t in given.items()}
        for part in (slice(None, cut), slice(cut, None))
    )
    y1, between = selective_scan(**first, backend=backend, return_state=True)
    y2, last = selective_scan(**{**second, "initial_state": between}, backend=backend, return_state=True)
    y, at_once = selective_scan(**given, backend=backend, return_state=True)
    assert_same(torch.cat([y1, y2], dim=1), y)
    assert_same(last, at_once)


def test_a_window_does_not_depend_on_its_neighbours(backend):
    given = {name: tensor.to(device_of(backend)) for name, tensor in inputs(batch=3).items()}
    alone = {name: t[1:2] if t.shape[0] == 3 and t.ndim == 3 else t for name, t in given.items()}
    together = selective_scan(**given, backend=backend)
    assert_same(together[1:2], selective_scan(**alone, backend=backend))


def test_inputs_may_lie_in_memory_in_any_order(backend):
    given = inputs()
    scattered = {
        name: torch.stack([t, torch.full_like(t, torch.nan)], dim=-1)[..., 0].mT.contiguous().mT
        if t.ndim > 1
        else torch.stack([t, torch.full_like(t, torch.nan)], dim=-1)[..., 0]
        for name, t in given.items()
    }
    truth = run(backend, given)
    for name, found in run(backend, scattered).items():
        assert_same(found, truth[name])


def test_memory_that_was_not_given_is_not_read(backend):
    """Every input is a stretch of a buffer that is NaN everywhere else."""
    given = inputs(length=33)
    poisoned = {}
    for name, tensor in given.items():
        buffer = torch.full((tensor.numel() + 256,), torch.nan)
        buffer[128 : 128 + tensor.numel()] = tensor.flatten()
        poisoned[name] = buffer[128 : 128 + tensor.numel()].view(tensor.shape)
    truth = run(backend, given)
    torch.use_deterministic_algorithms(True)  # fills memory that PyTorch hands out with NaN
    try:
        found = run(backend, poisoned)
    finally:
        torch.use_deterministic_algorithms(False)
    for name, tensor in found.items():
        assert torch.equal(tensor, truth[name]), name


def test_a_nan_that_comes_in_comes_out(backend):
    given = {name: tensor.to(device_of(backend)) for name, tensor in inputs().items()}
    given["x"][0, 30, 3] = torch.nan
    y = selective_scan(**given, backend=backend)
    assert y[0, 30:, 3].isnan().all()
    assert y[1].isfinite().all()


@pytest.mark.parametrize(("dt", "A"), [(60.0, -40.0), (-80.0, -1e-6), (3.0, -1e6)])
def test_extreme_steps_stay_as_the_definition_has_them(backend, dt, A):
    given = inputs(length=20)
    given["dt"] = torch.full_like(given["dt"], dt)
    given["A"] = torch.full_like(given["A"], A)
    truth = run("reference", given, torch.float64)
    assert relative(run(backend, given)["y"], truth["y"]) < VALUE


def test_the_kernel_that_was_asked_for_is_the_one_that_runs(backend, monkeypatch):
    ran = []
    original = KERNELS.load
    monkeypatch.setattr(KERNELS, "load", lambda name: ran.append(name) or original(name))
    given = {name: tensor.to(device_of(backend)) for name, tensor in inputs().items()}
    selective_scan(**given, backend=backend)
    assert ran == [backend]
