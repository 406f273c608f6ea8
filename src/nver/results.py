"""A result: every clip's prediction with all that made it; scores are derived from it, always.

On disk a result is a folder of two files: ``result.json`` (configuration, history, provenance) and
``predictions.parquet`` (a row a clip: ``clip_id``, ``fold``, ``truth``, ``p_<label>`` for every class, and
``speaker`` and ``a_<name>`` for what else the corpus codes, so that intervals and slices need no corpus).
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nver import atomic, config, fingerprint
from nver.errors import ResultError
from nver.evaluation import metrics
from nver.experiment import Experiment
from nver.search import Trial, best_of
from nver.types import Labels, Matrix

RESULT_FILE = "result.json"
PREDICTIONS_FILE = "predictions.parquet"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Predictions:
    """What was guessed for every tested clip, in the order of the corpus.

    Attributes:
        clip_ids: Unique.
        truth: (n_clips,) class indices.
        probabilities: (n_clips, n_classes), rows sum to one.
        fold: (n_clips,) the fold that each clip was tested in, from 0.
        speakers: (n_clips,) who is heard, None where unknown; () in a result that was saved without.
        attributes: What else the corpus codes: name -> (n_clips,) values, None where a clip has none.
    """

    clip_ids: tuple[str, ...]
    truth: Labels
    probabilities: Matrix
    fold: Labels
    speakers: tuple[str | None, ...] = ()
    attributes: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_clips = len(self.clip_ids)
        if len(set(self.clip_ids)) != n_clips:
            raise ResultError("a clip is predicted twice")
        if self.probabilities.ndim != 2 or not (
            (n_clips,) == self.truth.shape == self.fold.shape == self.probabilities.shape[:1]
        ):
            raise ResultError(
                f"{n_clips} clip ids came with truth {self.truth.shape}, fold {self.fold.shape} and "
                f"probabilities {self.probabilities.shape}; expected a row a clip in each"
            )
        if n_clips == 0:
            raise ResultError("there are no predictions")
        told = {**({"speakers": self.speakers} if self.speakers else {}), **self.attributes}
        for name, column in told.items():
            if len(column) != n_clips:
                raise ResultError(f"{n_clips} clips came with {len(column)} of '{name}'; expected one a clip")
        if self.truth.min() < 0 or self.truth.max() >= self.probabilities.shape[1]:
            raise ResultError(f"a true class is outside 0..{self.probabilities.shape[1] - 1}")
        if self.fold.min() < 0:
            raise ResultError("a fold is negative; folds are counted from 0")
        sums = self.probabilities.sum(axis=1, dtype=np.float64)
        if not (self.probabilities.min() >= 0 and np.all(np.abs(sums - 1) < 1e-3)):  # NaN fails as well
            raise ResultError("probabilities are not finite, not between 0 and 1, or do not sum to one")

    @property
    def guess(self) -> Labels:
        """(n_clips,) the most probable class of each clip."""
        guess: Labels = self.probabilities.argmax(axis=1)
        return guess


@dataclass(frozen=True)
class Epoch:
    """One epoch of one fold: mean losses per clip and the validation scores."""

    train_loss: float
    validation_loss: float
    validation_accuracy: float
    validation_macro_f1: float


@dataclass(frozen=True)
class FoldHistory:
    """How one fold was trained; ``best_epoch`` (from 0) is the one whose weights made the predictions.

    ``temperature`` is what its logits were divided by before they became probabilities.
    A fold without epochs (late fusion of other results, a classifier of scikit-learn) has 0 as the best one.
    ``trials`` are those of a search, in their order; () without one.
    """

    fold: int
    name: str
    n_train: int
    n_validation: int
    n_test: int
    epochs: tuple[Epoch, ...]
    best_epoch: int
    temperature: float = 1.0
    trials: tuple[Trial, ...] = ()

    @property
    def chosen(self) -> Trial | None:
        """The best trial, and the earliest of equals: the fold was trained with its settings."""
        return best_of(self.trials)

    def __post_init__(self) -> None:
        if not 0 <= self.best_epoch < max(1, len(self.epochs)):
            raise ResultError(
                f"{self.name}: the best epoch is {self.best_epoch} of {len(self.epochs)} epochs"
            )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FoldHistory:
        """The inverse of ``dataclasses.asdict``."""
        epochs = tuple(Epoch(**epoch) for epoch in data["epochs"])
        trials = tuple(Trial(**trial) for trial in data.get("trials", ()))
        return cls(**{**data, "epochs": epochs, "trials": trials})


@dataclass(frozen=True, eq=False)
class Result:
    """Predictions, and everything needed to know how they were made.

    Attributes:
        experiment: The whole configuration.
        labels: Class names in the order of the indices.
        predictions: Every tested clip.
        history: One entry a fold.
        provenance: Plain data: versions, fingerprints, machine, counts, parameters, unreadable clips,
            warnings.
    """

    experiment: Experiment
    labels: tuple[str, ...]
    predictions: Predictions
    history: tuple[FoldHistory, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_columns = self.predictions.probabilities.shape[1]
        if len(self.labels) != n_columns:
            raise ResultError(f"{len(self.labels)} labels came with probabilities of {n_columns} classes")
        tested = dict(zip(*np.unique(self.predictions.fold, return_counts=True), strict=True))
        if {past.fold: past.n_test for past in self.history} != tested:
            raise ResultError("the folds of the history are not those of the predictions")

    def scores(self) -> metrics.Scores:
        """Accuracy, macro F1 and UAR over folds and pooled, every class, and the confusion matrix."""
        made = self.predictions
        return metrics.scores(made.truth, made.guess, made.fold, labels=self.labels)

    def save(self, directory: Path) -> None:
        """Write the result as a folder, whole or not at all; an earlier result there is replaced.

        Raises:
            ResultError: There is something at ``directory`` that is no result.
        """
        require_place(directory)
        table = to_parquet(self.predictions, self.labels)
        summary = self._to_json(fingerprint.of_bytes(table)).encode()
        atomic.write_folder(directory, {PREDICTIONS_FILE: table, RESULT_FILE: summary})

    @classmethod
    def load(cls, directory: Path) -> Result:
        """The result in a folder.

        Raises:
            ResultError: The folder is no result, a file of it is missing or damaged, or a later version
                wrote it.
            ConfigError: Its experiment is not one that this version knows.
        """
        data = read_summary(directory)
        try:
            table = (directory / PREDICTIONS_FILE).read_bytes()
        except OSError as error:
            raise ResultError(f"cannot read {directory / PREDICTIONS_FILE}: {error.strerror}") from error
        if fingerprint.of_bytes(table) != data["predictions_sha256"]:
            raise ResultError(
                f"{directory / PREDICTIONS_FILE} is not what {RESULT_FILE} was written with; run it again"
            )
        labels = tuple(data["labels"])
        return cls(
            experiment=config.validate(Experiment, data["experiment"], source=str(directory / RESULT_FILE)),
            labels=labels,
            predictions=from_parquet(table, labels),
            history=tuple(FoldHistory.from_json(past) for past in data["history"]),
            provenance=data["provenance"],
        )

    def _to_json(self, predictions_sha256: str) -> str:
        data = {
            "format": _FORMAT,
            "experiment": self.experiment.model_dump(mode="json"),
            "labels": list(self.labels),
            "provenance": dict(self.provenance),
            "predictions_sha256": predictions_sha256,
            "history": [dataclasses.asdict(past) for past in self.history],
        }
        return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def holds_result(directory: Path) -> bool:
    """Whether a result was saved as this folder."""
    return (directory / RESULT_FILE).is_file()


def require_place(directory: Path) -> None:
    """Nothing is here but, possibly, an earlier result.

    Raises:
        ResultError: Something else is, and would be lost.
    """
    occupied = directory.is_file() or (directory.is_dir() and any(directory.iterdir()))
    if occupied and not holds_result(directory):
        raise ResultError(f"{directory} exists and is no result; name another folder, or remove it")


def read_summary(directory: Path) -> dict[str, Any]:
    """What ``result.json`` says, without the predictions.

    Raises:
        ResultError: There is no such file, it is damaged, or a later version wrote it.
    """
    path = directory / RESULT_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{directory} is no result: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ResultError(f"{path} is damaged: {error}") from error
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise ResultError(f"{path} is not a result of format {_FORMAT}, the only one that this version reads")
    return data


def to_parquet(predictions: Predictions, labels: tuple[str, ...]) -> bytes:
    """A table with a row a clip: the columns that the module's text names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    told = {"speaker": predictions.speakers} if predictions.speakers else {}
    told |= {f"a_{name}": column for name, column in predictions.attributes.items()}
    text = ["clip_id", "truth", *told]
    chances = [f"p_{label}" for label in labels]
    columns: dict[str, Any] = {
        "clip_id": pa.array(predictions.clip_ids, pa.string()),
        "fold": pa.array(predictions.fold, pa.int32()),
        "truth": pa.array([labels[index] for index in predictions.truth], pa.string()),
    }
    for name, column in zip(chances, predictions.probabilities.T, strict=True):
        columns[name] = pa.array(np.ascontiguousarray(column), pa.float32())
    columns |= {name: pa.array(column, pa.string()) for name, column in told.items()}
    file = io.BytesIO()
    pq.write_table(
        pa.table(columns),
        file,
        compression="zstd",
        compression_level=9,
        use_dictionary=text,
        use_byte_stream_split=chances,
    )
    return file.getvalue()


def from_parquet(data: bytes, labels: tuple[str, ...]) -> Predictions:
    """The inverse of ``to_parquet``."""
    import pyarrow.parquet as pq

    table: Any = pq.read_table(io.BytesIO(data))
    index = {label: i for i, label in enumerate(labels)}
    return Predictions(
        clip_ids=tuple(table["clip_id"].to_pylist()),
        truth=np.array([index[label] for label in table["truth"].to_pylist()], np.int64),
        probabilities=np.stack([table[f"p_{label}"].to_numpy() for label in labels], axis=1),
        fold=table["fold"].to_numpy().astype(np.int64),
        speakers=tuple(table["speaker"].to_pylist()) if "speaker" in table.column_names else (),
        attributes={
            name.removeprefix("a_"): tuple(table[name].to_pylist())
            for name in table.column_names
            if name.startswith("a_")
        },
    )
