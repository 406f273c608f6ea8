"""Finished folds on disk, so that an interrupted cross-validation goes on where it was."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nver.results import FoldHistory
from nver.types import Matrix


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """What is kept of a fold.

    Attributes:
        probabilities: (n_test, n_classes) of the fold's test clips, in the order of their rows.
        history: How the fold was trained.
        n_parameters: Of the head; None where there is no such number.
        seconds: Wall time of training and predicting.
        probabilities_are: Where probabilities come from.
        notes: What a reader has to know, a sentence each.
    """

    probabilities: Matrix
    history: FoldHistory
    n_parameters: int | None
    seconds: float
    probabilities_are: str
    notes: tuple[str, ...] = ()


class FoldStore:
    """A folder with a file for each finished fold of one run.

    Args:
        directory: Where; made when it is first written to.
        key: Digest of all that decides the outcome. Folds that were saved under another key are of another
            run: they are never loaded, and are overwritten.
    """

    def __init__(self, directory: Path, key: str) -> None:
        self._directory = directory
        self._key = key

    def save(self, fold: int, outcome: FoldOutcome) -> None:
        """Write one fold, whole or not at all."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._path(fold)
        unfinished = path.with_suffix(".unfinished")
        facts = {
            "key": self._key,
            "history": dataclasses.asdict(outcome.history),
            "n_parameters": outcome.n_parameters,
            "seconds": outcome.seconds,
            "probabilities_are": outcome.probabilities_are,
            "notes": list(outcome.notes),
        }
        with unfinished.open("wb") as file:
            np.savez(file, probabilities=outcome.probabilities, facts=np.array(json.dumps(facts)))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    def load(self, fold: int) -> FoldOutcome | None:
        """The outcome of a fold of this run; None when it has to be trained."""
        try:
            with self._path(fold).open("rb") as file, np.load(file, allow_pickle=False) as saved:
                facts = json.loads(str(saved["facts"]))
                probabilities = saved["probabilities"]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        if facts["key"] != self._key:
            return None
        return FoldOutcome(
            probabilities=probabilities,
            history=FoldHistory.from_json(facts["history"]),
            n_parameters=facts["n_parameters"],
            seconds=facts["seconds"],
            probabilities_are=facts["probabilities_are"],
            notes=tuple(facts["notes"]),
        )

    def _path(self, fold: int) -> Path:
        return self._directory / f"fold-{fold:04d}.npz"
