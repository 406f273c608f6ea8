"""Answers on disk as they come, a line of JSON each: whatever ends a run, the next one goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from nver import atomic
from nver.errors import ConfigError, ResultError
from nver.predictions.formats import as_json_line
from nver.predictions.rows import Answer, Answers, Question, Quiet, Row, Unread, of_plain


class Journal:
    """A file that grows by a recording's answers at a time; the system has them once ``put`` returns.

    Opening one that is there keeps its answers. Recordings that could not be read are dropped from it, for
    they are asked about again, and so are a last line that was cut while it was written, and bursts of a
    recording that lacks others.

    Args:
        path: The file; its folder is made.
        question: What is asked.

    Attributes:
        path: As it was given.
        answers: What was there when it was opened, by recording.
        was_cut: Whether the last line was.

    Raises:
        ResultError: A line of it is no answer.
        ConfigError: It holds answers to another question.
        OSError: The disk refuses.
    """

    def __init__(self, path: Path, question: Question) -> None:
        self.path, self._question = path, question
        path.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes() if path.exists() else b""
        *lines, last = data.split(b"\n")
        self.was_cut = bool(last)
        found = [_read(line, path=path, number=i + 1, question=question) for i, line in enumerate(lines)]
        self.answers: Mapping[str, Answers] = _whole(found)
        kept = [answer for answers in self.answers.values() for answer in answers]
        if self.was_cut or len(kept) < len(found):
            atomic.write_file(path, b"".join(as_json_line(answer, question) for answer in kept))
        self._file = path.open("ab")

    def put(self, answers: Answers) -> None:
        """Add the answers of one recording."""
        self._file.write(b"".join(as_json_line(answer, self._question) for answer in answers))
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _whole(found: Sequence[Answer]) -> dict[str, Answers]:
    """The answers of recordings that were read, all bursts of each."""
    by_path: dict[str, list[Row | Quiet]] = {}
    for answer in found:
        if not isinstance(answer, Unread):
            by_path.setdefault(answer.path, []).append(answer)
    return {path: rows for path, rows in by_path.items() if len(rows) == (rows[0].n_bursts or 1)}


def _read(line: bytes, *, path: Path, number: int, question: Question) -> Answer:
    try:
        data = json.loads(line)
        if not isinstance(data, dict):
            raise ConfigError("it is no object")
        answer, asked = of_plain(data, source="a row")
    except (ValueError, ConfigError) as error:
        raise ResultError(
            f"line {number} of {path} is no row of predictions ({error}); name another file, or remove "
            "this one"
        ) from error
    if asked != question:
        raise ConfigError(
            f"{path} answers another question ({_said(asked)}) than this one ({_said(question)}); "
            "name another file, or remove this one"
        )
    return answer


def _said(question: Question) -> str:
    view = f", view {question.view}" if question.view else ""
    threshold = question.not_sure_below
    return f"{question.recogniser}{view}{'' if threshold is None else f', not sure below {threshold:g}'}"
