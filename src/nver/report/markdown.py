"""The report as Markdown: for every comparison its protocol, tables, figures and provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nver.report.comparison import Comparison
from nver.report.protocols import chance, headline, statement
from nver.report.provenance import random_weights, shared_and_own, was_trained
from nver.report.reproduce import fusions, plans
from nver.report.tables import class_grid, main_grid


def render(comparisons: Sequence[Comparison], *, plans_at: Path) -> str:
    """The whole report.

    Args:
        comparisons: One section each.
        plans_at: The folder where the files of ``nver.report.reproduce`` lie, as a command would name it.
    """
    sections = "\n\n".join("\n\n".join(_section(comparison, plans_at)) for comparison in comparisons)
    return f"# Non-verbal vocal emotion recognition\n\n{sections}\n"


def confusion_path(comparison: Comparison, system: str) -> str:
    """Of a confusion matrix, below the report's folder."""
    return f"figures/{comparison.slug}/{system}-confusion.png"


def curves_path(comparison: Comparison, system: str) -> str:
    """Of learning curves, below the report's folder."""
    return f"figures/{comparison.slug}/{system}-learning.png"


def loud(comparison: Comparison) -> list[str]:
    """What must be read before any figure: random weights, warnings, clips that were left out."""
    said = [
        f"**RANDOM WEIGHTS** in `{row.system}`: {encoder}. Its figures say nothing of that model."
        for row in comparison.rows
        for encoder in random_weights(row.result)
    ]
    for warning, systems in _by_text(
        (row.system, row.result.provenance["warnings"]) for row in comparison.rows
    ):
        whom = "" if len(systems) == len(comparison.rows) else f" ({', '.join(systems)})"
        said.append(f"**Warning**{whom}: {warning}.")
    if unreadable := _unreadable(comparison):
        said.append(
            f"**Clips that could not be read and were left out: {len(unreadable):,}**; they are listed below."
        )
    return said


def _section(comparison: Comparison, plans_at: Path) -> Iterator[str]:
    rows = comparison.rows
    yield f"## {comparison.title}"
    yield statement(comparison)
    yield from (f"> {said}" for said in loud(comparison))
    yield chance(comparison)
    yield main_grid(comparison).markdown()
    yield (
        "Percent. Mean ± standard deviation over folds; pooled: over all tested clips at once. Bold: the "
        f"best of a column. Training: {comparison.settings}."
    )
    yield "### F1 by class"
    yield headline(comparison)
    yield class_grid(comparison).markdown()
    yield "Percent, pooled over all tested clips. Bold: the best of a class; –: never there, never guessed."
    yield "### Confusion and learning"
    for row in rows:
        yield f"**{row.system}**"
        yield f"![Confusion matrix of {row.system}]({confusion_path(comparison, row.system)})"
        if was_trained(row.result):
            yield f"![Learning curves of {row.system}]({curves_path(comparison, row.system)})"
    yield "### Where this comes from"
    yield from _provenance(comparison)
    yield "### Making it again"
    runs = (f"nver run {(plans_at / name).as_posix()}" for name in plans(comparison))
    commands = "\n".join([*runs, *fusions(comparison)])
    yield f"Where `{comparison.corpus.root.as_posix()}` is the corpus:\n\n```\n{commands}\n```"


def _provenance(comparison: Comparison) -> Iterator[str]:
    shared, own = shared_and_own([row.result for row in comparison.rows])
    yield "\n".join(f"- {key}: `{text}`" for key, text in shared.items())
    for row, texts in zip(comparison.rows, own, strict=True):
        if texts:
            yield f"{row.system}:\n\n" + "\n".join(f"- {key}: `{text}`" for key, text in texts.items())
    if unreadable := _unreadable(comparison):
        listed = "\n".join(f"- `{clip}`: {reason}" for clip, reason in unreadable.items())
        yield f"Clips that could not be read and were left out:\n\n{listed}"


def _unreadable(comparison: Comparison) -> dict[str, str]:
    """Clips that a run went on without, and why."""
    return {
        clip: reason
        for row in comparison.rows
        for clip, reason in row.result.provenance["unreadable"].items()
    }


def _by_text(said: Iterable[tuple[str, Sequence[str]]]) -> list[tuple[str, list[str]]]:
    """Each sentence once, with those who said it."""
    speakers: dict[str, list[str]] = {}
    for who, sentences in said:
        for sentence in sentences:
            speakers.setdefault(sentence, []).append(who)
    return list(speakers.items())
