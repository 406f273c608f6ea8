"""A recogniser that hears loudness and brightness, without weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nver.recogniser.card import BundleCard, NetworkSystem, Seen
from nver.recogniser.recogniser import Recogniser
from nver.types import Matrix, Samples

VIEW = {"classes": ("quiet", "loud"), "members": {"hum": "quiet", "shout": "loud"}}


def _logits(waves: Sequence[Samples]) -> Matrix:
    rows = [(np.log(np.mean(w**2) + 1e-6), np.mean(np.diff(np.signbit(w))), len(w) / 16_000) for w in waves]
    return np.asarray(rows, np.float32)


@pytest.fixture(scope="session")
def toy() -> Recogniser:
    seen = (Seen(corpus="toy", n_train=6, n_held_back=2, speakers=("ann", "bob")),)
    card = BundleCard.model_validate(
        {
            "name": "toy",
            "labels": ("hum", "hiss", "shout"),
            "system": NetworkSystem(family="toy", config={}),
            "temperature": 2.0,
            "views": {"loudness": VIEW},
            "seen": seen,
            "licence": "CC0",
        }
    )
    return Recogniser(card, _logits)
