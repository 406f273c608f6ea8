from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from nver.degradations import CLEAN, Condition, conditions
from nver.errors import ResultError
from nver.evaluation import metrics
from nver.recogniser.robustness import Heard
from nver.report.robustness import as_csv, as_markdown, measure, write

LABELS = ("cry", "laugh", "sigh")


def heard(condition: Condition, *, share_right: float, n_speakers: int = 12) -> Heard:
    draw = np.random.default_rng(3)
    n_clips = 10 * n_speakers
    truth = draw.integers(3, size=n_clips)
    wrong = (truth + draw.integers(1, 3, size=n_clips)) % 3
    return Heard(
        condition=condition,
        clip_ids=tuple(f"{i:04d}" for i in range(n_clips)),
        speakers=tuple(f"s{i // 10}" for i in range(n_clips)),
        labels=LABELS,
        truth=truth,
        guess=np.where(draw.random(n_clips) < share_right, truth, wrong),
        confidence=np.full(n_clips, 0.5, np.float32),
        n_unreadable=0,
    )


def test_figures_are_those_of_the_metrics_and_the_change_is_their_difference():
    answers = [heard(CLEAN, share_right=0.9), heard(Condition("white", 0.0), share_right=0.5)]
    clean, noisy = measure(answers, n_draws=50)
    for one, it in ((clean, answers[0]), (noisy, answers[1])):
        assert one.figures["accuracy"].value == metrics.accuracy(it.truth, it.guess)
        assert one.figures["macro_f1"].value == metrics.macro_f1(it.truth, it.guess, n_classes=3)
    assert noisy.change.value == pytest.approx(
        noisy.figures["macro_f1"].value - clean.figures["macro_f1"].value
    )
    assert noisy.change.high < 0
    assert (clean.change.value, clean.change.low, clean.change.high) == (0, 0, 0)


def test_nothing_can_be_compared_without_the_clean_clips_or_with_other_clips():
    with pytest.raises(ResultError, match="no answers to the clean clips"):
        measure([heard(Condition("white", 0.0), share_right=0.5)])
    with pytest.raises(ResultError, match="has 10 clips that the clean answers lack"):
        measure(
            [
                heard(CLEAN, share_right=0.9, n_speakers=5),
                heard(Condition("gain", 20.0), share_right=1, n_speakers=6),
            ]
        )


def test_the_table_and_the_figure_show_every_condition(tmp_path):
    measured = measure([heard(c, share_right=0.7) for c in conditions()], n_draws=3)
    rows = list(csv.DictReader(io.StringIO(as_csv(measured))))
    assert [(row["kind"], row["level"]) for row in rows[:2]] == [("clean", ""), ("white", "20")]
    assert len(rows) == len(conditions())
    assert float(rows[0]["macro_f1"]) == pytest.approx(measured[0].figures["macro_f1"].value, abs=1e-5)
    said = as_markdown(measured, title="toy")
    assert all(f"| {condition.title} |" in said for condition in conditions())
    write(measured, tmp_path, title="toy", n_classes=3)
    svg = (tmp_path / "robustness.svg").read_text()
    assert all(word in svg for word in ("babble", "Opus", "telephone", "reverberation", "chance", "macro F1"))
    assert (tmp_path / "robustness.png").read_bytes()[:4] == b"\x89PNG"
