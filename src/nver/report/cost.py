"""Cost beside quality: a table of costs, and macro F1 over each of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nver import atomic
from nver.corpora import open_corpus
from nver.cost import Cost
from nver.errors import ResultError
from nver.evaluation.intervals import Interval, of_guesses
from nver.report.figures.style import look, save, tidy
from nver.results import Result

AXES = {
    "real_time_factor": "seconds of one core a second of audio",
    "multiply_adds": "multiply-adds a clip",
    "parameters": "parameters",
}
"""What quality is drawn over."""


@dataclass(frozen=True)
class Quality:
    """How good a system was on clips of people it never heard.

    Attributes:
        source: The folder that says so.
        n_classes: Of the clips.
        macro_f1: With its 95 % interval over speakers.
    """

    source: str
    n_classes: int
    macro_f1: Interval


def qualities(results: Sequence[Path], costs: Sequence[Cost]) -> dict[str, Quality]:
    """System -> quality; each system takes the first result that is of its encoder and head.

    A folder with ``figures.json`` (of ``benchmarks/recogniser.py``) is a recogniser's; its view of as many
    classes as the other results have is taken.

    Raises:
        ResultError: A folder is neither, or its clips have no speakers.
    """
    found: dict[str, Quality] = {}
    recognisers: list[Path] = []
    for folder in results:
        if (folder / "figures.json").is_file():
            recognisers.append(folder)
            continue
        result = Result.load(folder)
        experiment = result.experiment
        if len(experiment.encoders) != 1:
            continue
        for cost in costs:
            if (cost.encoder, cost.head) == (experiment.encoders[0].name, experiment.head.kind):
                found.setdefault(cost.system, _of_result(result, folder))
    n_classes = {quality.n_classes for quality in found.values()}
    for folder in recognisers:
        found.update(_of_recogniser(folder, n_classes))
    return found


def write(costs: Sequence[Cost], quality: Mapping[str, Quality], out: Path) -> None:
    """``cost.csv``, and, where quality is known, ``cost.png`` and ``.svg`` below ``out``."""
    atomic.write_file(out / "cost.csv", as_csv(costs, quality).encode())
    if quality:
        draw(costs, quality, out / "cost.png")


def as_csv(costs: Sequence[Cost], quality: Mapping[str, Quality]) -> str:
    """A row a system; shares as fractions of one."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = [field.name for field in fields(Cost)]
    writer.writerow([*names, "n_classes", "macro_f1", "macro_f1_low", "macro_f1_high", "quality_from"])
    for cost in costs:
        row = [getattr(cost, name) for name in names]
        said = ["" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row]
        known = quality.get(cost.system)
        if known is None:
            writer.writerow([*said, "", "", "", "", ""])
        else:
            f1 = known.macro_f1
            writer.writerow(
                [*said, known.n_classes, *(f"{x:.5f}" for x in (f1.value, f1.low, f1.high)), known.source]
            )
    return file.getvalue()


def draw(costs: Sequence[Cost], quality: Mapping[str, Quality], path: Path) -> None:
    """Macro F1 over every cost, a panel each; costs are on a logarithmic scale."""
    known = [cost for cost in costs if cost.system in quality]
    figure = Figure(figsize=(10, 3.6), dpi=150, layout="constrained")
    panels = figure.subplots(1, len(AXES), sharey=True)
    for axes, (name, unit) in zip(panels, AXES.items(), strict=True):
        for i, cost in enumerate(known):
            _draw_system(axes, _on_axis(cost, name), quality[cost.system].macro_f1, i, cost.system)
        axes.set_xscale("log")
        axes.margins(x=0.2)
        axes.set_xlabel(unit, fontsize=9)
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        tidy(axes)
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel("macro F1", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8.5)
    n_classes = {quality[cost.system].n_classes for cost in known}
    clip_s = {cost.clip_s for cost in known}
    figure.suptitle(
        f"Quality ({_listed(n_classes)} classes, 95 % intervals over speakers) and cost of a clip of "
        f"{_listed(clip_s)} s",
        fontsize=11,
        x=0.01,
        ha="left",
    )
    save(figure, path)


def _draw_system(axes: Axes, at: float | None, f1: Interval, index: int, name: str) -> None:
    if not at:
        return  # nothing to place on a logarithmic scale: no network, or none that could be counted
    colour, marker = look(index)
    axes.vlines(at, 100 * f1.low, 100 * f1.high, color=colour, linewidth=1.2)
    axes.plot(at, 100 * f1.value, marker, color=colour, markersize=6, label=name)


def _on_axis(cost: Cost, name: str) -> float | None:
    if name == "parameters":
        return cost.encoder_parameters + cost.head_parameters
    value: float | None = getattr(cost, name)
    return value


def _of_result(result: Result, folder: Path) -> Quality:
    spec, made = result.experiment.corpus, result.predictions
    speaker_of = {clip.id: clip.speaker for clip in open_corpus(spec.name, spec.root, **spec.options).clips}
    speakers = [speaker for clip in made.clip_ids if (speaker := speaker_of.get(clip)) is not None]
    if len(speakers) < len(made.clip_ids):
        raise ResultError(f"{folder}: the speakers of its clips are not known; intervals are over speakers")
    n = len(result.labels)
    scores = of_guesses(made.truth, made.guess, speakers, n_classes=n).scores
    return Quality(folder.as_posix(), n, scores["macro_f1"])


def _of_recogniser(folder: Path, n_classes: set[int]) -> dict[str, Quality]:
    data = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    views = {len(data["classes"]): data["all"]}
    for view in data["views"].values():
        views.setdefault(len(view["classes"]), view)  # of several with as many classes the first one counts
    wanted = next((n for n in sorted(n_classes) if n in views), len(data["classes"]))
    f1 = views[wanted]["macro_f1"]
    return {data["recogniser"]: Quality(folder.as_posix(), wanted, Interval(**f1))}


def _listed(values: set[int] | set[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values))
