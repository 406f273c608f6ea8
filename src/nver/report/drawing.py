"""All figures of a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from nver.heads.specs import name_of
from nver.report import figures, paths, side_by_side
from nver.report.comparison import Comparison, Row
from nver.report.maps import ClipSet
from nver.report.protocols import chance
from nver.report.provenance import was_trained
from nver.report.repeats import Repeats, join
from nver.report.side_by_side import SideBySide
from nver.report.side_by_side_forms import by_corpus
from nver.report.study.published import published_cell
from nver.report.tables import SCORES

PANELS = ("accuracy", "macro F1")
"""What the chart of all systems shows: the study's two scores."""


def figures_of(
    comparisons: Sequence[Comparison],
    clip_sets: Sequence[ClipSet],
    out: Path,
    repeats: Sequence[Repeats] = (),
) -> Iterator[Callable[[], None]]:
    """One call a figure, each of which draws it below ``out``; seeds of one system share their figures.

    Raises:
        OSError: A folder cannot be made; from a call: its figure cannot be written.
    """
    for comparison in map(join, comparisons):
        (out / "figures" / comparison.slug).mkdir(parents=True, exist_ok=True)
        yield partial(draw_all_systems, comparison, out / paths.bars(comparison))
        for row in comparison.rows:
            yield from _of_row(comparison, row, out)
    for repeated in repeats:
        yield partial(draw_repeats, repeated, out / paths.repeats(repeated.comparison))
    for clip_set in clip_sets:
        yield from _maps(clip_set, out)


def draw_all_systems(comparison: Comparison, path: Path) -> None:
    """The chart of all systems of a comparison."""
    figures.draw_bars(
        [
            figures.Bar(
                name=row.system,
                kind=name_of(row.result.experiment.head),
                scores={panel: SCORES[panel](row.scores) for panel in PANELS},
                published=_published(row),
            )
            for row in comparison.rows
        ],
        chance=_chance(comparison),
        title=f"{comparison.title}: mean over {comparison.n_folds} folds",
        path=path,
    )


def draw_repeats(repeats: Repeats, path: Path) -> None:
    """The chart of systems that were trained under several seeds."""
    comparison = repeats.comparison
    figures.draw_intervals(
        [
            figures.Dots(
                name=line.system,
                group=line.group,
                scores=line.scores,
                seeds={panel: line.per_seed(panel) for panel in PANELS},
                differences=line.differences,
            )
            for line in repeats.lines
        ],
        reference=repeats.reference,
        chance=_chance(comparison),
        title=f"{comparison.title}. {chance(comparison)}",
        note=repeats.statement,
        path=path,
    )


def protocols(found: Sequence[SideBySide], out: Path) -> Iterator[Callable[[], None]]:
    """One call a figure of protocols side by side, each of which draws it below ``out``.

    Raises:
        OSError: A folder cannot be made; from a call: its figure cannot be written.
    """
    for number, group in enumerate(by_corpus(found), start=1):
        (out / "figures").mkdir(parents=True, exist_ok=True)
        for name in side_by_side.SCORES:
            yield partial(draw_side_by_side, group, name, out / paths.side_by_side(number, name))


def draw_side_by_side(group: Sequence[SideBySide], score: str, path: Path) -> None:
    """Systems on one selection of clips under each protocol."""
    tracks = []
    for one in group:
        titles = [standing.title for standing in one.standings]
        tracks.append(
            figures.Track(
                name=one.system,
                scores=dict(zip(titles, one.scores[score], strict=True)),
                gaps=dict(zip(titles[1:], one.gaps[score], strict=True)),
            )
        )
    n_seeds = sorted({len(standing.seeds) for one in group for standing in one.standings})
    first = group[0]
    figures.draw_protocols(
        tracks,
        score=score,
        title=f"{side_by_side.title(first.corpus)}: {score} under each protocol",
        note=f"{first.n_clips:,} clips, pooled; mean over {' or '.join(map(str, n_seeds))} seeds; whiskers: "
        f"95 % intervals, bootstrap over {first.n_drawn:,} {first.drawn}",
        path=path,
    )


def _of_row(comparison: Comparison, row: Row, out: Path) -> Iterator[Callable[[], None]]:
    title = f"{row.system}, protocol {comparison.folds.protocol}"
    draw = partial(figures.draw_confusion, row.scores.confusion, comparison.labels, title=title)
    yield partial(draw, path=out / paths.confusion(comparison, row.system), of="shares")
    yield partial(draw, path=out / paths.confusion_counts(comparison, row.system), of="clips")
    if was_trained(row.result):
        yield partial(
            figures.draw_learning_curves,
            row.result.history,
            monitor=row.result.experiment.training.monitor,
            title=title,
            path=out / paths.curves(comparison, row.system),
        )


def _maps(clip_set: ClipSet, out: Path) -> Iterator[Callable[[], None]]:
    for embedded in clip_set.maps:
        for name, categories in clip_set.categories().items():
            present = set(categories)
            order = [label for label in clip_set.labels if label in present] if name == "emotion" else None
            yield partial(
                figures.draw_map,
                embedded.places,
                categories,
                order=order or sorted(present),
                title=f"{embedded.encoder} on {clip_set.corpus}: t-SNE, by {name}",
                path=out / paths.embedding_map(clip_set, embedded.encoder, name),
            )


def _chance(comparison: Comparison) -> dict[str, float]:
    return {"accuracy": comparison.largest_class_share, "macro F1": comparison.macro_f1_of_largest_class}


def _published(row: Row) -> dict[str, float]:
    cell = published_cell(row.result.experiment)
    return {} if cell is None else {"accuracy": cell.accuracy, "macro F1": cell.macro_f1}
