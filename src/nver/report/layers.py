"""What a linear probe finds in every layer of an encoder: a table with intervals, and a curve."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from nver import atomic
from nver.errors import ResultError
from nver.evaluation.intervals import N_DRAWS, Interval, of_guesses
from nver.evaluation.probes import ALL, Probed, Probes
from nver.report.figures.panels import Panel, Series, draw_panels


def measure(probes: Probes, *, n_draws: int = N_DRAWS) -> dict[str, dict[str, Interval]]:
    """Layer -> ``accuracy`` and ``macro F1``, with 95 % intervals over speakers.

    Raises:
        ResultError: A clip has no speaker.
    """
    speakers = [speaker for speaker in probes.speakers if speaker is not None]
    if len(speakers) < len(probes.speakers):
        raise ResultError(
            f"{len(probes.speakers) - len(speakers):,} of {len(probes.speakers):,} clips have no speaker; "
            "intervals are over speakers"
        )
    return {one.layer: _figures(one, probes, speakers, n_draws) for one in probes.layers}


def write(probes: Probes, found: dict[str, dict[str, Interval]], out: Path, *, title: str) -> None:
    """``layers.csv``, and ``layers.png`` and ``.svg``, below ``out``."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    ends = [f"{name}{end}" for name in ("accuracy", "macro_f1") for end in ("", "_low", "_high")]
    writer.writerow(["encoder", "layer", "n_clips", "n_speakers", "n_folds", *ends])
    for layer, figures in found.items():
        about = (probes.encoder, layer, len(probes.truth), len(set(probes.speakers)), probes.n_folds)
        writer.writerow([*about, *(f"{x:.5f}" for i in figures.values() for x in (i.value, i.low, i.high))])
    atomic.write_file(out / "layers.csv", file.getvalue().encode())
    draw_panels(
        [
            Panel(name, "layer", _series(found, name), levels=tuple(found))
            for name in ("accuracy", "macro F1")
        ],
        figure_name="with 95 % interval over speakers",
        title=f"{title}: {len(probes.truth):,} clips of {len(set(probes.speakers))} speakers",
        path=out / "layers.png",
    )


def _series(found: dict[str, dict[str, Interval]], name: str) -> tuple[Series, ...]:
    """The layers in the order of the network, and apart from them all at once."""
    single = tuple(layer for layer in found if layer != ALL)
    return (
        Series("one layer", single, tuple(found[layer][name] for layer in single)),
        Series("all side by side", (ALL,), (found[ALL][name],)),
    )


def _figures(one: Probed, probes: Probes, speakers: list[str], n_draws: int) -> dict[str, Interval]:
    n_classes = len(probes.labels)
    scores = of_guesses(probes.truth, one.guess, speakers, n_classes=n_classes, n_draws=n_draws).scores
    return {"accuracy": scores["accuracy"], "macro F1": scores["macro_f1"]}
