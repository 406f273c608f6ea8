from __future__ import annotations

import math
import re

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from nver.errors import ConfigError
from nver.heads.build import Head, build
from nver.heads.divergences import bhattacharyya, jensen_shannon, renyi
from nver.heads.specs import (
    CNNSpec,
    ConcatSpec,
    CrossAttentionSpec,
    FCNSpec,
    GatedSumSpec,
    HeadSpec,
    RENOSpec,
)


def seeded(spec: HeadSpec, dims: list[int], n_classes: int = 4) -> Head:
    torch.manual_seed(0)
    return build(spec, dims, n_classes)


def n_parameters(spec: HeadSpec, dims: list[int], n_classes: int = 6) -> int:
    return sum(parameter.numel() for parameter in build(spec, dims, n_classes).parameters())


BRANCH = (3 * 32 + 32) + (32 * 3 * 64 + 64)
ATTENTION = (64 * 192 + 192) + (64 * 64 + 64) + 2 * 64  # in, out, norm


@pytest.mark.parametrize(
    ("spec", "dims", "expected"),
    [
        (FCNSpec(), [768], 460_166),
        (FCNSpec(), [3840], 2_033_030),
        (CNNSpec(), [768], 990_790),
        (CNNSpec(), [3840], 990_790),
        (CNNSpec(tokens="all"), [3840], 31_530_566),
        (ConcatSpec(), [3840, 768], 1_390_342),
        (RENOSpec(), [3840, 768], 1_440_646),
        (RENOSpec(residual_norm=False), [3840, 768], 1_440_262),
        (RENOSpec(intra_attention=False), [3840, 768], 1_440_646 - 2 * ATTENTION),
        (RENOSpec(fusion_attention=False), [3840, 768], 1_440_646 - ATTENTION),
        (ConcatSpec(), [3840, 768, 96], 1_390_342 + BRANCH + 20 * 64 * 512),
        (RENOSpec(), [3840, 768, 96], 1_440_646 + BRANCH + ATTENTION + 20 * 64 * 512),
        (CrossAttentionSpec(), [3840, 768], 1_390_342 + 2 * ATTENTION),
        (GatedSumSpec(), [3840, 768], 1_390_342 - 20 * 64 * 512 + 2 * (64 * 64 + 64) + (128 * 64 + 64)),
    ],
)
def test_parameter_counts_for_six_classes(spec, dims, expected):
    assert n_parameters(spec, dims) == expected


@pytest.mark.parametrize("n_classes", [6, 30])
def test_concat_of_a_first_layer_of_531_is_as_large_as_reno_to_a_thousandth(n_classes):
    dims = [960, 768]
    reno = n_parameters(RENOSpec(), dims, n_classes)
    sizes = {w: n_parameters(ConcatSpec(dense=(w, 128)), dims, n_classes) for w in (530, 531, 532)}
    assert min(sizes, key=lambda width: abs(sizes[width] - reno)) == 531
    assert abs(sizes[531] / reno - 1) < 1e-3
    if n_classes == 6:
        assert (sizes[531], reno) == (1_441_433, 1_440_646)


def two_views(n: int = 5) -> list[Tensor]:
    torch.manual_seed(1)
    return [torch.randn(n, 96), torch.randn(n, 80)]


def test_reno_with_lambda_one_has_the_loss_of_cross_entropy():
    head, truth = seeded(RENOSpec(cross_entropy_weight=1.0), [96, 80]), torch.arange(5) % 4
    logits, penalty = head(two_views())
    cross_entropy = F.cross_entropy(logits, truth)
    assert torch.equal(head.cross_entropy_weight * cross_entropy + penalty, cross_entropy)


def features(head: Head, views: list[Tensor]) -> list[Tensor]:
    return [
        branch(view).flatten(1) for branch, view in zip((head.branch_x, head.branch_y), views, strict=True)
    ]


@pytest.mark.parametrize(
    ("settings", "divergence"),
    [
        ({}, lambda x, y: renyi(x, y, order=2.0, shift=0.2)),
        ({"shift": 0.0, "order": math.inf}, lambda x, y: renyi(x, y, order=math.inf)),
        ({"shift": 0.0, "divergence": "jensen-shannon"}, jensen_shannon),
        ({"shift": 0.0, "divergence": "bhattacharyya"}, bhattacharyya),
        (
            {"shift": 0.0, "divergence": "chernoff", "order": 0.25},
            lambda x, y: 0.75 * renyi(x, y, order=0.25),
        ),
    ],
)
def test_the_penalty_is_the_rest_of_lambda_times_the_mean_divergence(settings, divergence):
    head, views = seeded(RENOSpec(**settings, cross_entropy_weight=0.3), [96, 80]), two_views()
    assert head.cross_entropy_weight == 0.3
    x, y = features(head, views)
    torch.testing.assert_close(head(views).penalty, 0.7 * divergence(x, y).mean())


def test_swapping_inputs_and_branches_swaps_only_the_direction_of_the_divergence():
    head, (x, y) = seeded(RENOSpec(), [96, 80]).eval(), two_views()
    logits, penalty = head([x, y])
    backwards = 0.6 * renyi(*reversed(features(head, [x, y])), order=2.0, shift=0.2).mean()

    head.branch_x, head.branch_y, head.dims = head.branch_y, head.branch_x, (80, 96)
    first = head.classifier[0].weight  # its two halves look at the tokens of the two branches
    first.data = torch.cat(first.data.chunk(2, dim=1)[::-1], dim=1)
    swapped = head([y, x])

    torch.testing.assert_close(swapped.logits, logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(swapped.penalty, backwards)
    assert not torch.equal(swapped.penalty, penalty)


def test_concat_is_reno_with_neither_attention_nor_divergence():
    concat, reno = seeded(ConcatSpec(), [96, 80]).eval(), seeded(RENOSpec(), [96, 80]).eval()
    for name in ("branch_x", "branch_y"):
        getattr(reno, name)[0].load_state_dict(getattr(concat, name).state_dict())
        getattr(reno, name)[1] = torch.nn.Identity()
    reno.fusion = torch.nn.Identity()
    reno.classifier.load_state_dict(concat.classifier.state_dict())
    assert torch.equal(reno(two_views()).logits, concat(two_views()).logits)


def test_dropout_of_zero_makes_training_and_evaluation_agree():
    head, views = seeded(RENOSpec(dropout=0.0), [96, 80]), two_views()
    assert torch.equal(head.train()(views).logits, head.eval()(views).logits)


@pytest.mark.parametrize(
    ("spec", "dims", "n_classes", "message"),
    [
        (FCNSpec(), [10, 10], 4, "head 'fcn' takes 1 embedding(s) a clip, got 2"),
        (RENOSpec(), [10], 4, "head 'reno' takes 2 or more embedding(s) a clip, got 1"),
        (FCNSpec(), [], 4, "takes 1 embedding(s) a clip, got 0"),
        (FCNSpec(), [0], 4, "at least one dimension, got dims (0,)"),
        (FCNSpec(), [10], 1, "two or more classes apart, got 1"),
        (RENOSpec(), [10, 2], 4, "an embedding of 2 dimension(s)"),
    ],
)
def test_heads_that_cannot_be_built_are_refused(spec, dims, n_classes, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        build(spec, dims, n_classes)
