"""Praat's TextGrid: long form written, long and short form read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

from nver.errors import AnnotationError
from nver.recordings.formats.layers import layers, tier_name
from nver.recordings.segments import Segment, Timeline

_TOKEN = re.compile(
    r"""
    "(?P<text>(?:[^"]|"")*)"                                      # a quote inside is doubled
    | (?<!\S)!.*                                                  # a comment
    | (?<!\S)(?P<number>[-+]?\d[\d.]*(?:[eE][-+]?\d+)?)(?!\S)    # what stands alone: no [1] of an item
    | (?<!\S)(?P<flag><exists>|<absent>)(?!\S)
    """,
    re.VERBOSE,
)


def render(timeline: Timeline, name: str) -> str:
    """A tier of labels and one of confidences; more of each where segments overlap."""
    del name
    tiers = list(_tiers(timeline))
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {_number(timeline.duration_s)}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for i, (tier, intervals) in enumerate(tiers, start=1):
        lines += [
            f"    item [{i}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(tier)}",
            "        xmin = 0",
            f"        xmax = {_number(timeline.duration_s)}",
            f"        intervals: size = {len(intervals)}",
        ]
        for j, one in enumerate(intervals, start=1):
            lines += [
                f"        intervals [{j}]:",
                f"            xmin = {_number(one.start_s)}",
                f"            xmax = {_number(one.end_s)}",
                f"            text = {_quoted(one.label)}",
            ]
    return "\n".join(lines) + "\n"


def _tiers(timeline: Timeline) -> Iterator[tuple[str, list[Segment]]]:
    for i, layer in enumerate(layers(timeline.segments())):
        yield tier_name("emotion", i), _without_gaps(layer, timeline.duration_s)
        said = [
            Segment(one.start_s, one.end_s, f"{one.confidence:.4f}")
            for one in layer
            if one.confidence is not None
        ]
        yield tier_name("confidence", i), _without_gaps(said, timeline.duration_s)


def _without_gaps(segments: Sequence[Segment], duration_s: float) -> list[Segment]:
    """A tier of intervals covers its whole time: what is not marked is an interval without a text."""
    made: list[Segment] = []
    now = 0.0
    for segment in segments:
        if segment.start_s > now:
            made.append(Segment(now, segment.start_s))
        made.append(segment)
        now = segment.end_s
    if now < duration_s:
        made.append(Segment(now, duration_s))
    return made


def _number(seconds: float) -> str:
    return f"{seconds:.7f}".rstrip("0").rstrip(".")  # a sample at 16 kHz is 0.0000625 s


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def parse(data: bytes) -> dict[str, tuple[Segment, ...]]:
    """The intervals of each interval tier; point tiers are not looked at.

    Raises:
        AnnotationError: This is no TextGrid, or it breaks off.
    """
    tokens = _Tokens(_decoded(data))
    if tokens.text() != "ooTextFile" or tokens.text() != "TextGrid":
        raise AnnotationError("expected a Praat text file of class TextGrid")
    tokens.number(), tokens.number()
    tiers: dict[str, tuple[Segment, ...]] = {}
    if tokens.flag() == "<absent>":
        return tiers
    for _ in range(tokens.count()):
        kind, name = tokens.text(), tokens.text()
        tokens.number(), tokens.number()
        n_marks = tokens.count()
        if kind == "IntervalTier":
            if name in tiers:
                raise AnnotationError(f"two tiers are called '{name}'; rename one")
            tiers[name] = tuple(tokens.interval() for _ in range(n_marks))
        elif kind == "TextTier":
            for _ in range(n_marks):
                tokens.number(), tokens.text()
        else:
            raise AnnotationError(f"a tier is of class '{kind}'; expected IntervalTier or TextTier")
    return tiers


def _decoded(data: bytes) -> str:
    is_wide = data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE))
    try:
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnnotationError(f"its text is neither UTF-8 nor UTF-16 ({error.reason})") from error


class _Tokens:
    """What Praat reads of a file: texts, numbers and flags, whatever stands between them."""

    def __init__(self, content: str) -> None:
        self._matches = (match for match in _TOKEN.finditer(content) if match.lastgroup)

    def text(self) -> str:
        return self._next("text").replace('""', '"')

    def flag(self) -> str:
        return self._next("flag")

    def number(self) -> float:
        written = self._next("number")
        try:
            return float(written)
        except ValueError:
            raise AnnotationError(f"'{written}' is no number") from None

    def count(self) -> int:
        number = self.number()
        if number < 0 or number != int(number):
            raise AnnotationError(f"a list has {number:g} entries")
        return int(number)

    def interval(self) -> Segment:
        return Segment(self.number(), self.number(), self.text().strip())

    def _next(self, kind: str) -> str:
        match = next(self._matches, None)
        if match is None or match.lastgroup != kind:
            found = "the end of the file" if match is None else match[0][:40]
            raise AnnotationError(f"expected a {kind} and found {found}; is it a whole TextGrid?")
        return match[kind]
