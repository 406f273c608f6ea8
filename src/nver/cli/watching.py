"""What ``nver run`` shows of a run as it goes."""

from __future__ import annotations

from pathlib import Path

from nver.cli.embed import account, speed
from nver.cli.progress import Progress
from nver.corpora import Corpus
from nver.embeddings.extract import Extraction
from nver.embeddings.extract import Progress as Extracting
from nver.encoders import Encoder
from nver.experiment import Experiment
from nver.report.tables import spread
from nver.results import Result
from nver.training.cross_validate import Progress as Training
from nver.training.run import Observer


class Watching(Observer):
    """Moves a bar, and leaves a line for every encoder and experiment that is done.

    Args:
        bar: What to tell.
        n_experiments: Of the plan.
    """

    def __init__(self, bar: Progress, *, n_experiments: int) -> None:
        self._bar = bar
        self._encoder = ""
        self._n_experiments = n_experiments
        self._is_training = False
        self._shares: dict[str, list[float]] = {}

    def opened(self, corpus: Corpus) -> None:
        """How many clips there are, and why others are not among them."""
        speakers = {clip.speaker for clip in corpus.clips} - {None}
        self._bar.say(
            f"{corpus.card.title}: {len(corpus.clips):,} clips, {len(corpus.labels)} classes, "
            f"{len(speakers):,} known speakers"
        )
        for reason, n_files in corpus.left_out.items():
            self._bar.say(f"  left out: {n_files:,} ({reason})")

    def embedding(self, encoder: Encoder, progress: Extracting) -> None:
        """Clips, and how fast they go."""
        if encoder.card.name != self._encoder:
            self._encoder = encoder.card.name
            self._bar.begin(f"embedding with {self._encoder}", unit="clips")
        self._bar(progress.n_done, progress.n_total, speed=speed(progress))

    def embedded(self, encoder: Encoder, extraction: Extraction) -> None:
        """What became of the clips."""
        self._bar.say(f"{encoder.card.name}: {account(extraction)}")

    def trained(self, experiment: Experiment, progress: Training) -> None:
        """Folds and epochs are fractions of an experiment."""
        shares = self._shares.setdefault(experiment.name, [0.0] * progress.n_folds)
        shares[progress.fold] = progress.epoch / progress.max_epochs
        where = f"fold {progress.fold + 1} of {progress.n_folds}, epoch {progress.epoch}"
        self._tell(f"{experiment.name}, {where}")

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        """Its scores."""
        name, scores = result.experiment.name, result.scores()
        found = f" (was there: {directory})" if was_there else ""
        self._shares[name] = [1.0]
        self._tell(name)
        self._bar.say(
            f"{name}: accuracy {spread(scores.accuracy)}, macro F1 {spread(scores.macro_f1)}{found}"
        )

    def _tell(self, doing: str) -> None:
        if not self._is_training:
            self._is_training = True
            self._bar.begin("training", unit="experiments")
        done = sum(sum(shares) / len(shares) for shares in self._shares.values())
        self._bar(done, self._n_experiments, doing=doing)
