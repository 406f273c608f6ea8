"""A training step of the matched pair: with our kernels, and with the definition of the scan, in one run.

    python benchmarks/training_step.py [--batch 64] [--repeats 5] [--threads 1]

A step is masking, forward and backward of masked modelling at the shipped shape. "Reference" is the same
network with the loop over time as its scan and PyTorch's convolution, gradients by autograd. Times are
medians of repeats that take turns; the floor counts the matrix products alone, three times a forward pass.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from nver.kernels import selective_scan
from nver.models import ssam
from nver.models.burst import BurstNetwork, BurstShape, Mixer
from nver.pretraining.objectives import Masked
from nver.pretraining.spec import MaskedSpec


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    windows = torch.randn(options.batch, 200, 80, generator=torch.Generator().manual_seed(0))
    ways: dict[str, Callable[[], None]] = {}
    for mixer in ("mamba", "attention"):
        for precision in ("float32", "bfloat16"):
            ways[f"{mixer}, {precision}"] = step_of(mixer, precision, windows)
    ways["mamba, reference scan, float32"] = with_reference(step_of("mamba", "float32", windows))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(options.repeats + 1):
        for name, step in ways.items():
            begun = time.perf_counter()
            step()
            if turn:  # the first one compiles
                times[name].append(time.perf_counter() - begun)
    reference = statistics.median(times["mamba, reference scan, float32"])
    for name, taken in times.items():
        median = statistics.median(taken)
        mixer: Mixer = "attention" if "attention" in name else "mamba"
        flops = 3 * products(mixer) * options.batch
        ratio = f", {reference / median:.1f} x the reference" if mixer == "mamba" else ""
        print(
            f"{name:<32} {median / options.batch * 1e3:7.2f} ms a clip, "
            f"{options.batch / median:6.0f} clips/s, {flops / median / 1e9:5.0f} GFLOP/s of products{ratio}"
        )
    scans(options.batch, options.repeats)


def step_of(mixer: Mixer, precision: str, windows: torch.Tensor) -> Callable[[], None]:
    """One step on a network of its own."""
    network = BurstNetwork.random(BurstShape(mixer), seed=0)
    objective = Masked(MaskedSpec(kind="masked"), width=network.shape.width)
    draws = torch.Generator().manual_seed(0)
    truth = torch.zeros(len(windows), dtype=torch.long)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            loss = objective.loss(network, windows, truth, draws)
        loss.backward()
        network.zero_grad()

    return step


def with_reference(step: Callable[[], None]) -> Callable[[], None]:
    """The same with the definition of the scan."""

    def slow() -> None:
        kept = ssam.pick_backend
        ssam.pick_backend = lambda *_, **__: "reference"
        try:
            step()
        finally:
            ssam.pick_backend = kept

    return slow


def products(mixer: Mixer) -> float:
    """FLOPs of the matrix products of a window's forward pass: 2 a weight and step."""
    network = BurstNetwork(BurstShape(mixer))
    matrices = sum(p.numel() for p in network.blocks.parameters() if p.ndim == 2)
    return 2 * 50 * (matrices + network.to_token.weight.numel())


def scans(batch: int, repeats: int) -> None:
    """The scan alone, forward and backward, in nanoseconds for each of its updates of a state."""
    shape, length = BurstShape("mamba"), 50
    draws = torch.Generator().manual_seed(0)

    def leaf(*sizes: int) -> torch.Tensor:
        return torch.randn(sizes, generator=draws).requires_grad_()

    x, dt, z = (leaf(batch, length, shape.inner) for _ in range(3))
    b, c = (leaf(batch, length, shape.state) for _ in range(2))
    a = (-torch.arange(1.0, shape.state + 1).repeat(shape.inner, 1)).requires_grad_()
    given = (x, dt, a, b, c, leaf(shape.inner), z, leaf(shape.inner))
    updates = batch * length * shape.inner * shape.state
    for backend in ("numba", "reference"):
        forward, backward = [], []
        for _ in range(repeats + 1):
            begun = time.perf_counter()
            y = selective_scan(*given, backend=backend)
            middle = time.perf_counter()
            torch.autograd.grad(y, given, torch.ones_like(y))
            forward.append(middle - begun)
            backward.append(time.perf_counter() - middle)
        fore, back = (statistics.median(taken[1:]) / updates * 1e9 for taken in (forward, backward))
        print(f"scan alone, {backend:<20} {fore:6.2f} ns an update forward, {back:6.2f} backward")


if __name__ == "__main__":
    main()
