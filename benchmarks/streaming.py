"""Streams, as localisation.py measures them: delay, computing time on one core, equality with the file."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr

import scenes
from nver import Recogniser, StreamingRecogniser, open_corpus
from nver.corpora import Corpus
from nver.types import RATE_HZ

RATES_HZ = (16_000, 44_100, 48_000, 8_000, 96_000)
CHUNK_S = 0.02
LEVEL_DB = 20


def measure(root: Path, contributors: str) -> Iterator[dict[str, object]]:
    """A row a rate, each in a process of its own with one core and one thread from its first import on."""
    core = max(os.sched_getaffinity(0))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    for rate_hz in RATES_HZ:
        done = subprocess.run(
            [sys.executable, __file__, str(root), contributors, str(rate_hz)],
            env=os.environ | threads,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        yield json.loads(done.stdout)


def stream(recogniser: Recogniser, corpus: Corpus, rate_hz: int) -> dict[str, object]:
    """Push a scene over pink noise in chunks of 20 ms, and compare with the time line of the whole."""
    scene = scenes.mix(scenes.choose(corpus, 1, seed=0)[0], "pink", LEVEL_DB, seed=0)
    wave = scene.wave if rate_hz == RATE_HZ else soxr.resample(scene.wave, RATE_HZ, rate_hz)
    offline = recogniser.timeline((wave, rate_hz)).events  # kernels are compiled by it, too
    one = StreamingRecogniser(recogniser, rate_hz=rate_hz)
    n_chunk, events, delays_s = round(CHUNK_S * rate_hz), [], []
    cpu, wall = time.process_time(), time.perf_counter()
    for start in range(0, len(wave), n_chunk):
        end = min(start + n_chunk, len(wave))
        for event in one.push(wave[start:end]):
            events.append(event)
            delays_s.append(end / rate_hz - event.end_s)
    events += one.flush()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    pairs = list(zip(events, offline, strict=True))
    return {
        "rate_hz": rate_hz,
        "audio_s": len(wave) / rate_hz,
        "n_bursts": len(events),
        "delay_median_s": statistics.median(delays_s),
        "delay_max_s": max(delays_s),
        "cpu_per_audio": cpu * rate_hz / len(wave),
        "wall_per_audio": wall * rate_hz / len(wave),
        "same_extents": all((a.start_s, a.end_s) == (b.start_s, b.end_s) for a, b in pairs),
        "largest_difference": max(_difference(a.prediction, b.prediction) for a, b in pairs),
    }


def _difference(one: object, other: object) -> float:
    rows = [np.array(list(prediction.probabilities.values())) for prediction in (one, other)]
    return float(np.abs(rows[0] - rows[1]).max())


def main() -> None:
    """One rate, as JSON on standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("contributors")
    parser.add_argument("rate_hz", type=int)
    arguments = parser.parse_args()
    corpus = open_corpus("emogator", arguments.root, contributors=arguments.contributors)
    print(json.dumps(stream(Recogniser.load("burst-recogniser"), corpus, arguments.rate_hz)))


if __name__ == "__main__":
    main()
