"""The model card of one system: what it is for, on whom it was measured, how well, and what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nver.corpora import load_card
from nver.encoders.inventory import entry
from nver.errors import ConfigError
from nver.evaluation.intervals import Interval, of_guesses
from nver.report import notices
from nver.report.comparison import Comparison, Row
from nver.report.methods import systems
from nver.report.methods.citations import Citations
from nver.report.methods.words import count
from nver.report.protocols import chance, statement
from nver.report.provenance import parameters_text
from nver.report.side_by_side import clusters
from nver.report.tables import percent
from nver.results import Result


def model_card(comparison: Comparison, row: Row) -> str:
    """The card as Markdown.

    Source:
        Mitchell et al. (2019), "Model cards for model reporting", FAT*: its sections.
    """
    parts = [
        f"# {row.system}",
        *_model(row),
        *_use(comparison),
        *_measured(comparison, row),
        *_caveats(row),
        *_licences(row.result),
    ]
    return "\n\n".join(parts) + "\n"


def _model(row: Row) -> Iterator[str]:
    result, cited = row.result, Citations()
    yield "## Model"
    yield (
        f"Frozen encoders ({row.encoders}) and a head ({row.head}), {parameters_text(result)} trained "
        "weights. "
        f"One head a fold: these figures are of {count(len(result.history), 'head')}, none of which is kept."
    )
    words = " ".join([*systems.heads([result], cited), *systems.training([result], cited)])
    yield re.sub(r" \[@[^]]*\]", "", words)


def _use(comparison: Comparison) -> Iterator[str]:
    yield "## Use"
    yield (
        f"Names which of {count(len(comparison.labels), 'class')} a non-verbal vocalisation is most like, as "
        f"the people of {comparison.corpus.name} act and record them: {', '.join(comparison.labels)}. It "
        "does "
        "not know what a person feels, and is not for decisions about people."
    )


def _measured(comparison: Comparison, row: Row) -> Iterator[str]:
    yield "## Measured"
    yield f"{comparison.title}. {statement(comparison)} {chance(comparison)}"
    scores = {"accuracy": row.scores.accuracy, "macro F1": row.scores.macro_f1}
    intervals, drawn = _intervals(row.result)
    lines = [
        f"| {name} | {percent(score.mean)} | {percent(score.pooled)} | {_ends(intervals[name])} |"
        for name, score in scores.items()
    ]
    yield "\n".join(
        [f"| score | mean of folds | pooled | 95 % interval over {drawn} |", "|---|---:|---:|---:|", *lines]
    )
    of_classes = [
        f"| {one.label} | {one.support:,} | "
        f"{' | '.join(percent(share) for share in (one.precision, one.recall, one.f1))} |"
        for one in row.scores.per_class
    ]
    yield "\n".join(["| class | clips | precision | recall | F1 |", "|---|---:|---:|---:|---:|", *of_classes])


def _intervals(result: Result) -> tuple[dict[str, Interval], str]:
    """Of pooled scores, and what was drawn."""
    made = result.predictions
    names, drawn = clusters(made)
    scores = of_guesses(made.truth, made.guess, names, n_classes=len(result.labels)).scores
    return {"accuracy": scores["accuracy"], "macro F1": scores["macro_f1"]}, drawn


def _ends(interval: Interval) -> str:
    return f"{percent(interval.low)} to {percent(interval.high)}"


def _caveats(row: Row) -> Iterator[str]:
    yield "## Caveats"
    said = [notice.markdown() for notice in notices.notices([(row.system, row.result)])]
    if not any(speaker is not None for speaker in row.result.predictions.speakers):
        said.append(
            "The result does not say who speaks: intervals draw clips, and are too narrow if speakers have "
            "several."
        )
    said.append(
        "Acted and recorded sounds of one corpus: other microphones, languages, ages and spontaneous sounds "
        "were not measured."
    )
    yield "\n".join(f"- {text}" for text in said)


def _licences(result: Result) -> Iterator[str]:
    yield "## Licences"
    yield "\n".join(f"- {text}" for text in _licence_lines(result))


def _licence_lines(result: Result) -> Sequence[str]:
    lines = []
    for spec in result.experiment.encoders:
        try:
            lines.append(f"{spec.name}: {entry(spec.name).card.licence}")
        except ConfigError:
            lines.append(f"{spec.name}: unknown to this version")
    name = result.experiment.corpus.name
    try:
        lines.append(f"{name} (clips): {load_card(name).licence or 'its owner decides'}")
    except ConfigError:
        lines.append(f"{name} (clips): unknown to this version")
    return lines
