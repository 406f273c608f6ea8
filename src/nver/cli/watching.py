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
    """

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._encoder = ""
        self._number = self._n_experiments = 1

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

    def started(self, experiment: Experiment, number: int, n_experiments: int) -> None:
        """From the first one on experiments are counted."""
        self._number, self._n_experiments = number, n_experiments
        if number == 1:
            self._bar.begin("training", unit="experiments")

    def trained(self, experiment: Experiment, progress: Training) -> None:
        """Folds and epochs are fractions of an experiment."""
        share = (progress.fold + progress.epoch / progress.max_epochs) / progress.n_folds
        where = f"fold {progress.fold + 1} of {progress.n_folds}, epoch {progress.epoch}"
        self._bar(self._number - 1 + share, self._n_experiments, doing=f"{experiment.name}, {where}")

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        """Its scores."""
        name, scores = result.experiment.name, result.scores()
        found = f" (was there: {directory})" if was_there else ""
        self._bar(self._number, self._n_experiments, doing=name)
        self._bar.say(
            f"{name}: accuracy {spread(scores.accuracy)}, macro F1 {spread(scores.macro_f1)}{found}"
        )
