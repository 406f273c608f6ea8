"""scikit-learn's way of training and asking: ``fit``, ``predict`` and ``predict_proba`` on waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from nver.audio import from_array
from nver.config import validate
from nver.encoders import Encoder, load_encoder
from nver.errors import EncoderError
from nver.evaluation.calibration import softmax
from nver.experiment import Experiment
from nver.heads.specs import HeadSpec
from nver.training.calibrated import fit_calibrated
from nver.types import RATE_HZ, Matrix, Samples

Waves: TypeAlias = npt.ArrayLike | Sequence[npt.ArrayLike]
"""A list of waves of any lengths, each (n_samples,) or (n_samples, n_channels) floats of full scale ±1; or
(n_clips, n_samples) floats."""

_CLIPS_AT_ONCE = 64

_SETTINGS = (
    *("lr", "batch_size", "max_epochs", "patience", "validation_share", "monitor", "class_weights"),
    *("standardize", "weight_decay"),
)
"""Parameters that are those of ``[training]``."""


class NverClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Frozen encoders and a head as a scikit-learn classifier of waves.

    A part of the clips given to ``fit`` is held back, picks the epoch and fits the temperature, so that
    ``predict_proba`` is calibrated. Parameters from ``lr`` on are those of ``[training]`` in an experiment
    and have its defaults, but that embeddings are standardised.

    Args:
        encoders: A name that ``nver encoders list`` shows, or several for a head that fuses.
        head: ``"fcn"``, ``"cnn"``, ``"concat"``, ``"reno"``..., or a table with ``kind`` and settings of it.
        rate_hz: Samples a second of all waves.
        lr: Learning rate.
        batch_size: Clips a step.
        max_epochs: After which training ends.
        patience: Epochs without improvement after which it ends; None for never.
        validation_share: How much is held back.
        monitor: ``loss``, ``accuracy`` or ``macro_f1`` of the held-back part: what the best epoch is best in.
        class_weights: ``none`` or ``balanced``.
        standardize: Whether dimensions of embeddings are brought to unit scale.
        weight_decay: Of Adam.
        random_state: A seed, a ``numpy.random.RandomState``, or None for a new draw at each fit.

    Attributes:
        classes_: (n_classes,) the labels, sorted.
        trained_: The head with its scales.
        temperature_: What its logits are divided by.
        n_iter_: Epochs that were trained.

    >>> rng = np.random.default_rng(0)
    >>> hisses = [rng.normal(size=n).astype(np.float32) / 9 for n in range(4000, 4800, 100)]
    >>> hums = [np.sin(np.arange(n) / 20, dtype=np.float32) / 9 for n in range(4000, 4800, 100)]
    >>> model = NverClassifier(head={"kind": "fcn", "dense": [8, 8]}, lr=1e-2, random_state=0)
    >>> model.fit(hisses + hums, ["hiss"] * 8 + ["hum"] * 8).predict([hums[0], hisses[0]])
    array(['hum', 'hiss'], dtype='<U4')
    """

    def __init__(
        self,
        encoders: str | Sequence[str] = "logmel-stats",
        head: str | Mapping[str, Any] = "fcn",
        *,
        rate_hz: int = RATE_HZ,
        lr: float = 1e-3,
        batch_size: int = 32,
        max_epochs: int = 20,
        patience: int | None = 5,
        validation_share: float = 0.1,
        monitor: str = "macro_f1",
        class_weights: str = "none",
        standardize: bool = True,
        weight_decay: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.encoders = encoders
        self.head = head
        self.rate_hz = rate_hz
        self.lr = lr
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_share = validation_share
        self.monitor = monitor
        self.class_weights = class_weights
        self.standardize = standardize
        self.weight_decay = weight_decay
        self.random_state = random_state

    def fit(self, X: Waves, y: npt.ArrayLike, *, speakers: Sequence[str | None] | None = None) -> Self:
        """Embed the waves, train the head, and calibrate it.

        Args:
            X: n_clips waves.
            y: (n_clips,) labels of two or more classes.
            speakers: Who is heard in each clip: whole speakers are then held back.

        Raises:
            ConfigError: A parameter cannot be meant.
            ValueError: Waves or labels are none, or of unequal numbers.
            AudioError: A wave is empty, not finite, or no array of floats.
            SplitError: There are too few clips to hold some back.
            TrainingError: The loss ran away.
        """
        experiment = self._experiment(seed=int(check_random_state(self.random_state).randint(2**31 - 1)))
        waves = self._waves(X, fewest=2)
        labels = check_array(column_or_1d(y, warn=True), ensure_2d=False, dtype=None, input_name="y")
        check_classification_targets(labels)
        if len(labels) != len(waves):
            raise ValueError(f"{len(waves)} waves came with {len(labels)} labels; expected one each")
        if speakers is not None and len(speakers) != len(waves):
            raise ValueError(f"{len(waves)} waves came with {len(speakers)} speakers; expected one each")
        self.classes_, truth = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"all clips are of one class, '{self.classes_[0]}'; expected two or more")
        self._loaded = self._load(experiment)
        self._fingerprints = tuple(encoder.fingerprint for encoder in self._loaded)
        made = fit_calibrated(
            _trainable(experiment),
            self._embed(waves),
            truth.astype(np.int64),
            class_names=[str(label) for label in self.classes_],
            settings=experiment.training,
            seed=experiment.seed,
            speakers=speakers,
        )
        self.trained_, self.temperature_, self.n_iter_ = made.trained, made.temperature, made.n_epochs
        return self

    def predict(self, X: Waves) -> npt.NDArray[Any]:
        """(n_clips,) the most probable label of each wave. Raises as ``predict_proba``."""
        best = self.predict_proba(X).argmax(axis=1)
        labels: npt.NDArray[Any] = self.classes_[best]
        return labels

    def predict_proba(self, X: Waves) -> npt.NDArray[np.float64]:
        """(n_clips, n_classes) calibrated probabilities in the order of ``classes_``.

        No wave has an influence on another.

        Raises:
            NotFittedError: ``fit`` was not called.
            ValueError: Waves are none.
            AudioError: A wave is empty, not finite, or no array of floats.
        """
        check_is_fitted(self)
        logits = self.trained_.logits(self._embed(self._waves(X, fewest=1)))
        return softmax(logits, temperature=self.temperature_)

    def _experiment(self, *, seed: int) -> Experiment:
        """The parameters as an experiment has them, which is where they are checked."""
        names = [self.encoders] if isinstance(self.encoders, str) else list(self.encoders)
        plain = {
            "name": "classifier",
            "corpus": {"name": "waves", "root": "."},
            "encoders": names,
            "head": {"kind": self.head} if isinstance(self.head, str) else dict(self.head),
            "training": {name: getattr(self, name) for name in _SETTINGS},
            "seed": seed,
        }
        return validate(Experiment, plain, source=type(self).__name__)

    def _waves(self, X: Waves, *, fewest: int) -> list[Samples]:
        """Mono waves at 16 kHz. What makes a rectangle is checked as scikit-learn checks its inputs."""
        is_ragged = isinstance(X, list | tuple) and len({np.shape(wave) for wave in X}) > 1
        has_channels = isinstance(X, list | tuple) and any(np.ndim(wave) > 1 for wave in X)
        holds_objects = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
        if not (is_ragged or has_channels or holds_objects):
            X = check_array(X, ensure_min_samples=fewest, input_name="X", estimator=self)
        waves = [from_array(wave, self.rate_hz, name=f"wave {i}") for i, wave in enumerate(cast("Any", X))]
        if len(waves) < fewest:
            raise ValueError(f"there are {len(waves)} waves; expected {fewest} or more")
        return waves

    def _embed(self, waves: Sequence[Samples]) -> list[Matrix]:
        return [
            np.concatenate(
                [
                    encoder.embed(waves[start : start + _CLIPS_AT_ONCE])
                    for start in range(0, len(waves), _CLIPS_AT_ONCE)
                ]
            )
            for encoder in self._encoders()
        ]

    def _load(self, experiment: Experiment) -> tuple[Encoder, ...]:
        return tuple(load_encoder(spec.name, **spec.options) for spec in experiment.encoders)

    def _encoders(self) -> tuple[Encoder, ...]:
        """The encoders of ``fit``; a copy that came through a pickle loads them anew."""
        if not hasattr(self, "_loaded"):
            loaded = self._load(self._experiment(seed=0))
            for encoder, fingerprint in zip(loaded, self._fingerprints, strict=True):
                if encoder.fingerprint != fingerprint:
                    raise EncoderError(
                        f"'{encoder.card.name}' has other weights, settings or version here than where this "
                        "classifier was fitted; fit it again"
                    )
            self._loaded = loaded
        return self._loaded

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_loaded"}


def _trainable(experiment: Experiment) -> HeadSpec:
    return experiment.head  # type: ignore[return-value]  # parents of a late fusion would be its encoders
