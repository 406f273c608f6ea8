"""The same answers in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nver.errors import ConfigError
from nver.predictions import formats
from nver.predictions.rows import Question, Quiet, Unread, of_plain

CLASSES = ("hum, low", "hiss")
QUIET = Quiet(path="q.wav", end_s=9.0)


@pytest.fixture
def answers(make_row):
    odd = Unread(path='odd "name",\n.wav', error="gone")
    return [make_row(), odd, make_row(path="é.wav", not_sure=True, burst=2, n_bursts=3), QUIET]


def test_json_lines_and_a_document_hold_the_same_and_give_the_answers_back(answers, question):
    lines = [json.loads(formats.as_json_line(answer, question)) for answer in answers]
    assert json.loads(formats.as_json(answers, question)) == lines
    assert [of_plain(line, source="") for line in lines] == [(answer, question) for answer in answers]


def test_a_document_can_be_cut_to_the_most_probable(answers, question):
    (first, *_) = json.loads(formats.as_json(answers, question, top=1))
    assert first["probabilities"] == {"hum, low": 0.75}


def test_csv_has_a_column_a_class_and_survives_odd_names(answers, question):
    data = formats.as_csv(answers, question, classes=CLASSES)
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert [row["path"] for row in rows] == [answer.path for answer in answers]
    assert float(rows[0]["p_hum, low"]) == 0.75
    assert (rows[1]["error"], rows[1]["label"], rows[1]["p_hiss"]) == ("gone", "", "")
    assert [row["not_sure"] for row in rows] == ["False", "", "True", ""]
    assert [(row["burst"], row["n_bursts"]) for row in rows] == [("", ""), ("", ""), ("2", "3"), ("", "0")]
    assert {row["recogniser"] for row in rows} == {"toy@0123"}


def test_parquet_has_the_columns_of_csv_with_their_types(answers, question):
    table = pq.read_table(pa.BufferReader(formats.as_parquet(answers, question, classes=CLASSES)))
    header = formats.as_csv([], question, classes=CLASSES).decode()
    assert table.column_names == next(csv.reader([header]))
    assert table.schema.field("p_hiss").type == pa.float64()
    assert table.schema.field("not_sure").type == pa.bool_()
    assert table["label"].to_pylist() == ["hum, low", None, "hum, low", None]
    assert table["p_hiss"].to_pylist() == [0.25, None, 0.25, None]
    assert table["n_bursts"].to_pylist() == [None, None, 3, 0]


@pytest.mark.parametrize(
    ("path", "wanted", "chosen"),
    [(None, None, "table"), ("a.CSV", None, "csv"), ("a.txt", "jsonl", "jsonl"), ("a.csv", "json", "json")],
)
def test_the_format_is_what_was_asked_for_or_what_the_name_ends_with(path, wanted, chosen):
    assert formats.format_of(path and Path(path), wanted) == chosen


@pytest.mark.parametrize(("path", "wanted"), [("a.xlsx", None), ("a", None), (None, "xml")])
def test_an_unknown_format_is_an_error_that_lists_the_known_ones(path, wanted):
    with pytest.raises(ConfigError, match="expected one of table, json, jsonl, csv, parquet"):
        formats.format_of(path and Path(path), wanted)


def test_a_question_says_the_threshold_of_the_card_unless_another_is_given(make_recogniser):
    recogniser = make_recogniser(not_sure_below=0.4)
    assert Question.to(recogniser).not_sure_below == 0.4
    assert Question.to(recogniser, not_sure_below=0.2).not_sure_below == 0.2
    assert Question.to(recogniser, view="loudness").not_sure_below is None
    with pytest.raises(ConfigError, match="expected a probability from 0 to 1"):
        Question.to(recogniser, not_sure_below=20)
