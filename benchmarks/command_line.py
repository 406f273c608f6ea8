"""The command line over long files, as localisation.py measures it: time, memory, and what is found."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

import scenes
from nver.corpora import Corpus
from nver.evaluation.events import count_events, overlaps
from nver.types import RATE_HZ

LENGTH_S = 600
RUNS = (("timeline", 1), ("predict --bursts", 1), ("timeline", 12))
"""Commands, and how often the ten minutes are repeated."""

LEVEL_DB = 20


def measure(corpus: Corpus) -> Iterator[dict[str, object]]:
    """Bursts over pink noise: ten minutes, and the same twelve times over; a row a run."""
    chosen = scenes.choose(corpus, 8, seed=2)
    mixed = [scenes.mix(clips, "pink", LEVEL_DB, seed=20 + k) for k, clips in enumerate(chosen)]
    starts_s = np.cumsum([0, *(scene.duration_s for scene in mixed)])
    extents = np.concatenate([scene.extents + at for scene, at in zip(mixed, starts_s, strict=False)])
    labels = np.array([clip.label for scene in mixed for clip in scene.clips])
    wave = np.concatenate([scene.wave for scene in mixed])[: LENGTH_S * RATE_HZ]
    if len(wave) < LENGTH_S * RATE_HZ:
        sys.exit(f"eight scenes last {len(wave) / RATE_HZ:.0f} s; expected {LENGTH_S} s or more")
    is_in = extents[:, 1] <= LENGTH_S
    with tempfile.TemporaryDirectory() as folder:
        for command, n_times in RUNS:
            path = Path(folder) / f"{n_times * LENGTH_S}-s.flac"
            with soundfile.SoundFile(path, "w", RATE_HZ, 1, subtype="PCM_24") as file:
                for _ in range(n_times):
                    file.write(wave)
            yield _run(command, path, n_times, extents[is_in], labels[is_in])


def _run(
    command: str, path: Path, n_times: int, extents: np.ndarray, labels: np.ndarray
) -> dict[str, object]:
    target = path.with_suffix(".csv")
    with target.open("w") as file:
        began = time.perf_counter()
        job = subprocess.Popen(
            [sys.executable, "-m", "nver", *command.split(), str(path), "--format", "csv"], stdout=file
        )
        _, status, used = os.wait4(job.pid, 0)
        wall_s = time.perf_counter() - began
    if status:
        sys.exit(f"nver {command} ended with {os.waitstatus_to_exitcode(status)}")
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    found = np.array([(float(row["start_s"]), float(row["end_s"])) for row in rows])
    first = found[:, 1] <= LENGTH_S
    counts = count_events(extents, found[first])
    shared = overlaps(extents, found[first])
    hit = shared.max(axis=1) > 0
    said = np.array([row["label"] for row in rows])[: int(first.sum())][shared.argmax(axis=1)]
    audio_s = n_times * LENGTH_S
    return {
        "command": command,
        "audio_s": audio_s,
        "n_found": len(rows),
        "n_clips_of_first_ten_minutes": counts.n_truth,
        "f1": counts.f1,
        "clips_hit": counts.hit_recall,
        "accuracy_thirty": float((said == labels)[hit].mean()),
        "cpu_s": used.ru_utime + used.ru_stime,
        "cpu_per_audio": (used.ru_utime + used.ru_stime) / audio_s,
        "wall_per_audio": wall_s / audio_s,
        "peak_memory_mib": used.ru_maxrss / 1024,
    }
