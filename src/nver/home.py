"""Where nver keeps what it can fetch or compute again: the store of embeddings, weights, trained bundles."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """``$NVER_HOME`` when it is set, else ``~/.cache/nver``; read at each call, and not created."""
    named = os.environ.get("NVER_HOME")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "nver"
