from __future__ import annotations

import torch

from nver.heads.dropout import Dropout


def test_it_drops_its_share_and_keeps_the_mean():
    layer = Dropout(0.3)
    layer.generator = torch.Generator().manual_seed(0)
    y = layer(torch.ones(200, 500))
    assert abs(float((y == 0).float().mean()) - 0.3) < 0.01
    assert set(y.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}


def test_it_draws_from_its_own_generator_and_from_no_other():
    layer = Dropout(0.5)
    layer.generator = torch.Generator().manual_seed(3)
    before = torch.get_rng_state()
    first = layer(torch.ones(64))
    assert torch.equal(torch.get_rng_state(), before)
    layer.generator = torch.Generator().manual_seed(3)
    assert torch.equal(layer(torch.ones(64)), first)


def test_it_does_nothing_in_eval_mode():
    x = torch.randn(8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Dropout(0.9).eval()(x), x)
