"""Protocols side by side as Markdown, CSV and HTML."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Sequence
from itertools import groupby

from nver.evaluation.intervals import Interval
from nver.report import paths
from nver.report.side_by_side import BASELINE, SCORES, SideBySide, title
from nver.report.typeset import Cell, Grid

HEADING = "Protocols side by side"


def by_corpus(found: Sequence[SideBySide]) -> list[list[SideBySide]]:
    """Systems that stand in one table and figure: those of one selection of clips."""
    key = lambda one: f"{title(one.corpus)} {one.n_clips}"  # noqa: E731 - used twice
    return [list(group) for _, group in groupby(sorted(found, key=key), key=key)]


def markdown(found: Sequence[SideBySide], *, with_figures: bool) -> str:
    """A section of a report."""
    parts = [f"## {HEADING}"]
    for number, group in enumerate(by_corpus(found), start=1):
        parts += [f"### {title(group[0].corpus)}", caption(group)]
        if with_figures:
            parts += [f"![{name} under each protocol]({paths.side_by_side(number, name)})" for name in SCORES]
        parts.append(grid(group).markdown())
        parts.append("\n".join(f"- {text}" for one in group for text in one.sentences()))
    return "\n\n".join(parts)


def fragment(found: Sequence[SideBySide]) -> str:
    """HTML without a page around it."""
    parts = [f"<h2>{HEADING}</h2>"]
    for group in by_corpus(found):
        parts += [
            f"<h3>{html.escape(title(group[0].corpus))}</h3>",
            f"<p>{html.escape(caption(group).replace('`', ''))}</p>",
        ]
        parts.append(f'<div class="wide study">{grid(group).html()}</div>')
        said = "".join(
            f"<li>{html.escape(text.replace('`', ''))}</li>" for one in group for text in one.sentences()
        )
        parts.append(f"<ul>{said}</ul>")
    return "\n".join(parts)


def grid(group: Sequence[SideBySide]) -> Grid:
    """A line a system and protocol: its scores, and how far ``paper`` is above them."""
    lines = []
    for one in group:
        for i, standing in enumerate(one.standings):
            figures = [
                text
                for name in SCORES
                for text in (_text(one.scores[name][i]), _text(one.gaps[name][i - 1] if i else None))
            ]
            words = [one.system if i == 0 else "", standing.folds.protocol]
            counts = [str(len(standing.results[0].history)), str(len(standing.seeds))]
            lines.append(tuple(Cell(text) for text in (*words, *counts, *figures)))
    scores = [heading for name in SCORES for heading in (name, f"gap in {name}")]
    return Grid(("system", "protocol", "folds", "seeds", *scores), tuple(lines), n_names=2)


def caption(group: Sequence[SideBySide]) -> str:
    """What the figures are of: clips, speakers, seeds, and how intervals were made."""
    first = group[0]
    drawn = (
        f"whole speakers ({first.n_drawn:,})"
        if first.drawn == "speakers"
        else f"clips ({first.n_drawn:,}), as speakers are not all known: too narrow if speakers have several"
    )
    return (
        f"{first.n_clips:,} clips, each tested once under every protocol and seed. Percent, pooled over all "
        f"tested clips, mean over seeds, with 95 % intervals (bootstrap that draws {drawn}; the same draws "
        f"for both sides of a gap). Gap: points by which `{BASELINE}` is above a protocol."
    )


def to_csv(found: Sequence[SideBySide]) -> str:
    """Every score and every gap, as fractions of one and with all digits."""
    text = io.StringIO()
    names = ("corpus", "system", "score", "protocol", "n_folds", "n_seeds", "n_clips", "figure")
    writer = csv.DictWriter(text, [*names, "value", "low", "high", "drawn"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(to_records(found))
    return text.getvalue()


def to_records(found: Sequence[SideBySide]) -> list[dict[str, object]]:
    """Every score and every gap as plain data, fractions of one."""
    return list(_records(found))


def _records(found: Sequence[SideBySide]) -> Iterator[dict[str, object]]:
    for one in found:
        for name in SCORES:
            figures = [("score", one.standings, one.scores[name]), ("gap", one.standings[1:], one.gaps[name])]
            for figure, standings, intervals in figures:
                for standing, interval in zip(standings, intervals, strict=True):
                    yield {
                        "corpus": title(one.corpus),
                        "system": one.system,
                        "score": name,
                        "protocol": standing.folds.protocol,
                        "n_folds": len(standing.results[0].history),
                        "n_seeds": len(standing.seeds),
                        "n_clips": one.n_clips,
                        "figure": figure,
                        "value": interval.value,
                        "low": interval.low,
                        "high": interval.high,
                        "drawn": one.drawn,
                    }


def _text(interval: Interval | None) -> str:
    """``46.5 [43.2, 49.8]``, or a dash."""
    if interval is None:
        return "–"
    value, low, high = (100 * figure for figure in (interval.value, interval.low, interval.high))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"
