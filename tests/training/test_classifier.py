"""``NverClassifier`` keeps scikit-learn's promises where waves can, and our own."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from nver import NverClassifier
from nver.errors import AudioError, ConfigError, EncoderError

QUICK = {"head": {"kind": "fcn", "dense": (8, 8)}, "max_epochs": 3, "lr": 1e-2}


def expected_failures(estimator: NverClassifier) -> dict[str, str]:
    del estimator
    return {}


@parametrize_with_checks([NverClassifier(**QUICK)], expected_failed_checks=expected_failures)
def test_scikit_learn_finds_what_it_expects_of_a_classifier(estimator: NverClassifier, check: Any) -> None:
    check(estimator)
