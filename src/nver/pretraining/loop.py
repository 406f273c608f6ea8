"""The loop: AdamW, warm-up, cosine; stops anywhere and goes on with the same numbers.

Nothing carries chance from one step to the next: the order of clips comes from the seed and the epoch, all
else from the seed and the step. A training that was killed and goes on therefore computes what it would have
computed, to the bit on one machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nver import fingerprint
from nver.errors import TrainingError
from nver.models.burst import BurstNetwork
from nver.pretraining.objectives import Objective
from nver.pretraining.spec import LoopSpec
from nver.pretraining.spectrograms import Spectrograms
from nver.pretraining.state import TrainingState
from nver.types import Labels

_VERSION = 1
"""Goes up whenever a change here alters the numbers."""

_ROWS_BETWEEN = 50
_WINDOWS_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class Part:
    """Clips of one side.

    Attributes:
        spectrograms: Of these and possibly other clips.
        rows: (n,) which of them.
        truth: (n,) their class indices.
    """

    spectrograms: Spectrograms
    rows: Labels
    truth: Labels


@dataclass(frozen=True)
class Progress:
    """How far a training is; ``loss`` is the last step's, ``clips_per_s`` since this process began."""

    step: int
    n_steps: int
    loss: float
    clips_per_s: float
    figures: dict[str, float]


def train(
    network: BurstNetwork,
    objective: Objective,
    train: Part,
    validation: Part,
    *,
    settings: LoopSpec,
    seed: int,
    folder: Path,
    identity: str,
    device: str = "cpu",
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingState:
    """Train a network and the layers of an objective, in place.

    Args:
        network: Where training starts from, when there is no checkpoint.
        objective: The loss.
        train: Clips whose loss is lowered.
        validation: Clips that are only measured, after every epoch.
        settings: The loop's.
        seed: Of every draw.
        folder: Holds ``checkpoint.safetensors`` and ``curve.csv``; a checkpoint there is gone on from.
        identity: Digest of what else decides the numbers: network, objective.
        device: As torch names it.
        on_progress: Told now and then.

    Raises:
        TrainingError: The checkpoint is of another training, or the loss is no longer finite.
    """
    a_epoch = len(train.rows) // settings.batch_size
    if a_epoch == 0:
        raise TrainingError(f"{len(train.rows)} clips are fewer than a batch of {settings.batch_size}")
    modules = nn.ModuleDict({"network": network, "objective": objective.layers}).to(device)
    optimizer = torch.optim.AdamW(_groups(modules, settings.weight_decay), lr=settings.lr, fused=True)
    state = TrainingState(modules, optimizer)
    data = [train.spectrograms.key, fingerprint.of_array(train.rows), fingerprint.of_array(validation.rows)]
    key = fingerprint.of_data([_VERSION, identity, data, seed, settings.model_dump(mode="json")])
    folder.mkdir(parents=True, exist_ok=True)
    state.load(folder, key=key)
    n_steps, began, saved = settings.epochs * a_epoch, time.monotonic(), time.monotonic()
    began_at, losses = state.step, _Mean()
    for epoch, batch in _batches(train.rows, settings, seed=seed, first=state.step):
        rate = _rate(state.step, n_steps, settings)
        loss = _step(
            state,
            network,
            objective,
            Part(train.spectrograms, train.rows[batch], train.truth[batch]),
            settings=settings,
            rate=rate,
            draws=_draws(seed, "step", state.step),
            device=device,
        )
        losses.add(loss, step=state.step)
        state.step += 1
        clips, figures = state.step * settings.batch_size, {}
        at_a_row = state.step % _ROWS_BETWEEN == 0
        if at_a_row:
            state.rows.append({"step": state.step, "clips": clips, "lr": rate, "loss": losses.take()})
        if state.step == (epoch + 1) * a_epoch:
            figures = _validate(network, objective, validation, settings, seed=seed, device=device)
            state.rows.append({"step": state.step, "clips": clips, **figures})
        # Saved at a row only, so that no row is a mean of other steps after going on.
        if (at_a_row and time.monotonic() - saved > settings.checkpoint_s) or state.step == n_steps:
            state.save(folder, key=key)
            saved = time.monotonic()
        if on_progress is not None:
            speed = (state.step - began_at) * settings.batch_size / (time.monotonic() - began)
            on_progress(Progress(state.step, n_steps, losses.latest, speed, figures))
    modules.eval()
    return state


def _step(
    state: TrainingState,
    network: BurstNetwork,
    objective: Objective,
    batch: Part,
    *,
    settings: LoopSpec,
    rate: float,
    draws: torch.Generator,
    device: str,
) -> float:
    """Lower the loss of one batch; what it was."""
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    state.modules.train()
    windows = batch.spectrograms.windows(batch.rows, draws).to(device)
    with _precision(settings, device):
        loss = objective.loss(network, windows, torch.from_numpy(batch.truth).to(device), draws)
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.modules.parameters(), settings.max_gradient)
    state.optimizer.step()
    return float(loss.detach())


class _Mean:
    """The mean loss since it was last taken."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self.latest = math.nan

    def add(self, loss: float, *, step: int) -> None:
        if not math.isfinite(loss):
            raise TrainingError(f"the loss became {loss} at step {step}; lower training.lr")
        self._losses.append(loss)
        self.latest = loss

    def take(self) -> float:
        mean = sum(self._losses) / len(self._losses)
        self._losses.clear()
        return mean


def _batches(rows: Labels, settings: LoopSpec, *, seed: int, first: int) -> Iterator[tuple[int, Any]]:
    """(epoch, places of a batch's clips) from step ``first`` on; what fills no batch is left out."""
    a_epoch = len(rows) // settings.batch_size
    for epoch in range(first // a_epoch, settings.epochs):
        order = torch.randperm(len(rows), generator=_draws(seed, "epoch", epoch)).numpy()
        for i in range(first % a_epoch if epoch == first // a_epoch else 0, a_epoch):
            yield epoch, order[i * settings.batch_size : (i + 1) * settings.batch_size]


def _draws(seed: int, what: str, number: int) -> torch.Generator:
    digest = fingerprint.of_data([seed, what, number])
    return torch.Generator().manual_seed(int(digest[:15], 16))


def _rate(step: int, n_steps: int, settings: LoopSpec) -> float:
    """Rises in a line, then falls as a cosine to nothing."""
    n_warm = max(1, round(settings.warm_up * n_steps))
    if step < n_warm:
        return settings.lr * (step + 1) / n_warm
    return settings.lr * 0.5 * (1 + math.cos(math.pi * (step - n_warm) / max(1, n_steps - n_warm)))


def _groups(modules: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases, norms and the scan's A and D do not."""
    matrices = [p for name, p in modules.named_parameters() if p.ndim > 1 and not name.endswith("A_log")]
    others = [p for name, p in modules.named_parameters() if p.ndim <= 1 or name.endswith("A_log")]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _precision(settings: LoopSpec, device: str) -> AbstractContextManager[Any]:
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16, enabled=settings.precision == "bfloat16")


def _validate(
    network: BurstNetwork,
    objective: Objective,
    part: Part,
    settings: LoopSpec,
    *,
    seed: int,
    device: str,
) -> dict[str, float]:
    network.eval()
    draws = _draws(seed, "validation", 0)
    with torch.no_grad(), _precision(settings, device):
        outputs = [
            objective.measure(network, part.spectrograms.windows(rows).to(device), draws)
            for rows in np.array_split(part.rows, max(1, len(part.rows) // _WINDOWS_AT_ONCE))
        ]
    return dict(objective.figures(outputs, part.truth))
