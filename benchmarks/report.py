"""How large the page of a full study is, and how long it takes to open.

    python benchmarks/report.py [--clips 9000] [--audio-bytes 2700] [--chromium FILE] [--keep DIR]

150 cells are made up (the study's encoders, heads and three corpora, five folds, 20 epochs, guesses drawn
at random), with a map for each encoder and, for every clip, as many random bytes as a small Opus copy has.
The page is then opened in Chromium five times: "ready" is when the list of systems is there, "loaded" when
everything is, "map" how long the view with the points takes to come; "work" is what the page's main thread
computed until it was loaded, which other processes on a busy machine do not stretch. Nothing is trained; no
figure in it means anything.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nver.corpora import load_card
from nver.experiment import Experiment
from nver.report.comparison import Comparison, compare
from nver.report.maps import ClipSet, EmbeddingMap
from nver.report.page import report_page
from nver.report.study import published, study_tables
from nver.report.study.published import CORPORA
from nver.results import Epoch, FoldHistory, Predictions, Result
from nver.types import AudioFile, Clip

SHARES = {"asvp-esd": 0.833, "jnv": 0.047, "vivae": 0.12}
"""Of the clips, about as the real corpora have them."""

N_FOLDS, N_EPOCHS = 5, 20


def main() -> None:
    """Print seconds and megabytes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=int, default=9000)
    parser.add_argument("--audio-bytes", type=int, default=2700, help="a copy; 0 leaves audio out")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--keep", type=Path, help="write the page here")
    arguments = parser.parse_args()

    rng = np.random.default_rng(0)
    results = list(study(arguments.clips, rng))
    began = time.perf_counter()
    comparisons = compare(results)
    print(
        f"{len(results)} results, {arguments.clips:,} clips: compared in {time.perf_counter() - began:.1f} s"
    )
    clip_sets = {comparison.slug: clip_set(comparison, rng) for comparison in comparisons}
    audio = {
        made.slug: [rng.bytes(arguments.audio_bytes) for _ in made.clip_ids]
        for made in clip_sets.values()
        if arguments.audio_bytes
    }
    began = time.perf_counter()
    page = report_page(comparisons, study_tables(results), clip_sets, audio)
    print(f"page: {len(page.encode()) / 1e6:.1f} MB, made in {time.perf_counter() - began:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        path = (arguments.keep or Path(folder)) / "report.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
        opened(path.resolve(), arguments.chromium)


def study(n_clips: int, rng: np.random.Generator) -> Iterator[Result]:
    """A result for every published cell."""
    tested = {name: draw_clips(name, round(n_clips * share), rng) for name, share in SHARES.items()}
    for cell in published():
        corpus = CORPORA[cell.corpus]
        labels = load_card(corpus).labels
        ids, truth, fold = tested[corpus]
        experiment = Experiment.model_validate(
            {
                "name": f"{cell.head}-{'-'.join(cell.encoder_names)}-paper",
                "corpus": {"name": corpus, "root": f"data/{corpus}"},
                "encoders": cell.encoder_names,
                "head": {"kind": cell.head},
            }
        )
        chances = rng.dirichlet(np.ones(len(labels)), len(ids)).astype(np.float32)
        chances[np.arange(len(ids)), truth] += 0.5
        yield Result(
            experiment=experiment,
            labels=labels,
            predictions=Predictions(ids, truth, chances / chances.sum(axis=1, keepdims=True), fold),
            history=tuple(history(i, int((fold == i).sum()), rng) for i in range(N_FOLDS)),
            provenance={
                "corpus": {"name": corpus, "n_clips": len(ids), "n_speakers": 11},
                "encoders": [
                    {"name": name, "fingerprint": f"random-{name}", "weights": "RANDOM, made up", "dim": 768}
                    for name in cell.encoder_names
                ],
                "head_parameters": 990_790,
                "unreadable": {},
                "warnings": ["the results are made up"],
            },
        )


def draw_clips(
    corpus: str, n: int, rng: np.random.Generator
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Ids as long as real ones, true classes, folds."""
    labels = load_card(corpus).labels
    truth = rng.integers(0, len(labels), n)
    ids = tuple(f"Audio/actor_{i % 97:03}/03-02-{i:05}-{labels[k]}.wav" for i, k in enumerate(truth))
    return ids, truth, rng.permutation(np.arange(n) % N_FOLDS)


def history(fold: int, n_test: int, rng: np.random.Generator) -> FoldHistory:
    """Numbers of as many digits as real ones have."""
    epochs = tuple(Epoch(*rng.random(4).tolist()) for _ in range(N_EPOCHS))
    return FoldHistory(fold, f"fold {fold + 1}", 4 * n_test, n_test // 2, n_test, epochs, best_epoch=12)


def clip_set(comparison: Comparison, rng: np.random.Generator) -> ClipSet:
    """A map for each encoder, eleven speakers, an attribute."""
    made = comparison.rows[0].result.predictions
    return ClipSet(
        slug=comparison.slug,
        corpus=comparison.corpus.name,
        labels=comparison.labels,
        clip_ids=made.clip_ids,
        truth=made.truth,
        clips={
            clip_id: Clip(
                clip_id,
                AudioFile(Path(clip_id)),
                comparison.labels[label],
                f"S{i % 11:02}",
                {"intensity": str(i % 4)},
            )
            for i, (clip_id, label) in enumerate(zip(made.clip_ids, made.truth, strict=True))
        },
        maps=tuple(
            EmbeddingMap(encoder, (rng.normal(size=(len(made.clip_ids), 2)) * 20).astype(np.float32))
            for encoder in sorted({name for row in comparison.rows for name in row.encoders.split(" + ")})
        ),
        missing=(),
    )


def opened(path: Path, chromium: str) -> None:
    """Medians of five openings."""
    from playwright.sync_api import sync_playwright

    ready, loaded, mapped, work = [], [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            devtools = page.context.new_cdp_session(page)
            devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
            began = time.perf_counter()
            page.goto(path.as_uri(), wait_until="commit")
            page.wait_for_selector("#leaderboard tbody tr:nth-child(150)")
            ready.append(time.perf_counter() - began)
            page.wait_for_load_state("load")
            loaded.append(time.perf_counter() - began)
            metrics = {
                one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]
            }
            work.append(metrics["TaskDuration"])
            began = time.perf_counter()
            page.evaluate(
                "() => new Promise((done) => { location.hash = '#/map/0';"
                " requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))); })"
            )
            mapped.append(time.perf_counter() - began)
            page.close()
        browser.close()
    for name, seconds in (("ready", ready), ("loaded", loaded), ("map", mapped), ("work", work)):
        print(f"{name}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")


if __name__ == "__main__":
    main()
