"""The templates, with every value from data escaped."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nver.report.notices import Notice


@dataclass(frozen=True)
class StillPage:
    """A part of the page that no script draws.

    Attributes:
        view: Its address, after ``#/``.
        title: Of the link.
        sections: Id and HTML of each, escaped already.
    """

    view: str
    title: str
    sections: tuple[tuple[str, str], ...]


CLIPS_A_CHUNK = 64
"""A click on a clip reads one chunk of audio; the script knows this number from the page."""


@cache
def environment() -> Environment:
    """Where templates are found; a value that is missing is an error, and text is escaped."""
    return Environment(
        loader=PackageLoader("nver.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def around(title: str, fragment: str) -> str:
    """A page that shows a piece of HTML and needs nothing else.

    Args:
        title: Text.
        fragment: HTML, escaped already.
    """
    return environment().get_template("around.html").render(title=title, fragment=_safe(fragment))


def render(
    data: Mapping[str, Any],
    *,
    pages: Sequence[StillPage],
    notices: Sequence[Notice],
    looks: Sequence[tuple[str, str]],
    audio: Mapping[int, Sequence[bytes | None]],
) -> str:
    """The whole page: styles, scripts, data and audio in one text.

    Args:
        data: As ``payload`` makes it.
        pages: Each has a link of its own.
        notices: Shown above everything.
        looks: Colour and marker of categories.
        audio: Place of a clip set -> an Ogg file a clip, or None.
    """
    return (
        environment()
        .get_template("report.html")
        .render(
            data=_json({**data, "looks": looks, "audio": sorted(audio), "clipsAChunk": CLIPS_A_CHUNK}),
            repeated=bool(data["repeats"]),
            pages=[
                {
                    "view": page.view,
                    "title": page.title,
                    "sections": [(slug, _safe(fragment)) for slug, fragment in page.sections],
                }
                for page in pages
            ],
            has_pairs=any(comparison["pairs"] for comparison in data["comparisons"]),
            notices=[notice.plain() for notice in notices],
            chunks=[
                (f"audio-{place}-{chunk}", _chunk(files[first : first + CLIPS_A_CHUNK]))
                for place, files in audio.items()
                for chunk, first in enumerate(range(0, len(files), CLIPS_A_CHUNK))
            ],
        )
    )


def _json(data: Any) -> Markup:
    """JSON that no text in it can end the script element of."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return _safe(text)


def _chunk(files: Sequence[bytes | None]) -> str:
    """Base64, one file after the other, with commas between them."""
    return ",".join(base64.b64encode(file or b"").decode() for file in files)


def _safe(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - escaped by whoever made it
