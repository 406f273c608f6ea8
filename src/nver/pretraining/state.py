"""A training on disk: weights, what the optimizer remembers, and the curve so far; whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nver import atomic
from nver.errors import TrainingError

_CHECKPOINT, _CURVE = "checkpoint.safetensors", "curve.csv"

COLUMNS = ("step", "clips", "lr", "loss", "validation_loss", "accuracy", "macro_f1")
"""Of ``curve.csv``; a row has a loss (mean since the row before) or the figures of a validation."""


@dataclass
class TrainingState:
    """How far a training is.

    Attributes:
        modules: All that is trained, under one root.
        optimizer: AdamW over its parameters.
        step: Steps done.
        rows: The curve so far.
    """

    modules: nn.Module
    optimizer: torch.optim.AdamW
    step: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def save(self, folder: Path, *, key: str) -> None:
        """Write the checkpoint, then the curve up to it."""
        from safetensors.torch import save

        head = {"key": key, "step": str(self.step), "rows": json.dumps(self.rows)}
        tensors = {f"model.{name}": value for name, value in self.modules.state_dict().items()}
        for name, parameter in self.modules.named_parameters():
            tensors |= {f"{kind}.{name}": value for kind, value in self.optimizer.state[parameter].items()}
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        atomic.write_file(folder / _CHECKPOINT, save(whole, head))
        write_curve(folder / _CURVE, self.rows)

    def load(self, folder: Path, *, key: str) -> bool:
        """Go on from the checkpoint in a folder; False when there is none.

        Raises:
            TrainingError: It is damaged, or that of another training.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / _CHECKPOINT
        if not path.is_file():
            return False
        try:
            with safe_open(path, "pt") as file:
                head = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
        except (SafetensorError, OSError) as error:
            raise TrainingError(f"{path} is damaged ({error}); remove it to start again") from error
        if head.get("key") != key:
            raise TrainingError(
                f"{path} is of a training with other settings, clips or code; "
                "name another --out, or remove it"
            )
        self._restore(tensors)
        self.step, self.rows = int(head["step"]), json.loads(head["rows"])
        return True

    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, of = name.partition(".")
            parts.setdefault(kind, {})[of] = tensor
        self.modules.load_state_dict(parts.pop("model"))
        for name, parameter in self.modules.named_parameters():
            self.optimizer.state[parameter] = {
                kind: values[name].to(torch.device("cpu") if kind == "step" else parameter.device)
                for kind, values in parts.items()
                if name in values
            }


def write_curve(path: Path, rows: list[dict[str, Any]]) -> None:
    """The curve as CSV, a row a measurement."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
