"""What RENO's divergence does while it is trained, for several shifts of its probabilities.

    python benchmarks/divergence_shift.py --root data/EmoGator

RENO is trained on EmoGator's contributors 1-20 in VIVAE's six classes (log-mel and MFCC statistics,
standardised by the training part, folds without shared speakers): every fold and seed with each shift, from
the same weights and on the same batches. Before training and after each epoch, over 96 training clips and
without dropout, are measured

- the excess of the term over its floor log(1 + shift d), in nats;
- its value with no shift, which says how far apart the branches are;
- the norm of the gradient of its share of the loss, (1 - lambda) D, over that of cross-entropy's, lambda CE,
  both by the weights of the branches, which are all that the term can train.

Written: results/divergence-shift.csv, and docs/figures/divergence-shift.png (median and range over folds and
seeds).
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from nver import extract, load_encoder, open_corpus
from nver.experiment import FoldSpec
from nver.heads.build import build
from nver.heads.divergences import renyi
from nver.heads.reno import RENO
from nver.heads.specs import RENOSpec
from nver.training.fit import Scale
from nver.training.protocols import divide

SHIFTS = (0.2, 1e-3, 1e-8, 0.0)
ENCODERS = ("logmel-stats", "mfcc-stats")
N_EPOCHS, BATCH, N_MEASURED = 20, 32, 96
LOOKS = {  # Okabe and Ito's colours, which every kind of colour vision tells apart, and a dash for print
    0.2: ("#D55E00", "-"),
    1e-3: ("#009E73", "--"),
    1e-8: ("#56B4E9", "-"),
    0.0: ("#000000", ":"),
}


@dataclass(frozen=True)
class Measurement:
    """One row of the table; epoch 0 is before training."""

    shift: float
    fold: int
    seed: int
    epoch: int
    excess_nat: float
    exact_nat: float
    gradient_ratio: float


@dataclass(frozen=True)
class Clips:
    """The corpus as numbers: embeddings of each clip, classes, and the training rows of each fold."""

    views: tuple[np.ndarray, ...]
    truth: np.ndarray
    n_classes: int
    train_rows: tuple[np.ndarray, ...]


def read(root: Path) -> Clips:
    """EmoGator's clips of contributors 1-20."""
    corpus = open_corpus("emogator", root, contributors="1-20", labels="vivae")
    truth = np.array([corpus.labels.index(clip.label) for clip in corpus.clips])
    ids = [clip.id for clip in corpus.clips]
    views = tuple(extract(corpus.clips, load_encoder(name)).table.rows(ids) for name in ENCODERS)
    folds = divide(corpus.clips, truth, FoldSpec(protocol="speaker"), class_names=corpus.labels, seed=0)
    return Clips(views, truth, len(corpus.labels), tuple(fold.train for fold in folds))


def train(clips: Clips, *, shift: float, fold: int, seed: int) -> Iterator[Measurement]:
    """Measurements of one training, before it and after each epoch."""
    rows = clips.train_rows[fold]
    views = tuple(torch.from_numpy(Scale.of(view[rows])(view[rows])) for view in clips.views)
    truth = torch.from_numpy(clips.truth[rows])
    torch.manual_seed(seed)
    head = build(RENOSpec(shift=shift), [view.shape[1] for view in views], clips.n_classes)
    assert isinstance(head, RENO)
    draws = torch.Generator().manual_seed(seed)
    head.draw_from(draws)
    measured = torch.randperm(len(truth), generator=draws)[:N_MEASURED]
    adam = torch.optim.Adam(head.parameters(), lr=1e-3, fused=True)
    for epoch in range(N_EPOCHS + 1):
        if epoch:
            head.train()
            for batch in torch.split(torch.randperm(len(truth), generator=draws), BATCH):
                output = head([view[batch] for view in views])
                loss = (
                    head.cross_entropy_weight * F.cross_entropy(output.logits, truth[batch]) + output.penalty
                )
                adam.zero_grad()
                loss.backward()
                adam.step()
        yield Measurement(
            shift,
            fold,
            seed,
            epoch,
            *measure(head.eval(), [view[measured] for view in views], truth[measured]),
        )


def measure(head: RENO, views: Sequence[Tensor], truth: Tensor) -> tuple[float, float, float]:
    """Excess over the floor (nat), the divergence without a shift (nat), ratio of the gradients' norms."""
    weights = [weight for branch in head.branches for weight in branch.parameters()]
    output = head(views)
    cross_entropy = head.cross_entropy_weight * F.cross_entropy(output.logits, truth)
    of_term, of_cross_entropy = (
        math.sqrt(
            sum(
                float(gradient.square().sum())
                for gradient in torch.autograd.grad(loss, weights, retain_graph=True)
            )
        )
        for loss in (output.penalty, cross_entropy)
    )
    with torch.no_grad():
        # In float64: what is left above a floor of 5.5 nat is below what float32 can tell there.
        x, y = (tokens.flatten(1).double() for tokens in head.tokens(views))
        shift = head.spec.shift
        excess = renyi(x, y, order=head.spec.order, shift=shift, renormalised=shift > 0).mean()
        exact = renyi(x, y, order=head.spec.order).mean()
    return float(excess), float(exact), of_term / of_cross_entropy


def write(measured: Sequence[Measurement], path: Path) -> None:
    """A row a measurement, six significant digits."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Measurement)])
        for row in measured:
            writer.writerow([f"{value:.6g}" for value in asdict(row).values()])


def draw(measured: Sequence[Measurement], path: Path) -> None:
    """Two panels over epochs, logarithmic: the excess, and the ratio of the gradients."""
    figure = Figure(figsize=(9, 3.9), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    for shift, (colour, dash) in LOOKS.items():
        label = f"δ = {shift:g}"
        for axes, name in ((left, "excess_nat"), (right, "gradient_ratio")):
            _draw_band(axes, [row for row in measured if row.shift == shift], name, colour, dash, label)
    left.set_ylabel("divergence above its floor (nat)")
    right.set_ylabel("gradient of its share of the loss,\nrelative to cross-entropy's")
    right.axhline(1.0, color="0.6", linewidth=0.8)
    for axes in (left, right):
        axes.set_yscale("log")
        axes.set_xlabel("epoch (0: before training)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color="0.92")
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(LOOKS), frameon=False, fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _draw_band(
    axes: Axes, rows: Sequence[Measurement], name: str, colour: str, dash: str, label: str
) -> None:
    epochs = range(N_EPOCHS + 1)
    values = [[getattr(row, name) for row in rows if row.epoch == epoch] for epoch in epochs]
    axes.fill_between(
        epochs, [min(v) for v in values], [max(v) for v in values], color=colour, alpha=0.15, linewidth=0
    )
    axes.plot(epochs, [float(np.median(v)) for v in values], dash, color=colour, linewidth=1.8, label=label)


def say(measured: Iterable[Measurement]) -> None:
    """Medians before training, after its first epoch, at its middle and at its end."""
    rows = list(measured)
    print(f"{'shift':>8}{'epoch':>7}{'excess (nat)':>14}{'without shift':>15}{'gradient ratio':>16}")
    for shift in SHIFTS:
        for epoch in (0, 1, N_EPOCHS // 2, N_EPOCHS):
            those = [row for row in rows if (row.shift, row.epoch) == (shift, epoch)]
            medians = [
                float(np.median([getattr(row, name) for row in those]))
                for name in ("excess_nat", "exact_nat", "gradient_ratio")
            ]
            print(f"{shift:8g}{epoch:7}" + "{:14.3g}{:15.3g}{:16.3g}".format(*medians))


def main() -> None:
    """Train, write, draw and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=Path("data/EmoGator"), help="where EmoGator lies")
    parser.add_argument("--folds", type=int, default=5, help="of five")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--table", type=Path, default=Path("results/divergence-shift.csv"))
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/divergence-shift.png"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    clips = read(asked.root)
    measured: list[Measurement] = []
    for seed, fold in product(range(asked.seeds), range(asked.folds)):
        for shift in SHIFTS:
            measured += train(clips, shift=shift, fold=fold, seed=seed)
            print(f"fold {fold + 1}, seed {seed}, shift {shift:g}: done", file=sys.stderr, flush=True)
        write(measured, asked.table)  # whole folds: what there is when somebody stops it can be used
        draw(measured, asked.figure)
    say(measured)


if __name__ == "__main__":
    main()
