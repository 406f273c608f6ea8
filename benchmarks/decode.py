"""Decoding to 16 kHz mono: ours in two worker processes, and the loops that a user would write.

    python benchmarks/decode.py FOLDER [--pattern '*.mp3'] [--rounds 5] [--workers 2]

Loops and ours take turns within each round, so that a busy machine slows all of them; medians over rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from math import gcd
from pathlib import Path

import soundfile
import soxr
from scipy.signal import resample_poly

from nver.audio import decode_many
from nver.errors import AudioError
from nver.types import RATE_HZ, AudioFile


def plain_polyphase(paths: Sequence[Path]) -> int:
    """One file at a time, as most scripts do it: soundfile, mean, scipy's polyphase filter."""
    n_samples = 0
    for path in paths:
        x, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        common = gcd(rate_hz, RATE_HZ)
        n_samples += resample_poly(x.mean(axis=1), RATE_HZ // common, rate_hz // common).size
    return n_samples


def plain_soxr(paths: Sequence[Path]) -> int:
    """One file at a time, as ``librosa.load(path, sr=16_000)`` does it: soundfile, mean, soxr HQ."""
    n_samples = 0
    for path in paths:
        x, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        n_samples += soxr.resample(x.mean(axis=1), rate_hz, RATE_HZ, quality="HQ").size
    return n_samples


def ours(paths: Sequence[Path], *, workers: int) -> int:
    """``decode_many``, whole files only."""
    n_samples = 0
    for answer in decode_many((AudioFile(path) for path in paths), workers=workers):
        if isinstance(answer, AudioError):
            raise answer
        n_samples += answer.size
    return n_samples


def main() -> None:
    """Take turns and print medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pattern", default="*.mp3")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    paths = sorted(options.folder.rglob(options.pattern))
    assert paths, f"no {options.pattern} below {options.folder}"
    ways: dict[str, Callable[[], int]] = {
        f"ours, {options.workers} workers": lambda: ours(paths, workers=options.workers),
        "ours, in this process": lambda: ours(paths, workers=0),
        "loop: soundfile + resample_poly": lambda: plain_polyphase(paths),
        "loop: soundfile + soxr": lambda: plain_soxr(paths),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    best = medians[f"ours, {options.workers} workers"]
    print(f"{len(paths)} files, median of {options.rounds} rounds, processes started within the measure")
    for name, median_s in medians.items():
        rate = len(paths) / median_s
        print(f"{name:34s} {median_s:7.2f} s {rate:8.0f} clips/s   ours is {median_s / best:5.2f} x")


if __name__ == "__main__":
    main()
