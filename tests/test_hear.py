"""HEAR's published rules, over an encoder with a sequence of its own and over one without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nver import hear
from nver.encoders import load_encoder
from nver.errors import ConfigError
from nver.types import Matrix, Samples


class Loudness:
    """An encoder with frames: the mean of each 10 ms, and of the whole."""

    def __init__(self) -> None:
        inner = load_encoder("logmel-stats")
        self.card, self.fingerprint, self.provenance, self.dim = inner.card, "", {}, 1

    def embed(self, waves: list[Samples]) -> Matrix:
        return np.array([[wave.mean()] for wave in waves], np.float32)

    def embed_frames(self, waves: list[Samples]) -> list[tuple[Matrix, Matrix]]:
        framed = [wave[: len(wave) // 160 * 160].reshape(-1, 160).mean(1, keepdims=True) for wave in waves]
        return [(f, 0.005 + 0.01 * np.arange(len(f), dtype=np.float32)) for f in framed]


@pytest.fixture(params=["frames", "windows"])
def model(request: pytest.FixtureRequest) -> hear.Model:
    return hear.Model(Loudness()) if request.param == "frames" else hear.load_model("logmel-stats")


def test_a_model_says_its_rate_and_its_sizes(model: hear.Model) -> None:
    assert isinstance(model, torch.nn.Module)
    assert model.sample_rate == 16_000
    assert isinstance(model.scene_embedding_size, int)
    assert isinstance(model.timestamp_embedding_size, int)


def test_scene_embeddings_have_one_row_a_sound(model: hear.Model) -> None:
    rows = hear.get_scene_embeddings(torch.zeros(3, 8_000), model)
    assert rows.shape == (3, model.scene_embedding_size)
    assert rows.dtype == torch.float32


def test_time_stamps_are_ascending_milliseconds_within_the_sound(model: hear.Model) -> None:
    rows, times_ms = hear.get_timestamp_embeddings(torch.zeros(2, 16_000), model)
    assert rows.shape == (2, times_ms.shape[1], model.timestamp_embedding_size)
    assert torch.equal(times_ms[0], times_ms[1])
    assert (times_ms.diff(dim=1) > 0).all()
    assert times_ms.min() >= 0
    assert 900 < times_ms.max() <= 1000
    assert times_ms.diff(dim=1).max() <= 50 + 1e-3


def test_a_time_stamp_is_centred_on_what_its_embedding_hears(model: hear.Model) -> None:
    sound = torch.zeros(1, 32_000)
    sound[0, 15_990:16_010] = 1.0  # a click at one second
    rows, times_ms = hear.get_timestamp_embeddings(sound, model)
    silent = hear.get_timestamp_embeddings(torch.zeros(1, 32_000), model)[0]
    heard_ms = times_ms[0][(rows - silent)[0].abs().amax(1) > 1e-4]
    assert heard_ms.mean().item() == pytest.approx(1000, abs=30)


def test_sounds_do_not_change_each_other(model: hear.Model) -> None:
    sounds = 0.1 * torch.randn(3, 8_000, generator=torch.Generator().manual_seed(0))
    together = hear.get_timestamp_embeddings(sounds, model)[0]
    alone = hear.get_timestamp_embeddings(sounds[1:2], model)[0]
    assert torch.allclose(together[1], alone[0], atol=1e-5)


@pytest.mark.parametrize(
    ("path", "name", "options"),
    [
        ("", "wav2vec2-base", {}),
        ("wavlm-base", "wavlm-base", {}),
        ("wavlm-base:/data/wavlm", "wavlm-base", {"weights": "/data/wavlm"}),
        ("hf:org/name", "hf:org/name", {}),
        ("hf:org/name:/data/x", "hf:org/name", {"weights": "/data/x"}),
    ],
)
def test_a_path_names_an_encoder_and_its_weights(
    path: str, name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        hear, "load_encoder", lambda name, **options: asked.append((name, options)) or Loudness()
    )
    hear.load_model(path)
    assert asked == [(name, options)]


def test_audio_without_two_axes_is_refused(model: hear.Model) -> None:
    with pytest.raises(ConfigError, match=r"shape \(8000,\): expected \(n_sounds, n_samples\)"):
        hear.get_scene_embeddings(torch.zeros(8_000), model)
