"""Classifiers of scikit-learn, fitted to embeddings laid end to end.

They have no epochs, so nothing is held back to pick one: they are fitted to the whole training part.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from nver.errors import ConfigError, TrainingError
from nver.experiment import TrainingSpec
from nver.heads.estimators import ESTIMATORS, SklearnSpec
from nver.heads.scale import Scale
from nver.training.fit import Part
from nver.types import Matrix

_SOFTMAX = "softmax of decision_function, not calibrated"


@dataclass(frozen=True, eq=False)
class FittedEstimator:
    """A fitted classifier.

    Attributes:
        estimator: Of scikit-learn.
        scales: One an encoder; empty when embeddings are taken as they are.
        n_classes: Of the corpus.
        turns: Held while scikit-learn computes.
    """

    estimator: Any
    scales: tuple[Scale, ...]
    n_classes: int
    turns: AbstractContextManager[Any]

    @property
    def probabilities_are(self) -> str:
        """Where probabilities come from: ``predict_proba``, or a softmax of ``decision_function``."""
        return "predict_proba" if hasattr(self.estimator, "predict_proba") else _SOFTMAX

    @property
    def n_parameters(self) -> int | None:
        """Fitted weights of a linear classifier; None for others, which keep clips or trees."""
        fitted = [getattr(self.estimator, name, None) for name in ("coef_", "intercept_")]
        if not all(isinstance(part, np.ndarray) for part in fitted):
            return None
        return sum(int(part.size) for part in fitted if part is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know: that it stopped before it converged."""
        limit = getattr(self.estimator, "max_iter", None)
        n_steps = np.max(getattr(self.estimator, "n_iter_", 0))
        if isinstance(limit, int) and limit > 0 and n_steps >= limit:
            name = type(self.estimator).__name__
            return (f"{name} stopped after max_iter = {limit} steps, before it converged",)
        return ()

    def predict(self, views: Sequence[Matrix]) -> Matrix:
        """(n_clips, n_classes) float32 probabilities of clips' embeddings, one matrix an encoder.

        Raises:
            TrainingError: The classifier does not give one figure a class.
        """
        x = _inputs(views, self.scales)
        with self.turns, _one_core():
            if hasattr(self.estimator, "predict_proba"):
                shares = self.estimator.predict_proba(x)
            else:
                shares = _softmax(_one_a_class(self.estimator.decision_function(x)))
        classes = self.estimator.classes_
        if shares.shape[1] != len(classes):
            raise TrainingError(
                f"{type(self.estimator).__name__} gave {shares.shape[1]} figures a clip for {len(classes)} "
                "classes; where it has a decision_function_shape, set it to 'ovr'"
            )
        probabilities = np.zeros((len(x), self.n_classes), np.float32)
        probabilities[:, classes] = shares
        return probabilities


def fit_estimator(
    spec: SklearnSpec, train: Part, *, n_classes: int, settings: TrainingSpec, seed: int
) -> FittedEstimator:
    """Fit a classifier.

    Args:
        spec: Which, and what its constructor is given.
        train: What it (and the scales of ``settings.standardize``) is fitted to.
        n_classes: Classes of the corpus.
        settings: Of these, ``standardize`` and ``class_weights`` are looked at.
        seed: Its ``random_state``, where it has one.

    Raises:
        ConfigError: There is no such classifier or parameter, or it cannot weigh classes or be calibrated.
        TrainingError: scikit-learn refuses the parameters or the clips.
    """
    estimator = make(spec, settings=settings, seed=seed)
    scales = tuple(Scale.of(view) for view in train.views) if settings.standardize else ()
    x = _inputs(train.views, scales)
    turns = _turns(spec)
    try:
        with turns, _one_core():
            estimator.fit(x, train.truth)
    except ValueError as error:  # also InvalidParameterError, which says what the parameter may be
        raise TrainingError(f"{spec.estimator} cannot be fitted: {error}") from error
    return FittedEstimator(estimator, scales, n_classes, turns)


def make(spec: SklearnSpec, *, settings: TrainingSpec, seed: int) -> Any:
    """An unfitted classifier.

    Raises:
        ConfigError: There is no such classifier or parameter, or it cannot weigh classes or be calibrated.
    """
    kind = _class_of(spec.estimator)
    known = set(inspect.signature(kind).parameters)
    if unknown := sorted(set(spec.parameters) - known):
        expected = ", ".join(sorted(known - {"random_state"}))
        raise ConfigError(f"{spec.estimator} has no parameter '{unknown[0]}'; expected one of {expected}")
    if settings.calibrate == "temperature":
        raise ConfigError(
            f"{spec.estimator} is fitted to the whole training part, so that no clips are left to fit a "
            "temperature to; set training.calibrate = 'none' for it"
        )
    parameters = dict(spec.parameters)
    if settings.class_weights == "balanced":
        if "class_weight" not in known:
            raise ConfigError(
                f"{spec.estimator} cannot weigh classes; set training.class_weights = 'none' for it"
            )
        parameters.setdefault("class_weight", "balanced")
    if "random_state" in known:
        parameters["random_state"] = seed
    return kind(**parameters)


def _class_of(name: str) -> Any:
    from sklearn.base import ClassifierMixin

    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"scikit-learn has no class '{name}': {error}") from error
    is_classifier = isinstance(found, type) and issubclass(found, ClassifierMixin)
    if not is_classifier:
        raise ConfigError(f"'{name}' is no classifier; expected one such as sklearn.svm.SVC")
    if not any(hasattr(found, method) for method in ("predict_proba", "decision_function")):
        raise ConfigError(f"'{name}' has neither predict_proba nor decision_function, and one is needed")
    wanted = [
        parameter.name
        for parameter in inspect.signature(found).parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]
    if wanted:
        raise ConfigError(f"'{name}' is made of other classifiers ('{wanted[0]}'); name one of those instead")
    return found


def _inputs(views: Sequence[Matrix], scales: Sequence[Scale]) -> Any:
    """(n_clips, sum of dims) float64."""
    if scales:
        views = [scale(view) for scale, view in zip(scales, views, strict=True)]
    return np.hstack(views).astype(np.float64)


def _one_a_class(scores: Any) -> Any:
    """(n_clips, n_classes) scores; of two classes scikit-learn gives one."""
    return np.stack([np.zeros_like(scores), scores], axis=1) if scores.ndim == 1 else scores


def _softmax(scores: Any) -> Any:
    from scipy.special import softmax

    return softmax(scores, axis=1)


_one_at_a_time = threading.Lock()


def _turns(spec: SklearnSpec) -> AbstractContextManager[Any]:
    """What keeps a classifier from running beside another.

    One that hands work to joblib changes the filters of warnings, which all threads share. Those with short
    names never do.
    """
    alone = {estimator for estimator, _ in ESTIMATORS.values()}
    return nullcontext() if spec.estimator in alone else _one_at_a_time


class _Users:
    """How many threads are inside ``_one_core``, and what gives BLAS its cores back."""

    lock = threading.Lock()
    n = 0
    limited: Any = None


@contextmanager
def _one_core() -> Iterator[None]:
    """One core for what runs inside, as for every other head: bits do not depend on the number of cores.

    OpenMP's limit is the thread's own; that of BLAS is the process's, so that the last one out lifts it.
    """
    with _Users.lock:
        if _Users.n == 0:
            _Users.limited = _libraries().limit(limits=1, user_api="blas")
        _Users.n += 1
    try:
        with _libraries().limit(limits=1, user_api="openmp"):
            yield
    finally:
        with _Users.lock:
            _Users.n -= 1
            if _Users.n == 0:
                _Users.limited.restore_original_limits()


@functools.cache
def _libraries() -> Any:
    import sklearn.linear_model  # noqa: F401 - brings the libraries whose threads are to be limited
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
