"""How well bursts are located and named in recordings of known content, and how fast a stream is.

    python benchmarks/localisation.py --root data/emogator-16k
    python benchmarks/localisation.py --root data/emogator-16k --contributors 1-250 --constants
    python benchmarks/localisation.py --root data/emogator-16k --streaming
    python benchmarks/localisation.py --root data/emogator-16k --ten-minutes

Scenes are mixed from clips of contributors 251-300 of EmoGator, whom nothing was trained or tuned on (see
scenes.py), and what is found is written into results/localisation:

scenes.csv       every background at every level: event F1 (both ends within 200 ms, or an offset within a
                 fifth of the clip) against clips and against their sounds, clips hit at all, splits,
                 false alarms; accuracy of what was located, beside that of the same clips cut where they lie;
                 F1 and accuracy with bursts joined that are 0.4 s apart or less
clips.csv        accuracy of the same clips by themselves: as published, and without the silence around them
backgrounds.csv  what is found where there is no burst, and what it is called
streaming.csv    (--streaming) by rate: delay after a burst's end, computing on one core, equality with files
constants.csv    (--constants) what was chosen beside what was not, on contributors 1-250
ten-minutes.csv  (--ten-minutes) the command line over ten minutes and two hours: time, memory, accuracy

Babble and speech need espeak-ng; without it they are left out, and that is said.
"""

from __future__ import annotations

import argparse
import collections
import csv
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

import command_line
import scenes
import streaming
from nver import Recogniser, open_corpus
from nver.audio import decode
from nver.corpora import Corpus
from nver.evaluation.events import EventCounts, count_events, overlaps
from nver.recogniser.prediction import Prediction
from nver.recordings import Recording, Segment, Timeline, locator, loudness
from nver.recordings.joining import bursts_of
from nver.recordings.loudness import UNREST
from nver.types import RATE_HZ, Clip
from scenes import Scene

BACKGROUNDS = ("white", "pink", "babble", "speech")
LEVELS_DB = (20, 10, 5, 0)
N_SCENES = 5
ALONE_S = 300
VIEW = "vivae-six"
JOIN_S = 0.4
PADDING = RATE_HZ // 5
SETTINGS = (
    *(("pink", opens_db, holds_db, UNREST) for opens_db, holds_db in ((6, 3), (8, 5), (5, 2))),
    *((background, 6, 3, unrest) for background in ("babble", "speech") for unrest in (UNREST, 0)),
)
"""Background, thresholds and the exponent of restless backgrounds."""

OUT = Path("results/localisation")

Named: TypeAlias = tuple[str, Prediction, Prediction]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="where EmoGator lies")
    parser.add_argument("--contributors", default="251-300")
    parser.add_argument("--recogniser", default="burst-recogniser")
    parser.add_argument("--constants", action="store_true", help="compare thresholds and stop")
    parser.add_argument("--streaming", action="store_true", help="measure streams and stop")
    parser.add_argument("--ten-minutes", action="store_true", help="measure the command line and stop")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()

    corpus = open_corpus("emogator", arguments.root, contributors=arguments.contributors)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.constants:
        write(arguments.out / "constants.csv", compare_constants(corpus))
        return
    if arguments.streaming:
        write(arguments.out / "streaming.csv", streaming.measure(arguments.root, arguments.contributors))
        return
    if arguments.ten_minutes:
        write(arguments.out / "ten-minutes.csv", command_line.measure(corpus))
        return
    recogniser = Recogniser.load(arguments.recogniser)
    backgrounds = [name for name in BACKGROUNDS if scenes.can_speak() or name in ("white", "pink")]
    if len(backgrounds) < len(BACKGROUNDS):
        print("espeak-ng is not there: babble and speech are left out", file=sys.stderr)
    write(arguments.out / "backgrounds.csv", [heard_alone(recogniser, name) for name in backgrounds])
    chosen = scenes.choose(corpus, N_SCENES, seed=0)
    write(
        arguments.out / "clips.csv", by_themselves(recogniser, [clip for scene in chosen for clip in scene])
    )
    write(
        arguments.out / "scenes.csv",
        (
            examine(recogniser, [scenes.mix(c, name, level, seed=k) for k, c in enumerate(chosen)])
            | {"background": name, "level_db": level}
            for name in backgrounds
            for level in LEVELS_DB
        ),
    )


def examine(recogniser: Recogniser, mixed: Sequence[Scene]) -> dict[str, object]:
    """The figures of some scenes over one background at one level."""
    whole, parts, joined = EventCounts(), EventCounts(), EventCounts()
    hits, joined_hits = [], []
    for scene in mixed:
        found, together = (recogniser.timeline((scene.wave, RATE_HZ), join_s=s) for s in (0.0, JOIN_S))
        whole += count_events(scene.extents, extents_of(found))
        parts += count_events(scene.parts, extents_of(found))
        joined += count_events(scene.extents, extents_of(together))
        exact = cut_exactly(recogniser, scene)
        hits += named(scene, found, exact)
        joined_hits += named(scene, together, exact)
    minutes = sum(scene.duration_s for scene in mixed) / 60
    return (
        {"background": "", "level_db": 0, "minutes": minutes, "n_clips": whole.n_truth}
        | {"n_found": whole.n_found, "precision": whole.precision, "recall": whole.recall, "f1": whole.f1}
        | {"f1_of_sounds": parts.f1, "f1_joined": joined.f1, "clips_hit": whole.hit_recall}
        | {"splits": whole.n_split / whole.n_truth, "merged_events": whole.n_merged}
        | {"false_per_minute": whole.n_false / minutes}
        | accuracies(recogniser, hits)
        | {"accuracy_thirty_joined": share(said.label == label for label, said, _ in joined_hits)}
    )


def extents_of(found: Timeline) -> list[tuple[float, float]]:
    """Where the events of a time line lie."""
    return [(event.start_s, event.end_s) for event in found.events]


def by_themselves(recogniser: Recogniser, clips: Sequence[Clip]) -> Iterator[dict[str, object]]:
    """Accuracy without a background."""
    waves = [decode(clip.source) for clip in clips]
    members = recogniser.card.views[VIEW].members
    cut = [scenes.audible(wave) for wave in waves]
    around = [np.pad(wave, PADDING) for wave in cut]
    kinds = {"as published": waves, "without silence": cut, "0.2 s of zeros put around that": around}
    for name, heard in kinds.items():
        said = list(zip([clip.label for clip in clips], recogniser.predict_many(heard), strict=True))
        six = [(members[label], one.view(VIEW).label) for label, one in said if label in members]
        yield {
            "clips": name,
            "n_clips": len(said),
            "accuracy_thirty": share(one.label == label for label, one in said),
            "n_six": len(six),
            "accuracy_six": share(guess == label for label, guess in six),
        }


def cut_exactly(recogniser: Recogniser, scene: Scene) -> list[Prediction]:
    """What each clip is called when it is cut where it really lies."""
    marked = [Segment(start, end) for start, end in scene.extents.tolist()]
    return [event.prediction for event in recogniser.timeline((scene.wave, RATE_HZ), segments=marked).events]


def named(scene: Scene, found: Timeline, exact: Sequence[Prediction]) -> list[Named]:
    """Of each clip that was hit: its label, what is said of the event that shares most with it, ``exact``."""
    shared = overlaps(scene.extents, extents_of(found))
    return [
        (clip.label, found.events[int(row.argmax())].prediction, one)
        for clip, row, one in zip(scene.clips, shared, exact, strict=True)
        if row.size and row.max() > 0
    ]


def accuracies(recogniser: Recogniser, hits: Sequence[Named]) -> dict[str, object]:
    """Shares of the located bursts that were named rightly, in all categories and in VIVAE's six."""
    members = recogniser.card.views[VIEW].members
    six = [(members[label], *rest) for label, *rest in hits if label in members]
    return {
        "accuracy_thirty": share(found.label == label for label, found, _ in hits),
        "accuracy_thirty_cut_exactly": share(cut.label == label for label, _, cut in hits),
        "n_six": len(six),
        "accuracy_six": share(found.view(VIEW).label == label for label, found, _ in six),
        "accuracy_six_cut_exactly": share(cut.view(VIEW).label == label for label, _, cut in six),
    }


def share(answers: object) -> float:
    """Of true answers; NaN of none."""
    said = list(answers)
    return sum(said) / len(said) if said else float("nan")


def heard_alone(recogniser: Recogniser, background: str) -> dict[str, object]:
    """What is found in a background at -26 dB of full scale without any burst."""
    wave = 0.05 * scenes.bed(background, ALONE_S * RATE_HZ, seed=9)
    events = recogniser.timeline((wave, RATE_HZ)).events
    labels = collections.Counter(event.label for event in events).most_common(4)
    return {
        "background": background,
        "minutes": ALONE_S / 60,
        "found_per_minute": len(events) / (ALONE_S / 60),
        "share_of_time": sum(event.end_s - event.start_s for event in events) / ALONE_S,
        "median_confidence": statistics.median([event.confidence for event in events] or [float("nan")]),
        "over_half_sure": sum(event.confidence >= 0.5 for event in events),
        "most_often": "; ".join(f"{label} {n}" for label, n in labels),
    }


def compare_constants(corpus: Corpus) -> Iterator[dict[str, object]]:
    """Event F1 with the constants that were chosen and with others; nobody is asked what the bursts are."""
    chosen = scenes.choose(corpus, N_SCENES, seed=1)
    for background, opens_db, holds_db, unrest in SETTINGS:
        locator.OPENS, locator.HOLDS = 10 ** (opens_db / 10), 10 ** (holds_db / 10)
        loudness.UNREST = unrest
        for level in LEVELS_DB:
            apart, joined = EventCounts(), EventCounts()
            for k, clips in enumerate(chosen):
                scene = scenes.mix(clips, background, level, seed=k)
                apart += count_events(scene.extents, located(scene, 0.0))
                joined += count_events(scene.extents, located(scene, JOIN_S))
            yield (
                {"background": background, "level_db": level, "opens_db": opens_db, "holds_db": holds_db}
                | {"unrest": unrest, "n_clips": apart.n_truth, "n_found": apart.n_found, "f1": apart.f1}
                | {"f1_joined": joined.f1, "clips_hit": apart.hit_recall, "n_split": apart.n_split}
                | {"merged_events": apart.n_merged, "n_false": apart.n_false}
            )


def located(scene: Scene, join_s: float) -> list[tuple[float, float]]:
    """Where the bursts of a scene lie."""
    blocks = Recording.of_array(scene.wave, RATE_HZ).blocks()
    return [(burst.start_s, burst.end_s) for burst in bursts_of(blocks, join_s=join_s)]


def write(path: Path, rows: object) -> None:
    """A table, printed as it grows and written whole."""
    done = []
    for row in rows:
        done.append({name: shown(value) for name, value in row.items()})
        print("  ".join(f"{name} {value}" for name, value in done[-1].items()), flush=True)
    with (part := path.with_suffix(".part")).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(done[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(done)
    part.replace(path)
    print(path)


def shown(value: object) -> object:
    """Four digits of a fraction; nothing where it is undefined."""
    if not isinstance(value, float):
        return value
    return "" if value != value else f"{value:.4g}"


if __name__ == "__main__":
    main()
