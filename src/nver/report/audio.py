"""Small Opus copies of clips, to be played in a page."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import soundfile

from nver.audio import decode_many
from nver.errors import AudioError
from nver.types import RATE_HZ, Clip, Samples

LONGEST_S = 10.0
"""Of a copy; what comes later in a clip is not in it."""

LOWEST_BPS, HIGHEST_BPS = 6_000, 24_000
"""The range of bit rates: speech codecs still carry a laugh at the lower end."""

_LIBSNDFILE_BPS = (6_000, 256_000)
"""What its compression levels 1 and 0 mean for one channel of Opus."""

_HEADERS_BYTES = 350
"""Of an Ogg Opus file, about."""

_SAMPLED = 64


def copies(
    clips: Sequence[Clip],
    *,
    budget_bytes: int,
    workers: int = 2,
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[bytes | None]:
    """Ogg Opus files, one a clip and in their order, at the bit rate that the budget allows.

    Args:
        clips: Any number.
        budget_bytes: For all copies together.
        workers: Decoding processes; 0 decodes in this one.
        on_progress: Told how many clips are through.

    Returns:
        The first ``LONGEST_S`` seconds of each clip; None for one that cannot be decoded, and for those that
        the budget has no room for even at the lowest bit rate.
    """
    rate_bps = _rate_bps(clips, budget_bytes)
    made: list[bytes | None] = []
    used = 0
    for answer in decode_many((clip.source for clip in clips), workers=workers if clips else 0):
        copy = None
        if not isinstance(answer, AudioError):
            encoded = encode(answer, rate_bps=rate_bps)
            if used + len(encoded) <= budget_bytes:
                copy = encoded
                used += len(encoded)
        made.append(copy)
        on_progress(len(made))
    return made


def encode(samples: Samples, *, rate_bps: float) -> bytes:
    """An Ogg Opus file of the first ``LONGEST_S`` seconds.

    Args:
        samples: Mono, at 16 kHz.
        rate_bps: Bits a second; the codec keeps to it on average.
    """
    lowest, highest = _LIBSNDFILE_BPS
    file = io.BytesIO()
    with soundfile.SoundFile(
        file,
        "w",
        samplerate=RATE_HZ,
        channels=1,
        format="OGG",
        subtype="OPUS",
        compression_level=1 - (rate_bps - lowest) / (highest - lowest),
    ) as opus:
        opus.write(samples[: int(LONGEST_S * RATE_HZ)])
    return file.getvalue()


def _rate_bps(clips: Sequence[Clip], budget_bytes: int) -> float:
    """What fits, judged by some clips all over the corpus."""
    step = max(1, len(clips) // _SAMPLED)
    answers = decode_many((clip.source for clip in islice(clips, 0, None, step)), workers=0)
    durations_s = [
        min(answer.size / RATE_HZ, LONGEST_S) for answer in answers if not isinstance(answer, AudioError)
    ]
    if not durations_s:
        return HIGHEST_BPS
    room_bytes = 0.9 * budget_bytes / len(clips) - _HEADERS_BYTES
    return float(np.clip(8 * room_bytes / np.mean(durations_s), LOWEST_BPS, HIGHEST_BPS))
