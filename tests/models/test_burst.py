"""The matched pair: what its networks share, what is hidden from them, and their files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from nver.errors import WeightsError
from nver.models.burst import (
    BurstNetwork,
    BurstShape,
    Mixer,
    Reconstructor,
    patches_of,
    positions,
)
from nver.models.network_files import contents, halved, in_eight_bits, of_eight_bits, read_network

SMALL = {"width": 24, "n_blocks": 2, "stem": 4, "inner": 48, "state": 4, "n_heads": 3, "hidden": 48}
MIXERS: tuple[Mixer, ...] = ("mamba", "attention")


def small(mixer: Mixer, *, seed: int = 0) -> BurstNetwork:
    return BurstNetwork.random(BurstShape(mixer, **SMALL), seed=seed).eval()


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_the_pair_differs_in_its_blocks_alone() -> None:
    mamba, attention = (small(mixer).state_dict() for mixer in MIXERS)
    outside = [
        {name: value.shape for name, value in state.items() if not name.startswith("blocks.")}
        for state in (mamba, attention)
    ]
    assert outside[0] == outside[1]
    assert len(outside[0]) < len(mamba)


def test_the_pair_is_of_one_size() -> None:
    """At the shipped shape: within two percent."""
    sizes = [
        sum(parameter.numel() for parameter in BurstNetwork(BurstShape(mixer)).parameters())
        for mixer in MIXERS
    ]
    assert abs(sizes[0] - sizes[1]) < 0.02 * min(sizes)


@pytest.mark.parametrize("mixer", MIXERS)
def test_a_window_depends_on_itself_alone(mixer: Mixer) -> None:
    windows = noise(3, 40, 80)
    network = small(mixer)
    torch.testing.assert_close(network(windows)[1], network(windows[1:2])[0], rtol=1e-5, atol=1e-5)


def test_a_selective_scan_hears_the_past_and_attention_hears_everything() -> None:
    early, late = noise(1, 80, 80), noise(1, 80, 80)
    late[:, 60:] += 1.0
    changed = {mixer: (small(mixer)(early) - small(mixer)(late)).abs().amax(-1)[0] > 1e-6 for mixer in MIXERS}
    assert not changed["mamba"][:14].any()  # the convolutions look 3 frames ahead
    assert changed["mamba"][15:].all()
    assert changed["attention"].all()


def test_patches_are_steps_of_bands() -> None:
    spectrogram = torch.arange(8 * 80.0).view(1, 8, 80)
    patches = patches_of(spectrogram)
    assert torch.equal(patches[0, 1, 2], spectrogram[0, 4:8, 32:48].flatten())


def test_only_what_is_hidden_is_replaced() -> None:
    hide = Reconstructor(24)
    with torch.no_grad():
        hide.mask.fill_(7.0)
    spectrogram, hidden = noise(1, 8, 80), torch.zeros(1, 2, 5, dtype=torch.bool)
    hidden[0, 1, 2] = True
    seen = patches_of(hide.hide(spectrogram, hidden))
    assert (seen[0, 1, 2] == 7.0).all()
    assert torch.equal(seen[~hidden], patches_of(spectrogram)[~hidden])


def test_positions_tell_all_steps_apart() -> None:
    table = positions(1500, 24)
    distance = torch.cdist(table, table) + torch.eye(1500)
    assert distance.min() > 1e-3


@pytest.mark.parametrize("mixer", MIXERS)
def test_a_network_comes_back_from_its_files(mixer: Mixer, tmp_path: Path) -> None:
    network = small(mixer)
    files = contents(halved(network.state_dict()), {"shape": asdict(network.shape), "speakers": ["a"]})
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    found, about = read_network(tmp_path)
    assert about["speakers"] == ["a"]
    windows = noise(1, 40, 80)
    torch.testing.assert_close(found(windows), network(windows), rtol=0.02, atol=0.02)


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    network = small("mamba")
    files = contents(network.state_dict(), {"shape": asdict(network.shape)})
    other = contents(small("mamba", seed=1).state_dict(), {"shape": asdict(network.shape)})
    (tmp_path / "network.json").write_bytes(files["network.json"])
    (tmp_path / "network.safetensors").write_bytes(other["network.safetensors"])
    with pytest.raises(WeightsError, match=r"is not what network.json was written with; copy both again"):
        read_network(tmp_path)


def test_weights_of_another_shape_are_refused() -> None:
    shape = {**asdict(BurstShape("mamba", **SMALL)), "width": 48}
    with pytest.raises(WeightsError, match=r"these weights do not fit a burst network"):
        BurstNetwork.with_weights(shape, small("mamba").state_dict())


def test_weights_too_large_for_float16_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"'a' holds weights beyond 65,504"):
        halved({"a": torch.tensor([1e6])})


def test_a_weight_in_eight_bits_is_half_a_step_off_at_most() -> None:
    matrix = noise(40, 64) * torch.logspace(-3, 2, 40)[:, None]
    held = in_eight_bits({"a": matrix, "b": matrix[0]})
    assert {name: tensor.dtype for name, tensor in held.items()} == {
        "a": torch.int8,
        "a.scale": torch.float16,
        "b": torch.float16,
    }
    off = (of_eight_bits(held)["a"] - matrix).abs().amax(1)
    assert (off <= 0.51 * held["a.scale"].float()).all()
    assert (held["a.scale"].float() <= 1.01 * matrix.abs().amax(1) / 127).all()
