"""Fusions of two and more embeddings: what they become in a limit, and that two are what they always were."""

from __future__ import annotations

import hashlib
import json
from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nver.heads.build import Head, build
from nver.heads.divergences import renyi
from nver.heads.specs import ConcatSpec, CrossAttentionSpec, GatedSumSpec, HeadSpec, RENOSpec

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "heads-of-two-views.json").read_text())
SPECS_OF_TWO = {
    "concat": ConcatSpec(),
    "reno": RENOSpec(),
    "reno exact": RENOSpec(shift=0.0),
    "reno attention alone": RENOSpec(residual_norm=False, cross_entropy_weight=1.0),
    "reno jensen-shannon": RENOSpec(divergence="jensen-shannon", shift=0.0),
}
DIMS = (96, 80, 60, 100)


def seeded(spec: HeadSpec, n_views: int = 2, n_classes: int = 4) -> Head:
    torch.manual_seed(0)
    return build(spec, DIMS[:n_views], n_classes)


def some_views(n_views: int = 2, n: int = 5) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(n, dim, generator=generator) for dim in DIMS[:n_views]]


@pytest.mark.parametrize("name", SPECS_OF_TWO)
def test_heads_of_two_views_are_those_from_before_there_could_be_more(name):
    """The golden file was written by the version that knew two views only, with the draws of this test."""
    golden, head = GOLDEN[name], seeded(SPECS_OF_TWO[name], n_classes=6)
    next_draw = int(torch.randint(0, 1 << 30, (1,)))
    digest = hashlib.sha256()
    for parameter_name, parameter in head.named_parameters():
        digest.update(parameter_name.encode())
        digest.update(parameter.detach().numpy().tobytes())
    assert [parameter_name for parameter_name, _ in head.named_parameters()] == golden["names"]
    assert sum(parameter.numel() for parameter in head.parameters()) == golden["n_parameters"]
    assert digest.hexdigest() == golden["parameters_sha256"]
    assert next_draw == golden["next_draw"]

    head.draw_from(torch.Generator().manual_seed(2))
    with torch.no_grad():
        logits, penalty = head.train()(some_views())
    torch.testing.assert_close(logits, torch.tensor(golden["logits"]), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(penalty, torch.tensor(golden["penalty"]), rtol=1e-5, atol=1e-6)


def test_reno_without_its_three_parts_is_concat_to_the_bit():
    bare = RENOSpec(intra_attention=False, fusion_attention=False, divergence="none", shift=0.0)
    for n_views in (2, 3):
        concat, reno = seeded(ConcatSpec(), n_views).eval(), seeded(bare, n_views).eval()
        assert torch.equal(concat(some_views(n_views)).logits, reno(some_views(n_views)).logits)
        assert reno(some_views(n_views)).penalty == 0


@pytest.mark.parametrize(
    ("settings", "lost"),
    [({"intra_attention": False}, "branch_x.1."), ({"fusion_attention": False}, "fusion.")],
)
def test_leaving_out_an_attention_leaves_the_other_parameters(settings, lost):
    names = {name for name, _ in seeded(RENOSpec()).named_parameters()}
    left = {name for name, _ in seeded(RENOSpec(**settings)).named_parameters()}
    gone = {name for name in names if name.startswith((lost, lost.replace("_x", "_y")))}
    assert gone
    assert left == names - gone


@pytest.mark.parametrize("n_views", [2, 3, 4])
@pytest.mark.parametrize("symmetric", [False, True])
def test_the_penalty_is_the_mean_over_pairs_of_branches(n_views, symmetric):
    head, views = seeded(RENOSpec(shift=0.0, symmetric=symmetric), n_views), some_views(n_views)
    features = [branch(view).flatten(1) for branch, view in zip(head.branches, views, strict=True)]
    pairs = [renyi(x, y).mean() for x, y in combinations(features, 2)]
    backwards = [renyi(y, x).mean() for x, y in combinations(features, 2)]
    by_hand = sum(pairs + backwards) / 2 if symmetric else sum(pairs)
    torch.testing.assert_close(head(views).penalty, 0.6 * by_hand / len(pairs))
    assert not torch.isclose(sum(pairs), sum(backwards))


def test_branches_of_more_views_are_counted_on():
    head = seeded(ConcatSpec(), 4)
    names = dict.fromkeys(name.split(".")[0] for name, _ in head.named_parameters())
    assert list(names) == ["branch_x", "branch_y", "branch_3", "branch_4", "classifier"]
    assert [branch.convolve_1 for branch in head.branches] == [
        getattr(head, name).convolve_1 for name in list(names)[:4]
    ]


def test_the_gated_sum_of_two_is_the_gated_multimodal_unit():
    head, views = seeded(GatedSumSpec()).eval(), some_views()
    x, y = head.branch_x(views[0]), head.branch_y(views[1])
    z = torch.sigmoid(head.gate(torch.cat([x, y], dim=-1)))
    unit = z * torch.tanh(head.transforms[0](x)) + (1 - z) * torch.tanh(head.transforms[1](y))
    torch.testing.assert_close(head(views).logits, head.classifier(unit.flatten(1)))


@pytest.mark.parametrize("n_views", [2, 3, 4])
def test_the_shares_of_a_gated_sum_add_up_and_are_equal_where_the_gate_says_nothing(n_views):
    head, views = seeded(GatedSumSpec(), n_views), some_views(n_views)
    shares = head.shares(head.tokens(views))
    assert shares.shape == (n_views, 5, 20, 64)
    torch.testing.assert_close(shares.sum(0), torch.ones(5, 20, 64))
    assert shares.std() > 0.01
    nn.init.zeros_(head.gate.weight)
    nn.init.zeros_(head.gate.bias)
    torch.testing.assert_close(head.shares(head.tokens(views)), torch.full_like(shares, 1 / n_views))


def test_cross_attention_sees_the_other_branch_and_never_its_own():
    """Without the residual, what a branch becomes depends on values alone, and those are the others'."""
    head = seeded(CrossAttentionSpec(residual_norm=False), 3).eval()
    for attention in head.attentions:
        attention.project_in.weight.data[:64] = 0  # equal queries: every token looks everywhere alike
    seen: list[Tensor] = []
    head.classifier.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].unflatten(1, (3, -1))))
    views = some_views(3)
    for changed in (None, 0, 1, 2):
        head([view + 1.0 if i == changed else view for i, view in enumerate(views)])
    plain, *after = seen
    for changed, tokens in enumerate(after):
        moved = (tokens - plain).abs().amax(dim=(0, 2)) > 1e-6
        assert moved.tolist() == [branch != changed for branch in range(3)]
