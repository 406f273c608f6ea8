"""``nver cost``: what encoders with heads, and recognisers, take for one clip on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import AsJson, example, interruptible, note, print_json
from nver.cli.progress import progress

if TYPE_CHECKING:
    from nver.cost import System

EXAMPLE = example(
    "nver cost logmel-stats burst-mamba burst-recogniser --results results/burst-six/* --out cost"
)


def cost(
    systems: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Encoders (a head is put behind each), recognisers, or folders of bundles.",
        ),
    ],
    head: Annotated[list[str] | None, typer.Option(metavar="KIND", help="Heads of one embedding.")] = None,
    classes: Annotated[int, typer.Option(min=2, help="Of the heads.")] = 6,
    random_weights: Annotated[
        int | None,
        typer.Option(min=0, metavar="SEED", help="For encoders whose weights are not here."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.05, help="Length of the clip.")] = 2.0,
    repeats: Annotated[int, typer.Option(min=1, help="Times that each clip is asked about.")] = 20,
    results: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of results that say how good the systems are; several times."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the table and the figure go.")] = Path("runs/cost"),
    as_json: AsJson = False,
) -> None:
    """Parameters, multiply-adds, time and memory of one clip on one core; and quality beside them.

    Every system is measured in a process of its own. Run it on a quiet machine.
    """
    from nver.cost import measure

    wanted = [
        system
        for name in systems
        for system in _systems(name, heads=head or ["fcn"], n_classes=classes, random_weights=random_weights)
    ]
    costs = []
    with interruptible("give the same command again"), progress("measuring", unit="systems") as bar:
        for i, system in enumerate(wanted):
            costs.append(measure(system, clip_s=seconds, n_repeats=repeats))
            bar(i + 1, len(wanted), doing=system.name)
    from nver.report import cost as report

    out.mkdir(parents=True, exist_ok=True)
    report.write(costs, report.qualities(results or [], costs), out)
    if as_json:
        print_json([asdict(one) for one in costs])
    for one in [] if as_json else costs:
        macs = "?" if one.multiply_adds is None else f"{one.multiply_adds / 1e6:,.1f} M"
        parameters = (one.encoder_parameters + one.head_parameters) / 1e6
        typer.echo(
            f"{one.system:<28} {parameters:>8,.2f} M parameters {macs:>11} multiply-adds "
            f"{one.cpu_ms:>8,.1f} ms {one.real_time_factor:>7.4f} of real time {one.peak_mb:>6,.0f} MB"
        )
    note(f"results: {out}")


def _systems(name: str, *, heads: list[str], n_classes: int, random_weights: int | None) -> list[System]:
    from nver.cost import System
    from nver.encoders import ENCODERS
    from nver.encoders.inventory import entry

    if name not in ENCODERS and not name.startswith("hf:"):
        return [System(bundle=name)]
    known = entry(name)
    lacks = bool(known.n_bytes) and known.weights is None
    options = {"random_weights": random_weights} if lacks and random_weights is not None else {}
    encoder = {"name": name, "options": options}
    return [
        System.model_validate({"encoder": encoder, "head": {"kind": kind}, "n_classes": n_classes})
        for kind in heads
    ]
