"""What decoding, digests and the store cost an extraction: ``extract`` and its encoder alone, in turns.

    python benchmarks/extraction.py data/emogator-16k [--encoders audio-mamba-tiny] [--clips 256]

"Alone" is the encoder's ``embed`` over the same clips, decoded beforehand, in the same batches. ``extract``
begins with an empty store each time and starts its decoding processes anew. Weights are random, of the true
size. The ratio of CPU times, decoding processes included, tells what is possible where the encoder keeps
every core busy, and minds less what else the machine does.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

import nver
from nver.audio import decode
from nver.embeddings.extract import BATCH_CLIPS
from nver.embeddings.store import Store
from nver.encoders import Encoder
from nver.types import Clip, Samples


def batches(waves: Sequence[Samples]) -> list[list[Samples]]:
    """As an extraction makes them of short clips."""
    cuts = range(0, len(waves), BATCH_CLIPS)
    return [sorted(waves[first : first + BATCH_CLIPS], key=lambda wave: -wave.size) for first in cuts]


def cpu_s() -> float:
    """Of this process and of those that it started and that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def taken(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU."""
    start, cpu_start = time.perf_counter(), cpu_s()
    work()
    return time.perf_counter() - start, cpu_s() - cpu_start


def measure(name: str, encoder: Encoder, clips: Sequence[Clip], *, workers: int, repeats: int) -> None:
    """Print both speeds and their ratio."""
    alone_of = batches([decode(clip.source) for clip in clips])

    def alone() -> None:
        for batch in alone_of:
            encoder.embed(batch)

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder:
            found = nver.extract(clips, encoder, store=Store(Path(folder)), workers=workers)
        if found.n_computed < 0.9 * len(clips):
            raise SystemExit(
                f"only {found.n_computed} of {len(clips)} clips were computed; their audio repeats"
            )

    encoder.embed(alone_of[0][:2])
    pairs = [(taken(alone), taken(whole)) for _ in range(repeats)]
    for what, k in (("by the clock", 0), ("in CPU time", 1)):
        ratio = statistics.median(own[k] / all_[k] for own, all_ in pairs)
        own, all_ = (1e3 * statistics.median(pair[i][k] for pair in pairs) / len(clips) for i in (0, 1))
        print(
            f"{name:<28} {workers} workers, {what:<13} alone {own:7.2f} ms a clip  extract {all_:7.2f} "
            f" speed kept {100 * ratio:5.1f} %"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="EmoGator, in either form that the corpus reads")
    parser.add_argument("--encoders", nargs="+", default=["audio-mamba-tiny", "wav2vec2-base"])
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    clips = nver.open_corpus("emogator", options.root).clips[: options.clips]
    print(f"{len(clips)} clips, {torch.get_num_threads()} cores, PyTorch {torch.__version__}")
    for name in options.encoders:
        encoder = nver.load_encoder(name, random_weights=0, precision=options.precision)
        for workers in options.workers:
            measure(name, encoder, clips, workers=workers, repeats=options.repeats)


if __name__ == "__main__":
    main()
