"""The pair's encoders over weights of one's own: what options do, and what is refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from nver.encoders import load_encoder
from nver.encoders.base import is_random
from nver.encoders.burst.encoder import BurstEncoder
from nver.errors import ConfigError, WeightsError
from nver.models.burst import BurstNetwork, BurstShape
from nver.models.network_files import contents
from nver.types import Samples

SHAPE = BurstShape("mamba", width=24, n_blocks=2, stem=4, inner=48, state=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network = BurstNetwork.random(SHAPE, seed=0)
    about = {"shape": asdict(SHAPE), "trained_on": {"corpus": "emogator", "speakers": ["000007"]}}
    for name, data in contents(network.state_dict(), about).items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def noise(n_samples: int) -> Samples:
    return np.random.default_rng(n_samples).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def opened(folder: Path, **options: object) -> BurstEncoder:
    encoder = load_encoder("burst-mamba", weights=folder, **options)
    assert isinstance(encoder, BurstEncoder)
    return encoder


def test_the_card_says_whom_the_network_has_heard(folder: Path) -> None:
    card = opened(folder).card
    assert card.seen == {"emogator": ("000007",)}
    assert (card.dim, card.n_layers) == (24, 2)


@pytest.mark.parametrize("pooling", ["mean", "mean+std", "mean+std+max", "max"])
def test_rows_are_the_frames_pooled(folder: Path, pooling: str) -> None:
    waves = [noise(16_000), noise(50_000)]
    rows = opened(folder, pooling=pooling).embed(waves)
    figures = {"mean": np.mean, "std": np.std, "max": np.max}
    for row, (frames, times) in zip(rows, opened(folder).embed_frames(waves), strict=True):
        expected = np.concatenate([figures[name](frames, axis=0) for name in pooling.split("+")])
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6)
        assert len(times) == len(frames)


def test_all_layers_lie_side_by_side(folder: Path) -> None:
    wave = [noise(20_000)]
    parts = [opened(folder, layer=number).embed(wave)[0] for number in (1, 2)]
    together = opened(folder, layer="all").embed(wave)[0]
    np.testing.assert_allclose(together, np.concatenate(parts), rtol=1e-5, atol=1e-6)


def test_layers_and_poolings_never_share_a_fingerprint(folder: Path) -> None:
    options = [{}, {"layer": 1}, {"layer": (1, 2)}, {"pooling": "max"}]
    assert len({opened(folder, **chosen).fingerprint for chosen in options}) == len(options)


def test_two_seconds_and_more_are_cut_into_windows_that_do_not_hear_each_other(folder: Path) -> None:
    """The spectrogram is normalised over the clip, so a clip that repeats itself has equal windows."""
    period = noise(32_000)
    (frames, times) = opened(folder).embed_frames([np.tile(period, 3)])[0]
    np.testing.assert_allclose(frames[55:95], frames[105:145], rtol=1e-3, atol=1e-3)
    assert times[50] == pytest.approx(2.0)


def test_random_weights_are_never_taken_for_real_ones(folder: Path) -> None:
    random = load_encoder("burst-attention", random_weights=3)
    assert is_random(random.fingerprint)
    assert not is_random(opened(folder).fingerprint)
    assert "RANDOM" in random.provenance["weights"]


def test_weights_of_the_twin_are_refused(folder: Path) -> None:
    with pytest.raises(WeightsError, match=r"mixes by mamba; expected burst-attention"):
        load_encoder("burst-attention", weights=folder)


def test_a_folder_without_weights_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds no network: cannot read network\.json"):
        load_encoder("burst-mamba", weights=tmp_path / "nowhere")


def test_weights_and_random_weights_exclude_each_other(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"give weights or random_weights, not both"):
        load_encoder("burst-mamba", weights=folder, random_weights=0)


def test_shipped_weights_are_named_without_a_place() -> None:
    assert load_encoder("burst-mamba").provenance["weights"] == "shipped with nver"
