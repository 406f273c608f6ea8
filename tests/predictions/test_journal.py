"""Answers outlive the process that gave them, and are not mixed with others."""

from __future__ import annotations

import pytest

from nver.errors import ConfigError, ResultError
from nver.predictions.journal import Journal
from nver.predictions.rows import Quiet, Unread


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "answers.jsonl"


def write(path, question, *answers):
    with Journal(path, question) as journal:
        for answer in answers:
            journal.put([answer])


def test_what_was_put_is_there_when_it_is_opened_again(path, question, make_row):
    rows = [make_row(), make_row(path="ü b.wav", not_sure=True)]
    write(path, question, *rows)
    with Journal(path, question) as journal:
        assert journal.answers == {row.path: [row] for row in rows}
        assert not journal.was_cut


@pytest.mark.parametrize("n_bytes", [1, 20, 5000])
def test_a_line_that_was_cut_is_dropped_and_all_others_are_kept(path, question, make_row, n_bytes):
    write(path, question, make_row(), make_row(path="b.wav"))
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    path.write_bytes(whole[: max(len(whole) - n_bytes, second + 1)])
    with Journal(path, question) as journal:
        assert journal.was_cut
        assert list(journal.answers) == ["a.wav"]
        journal.put([make_row(path="b.wav")])
    assert path.read_bytes() == whole


def test_what_could_not_be_read_is_asked_about_again(path, question, make_row):
    write(path, question, Unread(path="x.wav", error="gone"), make_row())
    with Journal(path, question) as journal:
        assert list(journal.answers) == ["a.wav"]
    assert b"x.wav" not in path.read_bytes()


@pytest.mark.parametrize(
    "changes", [{"recogniser": "toy@4567"}, {"view": "six"}, {"not_sure_below": None}, {"bursts": True}]
)
def test_answers_to_another_question_are_refused_and_left_as_they_are(path, question, make_row, changes):
    write(path, question, make_row())
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"answers another question \(toy@0123, not sure below 0.5\)"):
        Journal(path, question.model_copy(update=changes))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [b"hello", b"[1]", b'{"path": "a.wav"}', b'{"label": 3, "path": "a.wav", "recogniser": "t"}', b"\xff"],
)
def test_a_file_of_something_else_is_refused_and_left_as_it_is(path, question, make_row, line):
    write(path, question, make_row())
    path.write_bytes(path.read_bytes() + line + b"\n")
    before = path.read_bytes()
    with pytest.raises(ResultError, match=r"line 2 of .* is no row of predictions"):
        Journal(path, question)
    assert path.read_bytes() == before


def test_bursts_of_a_recording_that_lacks_others_are_dropped(path, question, make_row):
    asked = question.model_copy(update={"bursts": True})
    bursts = [make_row(burst=i + 1, n_bursts=3) for i in range(3)]
    with Journal(path, asked) as journal:
        journal.put([Quiet(path="q.wav", end_s=2.0)])
        journal.put(bursts)
    whole = path.read_bytes()
    with Journal(path, asked) as journal:
        assert journal.answers == {"q.wav": [Quiet(path="q.wav", end_s=2.0)], "a.wav": bursts}
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    with Journal(path, asked) as journal:
        assert list(journal.answers) == ["q.wav"]
    assert len(path.read_bytes().splitlines()) == 1
