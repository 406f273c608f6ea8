"""What ``nver run`` and ``nver grid`` show as they go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nver.audit import Audit
from nver.cli.embed import account, speed
from nver.cli.grid import left_out_line
from nver.cli.progress import Progress
from nver.corpora import Corpus
from nver.embeddings.extract import Extraction
from nver.embeddings.extract import Progress as Extracting
from nver.encoders import Encoder
from nver.experiment import Experiment
from nver.report.tables import spread
from nver.results import Result
from nver.training.grid import GridObserver
from nver.training.inputs import Inputs, LeftOut
from nver.training.run import Observer
from nver.training.telling import Progress as Training


class Watching(Observer):
    """Moves a bar, and leaves a line for every encoder and experiment that is done.

    Args:
        bar: What to tell.
        n_experiments: Of the plan.
    """

    _unit = "experiments"

    def __init__(self, bar: Progress, *, n_experiments: int) -> None:
        self._bar = bar
        self._encoder = ""
        self._n_experiments = n_experiments
        self._is_training = False
        self._shares: dict[str, list[float]] = {}
        self._beside = ""
        self._audited: set[str] = set()

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
        """Folds, trials and epochs are fractions of an experiment."""
        self._count(experiment.name, progress)
        step = (
            f"epoch {progress.epoch}"
            if progress.epoch
            else f"trial {progress.n_tried} of {progress.n_trials}"
        )
        where = f"fold {progress.fold + 1} of {progress.n_folds}, {step}"
        self._tell(f"{experiment.name}, {where}")

    def audited(self, experiment: Experiment, audit: Audit) -> None:
        """What was found, in one line; once where several experiments share it."""
        line = audit.line()
        if line not in self._audited:
            self._audited.add(line)
            self._bar.say(line)

    def redoing(self, experiment: Experiment, directory: Path, reasons: Sequence[str]) -> None:
        """Why it is not enough that a result is there."""
        self._bar.say(f"again: {experiment.name}: {'; '.join(reasons)}")

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        """Its scores."""
        name, scores = result.experiment.name, result.scores()
        found = f" (was there: {directory})" if was_there else ""
        self._shares[name] = [1.0]
        self._tell(name)
        self._bar.say(
            f"{name}: accuracy {spread(scores.accuracy)}, macro F1 {spread(scores.macro_f1)}{found}"
        )

    def _count(self, key: str, progress: Training) -> None:
        shares = self._shares.setdefault(key, [0.0] * progress.n_folds)
        shares[progress.fold] = progress.share

    def _tell(self, doing: str) -> None:
        if not self._is_training:
            self._is_training = True
            self._bar.begin("training", unit=self._unit)
        done = sum(sum(shares) / len(shares) for shares in self._shares.values())
        self._bar(done, self._n_experiments, doing=doing, speed=self._beside)


class WatchingGrid(Watching, GridObserver):
    """Cells instead of experiments: how many are done, how long the others take, and the best so far.

    Args:
        bar: What to tell.
    """

    _unit = "cells"

    def __init__(self, bar: Progress) -> None:
        super().__init__(bar, n_experiments=0)
        self._best: dict[str, tuple[float, str]] = {}
        self._failed: set[str] = set()

    def looked(self, inputs: Inputs) -> None:
        """Which corpora are there, and what is missing."""
        for corpus in inputs.corpora.values():
            self.opened(corpus)
        for what in inputs.left_out:
            self._bar.say(left_out_line(what))
        self._n_experiments = len(inputs.cells)

    def left_out(self, what: LeftOut) -> None:
        """What did not work."""
        self._bar.say(f"  failed: {what.subject} ({len(what.cells):,} cells): {what.reason}")
        self._n_experiments -= len(set(what.cells) - self._failed)
        self._failed |= set(what.cells)

    def redoing(self, experiment: Experiment, directory: Path, reasons: Sequence[str]) -> None:
        """Which cell, and why it is not enough that a result is there."""
        self._bar.say(f"again: {_cell(directory)}: {'; '.join(reasons)}")

    def trained(self, experiment: Experiment, progress: Training) -> None:
        """Folds and epochs are fractions of a cell."""
        self._count(_key(experiment), progress)
        self._tell(f"{experiment.corpus.name} {experiment.name}")

    def finished(self, result: Result, directory: Path, *, was_there: bool) -> None:
        """Its scores, unless it was there; those of the best cell of its corpus and protocol in any case."""
        scores, experiment = result.scores(), result.experiment
        group = f"{directory.parent.name} {experiment.folds.protocol}"
        best = max(self._best.get(group, (0.0, "")), (scores.macro_f1.mean, experiment.name))
        self._best[group] = best
        self._beside = f"best of {group}: {100 * best[0]:.1f} macro F1, {best[1]}"
        if was_there:
            self._n_experiments -= 1  # the time left is that of the others
            return
        self._shares[_key(experiment)] = [1.0]
        self._tell(_cell(directory))
        self._bar.say(
            f"{_cell(directory)}: accuracy {spread(scores.accuracy)}, macro F1 {spread(scores.macro_f1)}"
        )


def _cell(directory: Path) -> str:
    return f"{directory.parent.name}/{directory.name}"


def _key(experiment: Experiment) -> str:
    """Corpora share the names of experiments."""
    return f"{experiment.corpus.model_dump_json()} {experiment.name}"
