"""A folder of short recordings of two classes, and a training that takes a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nver.pretraining.spec import Pretraining


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Twelve clips of 0.3 s: steady tones and noise."""
    rng = np.random.default_rng(0)
    time = np.arange(4800) / 16_000
    for i in range(6):
        for label, wave in (
            ("tone", np.sin(2 * np.pi * (200 + 50 * i) * time)),
            ("noise", rng.normal(size=4800)),
        ):
            path = tmp_path / "recordings" / label / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.1 * wave, 16_000)
    return tmp_path / "recordings"


@pytest.fixture
def make_spec(recordings: Path) -> Callable[..., Pretraining]:
    """A training of seconds, with whatever a test changes."""

    def make(**changes: object) -> Pretraining:
        plain = {
            "name": "tiny",
            "corpus": {"name": "folder", "root": recordings},
            "folds": {"protocol": "paper", "n_folds": 3},
            "network": {
                "mixer": "mamba",
                "width": 16,
                "n_blocks": 1,
                "stem": 2,
                "inner": 32,
                "state": 2,
                "n_heads": 2,
                "hidden": 32,
            },
            "objective": {"kind": "masked"},
            "training": {"epochs": 40, "batch_size": 4, "precision": "float32"},
        }
        return Pretraining.model_validate(plain | changes)

    return make
