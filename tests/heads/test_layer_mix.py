from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from nver.errors import ConfigError
from nver.heads.build import build
from nver.heads.layer_mix import LayerMix
from nver.heads.specs import LayerMixSpec


def make(**settings: object) -> LayerMix:
    torch.manual_seed(0)
    head = build(LayerMixSpec(n_layers=3, dropout=0.0, dense=(8, 8), **settings), [12], 2)
    assert isinstance(head, LayerMix)
    return head


def test_before_training_the_mix_is_the_mean_of_the_layers():
    head = make(normalise=False).eval()
    x = torch.randn(5, 12)
    mean = x.view(5, 3, 4).mean(1)
    torch.testing.assert_close(head((x,)).logits, head.classifier(mean))


def test_a_layer_with_all_the_share_is_the_only_one_that_counts():
    head = make(normalise=False).eval()
    with torch.no_grad():
        head.logits_of_shares.copy_(torch.tensor([0.0, 200.0, 0.0]))
    x = torch.randn(5, 12)
    torch.testing.assert_close(head((x,)).logits, head.classifier(x[:, 4:8]))
    torch.testing.assert_close(head.shares(), torch.tensor([0.0, 1.0, 0.0]))


def test_normalised_layers_do_not_count_more_for_being_larger():
    head, x = make().eval(), torch.randn(5, 12)
    louder = x.clone()
    louder[:, 4:8] *= 50
    torch.testing.assert_close(head((louder,)).logits, head((x,)).logits, atol=1e-3, rtol=1e-3)


def test_the_share_of_the_layer_that_tells_classes_apart_grows():
    head = make()
    truth = torch.arange(200) % 2
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 12, generator=generator)
    x[:, 8:] += torch.where(truth == 1, 2.0, -2.0)[:, None] * torch.tensor([1.0, -1.0, 1.0, -1.0])
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(head((x,)).logits, truth).backward()
        optimizer.step()
    shares = head.shares().detach()
    assert int(shares.argmax()) == 2
    assert float(shares[2]) > 0.4


def test_an_embedding_that_is_not_so_many_layers_is_refused():
    with pytest.raises(ConfigError, match="13 dimensions is not 3 layers of one length"):
        build(LayerMixSpec(n_layers=3), [13], 2)
