"""How long `nver --help` takes, beside an empty Python and the libraries that it must not load.

    python benchmarks/startup.py

Each figure is the median of interleaved runs of a new process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

REPEATS = 15

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import typer": ["-c", "import typer"],
    "import nver": ["-c", "import nver"],
    "nver --help": ["-m", "nver", "--help"],
    "nver run --help": ["-m", "nver", "run", "--help"],
    "nver corpora list": ["-m", "nver", "corpora", "list"],
    "import torch": ["-c", "import torch"],
}


def seconds(arguments: list[str]) -> float:
    """One run, from start to exit."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print medians, and the ratio to an empty Python."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(REPEATS):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    empty = medians["python -c pass"]
    for name, median in medians.items():
        print(f"{name:<20} {1000 * median:7.0f} ms  {median / empty:6.1f} x an empty Python")


if __name__ == "__main__":
    main()
