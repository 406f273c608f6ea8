"""Audio-Mamba on a CPU: ours, the definition and the release's slow path on the same weights, in one run.

    python benchmarks/ssam.py [--sizes tiny base] [--repeats 5]

"Theirs" is this project's network with ``reference`` as its scan and PyTorch's own products; "release" is
the same with the scan as the release computes it without CUDA, which first writes every (batch, inner,
length, state) number. Weights are random, of the true size. A clip is one window: 1.99 s.

Each way through the encoder runs in processes of its own, which take turns, since a way leaves something
behind that others would feel: threads that still spin, memory that was kept. Printed are medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nver.encoders.ssam import CARDS, load
from nver.encoders.ssam.encoder import SSAMEncoder
from nver.kernels import selective_scan
from nver.models import ssam
from nver.models.ssam import Shape

N_TOKENS, N_SAMPLES = 251, 31_840
BATCH = {"tiny": 1, "small": 1, "base": 8}
ROUNDS = 2


def release_scan(x, dt, A, B, C, D, z, dt_bias, backend=None) -> Tensor:
    """As mamba-ssm's ``selective_scan_ref``: all decays and all inputs to the state first, then the loop."""
    del backend
    step = functional.softplus(dt + dt_bias)
    decays = torch.exp(torch.einsum("bld,dn->bdln", step, A))
    entering = torch.einsum("bld,bln,bld->bdln", step, B, x)
    state, read = x.new_zeros(decays.shape[0], *A.shape), []
    for t in range(x.shape[1]):
        state = decays[:, :, t] * state + entering[:, :, t]
        read.append(torch.einsum("bdn,bn->bd", state, C[:, t]))
    return (torch.stack(read, dim=1) + x * D) * functional.silu(z)


def seconds(ways: dict[str, Callable[[], object]], repeats: dict[str, int]) -> dict[str, float]:
    """Median time of each way; the ways take turns, so that a busy machine is busy for all."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for run in ways.values():
        run()
    for turn in range(max(repeats.values())):
        for name, run in ways.items():
            if turn < repeats[name]:
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}


def gflop(shape: Shape) -> float:
    """Of the matrix products of one window."""
    outer = 3 * shape.width * shape.inner + shape.inner * (2 * shape.step_rank + 2 * shape.state)
    return 2e-9 * N_TOKENS * shape.n_blocks * outer


def product_rate(dtype: torch.dtype, shape: Shape) -> float:
    """GFLOP/s of the largest product alone, by the better of PyTorch's two ways."""
    x, w = torch.randn(N_TOKENS, shape.width).to(dtype), torch.randn(2 * shape.inner, shape.width).to(dtype)
    ways = {
        "torch": lambda: functional.linear(x, w),
        "oneDNN": lambda: torch.ops.mkldnn._linear_pointwise(x, w, None, "none", [], ""),
    }
    best = min(seconds(ways, dict.fromkeys(ways, 30)).values())
    return 2e-9 * N_TOKENS * shape.width * 2 * shape.inner / best


def bench_scan(size: str, repeats: int) -> None:
    """The scan of one block."""
    shape, batch = Shape(CARDS[f"audio-mamba-{size}"].dim // 5), BATCH[size]
    draw = torch.Generator().manual_seed(0)
    x, dt, z = (torch.randn(batch, N_TOKENS, shape.inner, generator=draw) for _ in range(3))
    B, C = (torch.randn(batch, N_TOKENS, shape.state, generator=draw) for _ in range(2))
    A = -torch.arange(1.0, shape.state + 1).repeat(shape.inner, 1)
    D, bias = torch.ones(shape.inner), torch.full((shape.inner,), -4.0)
    given = (x, dt, A, B, C, D, z, bias)
    ways = {
        "ours": lambda: selective_scan(*given, "numba"),
        "theirs": lambda: selective_scan(*given, "reference"),
        "release": lambda: release_scan(*given),
    }
    found = seconds(ways, {"ours": 10 * repeats, "theirs": repeats, "release": max(2, repeats // 2)})
    updates = batch * N_TOKENS * shape.inner * shape.state
    print(f"\nscan alone, {size}, batch {batch}: {updates / 1e6:.0f} million updates")
    for name, taken in found.items():
        print(
            f"  {name:<9} {1e3 * taken:9.2f} ms  {1e9 * taken / updates:6.3f} ns an update"
            f"  ours is {taken / found['ours']:6.1f} x faster"
        )


def encoder_of(size: str, way: str) -> SSAMEncoder:
    """The encoder that a way needs."""
    card = CARDS[f"audio-mamba-{size}"]
    if way in ("float32", "bfloat16"):
        return load(card, random_weights=0, precision=way)
    return load(card, random_weights=0, kernel="reference")


def waves_of(size: str) -> list[np.ndarray]:
    """A batch of noise, a window each."""
    noise = np.random.default_rng(0)
    return [noise.uniform(-0.5, 0.5, N_SAMPLES).astype(np.float32) for _ in range(BATCH[size])]


def run_way(size: str, way: str, repeats: int) -> None:
    """What a process of its own does: print its median time, and write nothing else."""
    if way == "release":
        ssam.selective_scan = release_scan
    encoder, waves = encoder_of(size, way), waves_of(size)
    print(seconds({way: lambda: encoder.embed(waves)}, {way: repeats})[way])


def rows_of(size: str, way: str) -> np.ndarray:
    """The embeddings, in float64."""
    original = ssam.selective_scan
    try:
        ssam.selective_scan = release_scan if way == "release" else original
        return encoder_of(size, way).embed(waves_of(size)).astype(np.float64)
    finally:
        ssam.selective_scan = original


def bench_encoder(size: str, repeats: int, threads: int) -> None:
    """From waves to embeddings."""
    shape, batch = Shape(CARDS[f"audio-mamba-{size}"].dim // 5), BATCH[size]
    slow = repeats if batch == 1 else max(1, repeats // 3)
    counts = {"float32": 5 * repeats, "bfloat16": 5 * repeats, "theirs": slow, "release": slow}
    times: dict[str, list[float]] = {way: [] for way in counts}
    for _ in range(ROUNDS):
        for way, count in counts.items():
            command = [sys.executable, __file__, "--way", size, way, "--repeats", str(count)]
            done = subprocess.run(
                [*command, "--threads", str(threads)], capture_output=True, text=True, check=True
            )
            times[way].append(float(done.stdout))
    found = {way: statistics.median(taken) for way, taken in times.items()}
    work = gflop(shape)
    print(f"\nwhole encoder, {size}, batch {batch}: {work:.1f} GFLOP a window in products")
    for name, taken in found.items():
        window = taken / batch
        print(
            f"  {name:<9} {1e3 * window:9.2f} ms a window  {work / window:6.0f} GFLOP/s   "
            + "   ".join(f"{found[other] / taken:6.1f} x {other}" for other in ("theirs", "release"))
        )
    for dtype in (torch.float32, torch.bfloat16):
        rate = product_rate(dtype, shape)
        print(
            f"  floor     {1e3 * work / rate:9.2f} ms a window in {dtype} products alone: {rate:.0f} GFLOP/s"
        )
    rows = {way: rows_of(size, way) for way in counts}
    b = rows["float32"]
    for name in ("bfloat16", "theirs", "release"):
        a = rows[name]
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        error = np.linalg.norm(a - b) / np.linalg.norm(b)
        print(f"  {name:<9} to ours in float32: cosine {cosine.min():.7f}, relative L2 {error:.1e}")


def peak_memory(size: str, precision: str) -> float:
    """GB of a fresh process that embeds a batch twice, everything included."""
    command = [sys.executable, __file__, "--peak", size, precision]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", choices=tuple(BATCH), default=["tiny", "base"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--way", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.peak:
        size, precision = options.peak
        encoder = load(CARDS[f"audio-mamba-{size}"], random_weights=0, precision=precision)
        for _ in range(2):
            encoder.embed(
                [np.random.default_rng(0).uniform(-1, 1, N_SAMPLES).astype(np.float32)] * BATCH[size]
            )
        # Not ru_maxrss, which a process inherits from the one that started it.
        peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
        print(1024 * int(peak.split()[1]) / 1e9)
        return
    torch.set_grad_enabled(False)
    if options.way:
        run_way(*options.way, options.repeats)
        return
    load_average = os.getloadavg()[0]
    print(f"{options.threads} threads, PyTorch {torch.__version__}, load {load_average:.1f} before the start")
    for size in options.sizes:
        bench_scan(size, options.repeats)
        bench_encoder(size, options.repeats, options.threads)
        for precision in ("float32", "bfloat16"):
            print(f"  peak memory of a process in {precision}: {peak_memory(size, precision):.2f} GB")


if __name__ == "__main__":
    main()
