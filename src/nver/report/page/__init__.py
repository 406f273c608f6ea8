"""Pages: everything a browser needs in one file, and nothing from elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from nver.report.comparison import Comparison
from nver.report.figures.style import N_LOOKS, look
from nver.report.maps import ClipSet
from nver.report.methods import Methods
from nver.report.notices import of_report
from nver.report.page.payload import payload
from nver.report.page.templates import StillPage, around, render
from nver.report.repeats import Repeats
from nver.report.side_by_side import SideBySide
from nver.report.side_by_side_forms import HEADING, fragment
from nver.report.study import StudyTable, documents

__all__ = ["around", "report_page"]


def report_page(
    comparisons: Sequence[Comparison],
    studied: Sequence[StudyTable],
    clip_sets: Mapping[str, ClipSet],
    audio: Mapping[str, Sequence[bytes | None]],
    *,
    repeats: Sequence[Repeats] = (),
    beside: Sequence[SideBySide] = (),
    methods: Methods | None = None,
    cards: Sequence[str] = (),
) -> str:
    """The report for a browser.

    Args:
        comparisons: All of a report.
        studied: The study's tables, where results fill them.
        clip_sets: By the slugs of the comparisons.
        audio: Slug of a clip set -> an Ogg file for each of its clips, None where there is none.
        repeats: Systems with several seeds.
        beside: Systems under several protocols.
        methods: What was done.
        cards: One a result, comparison by comparison.
    """
    sets = list(dict.fromkeys(clip_sets[comparison.slug] for comparison in comparisons))
    return render(
        payload(comparisons, clip_sets, repeats=repeats, cards=cards),
        pages=list(_pages(studied, beside, methods)),
        notices=of_report(comparisons),
        looks=[look(i) for i in range(N_LOOKS)],
        audio={i: audio[clip_set.slug] for i, clip_set in enumerate(sets) if clip_set.slug in audio},
    )


def _pages(
    studied: Sequence[StudyTable], beside: Sequence[SideBySide], methods: Methods | None
) -> Iterator[StillPage]:
    if studied:
        sections = tuple((table.slug, documents.fragment(table)) for table in studied)
        yield StillPage("study", "Study tables", sections)
    if beside:
        yield StillPage("protocols", "Protocols", ((HEADING.lower().replace(" ", "-"), fragment(beside)),))
    if methods is not None:
        yield StillPage("methods", "Methods", (("what-was-done", _methods(methods)),))


def _methods(methods: Methods) -> str:
    """Paragraphs as they are in ``methods.md``, and the BibTeX below them."""
    shown = [
        f"<h2>{html.escape(text.lstrip('# '))}</h2>" if text.startswith("#") else f"<p>{_with_code(text)}</p>"
        for text in methods.markdown.strip().split("\n\n")
    ]
    bibtex = f"<details><summary>references.bib</summary><pre>{html.escape(methods.bibtex)}</pre></details>"
    return "\n".join([*shown, bibtex])


def _with_code(text: str) -> str:
    """HTML of a paragraph whose names stand between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
