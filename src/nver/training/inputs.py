"""Which cells of a grid can run: the corpora and weights that are here, and how to get the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nver.corpora import load_card, open_corpus
from nver.corpora.base import Corpus
from nver.encoders.inventory import entry, require_weights
from nver.errors import CorpusError, SplitError, WeightsError
from nver.evaluation.folds import Fold
from nver.experiment import CorpusSpec, Experiment
from nver.grid import Cell
from nver.training.protocols import divide
from nver.training.run import specs


@dataclass(frozen=True)
class LeftOut:
    """Something that is not here or does not work, and what cannot run for that.

    Attributes:
        subject: ``corpus vivae``, ``encoder wavlm-base``, or the name of one cell.
        reason: What is wrong and how to get on, in one sentence or two.
        cells: Names of the cells that are left out.
        n_bytes: About what there is to fetch; 0 where nobody knows.
    """

    subject: str
    reason: str
    cells: tuple[str, ...]
    n_bytes: int = 0


@dataclass(frozen=True)
class Inputs:
    """What there is to run a grid with.

    Attributes:
        corpora: Those that are here, by label.
        cells: Those whose corpus and weights are all here, and whose folds can be made.
        left_out: Why others are not among them; a cell that lacks two things is named twice.
    """

    corpora: Mapping[str, Corpus]
    cells: tuple[Cell, ...]
    left_out: tuple[LeftOut, ...]


def look(cells: Sequence[Cell]) -> Inputs:
    """Scan every corpus, look for weights without loading them, and divide the clips.

    Raises:
        ConfigError: A corpus or an encoder has no such name or option.
    """
    corpora, without_corpus = _corpora(cells)
    without_weights = _without_weights(cells)
    held = [cell for cell in cells if cell.corpus in corpora]
    left_out = (*without_corpus, *without_weights, *_without_folds(held, corpora))
    names = {name for what in left_out for name in what.cells}
    return Inputs(corpora, tuple(cell for cell in cells if cell.name not in names), left_out)


def _corpora(cells: Sequence[Cell]) -> tuple[dict[str, Corpus], list[LeftOut]]:
    corpora: dict[str, Corpus] = {}
    left_out = []
    for label, spec in {cell.corpus: cell.experiment.corpus for cell in cells}.items():
        try:
            corpora[label] = open_corpus(spec.name, spec.root, **spec.options)
        except CorpusError as error:
            names = tuple(cell.name for cell in cells if cell.corpus == label)
            archives = load_card(spec.name).archives
            left_out.append(
                LeftOut(
                    f"corpus {label}",
                    f"{error} ({_how_to_get(label, spec)})",
                    names,
                    n_bytes=sum(archive.n_bytes or 0 for archive in archives),
                )
            )
    return corpora, left_out


def _without_weights(cells: Sequence[Cell]) -> list[LeftOut]:
    left_out = []
    for key, spec in specs([cell.experiment for cell in cells]).items():
        try:
            require_weights(spec.name, spec.options)
        except WeightsError as error:
            n_bytes = entry(spec.name).n_bytes
            left_out.append(LeftOut(f"encoder {spec.name}", str(error), users(cells, key), n_bytes=n_bytes))
    return left_out


def _without_folds(cells: Sequence[Cell], corpora: Mapping[str, Corpus]) -> list[LeftOut]:
    """Ways of dividing a corpus that would not measure what they claim to."""
    alike: dict[tuple[str, str, int], list[Cell]] = {}
    for cell in cells:
        key = (cell.corpus, cell.experiment.folds.model_dump_json(), cell.experiment.seed)
        alike.setdefault(key, []).append(cell)
    left_out = []
    for (label, _, _), group in alike.items():
        try:
            divided(group[0].experiment, corpora[label])
        except SplitError as error:
            subject = f"protocol {group[0].experiment.folds.protocol} on {label}"
            left_out.append(LeftOut(subject, str(error), tuple(cell.name for cell in group)))
    return left_out


def divided(experiment: Experiment, corpus: Corpus) -> tuple[Fold, ...]:
    """The folds of an experiment, if every clip can be read.

    Raises:
        SplitError: They would not measure what they claim to.
    """
    index = {label: i for i, label in enumerate(corpus.labels)}
    truth = np.array([index[clip.label] for clip in corpus.clips], np.int64)
    return divide(corpus.clips, truth, experiment.folds, class_names=corpus.labels, seed=experiment.seed)


def users(cells: Sequence[Cell], encoder: str) -> tuple[str, ...]:
    """Names of the cells that use an encoder, given by its spec as JSON."""
    return tuple(cell.name for cell in cells if encoder in specs([cell.experiment]))


def _how_to_get(label: str, spec: CorpusSpec) -> str:
    """Where a corpus can be had, as far as its card knows."""
    card = load_card(spec.name)
    if card.archives:
        return f"--root {label}=DIR; `nver corpora download {spec.name} --to DIR` fetches it"
    return f"--root {label}=DIR; {card.homepage}" if card.homepage else f"--root {label}=DIR"
