"""Time of training a cell, ours and as a user would write it, from one run, at the same accuracy.

    python benchmarks/grid.py [--heads fcn cnn concat reno] [--rounds 3] [--epochs 1] [--wall] [--accuracy]

A corpus of VIVAE's size: 868 clips to train on, embeddings of 3,840 and 768 dimensions, noise around the
centres of six classes. "Ours" is ``fit``; "plain" is the loop that the study's description suggests: one
model at a time, DataLoader, float32, nn.Conv1d, nn.MaxPool1d and nn.MultiheadAttention. They take turns, so
that whatever else the machine does falls on both. Printed are medians of seconds for an epoch of one head
(ours with its validation), the ratio, and the floor: the multiplications and additions of the products at the
speed that the machine reaches on a large one.

Seconds are those of one core that computes, with one thread each: they hardly depend on what else runs. On n
cores a grid takes 1/n of ours, since folds are trained side by side, and the plain loop 1/n of its own at
best: the ratio is the least that n cores show. ``--wall`` measures that instead, on all cores, by the clock;
it wants a machine that does nothing else. ``--accuracy`` trains both on the same clips over several seeds.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import time

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import DataLoader, TensorDataset

from heads import plain
from nver.experiment import TrainingSpec
from nver.heads.build import Head, build
from nver.heads.specs import CNNSpec, ConcatSpec, FCNSpec, HeadSpec, RENOSpec
from nver.training.crew import Crew
from nver.training.fit import Part, fit

SPECS: dict[str, HeadSpec] = {spec.kind: spec for spec in (FCNSpec(), CNNSpec(), ConcatSpec(), RENOSpec())}
DIMS, N_CLASSES, N_TRAIN, N_HELD, BATCH = (3840, 768), 6, 868, 96, 32
N_CORES = os.cpu_count() or 1


def clips(n: int, dims: tuple[int, ...], *, seed: int, spread: float, run: int = 1) -> Part:
    """Noise around the centres of classes, the same for all seeds; they lie ``1 / spread`` apart.

    A centre is the same over ``run`` neighbouring dimensions: heads that pool neighbours see no others.
    """
    rngs = [np.random.default_rng(dim) for dim in dims]
    centres = [
        rng.normal(size=(N_CLASSES, dim // run)).repeat(run, axis=1)
        for rng, dim in zip(rngs, dims, strict=True)
    ]
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, N_CLASSES, n)
    views = [centre[truth] / spread + rng.normal(size=(n, centre.shape[1])) for centre in centres]
    return Part(tuple(view.astype(np.float32) for view in views), truth)


def plain_fit(head: Head, train: Part, *, epochs: int, seed: int) -> Head:
    """The loop that a user would write."""
    adam = torch.optim.Adam(head.parameters(), lr=1e-3)
    tensors = [torch.from_numpy(view) for view in train.views]
    loader = DataLoader(
        TensorDataset(*tensors, torch.from_numpy(train.truth)),
        batch_size=BATCH,
        shuffle=True,
        generator=torch.Generator().manual_seed(seed),
    )
    head.train()
    for _ in range(epochs):
        for *views, truth in loader:
            adam.zero_grad()
            output = head(views)
            loss = head.cross_entropy_weight * F.cross_entropy(output.logits, truth) + output.penalty
            loss.backward()
            adam.step()
    return head.eval()


def plain_head(spec: HeadSpec, dims: tuple[int, ...], *, seed: int) -> Head:
    """The head made of the layers that its definition names."""
    torch.manual_seed(seed)
    head = plain(copy.deepcopy(build(spec, dims, N_CLASSES)))
    assert isinstance(head, Head)
    return head


def ours_s(spec: HeadSpec, train: Part, held: Part, *, epochs: int, wall: bool) -> float:
    """Seconds for an epoch of one head; by the clock, as many are trained side by side as there are cores."""
    settings = TrainingSpec(max_epochs=epochs, patience=None, batch_size=BATCH)

    def job(seed: int) -> float:
        began = time.thread_time()
        fit(spec, train, held, n_classes=N_CLASSES, settings=settings, seed=seed)
        return time.thread_time() - began

    n_heads = N_CORES if wall else 1
    began = time.perf_counter()
    with Crew(n_heads) as crew:
        seconds = [job.result() for job in [crew.submit(job, seed) for seed in range(n_heads)]]
    return (time.perf_counter() - began if wall else sum(seconds)) / n_heads / epochs


def plain_s(spec: HeadSpec, train: Part, held: Part, *, epochs: int, wall: bool) -> float:
    """The same, one after the other; by the clock on all cores. Validation is not even counted."""
    del held
    torch.set_num_threads(N_CORES if wall else 1)
    clock = time.perf_counter if wall else time.thread_time
    head = plain_head(spec, _dims(train), seed=0)
    began = clock()
    plain_fit(head, train, epochs=epochs, seed=0)
    return (clock() - began) / epochs


def floor_s(spec: HeadSpec, dims: tuple[int, ...], flops_per_s: float) -> float:
    """Of an epoch of one head: three products a weight (values, and gradients of both sides)."""
    head = build(spec, dims, N_CLASSES)
    counted: list[int] = []
    head.double()  # the layers as torch has them, which can be counted

    def count(module: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        weight = module.weight
        assert isinstance(weight, Tensor)
        counted.append(output.numel() * weight[0].numel())

    for module in head.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            module.register_forward_hook(count)
    head([torch.zeros(1, dim, dtype=torch.float64) for dim in dims])
    return 3 * 2 * sum(counted) * N_TRAIN / flops_per_s


def flops_per_s(*, wall: bool) -> float:
    """What one core (by the clock: all) reaches on a convolution of many filters in float32."""
    torch.set_num_threads(N_CORES if wall else 1)
    clock = time.perf_counter if wall else time.thread_time
    x = torch.randn(32, 256, 1, 256).to(memory_format=torch.channels_last)
    weight = torch.randn(256, 256, 1, 3).to(memory_format=torch.channels_last)
    seconds = []
    for _ in range(9):
        began = clock()
        F.conv2d(x, weight)
        seconds.append(clock() - began)
    return 2 * 32 * 256 * 256 * 3 * 254 / min(seconds)


def _dims(part: Part) -> tuple[int, ...]:
    return tuple(view.shape[1] for view in part.views)


def times(names: list[str], *, rounds: int, epochs: int, wall: bool) -> None:
    """Print the table of times."""
    speed = flops_per_s(wall=wall)
    of = f"{N_CORES} cores by the clock" if wall else "one core that computes"
    print(f"torch {torch.__version__}, {speed / 1e9:,.0f} GFLOP/s; seconds of {of} for an epoch of one head")
    print(f"{'head':8}{'ours':>9}{'plain':>9}{'ratio':>8}{'floor':>9}{'ours / floor':>14}")
    for name in names:
        spec = SPECS[name]
        dims = DIMS[: spec.n_views]
        few, train, held = (
            clips(n, dims, seed=seed, spread=8) for seed, n in enumerate((2 * BATCH, N_TRAIN, N_HELD))
        )
        for run in (ours_s, plain_s):
            run(spec, few, few, epochs=1, wall=wall)  # compiles, and lets torch pick its kernels
        pairs = [
            [run(spec, train, held, epochs=epochs, wall=wall) for run in (ours_s, plain_s)]
            for _ in range(rounds)
        ]
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(other / own for own, other in pairs)
        floor = floor_s(spec, dims, speed)
        print(f"{name:8}{ours:9.3f}{theirs:9.3f}{ratio:8.2f}{floor:9.3f}{ours / floor:14.1f}", flush=True)


SPREAD = {"fcn": (24.0, 1), "cnn": (5.0, 64), "concat": (5.0, 64), "reno": (5.0, 64)}
"""How hard the clips of ``--accuracy`` are for a head, and how long its runs of equal dimensions."""


def accuracies(names: list[str], *, n_seeds: int, epochs: int, n_train: int) -> None:
    """Print mean and standard deviation over seeds of both, on clips that neither saw."""
    print(
        f"accuracy in percent over {n_seeds} seeds after {epochs} epochs of {n_train} clips: mean, "
        "standard deviation"
    )
    print(f"{'head':8}{'ours':>14}{'plain':>14}")
    for name in names:
        spec = SPECS[name]
        dims = DIMS[: spec.n_views]
        spread, run = SPREAD[name]
        train, test = (
            clips(n, dims, seed=seed, spread=spread, run=run) for seed, n in enumerate((n_train, 600))
        )
        own, other = [], []
        for seed in range(n_seeds):
            settings = TrainingSpec(max_epochs=epochs, patience=None, batch_size=BATCH)
            # The last epoch's weights for both: nothing is picked on the clips that are scored.
            final = fit(
                spec, train, Part(train.views, train.truth), n_classes=N_CLASSES, settings=settings, seed=seed
            )
            own.append(100 * float((final.predict(test.views).argmax(1) == test.truth).mean()))
            head = plain_fit(plain_head(spec, dims, seed=seed), train, epochs=epochs, seed=seed)
            with torch.no_grad():
                guess = head([torch.from_numpy(view) for view in test.views]).logits.argmax(1).numpy()
            other.append(100 * float((guess == test.truth).mean()))
        print(
            f"{name:8}"
            + "".join(f"{statistics.mean(side):8.1f}{statistics.stdev(side):6.1f}" for side in (own, other)),
            flush=True,
        )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--heads", nargs="+", choices=SPECS, default=list(SPECS))
    parser.add_argument("--rounds", type=int, default=3, help="that ours and the plain loop take turns")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--wall", action="store_true", help="by the clock, on all cores")
    parser.add_argument("--accuracy", action="store_true", help="compare scores instead of times")
    parser.add_argument("--seeds", type=int, default=5, help="of --accuracy")
    parser.add_argument("--clips", type=int, default=N_TRAIN, help="to train on, of --accuracy")
    asked = parser.parse_args()
    if asked.accuracy:
        accuracies(asked.heads, n_seeds=asked.seeds, epochs=asked.epochs, n_train=asked.clips)
    else:
        times(asked.heads, rounds=asked.rounds, epochs=asked.epochs, wall=asked.wall)


if __name__ == "__main__":
    main()
