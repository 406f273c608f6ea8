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
from nver.predictions.rows import Answer, Question, Row, of_plain


class Journal:
    """A file that grows by a recording's answers at a time; the system has them once ``put`` returns.

    Opening one that is there keeps its answers. Recordings that could not be read are dropped from it, for
    they are asked about again, and so is a last line that was cut while it was written.

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
        rows = [answer for answer in found if isinstance(answer, Row)]
        self.answers: Mapping[str, Sequence[Row]] = _by_path(rows)
        if self.was_cut or len(rows) < len(found):
            atomic.write_file(path, b"".join(as_json_line(row, question) for row in rows))
        self._file = path.open("ab")

    def put(self, answers: Sequence[Answer]) -> None:
        """Add the answers of one recording."""
        self._file.write(b"".join(as_json_line(answer, self._question) for answer in answers))
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _by_path(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.path, []).append(row)
    return found


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
