"""Small clips on disk, and an encoder that knows what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nver.encoders import EncoderCard
from nver.types import AudioFile, Clip, Matrix, Samples


@dataclass
class Counting:
    """Rows are simple statistics of their wave; ``lengths`` of what it was handed, batch by batch."""

    fingerprint: str = "f" * 64
    lengths: list[list[int]] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=lambda: {"device": "cpu"})
    dim: int = 4

    @property
    def card(self) -> EncoderCard:
        return EncoderCard(name="counting", title="-", family="test", dim=4, licence="-", citation="-")

    @property
    def n_embedded(self) -> int:
        return sum(len(batch) for batch in self.lengths)

    def embed(self, waves: Sequence[Samples]) -> Matrix:
        self.lengths.append([wave.size for wave in waves])
        rows = [[wave.mean(), wave.std(), wave.size, wave[0]] for wave in waves]
        return np.array(rows, np.float32).reshape(len(waves), 4)


@pytest.fixture
def encoder() -> Counting:
    return Counting()


@pytest.fixture
def make_encoder() -> Callable[..., Counting]:
    return Counting


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """30 different clips of 100 samples and more: 000.wav, 001.wav..."""
    folder = tmp_path / "clips"
    folder.mkdir()
    rng = np.random.default_rng(0)
    made = []
    for i in range(30):
        path = folder / f"{i:03d}.wav"
        soundfile.write(path, rng.uniform(-0.5, 0.5, 100 + i * 7 % 50), 16_000)
        made.append(Clip(path.name, AudioFile(path), "x"))
    return made
