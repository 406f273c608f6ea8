"""The matched pair at equal everything: pre-training loss, and frozen quality with each head, with intervals.

    nver run experiments/burst-thirty.toml --out results      # and burst-six, burst-speaker
    python benchmarks/burst_pair.py results

Reads the curves and results below the folder and writes burst-pair/quality.csv (accuracy and macro F1 over
all tested clips in percent, with 95 % intervals by bootstrap over speakers) and burst-pair/pair.png, and
prints the table and the paired difference of the two encoders under each head.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nver.evaluation import metrics
from nver.evaluation.intervals import over_speakers
from nver.results import Result

EXPERIMENTS = ("burst-thirty", "burst-six", "burst-speaker")
COLOURS = {"burst-mamba": "#0072B2", "burst-attention": "#D55E00"}
COLUMNS = ("experiment", "system", "n_clips", "n_speakers", "figure", "value", "low", "high")


def main() -> None:
    """Print, and write what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for experiment in EXPERIMENTS:
        found = {path.name: Result.load(path) for path in sorted((options.results / experiment).iterdir())}
        for name, result in found.items():
            rows += quality(experiment, name, result)
        differences(experiment, found)
    out = options.results / "burst-pair"
    with (out / "quality.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, out)


def speakers_of(result: Result) -> list[str]:
    """EmoGator's names begin with the contributor."""
    return [name.split("-")[0] for name in result.predictions.clip_ids]


def figures_of(result: Result) -> dict[str, Callable[[np.ndarray], float]]:
    """Scores of the clips in some rows."""
    truth, guess, n = result.predictions.truth, result.predictions.guess, len(result.labels)
    return {
        "accuracy": lambda rows: metrics.accuracy(truth[rows], guess[rows]),
        "macro F1": lambda rows: metrics.macro_f1(truth[rows], guess[rows], n_classes=n),
    }


def quality(experiment: str, name: str, result: Result) -> list[dict[str, object]]:
    """Both scores of one result, with intervals."""
    speakers = speakers_of(result)
    rows: list[dict[str, object]] = []
    for figure, score in figures_of(result).items():
        found = over_speakers(score, speakers)
        value, low, high = (round(100 * x, 2) for x in (found.value, found.low, found.high))
        rows.append(
            dict(
                zip(
                    COLUMNS,
                    (experiment, name, len(speakers), len(set(speakers)), figure, value, low, high),
                    strict=True,
                )
            )
        )
        print(f"{experiment:<14} {name:<34} {figure:<9} {value:5.1f}  [{low:4.1f}, {high:4.1f}]")
    return rows


def differences(experiment: str, found: dict[str, Result]) -> None:
    """Mamba minus attention under the same head, clip by clip."""
    for name, mamba in found.items():
        twin = name.replace("burst-mamba", "burst-attention")
        if twin == name or twin not in found or "burst-attention" in name:
            continue
        pair = [figures_of(result)["accuracy"] for result in (mamba, found[twin])]
        if mamba.predictions.clip_ids != found[twin].predictions.clip_ids:
            raise SystemExit(f"{name} and {twin} were tested on different clips")
        gap = over_speakers(lambda rows, pair=pair: pair[0](rows) - pair[1](rows), speakers_of(mamba))
        print(
            f"{experiment:<14} {name} minus its twin: {100 * gap.value:+.1f} points "
            f"[{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]"
        )


def draw(rows: list[dict[str, object]], out: Path) -> None:
    """Left the pre-training losses, right the accuracies in thirty classes."""
    figure = Figure(figsize=(9, 3.6), dpi=150)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    for name, colour in COLOURS.items():
        with (out / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            curve = [row for row in csv.DictReader(file) if row["validation_loss"]]
        left.plot(
            [int(row["clips"]) / 22_500 for row in curve],
            [float(row["validation_loss"]) for row in curve],
            marker="o" if name == "burst-mamba" else "s",
            color=colour,
            label=name,
        )
    left.set(xlabel="epochs", title="masked modelling, validation loss")
    left.set_ylim(bottom=0)
    left.grid(alpha=0.3)
    left.legend()
    own = [row for row in rows if row["experiment"] == EXPERIMENTS[0] and row["figure"] == "accuracy"]
    own.sort(key=lambda row: float(str(row["value"])))
    values = np.array([[float(str(row[key])) for key in ("value", "low", "high")] for row in own])
    names = [str(row["system"]).removesuffix("-predefined") for row in own]
    colours = [
        "#009E73"
        if all(twin in name for twin in COLOURS) or name.startswith(("reno", "late"))
        else next((colour for twin, colour in COLOURS.items() if twin in name), "#777777")
        for name in names
    ]
    right.barh(names, values[:, 0], color=colours)
    right.errorbar(
        values[:, 0],
        range(len(own)),
        xerr=np.abs(values[:, 1:] - values[:, :1]).T,
        fmt="none",
        color="black",
        capsize=2,
        linewidth=1,
    )
    right.tick_params(axis="y", labelsize=7)
    right.set(title="thirty classes, accuracy in %")
    right.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(out / "pair.png")


if __name__ == "__main__":
    main()
