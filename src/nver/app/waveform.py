"""The waveform with its bursts as buttons: HTML and SVG; what a click does is in ``assets/waveform.js``."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from nver.app.assets import text
from nver.app.listening import NOT_SURE, Heard, name_of

HEIGHT = 100
LOUDEST_AT = 0.92
"""Where the loudest sample reaches, as a share of half the height: quiet recordings are drawn large."""

CSS = text("waveform.css")
JS = text("waveform.js")


def draw(heard: Heard, *, audio: str, threshold: float) -> str:
    """HTML of a recording.

    Args:
        heard: What was found in it.
        audio: The path under which the page's server knows its file.
        threshold: Bursts below it are marked as not sure.
    """
    duration_s = heard.bursts.duration_s
    buttons = []
    for number, event in enumerate(heard.bursts.events):
        name = name_of(event.prediction, threshold=threshold)
        said = f"{name}, {100 * event.confidence:.0f} %, {event.start_s:.2f} to {event.end_s:.2f} s"
        kind = "burst unsure" if name == NOT_SURE else "burst"
        left, width = 100 * event.start_s / duration_s, 100 * (event.end_s - event.start_s) / duration_s
        buttons.append(
            f'<button type="button" class="{kind}" data-burst="{number}" '
            f'data-start="{event.start_s:.3f}" data-end="{event.end_s:.3f}" '
            f'style="left:{left:.3f}%;width:{width:.3f}%" '
            f'aria-label="Play: {escape(said)}" title="{escape(said)}">'
            f"<span>{escape(name)}</span></button>"
        )
    return (
        f'<div class="scroll" tabindex="-1"><div class="track" style="min-width:{_width_px(heard)}px">'
        f'<svg viewBox="0 0 {len(heard.envelope)} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{_path(heard.envelope)}"/></svg>{"".join(buttons)}<i class="cursor"></i></div></div>'
        f'<audio controls preload="auto" src="/gradio_api/file={quote(audio)}"></audio>'
    )


def _path(envelope: npt.NDArray[np.float32]) -> str:
    """The outline: the highest samples from left to right, the lowest back."""
    half = HEIGHT / 2
    scale = LOUDEST_AT * half / max(float(np.abs(envelope).max()), 1e-6)
    xs = range(len(envelope))
    upper = [f"{x} {half - scale * high:.1f}" for x, high in zip(xs, envelope[:, 1], strict=True)]
    lower = [f"{x} {half - scale * low:.1f}" for x, low in zip(xs, envelope[:, 0], strict=True)]
    return f"M{'L'.join([*upper, *reversed(lower)])}Z"


def _width_px(heard: Heard) -> int:
    """Wide enough for the shortest usual gap between bursts to be seen; longer recordings scroll."""
    return min(30_000, round(heard.bursts.duration_s * 40))
