"""The report as Markdown: the study's tables, then each comparison with figures and provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nver.report import notices, paths, searches, side_by_side_forms
from nver.report.comparison import Comparison
from nver.report.maps import ClipSet
from nver.report.pairs import pairs_grid, pairs_statement, reading
from nver.report.protocols import chance, headline, statement
from nver.report.provenance import shared_and_own, was_trained
from nver.report.repeats import Repeats, join
from nver.report.repeats_tables import repeats_grid
from nver.report.reproduce import fusions, plans
from nver.report.side_by_side import SideBySide
from nver.report.study import StudyTable, documents
from nver.report.tables import CERTAINTY, certainty_grid, class_grid, main_grid
from nver.report.typeset import MARKS


def render(
    comparisons: Sequence[Comparison],
    studied: Sequence[StudyTable] = (),
    clip_sets: Mapping[str, ClipSet] | None = None,
    *,
    repeats: Sequence[Repeats] = (),
    beside: Sequence[SideBySide] = (),
    with_figures: bool = True,
    plans_at: Path,
) -> str:
    """The whole report.

    Args:
        comparisons: One section each.
        studied: The study's tables, which come first.
        clip_sets: The clips of the comparisons by their slugs, with maps of their embeddings.
        repeats: Systems with several seeds, in the sections of their comparisons.
        beside: Systems under several protocols.
        with_figures: Show the figures of ``nver.report.drawing``.
        plans_at: The folder where the files of ``nver.report.reproduce`` lie, as a command would name it.
    """
    sections = [documents.markdown(table) for table in studied]
    if beside:
        sections.append(side_by_side_forms.markdown(beside, with_figures=with_figures))
    shown: set[str] = set()
    for comparison in comparisons:
        joined = join(comparison)
        parts = [*_above(comparison)]
        for repeated in repeats:
            if repeated.comparison is comparison:
                parts += _repeats(repeated, with_figures=with_figures)
        parts += _scores(joined, comparison)
        if with_figures:
            parts += _figures(joined)
        clip_set = (clip_sets or {}).get(comparison.slug)
        if clip_set is not None and clip_set.slug not in shown:
            shown.add(clip_set.slug)
            parts += _maps(clip_set, with_figures=with_figures)
        sections.append("\n\n".join([*parts, *_origin(comparison, plans_at)]))
    return "\n\n".join(["# Non-verbal vocal emotion recognition", *sections]) + "\n"


def _above(comparison: Comparison) -> Iterator[str]:
    yield f"## {comparison.title}"
    yield statement(comparison)
    yield from (f"> {notice.markdown()}" for notice in notices.of_comparison(comparison))
    yield chance(comparison)


def _repeats(repeats: Repeats, *, with_figures: bool) -> Iterator[str]:
    yield "### Over seeds"
    yield headline(repeats.comparison.folds.protocol)
    yield repeats_grid(repeats).markdown()
    yield f"Percent and points. {repeats.statement} {MARKS}"
    if with_figures:
        yield f"![Systems over seeds, with intervals]({paths.repeats(repeats.comparison)})"
    yield "### Over folds"
    yield headline(repeats.comparison.folds.protocol)


def _scores(comparison: Comparison, apart: Comparison) -> Iterator[str]:
    """Tables with seeds joined; pairs, which know seeds themselves, of the results ``apart``."""
    yield main_grid(comparison).markdown()
    yield (
        "Percent. Mean ± standard deviation over folds; pooled: over all tested clips at once. "
        f"{comparison.interval_note} {MARKS} Training: {comparison.settings}."
    )
    yield from _pairs(apart)
    if (chosen := searches.chosen_grid(comparison)) is not None:
        yield "### What a search chose"
        yield chosen.markdown()
        yield (
            "Settings were chosen for each fold on inner folds of its training part, divided in the manner "
            "of the outer ones; no tested clip had a say in it. All trials: `trials.csv`."
        )
    yield "### F1 by class"
    yield headline(comparison.folds.protocol)
    yield class_grid(comparison).markdown()
    yield (
        f"Percent, pooled over all tested clips. {comparison.interval_note} Bold: the best of a class; "
        "italic: the second best; –: never there, never guessed."
    )
    yield "### Certainty"
    yield headline(comparison.folds.protocol)
    yield certainty_grid(comparison).markdown()
    yield CERTAINTY


def _pairs(comparison: Comparison) -> Iterator[str]:
    """The best system against the others."""
    if (found := comparison.differences) is None:
        return
    best = found.against_best("macro_f1")
    yield "### The best against the others, by macro F1"
    yield headline(comparison.folds.protocol)
    yield pairs_statement(comparison, found)
    yield pairs_grid(best).markdown()
    yield f"{reading(found, best)} All pairs, also by accuracy and UAR: `pairs.csv`."
    yield "\n".join(f"- {pair.verdict}." for pair in best)


def _figures(comparison: Comparison) -> Iterator[str]:
    yield "### All systems"
    yield f"![Scores of all systems]({paths.bars(comparison)})"
    yield "### Confusion and learning"
    for row in comparison.rows:
        yield f"**{row.system}** ([in clips]({paths.confusion_counts(comparison, row.system)}))"
        yield f"![Confusion matrix of {row.system}]({paths.confusion(comparison, row.system)})"
        if was_trained(row.result):
            yield f"![Learning curves of {row.system}]({paths.curves(comparison, row.system)})"


def _maps(clip_set: ClipSet, *, with_figures: bool) -> Iterator[str]:
    yield "### Raw embeddings (t-SNE)"
    if with_figures:
        for embedded in clip_set.maps:
            for category in clip_set.categories():
                path = paths.embedding_map(clip_set, embedded.encoder, category)
                yield f"![{embedded.encoder} by {category}]({path})"
    if clip_set.missing:
        yield "Not shown: " + "; ".join(clip_set.missing) + "."
    elif not with_figures:
        yield "In `report.html`."


def _origin(comparison: Comparison, plans_at: Path) -> Iterator[str]:
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
    if unreadable := notices.unreadable(row.result for row in comparison.rows):
        listed = "\n".join(f"- `{clip}`: {reason}" for clip, reason in unreadable.items())
        yield f"Clips that could not be read and were left out:\n\n{listed}"
