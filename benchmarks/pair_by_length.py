"""Mamba against attention at equal everything: time and memory by the length of a clip.

    python benchmarks/pair_by_length.py [--lengths 1 2 5 10 20 30 60] [--out results/burst-pair]

A clip of each length goes through both networks whole, not cut into windows, on two threads in float32, each
in a process of its own; the two take turns. Written are the median time, its ratio to the clip's length, and
the memory that the process took beyond what it had before the first clip, as by-length.csv and by-length.png.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

MIXERS = ("mamba", "attention")
COLUMNS = ("mixer", "length_s", "median_ms", "real_time_factor", "memory_mb")


def main() -> None:
    """Measure each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 2, 5, 10, 20, 30, 60])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path("results/burst-pair"))
    parser.add_argument("--one", nargs=2, metavar=("MIXER", "LENGTH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]), options.repeats)))
        return
    rows = []
    for length in options.lengths:
        for mixer in MIXERS:
            command = [
                sys.executable,
                __file__,
                "--one",
                mixer,
                str(length),
                "--repeats",
                str(options.repeats),
            ]
            row = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            rows.append(row)
            print(
                f"{mixer:<10} {length:3d} s {row['median_ms']:8.1f} ms, real-time factor "
                f"{row['real_time_factor']:.4f}, {row['memory_mb']:6.1f} MB"
            )
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "by-length.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, options.out / "by-length.png")


def measure(mixer: str, length_s: int, repeats: int) -> dict[str, object]:
    """One network on one length."""
    import resource

    import torch

    from nver.models.burst import BurstNetwork, BurstShape

    network = BurstNetwork.random(BurstShape(mixer), seed=0).eval()
    spectrogram = torch.randn(1, 100 * length_s, 80, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        network(spectrogram[:, :20])  # compiles, loads, allocates what every length needs
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            network(spectrogram)
            times.append(time.perf_counter() - begun)
    median = statistics.median(times)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {
        "mixer": mixer,
        "length_s": length_s,
        "median_ms": round(median * 1e3, 2),
        "real_time_factor": round(median / length_s, 5),
        "memory_mb": round(memory, 1),
    }


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Time and memory over length, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.4), dpi=150)
    for axes, column, title in zip(
        figure.subplots(1, 2), ("median_ms", "memory_mb"), ("time, ms", "memory, MB"), strict=True
    ):
        for mixer, colour, marker in zip(MIXERS, ("#0072B2", "#D55E00"), ("o", "s"), strict=True):
            own = [row for row in rows if row["mixer"] == mixer]
            axes.plot(
                [row["length_s"] for row in own],
                [max(0.1, float(str(row[column]))) for row in own],
                marker=marker,
                color=colour,
                label=f"burst-{mixer}",
            )
        axes.set(xscale="log", yscale="log", xlabel="length of the clip, s", title=title)
        axes.set_xticks(sorted({int(str(row["length_s"])) for row in rows}))
        axes.get_xaxis().set_major_formatter("{x:.0f}")
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.savefig(path, bbox_inches="tight")


if __name__ == "__main__":
    main()
