"""The API of the HEAR benchmark over any encoder of nver, so that its evaluators run ours as they are.

``load_model``, ``get_scene_embeddings`` and ``get_timestamp_embeddings`` follow the published rules: sounds
are (n_sounds, n_samples) at the model's ``sample_rate``, full scale ±1; time stamps are in milliseconds,
centred on what each embedding hears.

    >>> import torch
    >>> from nver import hear
    >>> model = hear.load_model("logmel-stats")
    >>> hear.get_scene_embeddings(torch.zeros(2, 16_000), model).shape
    torch.Size([2, 640])

Source:
    Turian et al. (2022), "HEAR: Holistic Evaluation of Audio Representations", PMLR 176.
"""

from __future__ import annotations

from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from nver.encoders import Encoder, load_encoder
from nver.errors import ConfigError
from nver.types import Matrix, Samples

HOP_S, WINDOW_S = 0.05, 0.5
"""For encoders without a sequence of their own: a window of half a second every 50 ms."""


@runtime_checkable
class _Sequential(Protocol):
    def embed_frames(self, waves: list[Samples]) -> list[tuple[Matrix, Matrix]]: ...


class Model(torch.nn.Module):
    """An encoder with the attributes that HEAR's evaluators read.

    Attributes:
        sample_rate: What sounds must be sampled at, in Hz.
        scene_embedding_size: Length of a sound's embedding.
        timestamp_embedding_size: Length of the embedding of one time.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.sample_rate = encoder.card.rate_hz
        self.scene_embedding_size = encoder.dim
        probe = np.zeros(self.sample_rate, np.float32)
        self.timestamp_embedding_size = self.sequences([probe])[0][0].shape[1]

    def sequences(self, waves: list[Samples]) -> list[tuple[Matrix, Matrix]]:
        """(n_times, size) and (n_times,) seconds of each wave: the encoder's own frames, or windows."""
        if isinstance(self.encoder, _Sequential):
            return self.encoder.embed_frames(waves)
        return [self._windows(wave) for wave in waves]

    def _windows(self, wave: Samples) -> tuple[Matrix, Matrix]:
        hop, half = round(HOP_S * self.sample_rate), round(WINDOW_S / 2 * self.sample_rate)
        centres = np.arange(0, len(wave), hop)
        padded = np.pad(wave, half)
        rows = self.encoder.embed([padded[centre : centre + 2 * half] for centre in centres])
        return rows, (centres / self.sample_rate).astype(np.float32)


def load_model(model_file_path: str = "", **options: Any) -> Model:
    """A model for HEAR.

    Args:
        model_file_path: The name of an encoder, with its weights behind a colon if they do not lie where they
            are looked for: ``wavlm-base``, ``wavlm-base:/data/wavlm``, ``hf:org/name``. Empty:
            ``wav2vec2-base``.
        **options: What the encoder can be told.

    Raises:
        ConfigError: No encoder has this name, or it does not take one of the options.
        WeightsError: Its weights are missing or damaged.
    """
    prefix = "hf:" if model_file_path.startswith("hf:") else ""
    name, _, weights = model_file_path.removeprefix("hf:").partition(":")
    if weights:
        options["weights"] = weights
    return Model(load_encoder(prefix + (name or "wav2vec2-base"), **options))


def get_scene_embeddings(audio: Tensor, model: Model) -> Tensor:
    """One embedding a sound.

    Args:
        audio: (n_sounds, n_samples).
        model: From ``load_model``.

    Returns:
        (n_sounds, ``model.scene_embedding_size``) float32, on the device of ``audio``.

    Raises:
        ConfigError: ``audio`` has another number of axes.
        EncoderError: A sound is empty, or not finite.
    """
    return torch.from_numpy(model.encoder.embed(_waves(audio))).to(audio.device)


def get_timestamp_embeddings(audio: Tensor, model: Model) -> tuple[Tensor, Tensor]:
    """Embeddings over time.

    Args:
        audio: (n_sounds, n_samples).
        model: From ``load_model``.

    Returns:
        (n_sounds, n_times, ``model.timestamp_embedding_size``) float32, and (n_sounds, n_times) the times of
        the middle of what each one hears, in milliseconds.

    Raises:
        ConfigError: ``audio`` has another number of axes.
        EncoderError: A sound is empty, or not finite.
    """
    found = model.sequences(_waves(audio))
    rows = torch.from_numpy(np.stack([rows for rows, _ in found]))
    times_ms = torch.from_numpy(np.stack([1000 * times_s for _, times_s in found]))
    return rows.to(audio.device), times_ms.to(audio.device)


def _waves(audio: Tensor) -> list[Samples]:
    if audio.ndim != 2:
        raise ConfigError(f"audio has shape {tuple(audio.shape)}: expected (n_sounds, n_samples)")
    return list(cast("Samples", audio.detach().cpu().float().numpy()))
