"""``nver compare``: which of several results is better, by how much, and how sure one can be."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import WIDTH_OF_FILES, AsJson, example, note, print_json

if TYPE_CHECKING:
    from nver.differences import Differences
    from nver.evaluation.tallies import ScoreName

EXAMPLE = example(
    "nver compare runs/demo/fcn-logmel-stats-speaker runs/demo/fcn-mfcc-stats-speaker",
    "nver compare results/burst-six --score accuracy --out pairs.csv",
)


class Score(StrEnum):
    """What systems are compared by."""

    accuracy = "accuracy"
    macro_f1 = "macro-f1"
    uar = "uar"


_FIELDS: dict[Score, ScoreName] = {
    Score.accuracy: "accuracy",
    Score.macro_f1: "macro_f1",
    Score.uar: "uar",
}


def compare(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...", help="Folders of results, or folders that hold some at any depth."
        ),
    ],
    score: Annotated[Score, typer.Option(help="What counts.")] = Score.macro_f1,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws of speakers.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Write every pair under every score, with all digits.")
    ] = None,
    all_pairs: Annotated[
        bool, typer.Option("--all-pairs", help="Show every pair, not only those of the best system.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say of every pair of systems which is better, by how many points, and whether that could be chance.

    Results must be of the same clips. Those that differ in their seed alone are one system.
    """
    from nver.differences import compare as compared
    from nver.report import find_results, pairs
    from nver.report.comparison import system_name

    read = find_results(results)
    one_protocol = len({result.experiment.folds.protocol for result in read}) == 1
    names = [system_name(result.experiment) for result in read] if one_protocol else None
    found = compared(read, names=names, seed=seed)
    name = _FIELDS[score]
    if out is not None:
        out.write_text(pairs.pairs_csv([("compare", found)]), encoding="utf-8")
    if as_json:
        print_json(pairs.as_data(found, name))
        return
    _print(found, name, all_pairs=all_pairs)
    if out is not None:
        note(f"pairs: {out}")


def _print(found: Differences, score: ScoreName, *, all_pairs: bool) -> None:
    from rich.console import Console

    from nver.report import pairs

    console = Console(
        width=None if sys.stdout.isatty() else WIDTH_OF_FILES, highlight=False, markup=False, soft_wrap=False
    )
    chosen = found.pairs[score] if all_pairs else found.against_best(score)
    console.print(
        f"{found.n_clips:,} clips, {len(found.labels)} classes, protocol {', '.join(found.protocols)}",
        style="bold",
    )
    for grid in (pairs.systems_grid(found, score), pairs.pairs_grid(chosen)):
        console.print(grid.terminal(grid.header))
    console.print(pairs.reading(found, chosen))
    console.print()
    for pair in chosen:
        console.print(f"{pair.verdict}.")
    if len(chosen) < len(found.pairs[score]):
        n_left_out = len(found.pairs[score]) - len(chosen)
        note(f"{n_left_out} pairs of other systems are left out; --all-pairs shows them")
