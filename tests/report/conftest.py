"""Results that no head made: guesses drawn around the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nver import config
from nver.experiment import Experiment
from nver.results import Epoch, FoldHistory, Predictions, Result

SIX = ("achievement", "anger", "fear", "pain", "pleasure", "surprise")

MakeResult = Callable[..., Result]


def _make_result(
    *,
    labels: tuple[str, ...] = SIX,
    n_clips: int = 120,
    n_folds: int = 3,
    hit_rate: float = 0.5,
    seed: int = 0,
    protocol: str = "speaker",
    system: str = "fcn",
    head: dict[str, Any] | None = None,
    encoders: tuple[Any, ...] = ("logmel-stats",),
    training: dict[str, Any] | None = None,
    provenance: dict[str, Any] | None = None,
    n_speakers: int = 0,
) -> Result:
    rng = np.random.default_rng(seed)
    n = len(labels)
    truth = np.arange(n_clips) % n
    guess = np.where(rng.random(n_clips) < hit_rate, truth, rng.integers(0, n, n_clips))
    probabilities = np.full((n_clips, n), 0.5 / n, np.float32)
    probabilities[np.arange(n_clips), guess] += 0.5
    fold = np.arange(n_clips) * n_folds // n_clips
    experiment = config.validate(
        Experiment,
        {
            "name": f"{system}-{protocol}",
            "corpus": {"name": "vivae", "root": "data/VIVAE"},
            "encoders": encoders,
            "head": head or {"kind": "fcn"},
            "folds": {"protocol": protocol, "n_folds": max(n_folds, 2)},
            "training": training or {},
            "seed": seed,
        },
        source="a made-up result",
    )
    history = tuple(
        FoldHistory(
            fold=i,
            name=f"fold {i + 1}",
            n_train=80,
            n_validation=10,
            n_test=int((fold == i).sum()),
            epochs=tuple(Epoch(1.8 - e / 10, 1.7 - e / 20, 0.2 + e / 50, 0.2 + e / 50) for e in range(8)),
            best_epoch=5,
        )
        for i in range(n_folds)
    )
    said = {
        "key": f"{seed}",
        "software": {"nver": "0.1.0", "torch": "2.13.0"},
        "machine": {"cpu": "abacus", "cores": 2},
        "corpus": {"name": "vivae", "n_clips": n_clips, "n_speakers": 11},
        "encoders": [{"fingerprint": "f00d"} for _ in encoders],
        "head_parameters": 394_758,
        "training_s": 1.5,
        "unreadable": {},
        "warnings": [],
    }
    ids = tuple(f"clip_{i:04}.wav" for i in range(n_clips))
    return Result(
        experiment=experiment,
        labels=labels,
        predictions=Predictions(
            ids, truth, probabilities, fold, tuple(f"s{i % n_speakers}" for i in range(n_clips) if n_speakers)
        ),
        history=history,
        provenance=said | (provenance or {}),
    )


@pytest.fixture(scope="session")
def make_result() -> MakeResult:
    """Makes results; equal arguments make equal results."""
    return _make_result
