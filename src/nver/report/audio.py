"""Small Opus copies of clips, to be played in a page."""

from __future__ import annotations

import io
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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

_AHEAD = 8
"""Clips a thread that may be encoded before the earlier ones are taken."""

_BITS_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


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
        workers: Decoding processes, and threads that encode; 0 does both here. The copies are the same.
        on_progress: Told how many clips are through.

    Returns:
        The first ``LONGEST_S`` seconds of each clip; None for one that cannot be decoded, and for those that
        the budget has no room for even at the lowest bit rate.
    """
    rate_bps = _rate_bps(clips, budget_bytes)
    made: list[bytes | None] = []
    used = 0
    answers = decode_many((clip.source for clip in clips), workers=workers if clips else 0)
    for copy in _encoded(answers, rate_bps=rate_bps, n_threads=max(1, workers)):
        fits = copy is not None and used + len(copy) <= budget_bytes
        made.append(copy if fits else None)
        used += len(copy) if copy is not None and fits else 0
        on_progress(len(made))
    return made


def _encoded(
    answers: Iterable[Samples | AudioError], *, rate_bps: float, n_threads: int
) -> Iterator[bytes | None]:
    """Copies in the order of the answers, several made at once; the encoder holds no lock of Python's."""

    def copy(answer: Samples | AudioError) -> bytes | None:
        return None if isinstance(answer, AudioError) else encode(answer, rate_bps=rate_bps)

    waiting: deque[Future[bytes | None]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        for answer in answers:
            waiting.append(pool.submit(copy, answer))
            if len(waiting) >= _AHEAD * n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def encode(samples: Samples, *, rate_bps: float) -> bytes:
    """An Ogg Opus file of the first ``LONGEST_S`` seconds; equal samples give equal bytes.

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
    return with_serial_number(file.getvalue(), 0)


def with_serial_number(ogg: bytes, number: int) -> bytes:
    """The same stream with another serial number, which libsndfile draws at random for every file.

    Args:
        ogg: An Ogg file of one stream.
        number: 0 to 2^32 - 1.

    Source:
        RFC 3533, section 6: the header of a page, and its checksum.
    """
    pages, first = [], 0
    while first < len(ogg):
        n_segments = ogg[first + 26]
        body = first + 27 + n_segments
        end = body + sum(ogg[first + 27 : body])
        page = bytearray(ogg[first:end])
        page[14:18] = struct.pack("<I", number)
        page[22:26] = bytes(4)
        page[22:26] = struct.pack("<I", _checksum(bytes(page)))
        pages.append(bytes(page))
        first = end
    return b"".join(pages)


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32: zlib's with all bits the other way round, from 0 and without the final inversion."""
    reflected = zlib.crc32(page.translate(_BITS_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)


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
