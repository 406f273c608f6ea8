"""Where Audio-Mamba's time goes: every stage of one window on one core, and how busy all cores are.

    python benchmarks/ssam_profile.py [--sizes tiny base] [--repeats 20]

Weights are random, of the true size; a window is 2 s. Stages are in CPU time of the thread that runs them,
medians over repeats: other work on the machine slows them through the caches alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch

from nver.encoders.base import Encoder
from nver.encoders.ssam import CARDS, load
from nver.kernels import numba_scan
from nver.models import logmel, ssam_cpu
from nver.types import Samples

N_SAMPLES = 31_840
BATCH = {"tiny": 1, "small": 1, "base": 8}
STAGES = {
    "log-mel": (logmel, "log_mel"),
    "layer norm": (torch.nn.functional, "layer_norm"),
    "convolution": (numba_scan, "causal_conv_silu"),
    "scan": (numba_scan, "scan_prepared"),
}


def waves(n: int) -> list[Samples]:
    """Noise of two seconds."""
    noise = np.random.default_rng(0)
    return [noise.uniform(-0.5, 0.5, N_SAMPLES).astype(np.float32) for _ in range(n)]


@contextmanager
def timed(seconds: dict[str, float], gflop: dict[str, float]) -> Iterator[None]:
    """Adds up each stage's CPU seconds while it lasts; products by their shape, with their work."""

    def timing(original: Callable[..., Any], name: str | None) -> Callable[..., Any]:
        def run(*given: Any, **options: Any) -> Any:
            start = time.thread_time()
            found = original(*given, **options)
            taken = time.thread_time() - start
            stage = name or f"product {given[1].shape[1]} -> {given[1].shape[0]}"
            seconds[stage] += taken
            if name is None:
                gflop[stage] += 2e-9 * given[0].numel() * given[1].shape[0]
            return found

        return run

    with ExitStack() as patched:
        for name, (module, function) in STAGES.items():
            replaced = timing(getattr(module, function), name)
            patched.enter_context(mock.patch.object(module, function, replaced))
        patched.enter_context(mock.patch.object(ssam_cpu, "_times", timing(ssam_cpu._times, None)))
        yield


def stages(encoder: Encoder, repeats: int) -> None:
    """One window on one core."""
    torch.set_num_threads(1)
    one = waves(1)
    encoder.embed(one)
    found: list[dict[str, float]] = []
    for _ in range(repeats):
        seconds, gflop = defaultdict[str, float](float), defaultdict[str, float](float)
        start = time.process_time()
        with timed(seconds, gflop):
            encoder.embed(one)
        seconds["all"] = time.process_time() - start
        seconds["all else"] = 2 * seconds["all"] - sum(seconds.values())
        found.append(dict(seconds))
    median = {name: statistics.median(seconds[name] for seconds in found) for name in found[0]}
    for name, taken in sorted(median.items(), key=lambda pair: -pair[1]):
        rate = f"{gflop[name] / taken:6.0f} GFLOP/s" if name in gflop else ""
        print(f"  {name:<22} {1e3 * taken:8.2f} ms {100 * taken / median['all']:6.1f} % {rate}")
    products = sum(median[name] for name in gflop)
    print(
        f"  products together      {1e3 * products:8.2f} ms {100 * products / median['all']:6.1f} % "
        f"{sum(gflop.values()) / products:6.0f} GFLOP/s"
    )


def whole(encoder: Encoder, size: str, n_cores: int, repeats: int) -> None:
    """A batch on all cores."""
    torch.set_num_threads(n_cores)
    batch = waves(BATCH[size])
    encoder.embed(batch)
    walls, busy = [], []
    for _ in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        encoder.embed(batch)
        walls.append(time.perf_counter() - start)
        busy.append((time.process_time() - cpu_start) / walls[-1])
    wall = statistics.median(walls)
    print(
        f"  batch {len(batch)} on {n_cores} cores: {1e3 * wall / len(batch):.2f} ms a window (least "
        f"{1e3 * min(walls) / len(batch):.2f}), {statistics.median(busy):.2f} cores busy"
    )


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", choices=tuple(BATCH), default=["tiny", "base"])
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    n_cores = torch.get_num_threads()
    for size in options.sizes:
        for precision in ("float32", "bfloat16"):
            encoder = load(CARDS[f"audio-mamba-{size}"], random_weights=0, precision=precision)
            print(f"\n{size}, {precision}: one window on one core")
            stages(encoder, options.repeats)
            whole(encoder, size, n_cores, options.repeats)


if __name__ == "__main__":
    main()
