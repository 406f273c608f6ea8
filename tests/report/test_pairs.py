import csv
import io
import math

import numpy as np
import pytest

from nver.report import latex, pairs
from nver.report.certainty import certainty_of
from nver.report.comparison import MOST_IN_PAIRS, compare
from nver.report.page.evidence import certainty
from nver.report.tables import certainty_grid, classes_csv, main_grid, systems_csv


@pytest.fixture(scope="module")
def compared(make_result):
    """Two systems, heard from twelve speakers."""
    heads = (("fcn", 0.8, 0), ("cnn", 0.4, 1))
    (found,) = compare(
        [
            make_result(system=h, head={"kind": h}, hit_rate=r, provenance={"key": str(i)}, n_speakers=12)
            for h, r, i in heads
        ]
    )
    return found


def records(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_score_and_class_of_the_tables_for_print_has_an_interval(compared):
    rows = records(systems_csv([compared]))
    for row, own in zip(rows, compared.rows, strict=True):
        assert row["intervals_over"] == "12 speakers"
        for name, interval in own.intervals.scores.items():
            assert float(row[f"{name}_pooled_low"]) == interval.low <= float(row[f"{name}_pooled"])
            assert float(row[f"{name}_pooled_high"]) == interval.high >= float(row[f"{name}_pooled"])
    for row in records(classes_csv([compared])):
        for figure in ("precision", "recall", "f1"):
            assert float(row[f"{figure}_low"]) <= float(row[figure]) <= float(row[f"{figure}_high"])
    score = compared.rows[0].intervals.scores["uar"]
    assert (
        f"{100 * score.value:.1f} [{100 * score.low:.1f}, {100 * score.high:.1f}]"
        in main_grid(compared).latex()
    )


def test_how_intervals_were_made_is_said(compared, make_result):
    assert compared.interval_note == "95 % intervals: bootstrap over 12 speakers."
    (unknown,) = compare([make_result()])
    assert "120 clips, whose speakers are unknown: too narrow" in unknown.interval_note
    (four,) = compare([make_result(n_speakers=4)])
    assert four.interval_note.endswith("4 speakers; of fewer than 10 they are a little too narrow.")
    (alone,) = compare([make_result(n_speakers=1)])
    assert alone.interval_note == "No intervals: all clips are of one speaker."
    assert "[" not in main_grid(alone).markdown()
    assert alone.differences is None


def test_every_pair_is_in_the_csv_under_every_score(compared):
    found = compared.differences
    rows = records(pairs.pairs_csv([("t", found)]))
    assert [(row["score"], row["a"], row["b"]) for row in rows] == [
        (score, "fcn", "cnn") for score in ("accuracy", "macro_f1", "uar")
    ]
    for row in rows:
        (pair,) = found.pairs[row["score"]]
        assert float(row["p_permutation"]) == pair.permutation.p_value
        assert float(row["difference"]) == pair.difference.value
    assert [row["p_mcnemar"] == "" for row in rows] == [False, True, True]


def test_tables_for_print_say_protocol_clips_speakers_and_seeds(compared):
    made = latex.documents(compared)
    assert list(made) == ["vivae-6-classes-speaker-systems.tex", "vivae-6-classes-speaker-pairs.tex"]
    for text in made.values():
        assert all(said in text for said in ("rotocol speaker", "120", "12 speakers"))
    assert "seeds 0" in made["vivae-6-classes-speaker-pairs.tex"]
    assert "McNemar" not in made["vivae-6-classes-speaker-pairs.tex"]  # macro F1 has no such test


def test_of_very_many_systems_the_best_are_compared_and_that_is_said(make_result):
    rates = np.linspace(0.1, 0.9, MOST_IN_PAIRS + 2)
    (found,) = compare(
        [
            make_result(system=f"s{i}", hit_rate=r, training={"lr": 0.001 * (i + 1)})
            for i, r in enumerate(rates)
        ]
    )
    assert len(found.differences.systems) == MOST_IN_PAIRS
    assert "the 2 worst results by macro F1 are left out" in pairs.pairs_statement(found, found.differences)


def test_certainty_is_that_of_the_saved_probabilities(compared):
    made = compared.rows[0].result.predictions
    found = certainty_of(made)
    p = made.probabilities.astype(float)
    right = p.argmax(axis=1) == made.truth
    assert found.ece == pytest.approx(abs(right.mean() - p.max(axis=1).mean()), abs=1e-7)
    assert found.nll.value == pytest.approx(-np.log(p[np.arange(len(p)), made.truth]).mean())
    assert found.nll.low < found.nll.value < found.nll.high
    assert found.curve.risk[-1] == pytest.approx(1 - right.mean())
    assert "| fcn | as trained |" in certainty_grid(compared).markdown()


def test_a_true_class_of_probability_zero_is_infinite_and_has_no_interval(make_result):
    made = make_result(n_speakers=6).predictions
    sure = np.eye(6, dtype=np.float32)[made.guess]
    found = certainty_of(type(made)(made.clip_ids, made.truth, sure, made.fold, made.speakers))
    assert math.isinf(found.nll.value)
    data = certainty(found, how="as trained")
    assert data["nll"] == [None, None]
    assert data["brier"][1] is not None
