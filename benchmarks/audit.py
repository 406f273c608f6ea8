"""Near copies planted among real clips: how many are found, and what else is taken for one.

    python benchmarks/audit.py --root data/emogator-16k --out results/audit

Of each kind, 40 copies of clips are written beside 2,000 clips of EmoGator, and all pairs are audited. Bit
rates are what libsndfile made of them. Pairs of different recordings are candidates: they share a landmark.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from nver import fingerprint, open_corpus
from nver.audio import decode_many
from nver.audit.copies import LEAST_CORRELATION, LEAST_EVEN_CORRELATION, Copy, find_copies
from nver.embeddings.store import Store
from nver.types import RATE_HZ, AudioFile, Clip, Samples

N_CLIPS, N_OF_EACH = 2_000, 40
OTHERS = "different recordings"
SHORTEST_S = 0.8
"""Of a clip whose beginning is cut off."""


def encoded(wave: Samples, form: str, subtype: str, rate_hz: int = RATE_HZ, **how: object) -> bytes:
    """The bytes of an audio file."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(wave, -1, 1), rate_hz, format=form, subtype=subtype, **how)
    return file.getvalue()


def wav(wave: Samples, rate_hz: int = RATE_HZ) -> bytes:
    """The bytes of a WAV file."""
    return encoded(wave, "WAV", "PCM_16", rate_hz)


def mp3(wave: Samples, level: float) -> bytes:
    """The bytes of an MP3 file; a higher level is a lower rate."""
    return encoded(wave, "MP3", "MPEG_LAYER_III", bitrate_mode="CONSTANT", compression_level=level)


KINDS: dict[str, Callable[[Samples], bytes]] = {
    "gain -12 dB": lambda wave: wav(wave * 10 ** (-12 / 20)),
    "8 kHz": lambda wave: wav(soxr.resample(wave, RATE_HZ, 8_000), 8_000),
    "22.05 kHz": lambda wave: wav(soxr.resample(wave, RATE_HZ, 22_050), 22_050),
    "MP3": lambda wave: mp3(wave, 0.5),
    "MP3, low": lambda wave: mp3(wave, 0.9),
    "Opus": lambda wave: encoded(wave, "OGG", "OPUS", compression_level=0.9),
    "Opus, low": lambda wave: encoded(wave, "OGG", "OPUS", compression_level=0.95),
    "0.3 s of silence before": lambda wave: wav(np.concatenate([np.zeros(4_800, np.float32), wave])),
    "0.3 s cut off the beginning": lambda wave: wav(wave[4_800:]),
    "22.05 kHz, -12 dB, 0.3 s before, MP3": lambda wave: encoded(
        soxr.resample(np.concatenate([np.zeros(4_800, np.float32), wave / 4]), RATE_HZ, 22_050),
        *("MP3", "MPEG_LAYER_III", 22_050),
    ),
}


def plant(
    clips: list[Clip], folder: Path, *, seed: int
) -> tuple[list[Clip], dict[tuple[int, int], str], dict]:
    """The clips and copies of some; which pairs they make, and bits a second of each kind."""
    waves = list(decode_many(clip.source for clip in clips))
    long_enough = [i for i, wave in enumerate(waves) if wave.size >= SHORTEST_S * RATE_HZ]
    chosen = np.random.default_rng(seed).permutation(long_enough)
    kind_of: dict[tuple[int, int], str] = {}
    rates: dict[str, list[float]] = {}
    everything = list(clips)
    for number, (kind, copied) in enumerate(KINDS.items()):
        for of in chosen[number * N_OF_EACH : (number + 1) * N_OF_EACH].tolist():
            path = folder / f"copy-{len(everything)}"
            path.write_bytes(copied(waves[of]))
            rates.setdefault(kind, []).append(8 * path.stat().st_size / (waves[of].size / RATE_HZ))
            kind_of[of, len(everything)] = kind
            everything.append(Clip(id=path.name, source=AudioFile(path), label="any"))
    return everything, kind_of, {kind: float(np.median(bits)) for kind, bits in rates.items()}


def judged(
    laid: Sequence[Copy], everything: Sequence[Clip], kind_of: Mapping[tuple[int, int], str]
) -> dict[str, list[Copy]]:
    """The pairs that share a landmark, by kind: those that were planted, and those of different recordings.

    Clips that have the same samples as published are one recording.
    """
    samples = [fingerprint.of_array(wave) for wave in decode_many(clip.source for clip in everything)]
    recording = list(samples)
    for of, copy in kind_of:
        recording[copy] = samples[of]
    found: dict[str, list[Copy]] = {kind: [] for kind in (*KINDS, OTHERS)}
    for pair in laid:
        if kind := kind_of.get((pair.first, pair.second)):
            found[kind].append(pair)
        elif recording[pair.first] != recording[pair.second]:
            found[OTHERS].append(pair)
    return found


def row(kind: str, pairs: Sequence[Copy], *, kbit_per_s: float | None, n_planted: int) -> dict[str, object]:
    """A line of the table."""
    plain, even = ([getattr(pair, name) for pair in pairs] for name in ("correlation", "even_correlation"))
    taken = [
        pair
        for pair in pairs
        if pair.correlation >= LEAST_CORRELATION and pair.even_correlation >= LEAST_EVEN_CORRELATION
    ]
    return {
        "kind": kind,
        "kbit_per_s": kbit_per_s,
        "n_planted": n_planted,
        "n_candidates": len(pairs),
        "n_taken_for_copies": len(taken),
        "lowest_correlation": round(min(plain), 3),
        "highest_correlation": round(max(plain), 3),
        "lowest_even_correlation": round(min(even), 3),
        "highest_even_correlation": round(max(even), 3),
    }


def write(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """The table as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Plant, audit, count."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", type=Path, default=Path("data/emogator-16k"))
    arguments.add_argument("--out", type=Path, help="a folder for near-copies-seed-N.csv")
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    clips = open_corpus("emogator", chosen.root).clips
    draw = np.sort(np.random.default_rng(chosen.seed).permutation(len(clips))[:N_CLIPS])
    with tempfile.TemporaryDirectory() as folder:
        everything, kind_of, rates = plant([clips[i] for i in draw], Path(folder), seed=chosen.seed)
        began = time.perf_counter()
        laid = find_copies(
            everything,
            store=Store(Path(folder) / "store"),
            least_correlation=0.0,
            least_even_correlation=0.0,
        )
        wall_s = time.perf_counter() - began
        found = judged(laid, everything, kind_of)
    rows = [
        row(
            kind,
            pairs,
            kbit_per_s=round(rates[kind] / 1000, 1) if kind in rates else None,
            n_planted=sum(one == kind for one in kind_of.values()),
        )
        for kind, pairs in found.items()
    ]
    for one in rows:
        print(", ".join(f"{name} {value}" for name, value in one.items()))
    n_pairs = len(everything) * (len(everything) - 1) // 2
    print(f"{len(everything):,} clips, {n_pairs:,} pairs, {wall_s:.0f} s")
    if chosen.out:
        write(rows, chosen.out / f"near-copies-seed-{chosen.seed}.csv")


if __name__ == "__main__":
    main()
