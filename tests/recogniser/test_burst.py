"""The family ``burst``: a committee says what its members say on average, and each clip is heard alone."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import Tensor

from nver.errors import BundleError
from nver.models.burst import BurstNetwork, BurstShape
from nver.recogniser.burst import build, tensors_of
from nver.types import Samples

SHAPES = tuple(
    BurstShape(mixer, width=24, n_blocks=1, stem=4, inner=48, state=4, n_heads=3, hidden=48)
    for mixer in ("mamba", "attention")
)


def member(index: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    draws = torch.Generator().manual_seed(index)
    classifier = {"weight": torch.randn(3, 24, generator=draws), "bias": torch.randn(3, generator=draws)}
    return BurstNetwork.random(SHAPES[index], seed=index).state_dict(), classifier


def config(*indices: int) -> dict[str, object]:
    return {"shapes": [asdict(SHAPES[i]) for i in indices]}


def noise(n_samples: int) -> Samples:
    return np.random.default_rng(n_samples).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def test_a_committee_gives_the_mean_probability() -> None:
    waves = [noise(16_000), noise(40_000)]
    alone = [
        torch.softmax(torch.from_numpy(build(config(i), tensors_of([member(i)]))(waves)), 1) for i in (0, 1)
    ]
    both = build(config(0, 1), tensors_of([member(0), member(1)]))(waves)
    torch.testing.assert_close(torch.softmax(torch.from_numpy(both), 1), (alone[0] + alone[1]) / 2)


def test_a_clip_is_heard_alone() -> None:
    waves = [noise(n) for n in (1, 399, 16_000, 50_000)]
    logits = build(config(0, 1), tensors_of([member(0), member(1)]))
    together = logits(waves)
    for wave, row in zip(waves, together, strict=True):
        np.testing.assert_array_equal(logits([wave])[0], row)


def test_members_that_are_missing_or_too_many_are_refused() -> None:
    with pytest.raises(BundleError, match=r"the weights are of members 0; expected 2 of them"):
        build(config(0, 1), tensors_of([member(0)]))
    with pytest.raises(BundleError, match=r"lists the shapes of its networks; got None"):
        build({}, tensors_of([member(0)]))


def test_weights_of_another_member_are_refused() -> None:
    with pytest.raises(BundleError, match=r"these weights are no member of the family burst"):
        build(config(1), tensors_of([member(0)]))


def test_a_linear_layer_that_does_not_fit_is_refused() -> None:
    network, classifier = member(0)
    classifier["weight"] = classifier["weight"][:, :10]
    with pytest.raises(BundleError, match=r"the linear layer is \(3, 10\); expected \(3, 24\)"):
        build(config(0), tensors_of([(network, classifier)]))
