"""The golden file: what the release computes for eight clips with a small checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch import Tensor


@pytest.fixture(scope="session")
def golden(shared_dir: Path) -> dict[str, Tensor]:
    return load_file(shared_dir / "golden" / "ssam" / "expected.safetensors")


@pytest.fixture(scope="session")
def golden_checkpoint(shared_dir: Path) -> Path:
    return shared_dir / "golden" / "ssam" / "ssam_mini_200_16x4"
