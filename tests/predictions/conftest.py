"""A question, and answers to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nver.predictions.rows import Question, Row
from nver.recogniser.card import BundleCard, NetworkSystem, Seen
from nver.recogniser.recogniser import Recogniser
from nver.types import Matrix, Samples


@pytest.fixture
def question() -> Question:
    return Question(recogniser="toy@0123", not_sure_below=0.5)


@pytest.fixture
def make_row() -> Callable[..., Row]:
    """A row with whatever a test changes."""

    def make(**changes: Any) -> Row:
        plain = {
            "path": "a.wav",
            "start_s": 0.0,
            "end_s": 1.5,
            "label": "hum, low",
            "confidence": 0.75,
            "not_sure": False,
            "outside": 0.0,
            "probabilities": {"hum, low": 0.75, "hiss": 0.25},
        }
        return Row.model_validate(plain | changes)

    return make


@pytest.fixture
def make_recogniser() -> Callable[..., Recogniser]:
    """A recogniser that nobody asks about a clip, with whatever a test changes of its card."""

    def make(**changes: Any) -> Recogniser:
        card = {
            "name": "toy",
            "labels": ("hum", "hiss", "shout"),
            "system": NetworkSystem(family="toy"),
            "temperature": 1.0,
            "views": {
                "loudness": {"classes": ("quiet", "loud"), "members": {"hum": "quiet", "shout": "loud"}}
            },
            "seen": (Seen(corpus="toy", n_train=6, n_held_back=2),),
            "licence": "CC0",
        }
        return Recogniser(BundleCard.model_validate(card | changes), network=_silent, digest="0123")

    return make


def _silent(waves: Sequence[Samples]) -> Matrix:
    raise AssertionError(f"asked about {len(waves)} waves")
