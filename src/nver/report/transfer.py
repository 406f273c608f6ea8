"""What is left of a score on another corpus: the matrix of training and test corpora, as table and figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nver import atomic
from nver.corpora.base import Corpus
from nver.errors import ResultError
from nver.evaluation.intervals import N_DRAWS, Interval, of_guesses
from nver.evaluation.tallies import ScoreName
from nver.report.figures.matrix import draw_matrices
from nver.results import Result
from nver.transfer import Cell

FIGURES: dict[ScoreName, str] = {"accuracy": "accuracy", "macro_f1": "macro F1", "uar": "UAR"}


@dataclass(frozen=True)
class Field:
    """One system in one cell.

    Attributes:
        n_train: Clips that weights were fitted to; those that picked the epoch come on top.
        figures: Each of ``FIGURES``, with 95 % intervals over the speakers of the tested corpus.
    """

    system: str
    cell: Cell
    n_train: int
    n_test: int
    n_speakers: int
    figures: Mapping[ScoreName, Interval]


def fields(
    results: Sequence[tuple[Cell, Result]], corpus: Corpus, *, n_draws: int = N_DRAWS
) -> tuple[Field, ...]:
    """Figures of all results.

    Args:
        results: With the cells that they are of.
        corpus: The joined corpus, which knows who is heard.
        n_draws: Of speakers.

    Raises:
        ResultError: A tested clip has no speaker.
        MetricError: There are fewer than two speakers.
    """
    speaker_of = {clip.id: clip.speaker for clip in corpus.clips}
    return tuple(_field(cell, result, speaker_of, n_draws) for cell, result in results)


def write(found: Sequence[Field], out: Path, *, title: str, n_classes: int) -> None:
    """``matrix.csv``, ``matrix.md``, and ``matrix.png`` and ``.svg`` of macro F1, below ``out``."""
    atomic.write_file(out / "matrix.csv", as_csv(found).encode())
    atomic.write_file(out / "matrix.md", as_markdown(found, title=title).encode())
    draw(found, title=title, path=out / "matrix.png", n_classes=n_classes)


def as_csv(found: Sequence[Field]) -> str:
    """A row a system and cell, shares as fractions of one."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    ends = [f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high")]
    writer.writerow(["system", "train", "test", "n_train", "n_test", "n_speakers", *ends])
    for one in found:
        shares = [f"{s:.5f}" for i in one.figures.values() for s in (i.value, i.low, i.high)]
        about = (one.system, one.cell.train, one.cell.test, one.n_train, one.n_test, one.n_speakers)
        writer.writerow([*about, *shares])
    return file.getvalue()


def as_markdown(found: Sequence[Field], *, title: str) -> str:
    """The table for a reader, in percent."""
    lines = [
        f"# {title}",
        "",
        "Every corpus is tested on the same clips, whatever was trained on. Percent; in brackets 95 % "
        "intervals over the speakers of the tested corpus.",
        "",
        "| system | trained on | tested on | clips | speakers | accuracy | macro F1 | UAR |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        shares = [
            f"{100 * i.value:.1f} [{100 * i.low:.1f}, {100 * i.high:.1f}]" for i in one.figures.values()
        ]
        lines.append(
            f"| {one.system} | {one.cell.train} ({one.n_train:,}) | {one.cell.test} | {one.n_test:,} | "
            f"{one.n_speakers} | {' | '.join(shares)} |"
        )
    return "\n".join(lines) + "\n"


def draw(found: Sequence[Field], *, title: str, path: Path, n_classes: int) -> None:
    """Macro F1, a matrix a system: rows were trained on, columns are tested on."""
    by_system: dict[str, dict[tuple[str, str], Interval]] = {}
    for one in found:
        by_system.setdefault(one.system, {})[one.cell.train, one.cell.test] = one.figures["macro_f1"]
    draw_matrices(
        by_system,
        rows=list(dict.fromkeys(one.cell.train for one in found)),
        columns=list(dict.fromkeys(one.cell.test for one in found)),
        row_name="trained on",
        column_name="tested on",
        figure_name="macro F1",
        title=f"{title}, {n_classes} classes, 95 % intervals over speakers",
        path=path,
    )


def _field(cell: Cell, result: Result, speaker_of: Mapping[str, str | None], n_draws: int) -> Field:
    made = result.predictions
    speakers = [speaker for clip in made.clip_ids if (speaker := speaker_of[clip]) is not None]
    if len(speakers) < len(made.clip_ids):
        raise ResultError(
            f"{len(made.clip_ids) - len(speakers)} clips of '{cell.test}' have no speaker; intervals are "
            "over speakers"
        )

    return Field(
        system=result.experiment.name.removesuffix(f"-{cell.slug}"),
        cell=cell,
        n_train=sum(past.n_train for past in result.history),
        n_test=len(made.clip_ids),
        n_speakers=len(set(speakers)),
        figures=of_guesses(
            made.truth, made.guess, speakers, n_classes=len(result.labels), n_draws=n_draws
        ).scores,
    )
