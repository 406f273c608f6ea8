"""``nver fuse``: one result of several, without training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import AsJson, example, note, print_json, print_tables, summary

EXAMPLE = example(
    "nver fuse runs/demo/cnn-logmel-stats-speaker runs/demo/cnn-mfcc-stats-speaker --out runs/demo/fused-cnn"
)


def fuse(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Two or more folders, a result each.")
    ],
    out: Annotated[
        Path, typer.Option(help="The folder of the new result; its name is that of the experiment.")
    ],
    weight: Annotated[
        list[float] | None,
        typer.Option(metavar="NUMBER", help="What a result counts, once for each; all alike if left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Average what finished results say of each clip (late fusion), and save that as a result.

    Results must be of the same clips and folds. Weights are never fitted: whoever chooses them by looking at
    scores on the same clips has tuned on the test.
    """
    from nver.errors import ConfigError
    from nver.results import Result, require_place
    from nver.training.late_fusion import fuse as fused_of

    place = out.resolve()
    if place in [path.resolve() for path in results]:
        raise ConfigError(f"--out {out} is one of the results to fuse; name another folder")
    require_place(place)
    parents = [Result.load(path) for path in results]
    fused = fused_of(parents, name=place.name, weights=weight or None)
    fused.save(place)
    if as_json:
        print_json(summary(fused, out))
        return
    print_tables([*parents, fused])
    note(f"result: {out}")
