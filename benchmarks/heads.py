"""Time of a training step of each head, ours and as its definition reads, from one run.

    python benchmarks/heads.py [--dims 640 240] [--threads 2] [--steps 60]

Both have the same weights and see the same batch; a step is forward, loss, backward and fused Adam. They take
turns, so that whatever else the machine does falls on both; printed are medians in milliseconds.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from nver.heads.attention import SelfAttention
from nver.heads.build import Head, build
from nver.heads.convolution import ConvolutionBlock
from nver.heads.specs import CNNSpec, ConcatSpec, FCNSpec, HeadSpec, RENOSpec

BATCH, N_CLASSES = 32, 30


class PlainConvolution(nn.Module):
    """Conv1d, ReLU, MaxPool1d, twice; adaptive average pooling."""

    def __init__(self, ours: ConvolutionBlock) -> None:
        super().__init__()
        self.n_tokens = ours.n_tokens
        self.layers = nn.ModuleList()
        for convolve in (ours.convolve_1, ours.convolve_2):
            size = convolve.kernel_size[1]
            plain = nn.Conv1d(convolve.in_channels, convolve.out_channels, size, padding="same")
            plain.weight.data, plain.bias.data = (
                convolve.weight.data[:, :, 0].clone(),
                convolve.bias.data.clone(),
            )
            self.layers.append(plain)

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) -> (n, t, f)."""
        h = x[:, None]
        for layer in self.layers:
            h = F.max_pool1d(F.relu(layer(h)), 2)
        return F.adaptive_avg_pool1d(h, self.n_tokens).transpose(1, 2)


class PlainAttention(nn.Module):
    """torch.nn.MultiheadAttention, residual, layer norm."""

    def __init__(self, ours: SelfAttention) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(ours.project_out.in_features, ours.n_heads, batch_first=True)
        self.attend.in_proj_weight.data = ours.project_in.weight.data.clone()
        self.attend.in_proj_bias.data = ours.project_in.bias.data.clone()
        self.attend.out_proj.load_state_dict(ours.project_out.state_dict())
        self.norm = copy.deepcopy(ours.norm)

    def forward(self, x: Tensor) -> Tensor:
        """(n, t, f) -> (n, t, f)."""
        attended = self.attend(x, x, x)[0]
        return attended if self.norm is None else self.norm(x + attended)


def plain(module: nn.Module) -> nn.Module:
    """The same head with the same weights, made of the layers that its definition names."""
    for name, child in module.named_children():
        match child:
            case ConvolutionBlock():
                setattr(module, name, PlainConvolution(child))
            case SelfAttention():
                setattr(module, name, PlainAttention(child))
            case _:
                plain(child)
    return module


def stepper(head: Head, views: list[Tensor], truth: Tensor) -> Callable[[], float]:
    """A function that takes one training step and returns the loss before it."""
    adam = torch.optim.Adam(head.parameters(), lr=1e-3, fused=True)

    def step() -> float:
        adam.zero_grad()
        output = head(views)
        loss = head.cross_entropy_weight * F.cross_entropy(output.logits, truth) + output.penalty
        loss.backward()
        adam.step()
        return float(loss.detach())

    return step


def compare(spec: HeadSpec, dims: list[int], n_steps: int) -> tuple[float, float]:
    """Median seconds of a step: ours, plain."""
    torch.manual_seed(0)
    ours = build(spec.model_copy(update={"dropout": 0.0}), dims, N_CLASSES)
    theirs = plain(copy.deepcopy(ours))
    views, truth = [torch.randn(BATCH, dim) for dim in dims], torch.randint(0, N_CLASSES, (BATCH,))
    steps = [stepper(head, views, truth) for head in (ours, theirs)]
    first = [step() for step in steps]
    assert abs(first[0] - first[1]) < 1e-5, f"the two heads differ: {first}"
    times: tuple[list[float], list[float]] = ([], [])
    for round_ in range(5 + n_steps):
        for step, taken in zip(steps, times, strict=True):
            began = time.perf_counter()
            step()
            if round_ >= 5:
                taken.append(time.perf_counter() - began)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dims", type=int, nargs=2, default=[640, 240], help="of the two views")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=60)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(
        f"batch {BATCH}, {N_CLASSES} classes, {asked.threads} thread(s), torch {torch.__version__}; ms a step"
    )
    print(f"{'head':8}{'dims':>12}{'ours':>8}{'plain':>8}{'ratio':>8}")
    for spec in (FCNSpec(), CNNSpec(), ConcatSpec(), RENOSpec(), RENOSpec(shift=0.0)):
        dims = asked.dims[: spec.n_views]
        ours, theirs = compare(spec, dims, asked.steps)
        name = "reno δ=0" if getattr(spec, "shift", None) == 0.0 else spec.kind
        sizes = "+".join(map(str, dims))
        print(f"{name:8}{sizes:>12}{ours * 1e3:8.2f}{theirs * 1e3:8.2f}{theirs / ours:8.2f}")


if __name__ == "__main__":
    main()
