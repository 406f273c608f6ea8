"""Systems against each other, as tables, CSV and plain data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from nver.differences import TITLES, Differences
from nver.evaluation.intervals import Interval
from nver.evaluation.paired import CorrectedT, McNemar
from nver.evaluation.tallies import ScoreName
from nver.evaluation.verdict import Pair, signed
from nver.report.comparison import Comparison
from nver.report.typeset import Cell, Grid, compete

NOTHING = "–"


def reading(found: Differences, pairs: Sequence[Pair]) -> str:
    """What stands below a table of pairs: how its figures were made."""
    said = [found.method, "Differences are in points of a hundred."]
    if any(pair.corrected_t for pair in pairs):
        said.append("Corrected t: p of the test over folds and seeds (Nadeau and Bengio).")
    if any(pair.mcnemar for pair in pairs):
        said.append(
            "McNemar: p of a test that takes clips for independent; a speaker's are not, and it is too small."
        )
    return " ".join(said)


def pairs_statement(comparison: Comparison, found: Differences) -> str:
    """How many clips and systems, under which protocol, with which seeds."""
    seeds = ", ".join(map(str, sorted({seed for system in found.systems for seed in system.seeds})))
    left_out = len(comparison.rows) - sum(len(system.results) for system in found.systems)
    more = (
        f"; the {left_out} worst results by macro F1 are left out, `nver compare` takes all"
        if left_out
        else ""
    )
    return (
        f"Protocol `{comparison.folds.protocol}`, {found.n_clips:,} clips, {len(found.systems)} systems, "
        f"seeds {seeds}{more}."
    )


def interval_text(interval: Interval | None) -> str:
    """Percent, with its ends; a dash where it is undefined.

    >>> interval_text(Interval(0.465, 0.4123, 0.51, 0.95))
    '46.5 [41.2, 51.0]'
    """
    return NOTHING if interval is None else f"{100 * interval.value:.1f} {ends_text(interval)}"


def ends_text(interval: Interval | None) -> str:
    """``[41.2, 51.0]``."""
    if interval is None:
        return NOTHING
    return f"[{100 * interval.low:.1f}, {100 * interval.high:.1f}]".replace("-", "−")


def systems_grid(found: Differences, score: ScoreName) -> Grid:
    """A line a system, the best first."""
    ranked = found.ranked(score)
    intervals = [system.scores[score] for system in ranked]
    columns = {"system": [Cell(system.name) for system in ranked]}
    if len(found.protocols) > 1:
        columns["protocol"] = [Cell(system.results[0].experiment.folds.protocol) for system in ranked]
    columns["seeds"] = [Cell(", ".join(map(str, system.seeds))) for system in ranked]
    n_names = len(columns)
    title = f"{TITLES[score]} [95 % interval]"
    columns[title] = compete([interval.value for interval in intervals], list(map(interval_text, intervals)))
    return Grid(tuple(columns), tuple(zip(*columns.values(), strict=True)), n_names=n_names)


def pairs_grid(pairs: Sequence[Pair]) -> Grid:
    """A line a pair; tests that none of them has are left out."""
    columns = {
        "system": [Cell(pair.a) for pair in pairs],
        "against": [Cell(pair.b) for pair in pairs],
        "points [95 % interval]": [
            Cell(f"{signed(pair.difference.value)} {ends_text(pair.difference)}") for pair in pairs
        ],
        "p": [Cell(p_text(pair.permutation.p_value)) for pair in pairs],
        "Holm": [Cell(p_text(pair.p_holm)) for pair in pairs],
        "corrected t": [Cell(_p_of(pair.corrected_t)) for pair in pairs],
        "McNemar": [Cell(_p_of(pair.mcnemar)) for pair in pairs],
    }
    kept = {name: cells for name, cells in columns.items() if not all(cell.text == NOTHING for cell in cells)}
    return Grid(tuple(kept), tuple(zip(*kept.values(), strict=True)), n_names=2)


def p_text(p_value: float | None) -> str:
    """Three digits, and what is less; a dash where there is no test.

    >>> p_text(0.0412), p_text(0.0001), p_text(None)
    ('0.041', '< 0.001', '–')
    """
    if p_value is None:
        return NOTHING
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def pairs_csv(tables: Iterable[tuple[str, Differences]]) -> str:
    """Every pair of every table under every score, with all digits, as fractions of one.

    Args:
        tables: What each is called, and the systems.
    """
    records = [
        {"table": name, "n_clips": found.n_clips, "over": found.units.text, **_record(pair)}
        for name, found in tables
        for pairs in found.pairs.values()
        for pair in pairs
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]) if records else ["table"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def as_data(found: Differences, score: ScoreName) -> dict[str, Any]:
    """All of it under one score as plain data."""
    return {
        "score": score,
        "n_clips": found.n_clips,
        "classes": list(found.labels),
        "protocols": list(found.protocols),
        "over": found.units.text,
        "method": found.method,
        "systems": [
            {
                "system": system.name,
                "seeds": list(system.seeds),
                "value": system.scores[score].value,
                "low": system.scores[score].low,
                "high": system.scores[score].high,
            }
            for system in found.ranked(score)
        ],
        "pairs": [{**_record(pair), "verdict": pair.verdict} for pair in found.pairs[score]],
    }


def _record(pair: Pair) -> dict[str, Any]:
    t, mcnemar = pair.corrected_t, pair.mcnemar
    return {
        "score": pair.score,
        "a": pair.a,
        "b": pair.b,
        "difference": pair.difference.value,
        "low": pair.difference.low,
        "high": pair.difference.high,
        "p_permutation": pair.permutation.p_value,
        "n_swaps": pair.permutation.n_swaps,
        "is_exact": pair.permutation.is_exact,
        "p_holm": pair.p_holm,
        "p_corrected_t": None if t is None else t.p_value,
        "n_folds_times_seeds": None if t is None else t.n_differences,
        "p_mcnemar": None if mcnemar is None else mcnemar.p_value,
        "n_only_a": None if mcnemar is None else mcnemar.n_only_a,
        "n_only_b": None if mcnemar is None else mcnemar.n_only_b,
    }


def _p_of(test: CorrectedT | McNemar | None) -> str:
    return p_text(None if test is None else test.p_value)
