"""Reports: results in, tables, figures and a page for a browser out. Nothing is trained or embedded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nver.errors import ResultError
from nver.results import Result

if TYPE_CHECKING:
    from nver.report.comparison import Comparison
    from nver.report.maps import ClipSet, Sources
    from nver.report.repeats import Layout, Repeats
    from nver.report.side_by_side import SideBySide
    from nver.report.study import StudyTable

__all__ = ["Written", "find_results", "write_protocols", "write_report"]

AUDIO_BYTES = 24 << 20
"""Of all copies of clips in a page, before base64 makes a third more of them."""


@dataclass(frozen=True)
class Written:
    """What a report consists of.

    Attributes:
        markdown: ``report.md``, with figures beside it.
        page: ``report.html``, which needs no other file.
        missing: What could not be shown, and what to do about it: one sentence each.
    """

    markdown: Path
    page: Path
    missing: tuple[str, ...]


def find_results(places: Sequence[Path]) -> list[Result]:
    """The results in folders: each a result itself, or a folder that holds results at any depth.

    Returns:
        Each result once, folder by folder, in the order of their paths.

    Raises:
        ResultError: A folder holds no result, or a result is damaged.
    """
    from nver.results import RESULT_FILE

    found: dict[Path, None] = {}
    for place in places:
        inside = sorted(path.parent.resolve() for path in place.rglob(RESULT_FILE))
        if not inside:
            raise ResultError(f"there is no result in {place}: expected a folder that `nver run` wrote")
        found |= dict.fromkeys(inside)
    return [Result.load(directory) for directory in found]


def write_report(
    results: Sequence[Result],
    out: Path,
    *,
    sources: Sources | None = None,
    with_audio: bool = False,
    with_figures: bool = True,
    layout: Layout | None = None,
    on_progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> Written:
    """Write ``report.html`` and ``report.md``, tables, figures, methods, cards and plans that make it again.

    Results that measure the same thing (corpus, tested clips, classes, folds) share a table.

    Args:
        results: One or more, from one plan or several.
        out: The folder; files of an earlier report there are overwritten.
        sources: Where corpora and embeddings may be found, for maps of the embeddings; what is not found
            is said in the report.
        with_audio: Put small copies of the clips into ``report.html``, where their recordings are found.
        with_figures: Draw PNG and SVG files, and show them in ``report.md``.
        layout: Order, headings and reference of systems that were trained under several seeds.
        on_progress: Told what is done (``maps``, ``audio`` or ``figures``), how much of it, and of how much.

    Returns:
        What was written, and what could not be shown.

    Raises:
        ResultError: There are no results.
        NverError: Something that ``sources`` names is not what it should be.
    """
    from nver.report import drawing, maps, markdown, page, study
    from nver.report.comparison import compare
    from nver.report.methods import methods
    from nver.report.repeats import find_repeats
    from nver.report.side_by_side import side_by_side

    if not results:
        raise ResultError("there are no results to report on")
    comparisons = compare(results)
    found = [find_repeats(comparison, layout) for comparison in comparisons]
    repeats = [repeated for repeated in found if repeated is not None]
    clip_sets = maps.clip_sets(comparisons, sources or maps.Sources(), on_progress=on_progress)
    sets = list(dict.fromkeys(clip_sets.values()))
    studied, beside = study.study_tables(results), side_by_side(results)
    out.mkdir(parents=True, exist_ok=True)
    if with_figures:
        figures = [*drawing.figures_of(comparisons, sets, out, repeats), *drawing.protocols(beside, out)]
        for n_done, draw in enumerate(figures, start=1):
            draw()
            on_progress("figures", n_done, len(figures))
    _write_tables(comparisons, repeats, studied, beside, out)
    copies, unheard = _audio(sets, on_progress) if with_audio else ({}, [])
    page_at, report = out / "report.html", out / "report.md"
    done = methods(results)
    (out / "methods.md").write_text(done.markdown, encoding="utf-8")
    (out / "references.bib").write_text(done.bibtex, encoding="utf-8")
    cards = _write_cards(comparisons, out)
    page_text = page.report_page(
        comparisons, studied, clip_sets, copies, repeats=repeats, beside=beside, methods=done, cards=cards
    )
    page_at.write_text(page_text, encoding="utf-8")
    text = markdown.render(
        comparisons,
        studied,
        clip_sets,
        repeats=repeats,
        beside=beside,
        with_figures=with_figures,
        plans_at=out / "reproduce",
    )
    report.write_text(text, encoding="utf-8")
    missing = [sentence for clip_set in sets for sentence in clip_set.missing]
    return Written(markdown=report, page=page_at, missing=tuple(dict.fromkeys([*missing, *unheard])))


def _audio(
    clip_sets: Sequence[ClipSet], on_progress: Callable[[str, int, int], None]
) -> tuple[dict[str, list[bytes | None]], list[str]]:
    """Copies by the slugs of the clip sets, and what could not be had."""
    from nver.report import audio

    here = [clip_set for clip_set in clip_sets if clip_set.clips]
    n_all = sum(len(clip_set.clips) for clip_set in here)
    made: dict[str, list[bytes | None]] = {}
    n_done = 0
    for clip_set in here:
        n_before, n_clips = n_done, len(clip_set.clips)

        def tell(n: int, *, n_before: int = n_before) -> None:
            on_progress("audio", n_before + n, n_all)

        made[clip_set.slug] = audio.copies(
            [clip_set.clips[clip_id] for clip_id in clip_set.clip_ids],
            budget_bytes=AUDIO_BYTES * n_clips // n_all,
            on_progress=tell,
        )
        n_done += n_clips
    unheard = [
        f"{n:,} of {len(files):,} clips of {slug} have no copy to be played: no room, or not to be decoded"
        for slug, files in made.items()
        if (n := files.count(None))
    ]
    return made, unheard


def _write_cards(comparisons: Sequence[Comparison], out: Path) -> list[str]:
    """A model card a system, in the order of the systems."""
    from nver.report.methods import model_card

    cards = []
    for comparison in comparisons:
        folder = out / "cards" / comparison.slug
        folder.mkdir(parents=True, exist_ok=True)
        for row in comparison.rows:
            cards.append(model_card(comparison, row))
            (folder / f"{row.system}.md").write_text(cards[-1], encoding="utf-8")
    return cards


def write_protocols(beside: Sequence[SideBySide], out: Path) -> Path:
    """Write protocols side by side alone: ``protocols.md``, ``protocols.csv`` and their figures.

    Returns:
        ``protocols.md``.

    Raises:
        ResultError: No system is there under ``paper`` and under a protocol that keeps speakers apart.
    """
    from nver.report import drawing, side_by_side_forms

    if not beside:
        raise ResultError(
            "no system has results under 'paper' and under a protocol that keeps speakers apart, on the same "
            "clips; `nver gap` makes them"
        )
    out.mkdir(parents=True, exist_ok=True)
    for draw in drawing.protocols(beside, out):
        draw()
    report = out / "protocols.md"
    report.write_text(side_by_side_forms.markdown(beside, with_figures=True) + "\n", encoding="utf-8")
    (out / "protocols.csv").write_text(side_by_side_forms.to_csv(beside), encoding="utf-8")
    return report


def _write_tables(
    comparisons: Sequence[Comparison],
    repeats: Sequence[Repeats],
    studied: Sequence[StudyTable],
    beside: Sequence[SideBySide],
    out: Path,
) -> None:
    """Tables as CSV and LaTeX, the study's in four forms, and the plans that make everything again."""
    from nver.report import latex, pairs, reproduce, searches, side_by_side_forms, tables

    (out / "table.csv").write_text(tables.systems_csv(comparisons), encoding="utf-8")
    (out / "classes.csv").write_text(tables.classes_csv(comparisons), encoding="utf-8")
    differences = [(one.slug, one.differences) for one in comparisons if one.differences is not None]
    (out / "pairs.csv").write_text(pairs.pairs_csv(differences), encoding="utf-8")
    if tried := searches.trials_csv(comparisons):
        (out / "trials.csv").write_text(tried, encoding="utf-8")
    if beside:
        (out / "protocols.csv").write_text(side_by_side_forms.to_csv(beside), encoding="utf-8")
    (out / "reproduce").mkdir(exist_ok=True)
    (out / "tables").mkdir(exist_ok=True)
    for comparison in comparisons:
        for name, text in latex.documents(comparison).items():
            (out / "tables" / name).write_text(text, encoding="utf-8")
        for name, plan in reproduce.plans(comparison).items():
            (out / "reproduce" / name).write_text(plan, encoding="utf-8")
    if repeats:
        _write_repeats(repeats, out)
    if studied:
        _write_study_tables(studied, out / "tables")


def _write_repeats(repeats: Sequence[Repeats], out: Path) -> None:
    from nver.report import repeats_tables

    (out / "repeats.csv").write_text(repeats_tables.repeats_csv(repeats), encoding="utf-8")
    (out / "tables").mkdir(exist_ok=True)
    for repeated in repeats:
        stem = out / "tables" / f"repeats-{repeated.comparison.slug}"
        stem.with_suffix(".md").write_text(repeats_tables.markdown(repeated), encoding="utf-8")
        stem.with_suffix(".tex").write_text(repeats_tables.latex(repeated), encoding="utf-8")


def _write_study_tables(studied: Sequence[StudyTable], out: Path) -> None:
    from nver.report import page, study
    from nver.report.study import documents

    for table in studied:
        forms = {
            "md": documents.markdown(table) + "\n",
            "tex": documents.latex(table),
            "html": page.around(documents.title(table), documents.fragment(table)),
        }
        for suffix, text in forms.items():
            (out / f"{table.slug}.{suffix}").write_text(text, encoding="utf-8")
    (out / "study.csv").write_text(study.study_csv(studied), encoding="utf-8")
