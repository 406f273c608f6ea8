"""How each family of transformers is run on a batch so that a clip never sees its neighbours or its padding.

Here are those that read the waveform (wav2vec 2.0, HuBERT, WavLM, UniSpeech-SAT, data2vec) and those that
read filter banks with a mask (w2v-BERT); ``windows.py`` has those that read windows of one fixed length.

    B clips of the batch      T frames of the longest      D width of the network
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import pad_sequence

from nver.types import Samples

States = dict[int, list[Tensor]]
"""Layer -> one (n_frames, D) tensor a clip."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a network reads of one clip.

    Attributes:
        inputs: (n_samples,), (n_frames, n_features) or (n_windows, ...), by the family.
        n_frames: Frames of its own that it will give.
        seconds: Length of what the network reads, padding of fixed windows included.
    """

    inputs: Tensor
    n_frames: int
    seconds: float

    def to(self, device: torch.device, dtype: torch.dtype) -> Heard:
        """The same, where and as the network computes."""
        return Heard(self.inputs.to(device, dtype), self.n_frames, self.seconds)


class Stack(ABC):
    """A network of transformers, cut off above the highest layer that is wanted.

    Args:
        model: The network, in evaluation mode.
        extract: The checkpoint's own feature extractor.
        top: The highest layer wanted.

    Attributes:
        first_s: Time of the middle of the first frame, in seconds.
        hop_s: From one frame to the next.
    """

    first_s: float
    hop_s: float

    def __init__(self, model: Any, extract: Any, *, top: int) -> None:
        self.model = model
        self.extract = extract
        self.rate_hz: int = extract.sampling_rate
        encoder = self.encoder
        self.n_layers = len(encoder.layers)
        # Layer 0 is read at the input of the first block, which therefore has to be there.
        encoder.layers = encoder.layers[: max(top, 1)]

    @property
    def encoder(self) -> Any:
        """The module that holds the blocks and, where there is one, the final normalisation."""
        return self.model.encoder

    @abstractmethod
    def prepare(self, wave: Samples) -> Heard:
        """What the network reads of one clip, alone; zeros follow a clip that is shorter than one frame."""

    @abstractmethod
    def run(self, clips: Sequence[Heard], layers: Sequence[int]) -> States:
        """The hidden states of prepared clips at some layers, each clip's own frames alone."""

    @contextmanager
    def _listening(self, layers: Sequence[int]) -> Iterator[dict[int, Tensor]]:
        """Collects the output (B, T, D) of the wanted blocks during one forward pass."""
        heard: dict[int, Tensor] = {}

        def after(layer: int) -> Callable[..., None]:
            def hear(module: nn.Module, inputs: Any, output: Any) -> None:
                heard[layer] = output[0] if isinstance(output, tuple) else output

            return hear

        def before(module: nn.Module, inputs: Any, options: Any) -> None:
            heard[0] = inputs[0] if inputs else options["hidden_states"]

        hooks = [
            self.encoder.layers[layer - 1].register_forward_hook(after(layer))
            for layer in layers
            if 0 < layer < self.n_layers
        ]
        if 0 in layers:
            hooks.append(self.encoder.layers[0].register_forward_pre_hook(before, with_kwargs=True))
        try:
            yield heard
        finally:
            for hook in hooks:
                hook.remove()


class WaveStack(Stack):
    """Networks that read the waveform through strided convolutions.

    Each clip goes through the convolutions alone: there the first layer of group-norm checkpoints normalises
    over time, and a padded frame would change every other one. What is then batched are frames, with a mask;
    the positional convolutions see zeros where a clip has ended, as they do at the end of a clip alone.
    """

    def __init__(self, model: Any, extract: Any, *, top: int) -> None:
        super().__init__(model, extract, top=top)
        config = model.config
        self.receptive, self.stride = 1, 1
        for kernel, step in zip(config.conv_kernel, config.conv_stride, strict=True):
            self.receptive += (kernel - 1) * self.stride
            self.stride *= step
        self.first_s = (self.receptive - 1) / 2 / self.rate_hz
        self.hop_s = self.stride / self.rate_hz
        self._own: Tensor | None = None
        for module in self.encoder.pos_conv_embed.modules():
            if isinstance(module, nn.Conv1d):
                # The weight norm is spelt out once instead of at every call.
                if parametrize.is_parametrized(module, "weight"):
                    parametrize.remove_parametrizations(module, "weight")
                module.register_forward_pre_hook(self._silence_padding)
        if config.model_type == "wavlm":
            for layer in self.encoder.layers:
                layer.attention.torch_multi_head_self_attention = MethodType(gated_attention, layer.attention)

    def prepare(self, wave: Samples) -> Heard:  # noqa: D102
        heard = self.extract(wave, sampling_rate=self.rate_hz, return_tensors="pt").input_values[0]
        heard = pad(heard, (0, max(0, self.receptive - len(heard))))
        n_frames = (len(heard) - self.receptive) // self.stride + 1
        return Heard(heard, n_frames, len(heard) / self.rate_hz)

    def run(self, clips: Sequence[Heard], layers: Sequence[int]) -> States:  # noqa: D102
        features = [self.model.feature_extractor(clip.inputs[None])[0].T for clip in clips]
        lengths = [clip.n_frames for clip in clips]
        hidden = self.model.feature_projection(pad_sequence(features, batch_first=True))
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        mask = _mask(lengths, hidden.device)
        self._own = mask
        with self._listening(layers) as heard:
            last = self.encoder(hidden, attention_mask=mask).last_hidden_state
        return _apart({**heard, self.n_layers: last}, lengths, layers)

    def _silence_padding(self, module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        return inputs if self._own is None else (inputs[0] * self._own[:, None, :],)


class FilterbankStack(Stack):
    """w2v-BERT: filter banks stacked by two, causal convolutions, and transformers' own mask everywhere."""

    first_s = 0.0175
    hop_s = 0.02
    _shortest = 400 + 160

    def prepare(self, wave: Samples) -> Heard:  # noqa: D102
        heard = self.extract(at_least(wave, self._shortest), sampling_rate=self.rate_hz, return_tensors="pt")
        n_frames = int(heard.attention_mask[0].sum())
        return Heard(heard.input_features[0, :n_frames].float(), n_frames, n_frames * self.hop_s)

    def run(self, clips: Sequence[Heard], layers: Sequence[int]) -> States:  # noqa: D102
        lengths = [clip.n_frames for clip in clips]
        padded = pad_sequence([clip.inputs for clip in clips], batch_first=True)
        mask = _mask(lengths, padded.device)
        with self._listening(layers) as heard:
            last = self.model(padded, attention_mask=mask).last_hidden_state
        return _apart({**heard, self.n_layers: last}, lengths, layers)


def gated_attention(
    attention: Any, hidden_states: Tensor, attention_mask: Tensor | None, gated_position_bias: Tensor
) -> tuple[Tensor, None]:
    """WavLM's attention, (B, T, D) -> (B, T, D), without its table of weights ever being copied out.

    Source: Chen et al. (2022), "WavLM", equation 5; the same numbers as transformers' own, in one fused call.
    """
    batch, time, width = hidden_states.shape
    query, key, value = (
        project(hidden_states).view(batch, time, attention.num_heads, -1).transpose(1, 2)
        for project in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    bias = gated_position_bias.view(batch, attention.num_heads, time, time)
    if attention_mask is not None:
        bias = bias.masked_fill(~attention_mask[:, None, None, :], -torch.inf)
    mixed = scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
    return attention.out_proj(mixed.transpose(1, 2).reshape(batch, time, width)), None


def _mask(lengths: Sequence[int], device: torch.device) -> Tensor | None:
    """(B, T) true on a clip's own frames; None when every frame is one."""
    if min(lengths) == max(lengths):
        return None
    return torch.arange(max(lengths), device=device) < torch.tensor(lengths, device=device)[:, None]


def _apart(states: dict[int, Tensor], lengths: Sequence[int], layers: Sequence[int]) -> States:
    return {layer: [states[layer][b, :n] for b, n in enumerate(lengths)] for layer in layers}


def at_least(wave: Samples, n_samples: int) -> Samples:
    """The wave, with zeros behind it if it is shorter than this."""
    return np.pad(wave, (0, max(0, n_samples - len(wave))))
