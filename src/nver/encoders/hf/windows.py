"""The families that read windows of one fixed length (Whisper, AST), and the table of all families."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import ceil
from typing import Any, cast

import torch
from torch import Tensor

from nver.encoders.hf.stacks import FilterbankStack, Heard, Stack, States, WaveStack, at_least
from nver.types import Samples


class WindowStack(Stack):
    """Networks that read windows of one fixed length and know no mask; a longer clip is several windows.

    The padding of the last window is what these networks were trained with, and is heard by a clip alone as
    in a batch; the frames that lie in it are left out of the embedding.
    """

    _window: int
    """Samples that one window hears."""
    _step: int
    """Samples from the start of a window to the start of the next."""
    _per_window: int
    """Frames that one window gives."""

    def prepare(self, wave: Samples) -> Heard:  # noqa: D102
        n_frames = self._n_frames(wave)
        n_windows = ceil(n_frames / self._per_window)
        starts = range(0, n_windows * self._step, self._step)
        windows = torch.stack([self._hear(wave[start : start + self._window]) for start in starts])
        return Heard(windows, n_frames, n_windows * self._window / self.rate_hz)

    def run(self, clips: Sequence[Heard], layers: Sequence[int]) -> States:  # noqa: D102
        n_windows = [len(clip.inputs) for clip in clips]
        with self._listening(layers) as heard:
            last = self.model(torch.cat([clip.inputs for clip in clips])).last_hidden_state
        heard[self.n_layers] = last
        states: States = {}
        for layer in layers:
            of_clips = torch.split(self._frames(heard[layer]), n_windows)
            states[layer] = [
                frames.flatten(0, 1)[: clip.n_frames] for frames, clip in zip(of_clips, clips, strict=True)
            ]
        return states

    @abstractmethod
    def _n_frames(self, wave: Samples) -> int:
        """Frames of the clip itself; one or more."""

    @abstractmethod
    def _hear(self, wave: Samples) -> Tensor:
        """What the network reads of one window, padded to its length."""

    def _frames(self, hidden: Tensor) -> Tensor:
        """(n_windows, frames of a window, D) out of what a block gives."""
        return hidden


class WhisperStack(WindowStack):
    """The encoder of Whisper: windows of 30 s, a frame every 20 ms."""

    first_s = 0.0
    hop_s = 0.02

    def __init__(self, model: Any, extract: Any, *, top: int) -> None:
        super().__init__(model, extract, top=top)
        self._window = self._step = extract.n_samples
        self._per_window = model.config.max_source_positions

    @property
    def encoder(self) -> Any:  # noqa: D102
        return self.model

    def _n_frames(self, wave: Samples) -> int:
        return ceil(len(wave) / (2 * int(self.extract.hop_length)))

    def _hear(self, wave: Samples) -> Tensor:
        heard = self.extract(wave, sampling_rate=self.rate_hz, return_tensors="pt")
        return cast("Tensor", heard.input_features[0])


class AstStack(WindowStack):
    """AST: windows of 10.24 s cut into patches; a frame is the mean over frequency of those at one time.

    The frames of a clip are those whose patches lie within it, or the first one.
    Neighbouring windows overlap by what is left over behind the last patch, so that frames keep one distance.
    """

    _bank_samples, _bank_step = 400, 160

    def __init__(self, model: Any, extract: Any, *, top: int) -> None:
        super().__init__(model, extract, top=top)
        config = model.config
        self._patch: int = config.patch_size
        self._stride: int = config.time_stride
        self._bands, self._per_window = model.embeddings.get_shape(config)
        self._window = self._bank_samples + (config.max_length - 1) * self._bank_step
        self._step = self._per_window * self._stride * self._bank_step
        patch_samples = self._bank_samples + (self._patch - 1) * self._bank_step
        self.first_s = patch_samples / 2 / self.rate_hz
        self.hop_s = self._stride * self._bank_step / self.rate_hz

    @property
    def encoder(self) -> Any:  # noqa: D102
        return self.model

    def _n_frames(self, wave: Samples) -> int:
        n_banks = max(0, len(wave) - self._bank_samples) // self._bank_step + 1
        return max(0, n_banks - self._patch) // self._stride + 1

    def _hear(self, wave: Samples) -> Tensor:
        heard = self.extract(
            at_least(wave, self._bank_samples), sampling_rate=self.rate_hz, return_tensors="pt"
        )
        return cast("Tensor", heard.input_values[0])

    def _frames(self, hidden: Tensor) -> Tensor:
        patches = hidden[:, 2:]  # behind the class and the distillation token
        return patches.reshape(len(patches), self._bands, self._per_window, -1).mean(1)


STACKS: dict[str, type[Stack]] = {
    "audio-spectrogram-transformer": AstStack,
    "data2vec-audio": WaveStack,
    "hubert": WaveStack,
    "unispeech": WaveStack,
    "unispeech-sat": WaveStack,
    "wav2vec2": WaveStack,
    "wav2vec2-bert": FilterbankStack,
    "wavlm": WaveStack,
    "whisper": WhisperStack,
}
"""Every model type of transformers that nver runs, and how."""
