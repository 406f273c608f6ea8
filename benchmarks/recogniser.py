"""How good and how fast a recogniser is, on speakers of EmoGator whom it never heard.

    python benchmarks/recogniser.py burst-recogniser --root data/emogator-16k

Predicts the clips of contributors 251-300 and writes into results/<name>: ``predictions.parquet`` (every
clip's probabilities), ``figures.json`` (accuracy, macro F1, UAR and top five with 95 % intervals over
speakers; every view; every category; calibration before and after the temperature; real-time factor on one
core), the figures ``confusion.png`` and ``reliability.png``, and the model card with all of it. A recogniser
that was trained on one of the speakers is refused. ``--page`` puts the model card and its
pictures into the bundle's folder as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from nver import Recogniser, open_corpus
from nver.audio import decode
from nver.corpora import Corpus
from nver.evaluation import calibration, metrics
from nver.recogniser.bundle import PAGE_FILE, find_bundle, read_card
from nver.recogniser.evaluation import Answers, examine, figures
from nver.recogniser.page import page
from nver.report.calibration_plots import draw_reliability
from nver.report.figures import draw_confusion
from nver.results import Predictions, to_parquet
from nver.training import provenance
from nver.types import RATE_HZ

CONTRIBUTORS = "251-300"
PICTURES = {"Confusion matrix": "confusion.png", "Reliability": "reliability.png"}
N_TIMED, N_REPEATS = 48, 5
BAR_S = 20


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundle", help="a recogniser that is shipped, or the folder of a bundle")
    parser.add_argument("--root", type=Path, required=True, help="where EmoGator lies")
    parser.add_argument("--contributors", default=CONTRIBUTORS)
    parser.add_argument("--out", type=Path, help="default: results/<name of the recogniser>")
    parser.add_argument("--page", action="store_true", help="update the model card in the bundle")
    parser.add_argument("--only-speed", action="store_true", help="print the speed as JSON and stop")
    arguments = parser.parse_args()

    recogniser = Recogniser.load(arguments.bundle)
    corpus = open_corpus("emogator", arguments.root, contributors=arguments.contributors)
    if arguments.only_speed:
        print(json.dumps(speed(recogniser, corpus)))
        return
    answers = examine(recogniser, corpus, on_progress=tell)
    if answers.unreadable:
        sys.exit(f"{len(answers.unreadable)} clips cannot be read: {min(answers.unreadable.values())}")
    found = {
        "recogniser": recogniser.card.name,
        "weights": read_card(find_bundle(arguments.bundle)).weights.model_dump(
            mode="json", exclude={"tensors"}
        ),
        "corpus": {"name": corpus.card.name, **corpus.options},
        **figures(answers),
        "speed": speed_on_one_core(sys.argv[1:]),
        "software": provenance.software(),
        "machine": provenance.machine(),
    }
    out = arguments.out or Path("results") / recogniser.card.name
    out.mkdir(parents=True, exist_ok=True)
    tested_on = f"contributors {arguments.contributors} of EmoGator, of whom nobody was trained on"
    card = page(recogniser.card, figures=found, tested_on=tested_on, pictures=PICTURES)
    (out / "figures.json").write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    (out / PAGE_FILE).write_text(card)
    write_predictions(answers, out)
    draw(answers, out)
    if arguments.page:
        for name in (PAGE_FILE, *PICTURES.values()):
            shutil.copyfile(out / name, find_bundle(arguments.bundle) / name)
    summarise(found, out)


def tell(done: int, total: int) -> None:
    """A line now and then on standard error."""
    if done % (total // BAR_S or 1) == 0:
        print(f"{done:,} of {total:,} clips", file=sys.stderr)


def write_predictions(answers: Answers, out: Path) -> None:
    """Every clip's calibrated probabilities, as results have them."""
    predictions = Predictions(
        clip_ids=tuple(clip.id for clip in answers.clips),
        truth=answers.truth,
        probabilities=answers.probabilities.astype(np.float32),
        fold=np.zeros_like(answers.truth),
        speakers=tuple(clip.speaker for clip in answers.clips),
    )
    (out / "predictions.parquet").write_bytes(to_parquet(predictions, answers.card.labels))


def draw(answers: Answers, out: Path) -> None:
    """The confusion matrix, and promises against what was kept."""
    labels, truth = answers.card.labels, answers.truth
    counts = metrics.confusion_matrix(truth, answers.probabilities.argmax(axis=1), n_classes=len(labels))
    confusion, reliability = (out / name for name in PICTURES.values())
    draw_confusion(counts, labels, title=answers.card.name, path=confusion)
    curves = {
        "before the temperature": calibration.reliability(calibration.softmax(answers.logits), truth),
        "after": calibration.reliability(answers.probabilities, truth),
    }
    draw_reliability(curves, title=answers.card.name, path=reliability)


def speed_on_one_core(arguments: list[str]) -> dict[str, float]:
    """``speed`` in a process of its own, which has one core and one thread from its first import on."""
    core = min(os.sched_getaffinity(0))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, __file__, *arguments, "--only-speed"],
        env=os.environ | threads,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def speed(recogniser: Recogniser, corpus: Corpus) -> dict[str, float]:
    """Real-time factors: seconds of computing for a second of audio, median of the repeats."""
    step = max(1, len(corpus.clips) // N_TIMED)
    clips = corpus.clips[::step][:N_TIMED]
    sources = [clip.source for clip in clips]
    waves = [decode(source) for source in sources]
    audio_s = sum(wave.size for wave in waves) / RATE_HZ
    recogniser.predict_many(waves)  # kernels are compiled, files are cached

    def median_s(job: object) -> float:
        seconds = []
        for _ in range(N_REPEATS):
            began = time.perf_counter()
            job()  # type: ignore[operator]
            seconds.append(time.perf_counter() - began)
        return statistics.median(seconds)

    return {
        "n_clips": len(waves),
        "audio_s": audio_s,
        "n_repeats": N_REPEATS,
        "rtf_one_clip_at_a_time": median_s(lambda: [recogniser.predict(w, RATE_HZ) for w in waves]) / audio_s,
        "rtf_many_at_once": median_s(lambda: recogniser.predict_many(waves)) / audio_s,
        "rtf_files_with_decoding": median_s(lambda: list(recogniser.file_logits(sources, workers=0)))
        / audio_s,
    }


def summarise(found: dict, out: Path) -> None:
    """The main figures, a line each."""
    rows = {"all": found["all"], **found["views"]}
    for name, one in rows.items():
        said = [
            f"{title} " + "{value:.1%} [{low:.1%}, {high:.1%}]".format(**figure)
            for title, figure in one.items()
            if isinstance(figure, dict)
        ]
        print(f"{name:10} {'  '.join(said)}")
    before, after = found["calibration"]["before"], found["calibration"]["after"]
    print(f"ECE {before['ece']:.4f} before the temperature, {after['ece']:.4f} after")
    for name, value in found["speed"].items():
        if name.startswith("rtf"):
            print(f"{name}: {value:.4f} on one core")
    print(out)


if __name__ == "__main__":
    main()
