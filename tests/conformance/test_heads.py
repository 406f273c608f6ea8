"""What every head keeps to, whatever it is made of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from nver.errors import TrainingError
from nver.heads.build import HEADS, Head, HeadOutput, build
from nver.heads.specs import HeadSpec

SPECS = {spec().kind: spec for spec in get_args(get_args(HeadSpec)[0])}
N_CLASSES = 3

DIMS = (64, 48, 56)
CASES = [(kind, n) for kind in HEADS for n in (1, 2, 3) if SPECS[kind].takes(n)]

pytestmark = pytest.mark.parametrize(("kind", "n_views"), CASES)


def make(kind: str, n_views: int, *, seed: int = 0) -> Head:
    torch.manual_seed(seed)
    return build(SPECS[kind](), DIMS[:n_views], N_CLASSES)


def some_views(n_views: int, n: int = 6) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(n, dim, generator=generator) for dim in DIMS[:n_views]]


def loss(head: Head, output: HeadOutput, truth: Tensor) -> Tensor:
    return head.cross_entropy_weight * F.cross_entropy(output.logits, truth) + output.penalty


@pytest.mark.parametrize("n", [0, 1, 6])
def test_one_row_of_logits_a_clip_and_one_finite_penalty(kind, n_views, n):
    output = make(kind, n_views).eval()(some_views(n_views, n=n))
    assert output.logits.shape == (n, N_CLASSES)
    assert output.penalty.shape == ()
    assert output.logits.dtype == output.penalty.dtype == torch.float32
    assert output.logits.isfinite().all()
    assert output.penalty.isfinite() or n == 0


def test_a_gradient_reaches_every_parameter(kind, n_views):
    head = make(kind, n_views)
    loss(head, head(some_views(n_views)), torch.arange(6) % N_CLASSES).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


def test_separable_points_are_learnt(kind, n_views):
    truth = torch.arange(48) % N_CLASSES
    head, generator = make(kind, n_views), torch.Generator().manual_seed(2)
    views = []
    for dim in head.dims:
        centres = 2.0 * torch.randn(N_CLASSES, dim, generator=generator)
        views.append(centres[truth] + 0.3 * torch.randn(48, dim, generator=generator))
    adam = torch.optim.Adam(head.parameters(), lr=1e-3)
    for _ in range(30):
        adam.zero_grad()
        loss(head, head(views), truth).backward()
        adam.step()
    assert (head.eval()(views).logits.argmax(1) == truth).all()


def test_saved_and_loaded_weights_give_equal_logits(kind, n_views, tmp_path: Path):
    head, stranger, views = (
        make(kind, n_views).eval(),
        make(kind, n_views, seed=1).eval(),
        some_views(n_views),
    )
    assert not torch.equal(stranger(views).logits, head(views).logits)
    save_file(head.state_dict(), tmp_path / "head.safetensors")
    stranger.load_state_dict(load_file(tmp_path / "head.safetensors"))
    assert torch.equal(stranger(views).logits, head(views).logits)


def test_evaluation_is_deterministic_and_training_drops_out(kind, n_views):
    head, views = make(kind, n_views), some_views(n_views)
    assert not torch.equal(head.train()(views).logits, head(views).logits)
    assert torch.equal(head.eval()(views).logits, head(views).logits)


def test_a_clip_is_scored_alone(kind, n_views):
    head, views = make(kind, n_views).eval(), some_views(n_views)
    together = head(views).logits
    alone = torch.cat([head([view[i : i + 1] for view in views]).logits for i in range(6)])
    torch.testing.assert_close(alone, together)


def test_a_seed_decides_the_weights_and_a_training_step(kind, n_views):
    def after_a_step() -> list[Tensor]:
        head = make(kind, n_views)
        adam = torch.optim.Adam(head.parameters(), lr=1e-3)
        loss(head, head(some_views(n_views)), torch.arange(6) % N_CLASSES).backward()
        adam.step()
        return list(head.parameters())

    assert all(torch.equal(a, b) for a, b in zip(after_a_step(), after_a_step(), strict=True))


def test_views_that_do_not_fit_are_refused_in_one_sentence(kind, n_views):
    head, views = make(kind, n_views), some_views(n_views)
    misfits = [
        [],
        [*views, views[0]],
        [*views[:-1], views[-1][:, 1:]],
        [*views[:-1], views[-1][0]],
        *([[*views[:-1], views[-1][1:]]] if n_views > 1 else []),
    ]
    for misfit in misfits:
        with pytest.raises(TrainingError, match=re.escape("built for views of shape (n, 64)")):
            head(misfit)
