from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from nver.errors import MetricError, SplitError
from nver.evaluation import metrics
from nver.evaluation.calibration import softmax
from nver.recogniser.evaluation import Answers, examine, figures, view_of
from nver.recogniser.page import page
from nver.types import AudioFile, Clip


def drawn(card, *, n_speakers: int = 20, seed: int = 0) -> Answers:
    """Logits that are right at temperature two, of thirty clips a speaker."""
    rng = np.random.default_rng(seed)
    logits = (3 * rng.normal(size=(30 * n_speakers, 3))).astype(np.float32)
    truth = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    clips = tuple(
        Clip(f"{i}", AudioFile(Path(f"{i}")), card.labels[label], f"s{i // 30}")
        for i, label in enumerate(truth)
    )
    return Answers(card, clips, truth, logits, {})


def test_answers_are_in_the_order_of_the_corpus_and_unreadable_clips_are_listed(toy, corpus_of, tmp_path):
    corpus = corpus_of(tmp_path)
    corpus.clips[4].source.path.write_bytes(b"no audio")
    told = []
    answers = examine(toy, corpus, workers=0, on_progress=lambda done, total: told.append((done, total)))
    assert [clip.id for clip in answers.clips] == [
        clip.id for clip in corpus.clips if clip != corpus.clips[4]
    ]
    assert list(answers.unreadable) == [corpus.clips[4].id]
    assert told[-1] == (9, 9)
    assert [toy.labels[i] for i in answers.truth] == [clip.label for clip in answers.clips]
    np.testing.assert_array_equal(answers.logits[0], next(iter(toy.file_logits([corpus.clips[0].source]))))


def test_somebody_who_was_trained_on_cannot_be_tested_on(toy, corpus_of, tmp_path):
    with pytest.raises(SplitError, match=r"trained on 1 of the 2 speakers of these clips \(bob among them\)"):
        examine(toy, corpus_of(tmp_path, speakers=("bob", "eve")))
    elsewhere = corpus_of(tmp_path, speakers=("bob", "eve"))
    card = elsewhere.card.model_copy(update={"name": "another"})
    assert len(examine(toy, dataclasses.replace(elsewhere, card=card), workers=0).clips) == 6


def test_a_corpus_with_a_label_that_the_recogniser_lacks_is_refused(toy, corpus_of, tmp_path):
    corpus = corpus_of(tmp_path)
    shorter = toy.card.model_copy(update={"labels": ("hum", "hiss"), "views": {}})
    with pytest.raises(SplitError, match="cannot be tested on 'shout'"):
        examine(dataclasses.replace(toy, card=shorter), corpus)


def test_figures_are_those_of_the_metrics_and_hold_intervals(toy_card):
    answers = drawn(toy_card())
    found = figures(answers, n_draws=100)
    guess = answers.probabilities.argmax(axis=1)
    assert found["all"]["accuracy"]["value"] == metrics.accuracy(answers.truth, guess)
    assert found["all"]["macro_f1"]["value"] == metrics.macro_f1(answers.truth, guess, n_classes=3)
    assert found["all"]["top_3_accuracy"]["value"] == 1
    for figure in ("accuracy", "macro_f1", "uar"):
        one = found["all"][figure]
        assert one["low"] < one["value"] < one["high"]
    assert (found["n_clips"], found["n_speakers"]) == (600, 20)
    assert sum(one["n_clips"] for one in found["classes"].values()) == 600
    json.dumps(found, allow_nan=False)


def test_a_view_is_scored_on_the_clips_that_have_a_class_in_it(toy_card):
    answers = drawn(toy_card())
    truth, within, outside = view_of(answers, "loudness")
    rows = truth >= 0
    np.testing.assert_array_equal(rows, answers.truth != 1)
    np.testing.assert_allclose(outside, answers.probabilities[:, 1])
    found = figures(answers, n_draws=10)["views"]["loudness"]
    assert found["n_clips"] == rows.sum()
    assert found["accuracy"]["value"] == (within.argmax(axis=1) == truth)[rows].mean()


def test_the_right_temperature_is_seen_in_the_calibration(toy_card):
    found = figures(drawn(toy_card(), n_speakers=100), n_draws=2)["calibration"]
    assert found["temperature"] == 2.0
    assert all(found["after"][name] < found["before"][name] for name in ("ece", "nll", "brier"))
    answers = drawn(toy_card(), n_speakers=100)
    expected = softmax(answers.logits).max(axis=1).mean()
    assert found["before"]["mean_confidence"] == pytest.approx(expected)


def test_clips_of_nobody_have_no_interval(toy_card):
    answers = drawn(toy_card())
    clips = (dataclasses.replace(answers.clips[0], speaker=None), *answers.clips[1:])
    with pytest.raises(MetricError, match="1 of 600 clips have no speaker"):
        figures(dataclasses.replace(answers, clips=clips))


def test_a_page_shows_every_figure(toy_card):
    found = figures(drawn(toy_card()), n_draws=50)
    said = page(toy_card(), figures=found, tested_on="drawn clips", pictures={"Confusion": "confusion.png"})
    accuracy = found["all"]["accuracy"]
    assert f"| all classes | 3 | {100 * accuracy['value']:.1f} [{100 * accuracy['low']:.1f}, " in said
    assert "| `loudness` | 2 |" in said
    assert f"| hiss | {found['classes']['hiss']['n_clips']} |" in said
    assert f"{found['calibration']['after']['ece']:.3f} |" in said
    assert "![Confusion](confusion.png)" in said
    assert "Measured on drawn clips: 600 clips of 20 speakers" in said
