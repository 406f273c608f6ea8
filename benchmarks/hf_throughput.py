"""How fast transformers run here, against the loop that a user would write, in one run.

Theirs: transformers alone, float32, one file at a time. Ours: ``load_encoder(...).embed`` in each precision.
Both have the same random weights of the true size. Blocks of clips go to each system in turn, so that
whatever else the machine does falls on all of them; a ratio is the median over blocks.

    python benchmarks/hf_throughput.py --corpus ../shared/corpora/emogator-16k
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path

import numpy as np
import torch

from nver.audio import decode
from nver.corpora.shards import members
from nver.encoders import load_encoder
from nver.encoders.cards import CARDS
from nver.types import RATE_HZ, Matrix, Samples


def real_clips(corpus: Path, n_clips: int) -> list[Samples]:
    """The first clips of each contributor in turn, so that lengths are as mixed as the corpus."""
    turns = zip_longest(*(members(tar) for tar in sorted(corpus.glob("*.tar"))[:30]))
    sources = (source for source in chain.from_iterable(turns) if source is not None)
    return [decode(source) for source in islice(sources, n_clips)]


def noise(n_clips: int) -> list[Samples]:
    """Noise of 0.5 to 6 seconds, for machines without the corpus."""
    rng = np.random.default_rng(0)
    lengths = rng.uniform(0.5, 6.0, n_clips) * RATE_HZ
    return [0.1 * rng.standard_normal(int(n), np.float32) for n in lengths]


def gflop(name: str, n_samples: int) -> float:
    """Multiplications and additions of one clip alone, padding never counted, in 1e9 (waveform networks)."""
    from transformers import AutoConfig

    c = AutoConfig.for_model(CARDS[name].family, **(CARDS[name].config or {}))
    macs, frames, channels = 0, n_samples, 1
    for width, kernel, stride in zip(c.conv_dim, c.conv_kernel, c.conv_stride, strict=True):
        frames = (frames - kernel) // stride + 1
        macs += frames * channels * width * kernel
        channels = width
    d = c.hidden_size
    macs += frames * channels * d
    macs += frames * d * d // c.num_conv_pos_embedding_groups * c.num_conv_pos_embeddings
    per_layer = 4 * d * d + 2 * d * c.intermediate_size + 2 * frames * d
    return 2 * (macs + c.num_hidden_layers * frames * per_layer) / 1e9


def their_loop(name: str) -> Callable[[Sequence[Samples]], Matrix]:
    """What a user would write."""
    from nver.encoders.hf.checkpoint import randomly

    checkpoint = randomly(CARDS[name], seed=0)

    def embed(waves: Sequence[Samples]) -> Matrix:
        rows = []
        with torch.inference_mode():
            for wave in waves:
                inputs = checkpoint.extract(wave, sampling_rate=RATE_HZ, return_tensors="pt")
                rows.append(checkpoint.model(**inputs).last_hidden_state.mean(1)[0].numpy())
        return np.stack(rows)

    return embed


def cosines(a: Matrix, b: Matrix) -> Matrix:
    """Row by row."""
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, help="a folder of tars of 16 kHz clips; without it: noise")
    parser.add_argument("--encoder", default="wav2vec2-base", choices=sorted(CARDS))
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--block", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()

    waves = real_clips(arguments.corpus, arguments.clips) if arguments.corpus else noise(arguments.clips)
    audio_s = sum(len(wave) for wave in waves) / RATE_HZ
    lengths = sorted(len(wave) / RATE_HZ for wave in waves)
    print(
        f"{len(waves)} clips, {audio_s:.0f} s; {lengths[0]:.2f} to {lengths[-1]:.2f} s, "
        f"median {statistics.median(lengths):.2f} s; {torch.get_num_threads()} threads"
    )

    systems: dict[str, Callable[[Sequence[Samples]], Matrix]] = {
        "theirs, float32": their_loop(arguments.encoder)
    }
    for precision in ("float32", "bfloat16"):
        encoder = load_encoder(arguments.encoder, random_weights=0, precision=precision)
        systems[f"ours, {precision}"] = encoder.embed
    blocks = [waves[i : i + arguments.block] for i in range(0, len(waves), arguments.block)]
    for embed in systems.values():
        embed(blocks[0][:8])

    taken_s: dict[str, list[float]] = {name: [] for name in systems}
    rows: dict[str, list[Matrix]] = {name: [] for name in systems}
    for repeat in range(arguments.repeats):
        for turn, block in enumerate(blocks):
            order = list(systems)
            for name in order[turn % len(order) :] + order[: turn % len(order)]:
                start = time.perf_counter()
                found = systems[name](block)
                taken_s[name].append(time.perf_counter() - start)
                if repeat == 0:
                    rows[name].append(found)

    theirs = next(iter(systems))
    work = [
        sum(gflop(arguments.encoder, len(wave)) for wave in block) for block in blocks
    ] * arguments.repeats
    reference = np.concatenate(rows[theirs])
    print(f"{'':18} clips/s  audio s/s  GFLOP/s   ratio  cosine (lowest)  relative L2 (highest)")
    for name in systems:
        rate = statistics.median(
            len(b) / s for b, s in zip(blocks * arguments.repeats, taken_s[name], strict=True)
        )
        speed = statistics.median(w / s for w, s in zip(work, taken_s[name], strict=True))
        ratio = statistics.median(t / s for t, s in zip(taken_s[theirs], taken_s[name], strict=True))
        ours = np.concatenate(rows[name])
        error = np.linalg.norm(ours - reference, axis=1) / np.linalg.norm(reference, axis=1)
        print(
            f"{name:18} {rate:7.1f} {rate * audio_s / len(waves):10.1f} {speed:8.0f} {ratio:6.2f}x"
            f" {cosines(ours, reference).min():16.6f} {error.max():22.1e}"
        )


if __name__ == "__main__":
    main()
