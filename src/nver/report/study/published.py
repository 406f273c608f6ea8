"""The 150 published cells, as the study prints them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nver.experiment import Experiment

ENCODERS = {
    "A(T)": "audio-mamba-tiny",
    "A(S)": "audio-mamba-small",
    "A(B)": "audio-mamba-base",
    "W": "wavlm-base",
    "U": "unispeech-sat-base",
    "W2": "wav2vec2-base",
    "H": "hubert-base",
}
"""The study's keys, and what the encoders are called here."""

CORPORA = {"ASVP-ESD": "asvp-esd", "JNV": "jnv", "VIVAE": "vivae"}
"""The study's corpora in the order of its columns, and what they are called here."""

HEADS = {"fcn": "FCN", "cnn": "CNN", "concat": "Concat", "reno": "RENO"}
"""Kinds of heads, and what the study calls them."""

SCORES = {"accuracy": "Acc", "macro_f1": "F1"}
"""The two figures of every cell: fields of ``nver.evaluation.metrics.Scores``, and their headings."""


@dataclass(frozen=True)
class Published:
    """One cell of Table I or II, in percent.

    Attributes:
        table: ``I`` (one encoder) or ``II`` (two).
        head: The kind of head, as in ``nver.heads.specs``.
        encoders: The study's keys, ``A(T)`` or ``A(T)+W``.
        corpus: The study's name.
    """

    table: str
    head: str
    encoders: str
    corpus: str
    accuracy: float
    macro_f1: float

    @property
    def encoder_names(self) -> tuple[str, ...]:
        """What the encoders are called here, in the study's order."""
        return tuple(ENCODERS[key] for key in self.encoders.split("+"))


def published_cell(experiment: Experiment) -> Published | None:
    """The cell that an experiment fills, if the study has one: same corpus, kind of head and encoders."""
    names = tuple(spec.name for spec in experiment.encoders)
    for cell in published():
        place = (CORPORA[cell.corpus], cell.head, cell.encoder_names)
        if place == (experiment.corpus.name, experiment.head.kind, names):
            return cell
    return None


@cache
def published() -> tuple[Published, ...]:
    """All cells, in the study's order.

    Source:
        Akhtar et al. (2025), arXiv:2506.02258, Tables I and II.

    >>> published()[0]
    Published(table='I', head='fcn', encoders='A(T)', corpus='ASVP-ESD', accuracy=66.51, macro_f1=58.71)
    """
    text = resources.files(__package__).joinpath("published.csv").read_text(encoding="utf-8")
    records = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Published(
            table=record["table"],
            head=record["head"],
            encoders=record["encoders"],
            corpus=record["corpus"],
            accuracy=float(record["accuracy_percent"]),
            macro_f1=float(record["macro_f1_percent"]),
        )
        for record in records
    )
