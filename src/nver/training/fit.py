"""The only training loop: Adam, early stopping on a held-back part, the weights of the best epoch.

``fit`` is given the clips that it trains on and those that pick the epoch, and no others: test clips cannot
reach it. Every draw (first weights, order of clips, dropout) comes from the seed, and torch's global
generator is left as it was found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nver.errors import TrainingError
from nver.evaluation import metrics
from nver.evaluation.calibration import TEMPERATURES, fit_temperature
from nver.experiment import TrainingSpec
from nver.heads.base import Head
from nver.heads.build import build
from nver.heads.scale import Scale
from nver.heads.specs import HeadSpec
from nver.results import Epoch
from nver.types import Labels, Matrix

Views: TypeAlias = tuple[Tensor, ...]
"""(n_clips, dim) float32, one an encoder."""

_CLIPS_AT_ONCE = 256
"""Without gradients: large enough to be fast, small enough for the convolutions of 3,840 dimensions."""


_one_head_at_a_time = threading.Lock()
"""Layers draw their first weights from the global generator, which threads share."""


@dataclass(frozen=True, eq=False)
class Part:
    """Clips of one side of a fold.

    Attributes:
        views: (n_clips, dim) embeddings, one matrix an encoder, rows in step.
        truth: (n_clips,) class indices.
    """

    views: tuple[Matrix, ...]
    truth: Labels

    def __post_init__(self) -> None:
        lengths = [len(view) for view in self.views]
        if not lengths or set(lengths) != {len(self.truth)}:
            raise TrainingError(
                f"embeddings and labels are out of step: {len(self.truth)} labels and {lengths} rows"
            )
        if len(self.truth) == 0:
            raise TrainingError("there are no clips to train on")
        for i, view in enumerate(self.views):
            n_bad = int((~np.isfinite(view)).any(axis=1).sum())
            if n_bad:
                raise TrainingError(
                    f"{n_bad} of {len(view)} rows of embedding {i + 1} are not finite; extract them again"
                )


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained head.

    Attributes:
        head: With the weights of the best epoch.
        scales: One an encoder; empty when embeddings are taken as they are.
        epochs: How training went.
        best_epoch: From 0.
        temperature: What logits are divided by, fitted to the validation part; 1 unless asked for.
    """

    head: Head
    scales: tuple[Scale, ...]
    epochs: tuple[Epoch, ...]
    best_epoch: int
    temperature: float = 1.0

    def predict(self, views: Sequence[Matrix]) -> Matrix:
        """(n_clips, n_classes) float32 probabilities of clips' embeddings, one matrix an encoder."""
        logits, _ = _forward(self.head, _tensors(views, self.scales))
        probabilities: Matrix = torch.softmax(logits / self.temperature, dim=1).numpy()
        return probabilities


def fit(
    spec: HeadSpec,
    train: Part,
    validation: Part,
    *,
    n_classes: int,
    settings: TrainingSpec,
    seed: int,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_batch: Callable[[], None] | None = None,
) -> Fitted:
    """Train a head.

    Args:
        spec: Which head.
        train: What the weights (and the scales of ``settings.standardize``) are fitted to.
        validation: What picks the epoch and decides when to stop.
        n_classes: Classes of the corpus.
        settings: The loop's settings.
        seed: The same seed, inputs, machine and number of threads give the same weights, bit for bit.
        on_epoch: Told of every epoch once it is over.
        on_batch: Called after every step; raising from it ends the training.

    Raises:
        TrainingError: A loss is no longer finite, or a class to be weighted has no clip.
    """
    scales = tuple(Scale.of(view) for view in train.views) if settings.standardize else ()
    inputs, truth = _tensors(train.views, scales), _tensor(train.truth)
    held_inputs, held_truth = _tensors(validation.views, scales), _tensor(validation.truth)
    weights = _class_weights(train.truth, n_classes) if settings.class_weights == "balanced" else None

    draws = torch.Generator().manual_seed(seed)
    head = _untrained(spec, [view.shape[1] for view in train.views], n_classes=n_classes, seed=seed)
    head.draw_from(draws)
    optimizer = torch.optim.Adam(
        head.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True
    )
    epochs: list[Epoch] = []
    best_epoch, best_score, best_weights = 0, -np.inf, {}
    for number in range(settings.max_epochs):
        total = torch.zeros((), dtype=torch.float64)
        head.train()
        for rows in torch.split(torch.randperm(len(truth), generator=draws), settings.batch_size):
            output = head(tuple(view.index_select(0, rows) for view in inputs))
            loss = _loss(head, output.logits, output.penalty, truth.index_select(0, rows), weights)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach() * len(rows)
            if on_batch is not None:
                on_batch()
        logits, penalty = _forward(head, held_inputs)
        epoch = _epoch(
            train_loss=float(total) / len(truth),
            validation_loss=float(_loss(head, logits, penalty, held_truth, weights)),
            truth=validation.truth,
            guess=logits.argmax(dim=1).numpy(),
            n_classes=n_classes,
            number=number,
        )
        epochs.append(epoch)
        if on_epoch is not None:
            on_epoch(epoch)
        score = _score(epoch, settings)
        if score > best_score:
            best_epoch, best_score = number, score
            best_weights = {name: value.clone() for name, value in head.state_dict().items()}
        if settings.patience is not None and number - best_epoch >= settings.patience:
            break
    head.load_state_dict(best_weights)
    temperature = 1.0
    if settings.calibrate == "temperature":
        temperature = _temperature(_forward(head, held_inputs)[0], validation.truth)
    return Fitted(head.eval(), scales, tuple(epochs), best_epoch, temperature)


def _temperature(logits: Tensor, truth: Labels) -> float:
    """Of held-back clips; 1 where all are found, which promises too much of others."""
    found = fit_temperature(logits.numpy(), truth)
    return 1.0 if found == TEMPERATURES[0] else found


def _untrained(spec: HeadSpec, dims: Sequence[int], *, n_classes: int, seed: int) -> Head:
    """A head whose first weights come from the seed; torch's global generator is left as it was found."""
    with _one_head_at_a_time, torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed: that would reseed the generators of other devices, which nothing restores.
        torch.default_generator.manual_seed(seed)
        return build(spec, dims, n_classes)


def _loss(head: Head, logits: Tensor, penalty: Tensor, truth: Tensor, class_weights: Tensor | None) -> Tensor:
    cross_entropy = functional.cross_entropy(logits, truth, weight=class_weights)
    return head.cross_entropy_weight * cross_entropy + penalty


def _forward(head: Head, views: Views) -> tuple[Tensor, Tensor]:
    """Logits of all clips, and the mean penalty, without dropout and gradients."""
    head.eval()
    with torch.no_grad():
        outputs = [
            head(batch) for batch in zip(*(torch.split(view, _CLIPS_AT_ONCE) for view in views), strict=True)
        ]
    logits = torch.cat([output.logits for output in outputs])
    penalty = torch.stack([output.penalty * len(output.logits) for output in outputs]).sum() / len(logits)
    return logits, penalty


def _epoch(
    *, train_loss: float, validation_loss: float, truth: Labels, guess: Labels, n_classes: int, number: int
) -> Epoch:
    for name, loss in (("training", train_loss), ("validation", validation_loss)):
        if not np.isfinite(loss):
            raise TrainingError(
                f"the {name} loss became {loss} in epoch {number + 1}; lower training.lr, or set "
                "training.standardize if embeddings are far from unit scale"
            )
    return Epoch(
        train_loss=train_loss,
        validation_loss=validation_loss,
        validation_accuracy=metrics.accuracy(truth, guess),
        validation_macro_f1=metrics.macro_f1(truth, guess, n_classes=n_classes),
    )


def _score(epoch: Epoch, settings: TrainingSpec) -> float:
    """What the best epoch has most of."""
    match settings.monitor:
        case "loss":
            return -epoch.validation_loss
        case "accuracy":
            return epoch.validation_accuracy
        case "macro_f1":
            return epoch.validation_macro_f1


def _class_weights(truth: Labels, n_classes: int) -> Tensor:
    counts = np.bincount(truth, minlength=n_classes)
    if (counts == 0).any():
        raise TrainingError(f"class {int(counts.argmin())} has no clip to train on, so it cannot be weighted")
    return torch.from_numpy((len(truth) / (n_classes * counts)).astype(np.float32))


def _tensors(views: Sequence[Matrix], scales: Sequence[Scale]) -> Views:
    if scales:
        views = [scale(view) for scale, view in zip(scales, views, strict=True)]
    return tuple(_tensor(view) for view in views)


def _tensor(array: Matrix | Labels) -> Tensor:
    """The array's own memory, or a copy where that is read-only: torch does not share such memory."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))
