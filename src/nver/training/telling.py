"""How a cross-validation says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nver.experiment import Experiment
from nver.results import Epoch
from nver.training.crew import Crew


@dataclass(frozen=True)
class Progress:
    """An epoch of a fold is over, or a trial of its search; ``epoch`` counts from 1, ``fold`` from 0.

    Attributes:
        figures: Of the epoch; None after a trial, where ``epoch`` is 0.
        n_tried: Trials that are over.
        n_trials: All of them; 0 without a search.
    """

    fold: int
    n_folds: int
    epoch: int
    max_epochs: int
    figures: Epoch | None
    n_tried: int = 0
    n_trials: int = 0

    @property
    def share(self) -> float:
        """About how much of the fold is done."""
        return (self.n_tried + min(1.0, self.epoch / self.max_epochs)) / (self.n_trials + 1)


@dataclass
class Teller:
    """Tells whoever asked how a fold goes."""

    fold: int
    n_folds: int
    experiment: Experiment
    crew: Crew
    on_progress: Callable[[Progress], None] | None
    n_epochs: int = 0
    n_tried: int = 0

    def epoch(self, figures: Epoch) -> None:
        """One more epoch."""
        self.n_epochs += 1
        self._tell(figures)

    def trial(self, n_done: int) -> None:
        """One more trial."""
        self.n_tried = n_done
        self._tell(None)

    def _tell(self, figures: Epoch | None) -> None:
        if self.on_progress is None:
            return
        search_spec = self.experiment.search
        with self.crew.lock:
            self.on_progress(
                Progress(
                    self.fold,
                    self.n_folds,
                    self.n_epochs,
                    self.experiment.training.max_epochs,
                    figures,
                    n_tried=self.n_tried,
                    n_trials=search_spec.n_trials if search_spec else 0,
                )
            )
