"""Time lines as files of other programs, and the marks that those programs have saved."""

from __future__ import annotations

from pathlib import Path

from nver import atomic
from nver.errors import AnnotationError, ConfigError
from nver.names import Names, suggest
from nver.recordings.segments import Segment, Timeline

WRITERS = Names(
    "format of time lines",
    {
        "textgrid": "nver.recordings.formats.textgrid:render",
        "eaf": "nver.recordings.formats.eaf:render",
        "audacity": "nver.recordings.formats.lines:audacity",
        "csv": "nver.recordings.formats.tables:csv_text",
        "json": "nver.recordings.formats.tables:json_text",
        "srt": "nver.recordings.formats.lines:srt",
        "vtt": "nver.recordings.formats.lines:vtt",
        "rttm": "nver.recordings.formats.lines:rttm",
    },
)
"""Format -> what makes its text, given a time line and the name of the recording."""

READERS = Names(
    "format of marks",
    {
        "textgrid": "nver.recordings.formats.textgrid:parse",
        "eaf": "nver.recordings.formats.eaf:parse",
        "audacity": "nver.recordings.formats.lines:parse_audacity",
    },
)
"""Format -> what gives the segments of each tier, given the bytes of a file."""

SUFFIXES = {
    "textgrid": ".TextGrid",
    "eaf": ".eaf",
    "audacity": ".txt",
    "csv": ".csv",
    "json": ".json",
    "srt": ".srt",
    "vtt": ".vtt",
    "rttm": ".rttm",
}
"""What files of each format are called."""

TIER = "emotion"
"""What our own tiers of labels are called; where segments overlap, further ones are ``emotion 2``, ..."""


def format_of(path: Path) -> str:
    """The format that a file's suffix stands for, in upper or lower case.

    Raises:
        ConfigError: It stands for none.

    >>> format_of(Path("talk.textgrid"))
    'textgrid'
    """
    for name, suffix in SUFFIXES.items():
        if path.suffix.lower() == suffix.lower():
            return name
    raise ConfigError(
        f"no format is known by the suffix of {path}; expected one of {', '.join(SUFFIXES.values())}, "
        "or say which format it is"
    )


def render(timeline: Timeline, format: str, *, name: str) -> str:  # noqa: A002
    """A time line as the text of a file.

    Args:
        timeline: Its events or, of fixed windows, the stretches of its curve.
        format: One of ``WRITERS``.
        name: Of the recording, as ``talk.wav``.

    Raises:
        ConfigError: No format is called so.
    """
    text: str = WRITERS.load(format)(timeline, name)
    return text


def write(timeline: Timeline, path: Path, *, name: str, format: str | None = None) -> None:  # noqa: A002
    """A time line as a file, which appears whole or not at all.

    Args:
        timeline: What to write.
        path: Where; its suffix says the format unless ``format`` does.
        name: Of the recording.
        format: One of ``WRITERS``.

    Raises:
        ConfigError: The format is unknown.
        OSError: The disk refuses.
    """
    text = render(timeline, format or format_of(path), name=name)
    atomic.write_file(path, text.encode("utf-8"))


def read(path: Path, *, tier: str | None = None, format: str | None = None) -> tuple[Segment, ...]:  # noqa: A002
    """The labelled segments that Praat, ELAN or Audacity has saved, in the order of their starts.

    Stretches without a label are left out: in a TextGrid they are all that nobody has marked.

    Args:
        path: A TextGrid (long or short, UTF-8 or UTF-16), an .eaf, or the .txt of Audacity's labels.
        tier: Which tier; None takes those called ``emotion``, or the only one there is.
        format: One of ``READERS``; None goes by the suffix.

    Raises:
        ConfigError: The format is unknown, or cannot be read.
        AnnotationError: The file is not of its format, or the tier cannot be meant.
        OSError: It cannot be read.
    """
    parse = READERS.load(format or format_of(path))
    try:
        tiers: dict[str, tuple[Segment, ...]] = parse(path.read_bytes())
    except AnnotationError as error:
        raise AnnotationError(f"cannot read {path}: {error}") from error
    chosen = _chosen(tiers, tier, path)
    labelled = (segment for name in chosen for segment in tiers[name] if segment.label)
    return tuple(sorted(labelled, key=lambda segment: (segment.start_s, segment.end_s)))


def _chosen(tiers: dict[str, tuple[Segment, ...]], tier: str | None, path: Path) -> list[str]:
    if tier is not None:
        if tier not in tiers:
            raise AnnotationError(f"{path} has no tier '{tier}'. {suggest(tier, list(tiers))}")
        return [tier]
    ours = [name for name in tiers if name == TIER or name.startswith(f"{TIER} ")]
    if ours or len(tiers) == 1:
        return ours or list(tiers)
    if not tiers:
        raise AnnotationError(f"{path} has no tier of intervals; mark stretches, not points")
    raise AnnotationError(f"{path} has several tiers ({', '.join(tiers)}); say which one holds the labels")
