"""Answers as files of the usual formats: a JSON document, JSON lines, CSV, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

from nver.errors import ConfigError
from nver.predictions.rows import Answer, Question, Row, to_plain

Format = Literal["table", "json", "jsonl", "csv", "parquet"]

_BEFORE = ("path", "burst", "n_bursts", "start_s", "end_s", "label", "confidence", "not_sure", "outside")
_AFTER = ("error", "recogniser", "view", "not_sure_below", "bursts")
_COUNTS = frozenset({"burst", "n_bursts"})
_TRUTHS = frozenset({"not_sure", "bursts"})
_TEXTS = frozenset({"path", "label", "error", "recogniser", "view"})
_PREFIX = "p_"


def format_of(path: Path | None, wanted: str | None) -> Format:
    """The format that was asked for, or else the one that a file's name ends with, or else a table.

    >>> format_of(Path("answers.csv"), None)
    'csv'

    Raises:
        ConfigError: There is no such format, or a file's name ends with none.
    """
    known = get_args(Format)
    name = wanted or ("table" if path is None else path.suffix.removeprefix(".").lower())
    if name not in known:
        raise ConfigError(f"'{path if wanted is None else wanted}': expected one of {', '.join(known)}")
    return cast("Format", name)


def as_json(answers: Sequence[Answer], question: Question, *, top: int | None = None) -> bytes:
    """One document: a list of objects; ``top`` keeps so many classes of each."""
    rows = [plain(answer, question, top=top) for answer in answers]
    return json.dumps(rows, indent=2, ensure_ascii=False).encode() + b"\n"


def as_json_line(answer: Answer, question: Question, *, top: int | None = None) -> bytes:
    """One object in one line."""
    text = json.dumps(plain(answer, question, top=top), ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def plain(answer: Answer, question: Question, *, top: int | None = None) -> dict[str, Any]:
    """An answer as plain data; ``top`` keeps the most probable classes, those first."""
    data = to_plain(answer, question)
    if top is not None and isinstance(answer, Row):
        best = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])[:top]
        data["probabilities"] = dict(best)
    return data


def as_csv(answers: Sequence[Answer], question: Question, *, classes: Sequence[str]) -> bytes:
    """RFC 4180 with a line of names, UTF-8; ``p_CLASS`` is the probability of a class."""
    text = io.StringIO()
    columns = _columns(classes)
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(_flat(answer, question) for answer in answers)
    return text.getvalue().encode()


def as_parquet(answers: Sequence[Answer], question: Question, *, classes: Sequence[str]) -> bytes:
    """The columns of ``as_csv``, typed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_flat(answer, question) for answer in answers]
    schema = pa.schema([(name, _type(name)) for name in _columns(classes)])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _columns(classes: Sequence[str]) -> list[str]:
    return [*_BEFORE, *(_PREFIX + label for label in classes), *_AFTER]


def _flat(answer: Answer, question: Question) -> dict[str, Any]:
    data = to_plain(answer, question)
    return data | {_PREFIX + label: p for label, p in data.pop("probabilities", {}).items()}


def _type(column: str) -> Any:
    import pyarrow as pa

    if column in _TEXTS:
        return pa.string()
    if column in _COUNTS:
        return pa.int64()
    return pa.bool_() if column in _TRUTHS else pa.float64()
