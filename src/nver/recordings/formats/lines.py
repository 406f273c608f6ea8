"""Formats of a line or two a segment: Audacity's labels, SubRip, WebVTT, RTTM."""

from __future__ import annotations

import html

from nver.errors import AnnotationError
from nver.recordings.segments import Segment, Timeline


def audacity(timeline: Timeline, name: str) -> str:
    """Start, end and label, divided by tabs; blanks in a label become single spaces."""
    del name
    return "".join(
        f"{one.start_s:.7f}\t{one.end_s:.7f}\t{_one_line(one.label)}\n" for one in timeline.segments()
    )


def srt(timeline: Timeline, name: str) -> str:
    """SubRip: numbered captions such as ``laugh 87 %``."""
    del name
    return "\n".join(
        f"{number}\n{_clock(one.start_s, ',')} --> {_clock(one.end_s, ',')}\n{_caption(one)}\n"
        for number, one in enumerate(timeline.segments(), start=1)
    )


def vtt(timeline: Timeline, name: str) -> str:
    """WebVTT: captions such as ``laugh 87 %``, for players of the web."""
    del name
    cues = (
        f"\n{_clock(one.start_s, '.')} --> {_clock(one.end_s, '.')}\n"
        f"{html.escape(_caption(one), quote=False)}\n"
        for one in timeline.segments()
    )
    return "WEBVTT\n" + "".join(cues)


def rttm(timeline: Timeline, name: str) -> str:
    """Rich Transcription Time Marked: the label stands where a speaker's name would.

    Blanks in names become underscores, since they divide its fields.
    """
    file = _word(name.rpartition(".")[0] or name)
    return "".join(
        f"SPEAKER {file} 1 {one.start_s:.4f} {one.duration_s:.4f} <NA> <NA> "
        f"{_word(one.label)} {'<NA>' if one.confidence is None else f'{one.confidence:.4f}'} <NA>\n"
        for one in timeline.segments()
    )


def parse_audacity(data: bytes) -> dict[str, tuple[Segment, ...]]:
    """The labels of an exported track; lines of frequencies, which begin with a backslash, are passed over.

    Raises:
        AnnotationError: A line is no label, or one that marks a point.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise AnnotationError(f"its text is not UTF-8 ({error.reason})") from error
    segments: list[Segment] = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("\\"):
            segments.append(_label(line, number))
    return {"labels": tuple(segments)}


def _label(line: str, number: int) -> Segment:
    cells = line.split("\t", maxsplit=2)
    try:
        start_s, end_s = float(cells[0]), float(cells[1])
    except (ValueError, IndexError):
        raise AnnotationError(
            f"line {number} is '{line[:40]}'; expected start, end and label, divided by tabs"
        ) from None
    try:
        return Segment(start_s, end_s, cells[2].strip() if len(cells) > 2 else "")
    except AnnotationError as error:
        raise AnnotationError(f"line {number}: {error}") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _word(text: str) -> str:
    return "_".join(text.split()) or "<NA>"


def _caption(segment: Segment) -> str:
    said = "" if segment.confidence is None else f" {100 * segment.confidence:.0f} %"
    return (_one_line(segment.label) + said).replace("-->", "→")


def _clock(seconds: float, point: str) -> str:
    """Hours, minutes, seconds and milliseconds.

    >>> _clock(3725.5, ",")
    '01:02:05,500'
    """
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"
