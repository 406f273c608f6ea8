"""What objectives hide, warp and mix."""

from __future__ import annotations

import torch

from nver.models.burst import BurstNetwork, BurstShape, patches_of
from nver.pretraining.objectives import Labelled, Masked, augmented
from nver.pretraining.spec import LabelsSpec, MaskedSpec

SHAPE = BurstShape("attention", width=16, n_blocks=1, stem=2, n_heads=2, hidden=16)
STILL = {"shift_frames": 0.0, "stretch_time": 0.0, "shift_bands": 0.0, "stretch_bands": 0.0}


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Watching(BurstNetwork):
    """Keeps what it was shown."""

    def forward(self, spectrograms: torch.Tensor) -> torch.Tensor:
        self.shown = spectrograms.detach()
        return super().forward(spectrograms)


def test_the_share_that_was_asked_for_is_hidden() -> None:
    network, objective = Watching(SHAPE), Masked(MaskedSpec(kind="masked", hidden_share=0.7), width=16)
    with torch.no_grad():
        objective.layers.mask.fill_(99.0)
    windows = torch.randn(3, 40, 80, generator=draws())
    objective.measure(network, windows, draws())
    hidden = (patches_of(network.shown) == 99.0).all(-1)  # (n, S, 5)
    assert hidden.sum((1, 2)).tolist() == [35, 35, 35]


def test_the_loss_counts_hidden_patches_alone() -> None:
    """A reconstruction of zeros is wrong by the mean square of what was hidden."""
    network, objective = Watching(SHAPE), Masked(MaskedSpec(kind="masked", hidden_share=0.5), width=16)
    with torch.no_grad():
        objective.layers.mask.fill_(99.0)
        for parameter in objective.layers.to_patches.parameters():
            parameter.zero_()
    windows = torch.randn(2, 40, 80, generator=draws())
    losses = objective.measure(network, windows, draws())
    hidden = (patches_of(network.shown) == 99.0).all(-1)
    squares = patches_of(windows).square().mean(-1)
    expected = [squares[i][hidden[i]].mean() for i in range(2)]
    torch.testing.assert_close(losses, torch.stack(expected))


def test_nothing_asked_for_changes_nothing() -> None:
    windows = torch.randn(2, 200, 80, generator=draws())
    spec = LabelsSpec(kind="labels", **STILL, hidden_frames=1, hidden_bands=1)
    left = augmented(windows, spec, draws(3))
    changed = left != windows
    assert (left[changed] == 0).all()  # at most two frames and two bands were set to the mean
    assert changed.any(2).all(1).sum() <= 2
    assert changed.float().mean() < 0.05


def test_a_shift_moves_a_click_by_that_much_at_most() -> None:
    windows = torch.zeros(64, 200, 80)
    windows[:, 100] = 1.0
    spec = LabelsSpec(kind="labels", **STILL | {"shift_frames": 9.0}, hidden_frames=1, hidden_bands=1)
    found = augmented(windows, spec, draws()).amax(2)
    places = found.argmax(1)[found.amax(1) > 0]
    assert places.min() >= 91
    assert places.max() <= 109
    assert len(set(places.tolist())) > 10


def test_stretched_bands_keep_the_energy_of_a_ramp_in_place() -> None:
    """Linear interpolation gives a ramp over bands another slope and the same middle."""
    ramp = torch.arange(80.0) - 39.5
    windows = ramp.expand(32, 200, 80)
    spec = LabelsSpec(kind="labels", **STILL | {"stretch_bands": 0.1}, hidden_frames=1, hidden_bands=1)
    found = augmented(windows, spec, draws()).median(1).values[:, 20:60]
    slopes = found.diff(dim=1).median(1).values
    assert slopes.min() >= 0.9 - 1e-4
    assert slopes.max() <= 1.1 + 1e-4
    assert slopes.std() > 0.01


def test_mixing_takes_more_of_the_window_whose_place_it_is() -> None:
    objective = Labelled(LabelsSpec(kind="labels", mixup=0.4), width=16, n_classes=3)
    share = objective._share(1000, draws())
    assert share.min() >= 0.5
    assert share.max() <= 1.0
    assert share.std() > 0.05
