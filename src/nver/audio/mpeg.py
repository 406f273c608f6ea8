"""MP3 frame headers: how many frames there are, which libsndfile only guesses at when no header says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from mmap import mmap

from nver.errors import AudioError, TruncatedAudioError

_KBPS_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = (44_100, 48_000, 32_000)

_VERSIONS_OF_LAYER_III = bytes((0xE2, 0xE3, 0xF2, 0xF3, 0xFA, 0xFB))
_KNOWN_RATES = bytes(b for b in range(256) if b >> 4 != 15 and b >> 2 & 3 != 3)
_HEADER = re.compile(
    b"\xff[%b][%b]." % (re.escape(_VERSIONS_OF_LAYER_III), re.escape(_KNOWN_RATES)), re.DOTALL
)
"""A layer III header: eleven set bits, a known version, layer and rate. (Megabytes of 0xFF are searched in
milliseconds, where a loop over them holds up whoever else runs.)"""


@dataclass(frozen=True, slots=True)
class _Frame:
    """One layer III frame header: its length in bytes, and where an Info tag would lie in it."""

    n_bytes: int
    tag_at: int


def with_frame_count(data: bytes, *, name: str) -> bytes:
    """The file with an Info frame that counts its frames, when it has none of its own.

    libsndfile takes the length of an MP3 from its Xing or Info frame and otherwise guesses it from the first
    bit rate, which cuts files of variable bit rate short. Samples are those of the file either way.

    Raises:
        TruncatedAudioError: The last frame is cut.
        AudioError: Its frames have no bit rate ("free format"), so that they cannot be counted.
    """
    start, info = missing_frame_count(data, name=name)
    return data[:start] + info + data[start:] if info else data


def missing_frame_count(data: bytes | mmap, *, name: str) -> tuple[int, bytes]:
    """Where an Info frame that counts the frames belongs, and its bytes: none if the file has one.

    Raises:
        AudioError: As ``with_frame_count``.
    """
    start = _first_frame_at(data)
    if start is None:
        return 0, b""
    first = _frame_at(data, start)
    if first is None:
        raise AudioError(f"cannot decode {name}: an MP3 of free bit rate; convert it to WAV or FLAC")
    if data[start + first.tag_at : start + first.tag_at + 4] in (b"Xing", b"Info"):
        return 0, b""
    n_frames, at = 0, start
    frame: _Frame | None = first
    while frame is not None:
        n_frames += 1
        at += frame.n_bytes
        if at > len(data):
            raise TruncatedAudioError(
                f"{name} is truncated: {at - len(data)} bytes of its last MP3 frame are missing"
            )
        frame = _frame_at(data, at) if _is_frame_at(data, at) else None
    tag = b"Info" + (1).to_bytes(4, "big") + n_frames.to_bytes(4, "big")
    header = data[start : start + 4]
    return start, (header + bytes(first.tag_at - 4) + tag).ljust(first.n_bytes, b"\0")


def _first_frame_at(data: bytes | mmap) -> int | None:
    start = 0
    if data[:3] == b"ID3" and len(data) > 10:
        size = data[6:10]
        start = 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    found = _HEADER.search(data, start)
    return found.start() if found else None


def _is_frame_at(data: bytes | mmap, at: int) -> bool:
    return _HEADER.match(data, at) is not None


def _frame_at(data: bytes | mmap, at: int) -> _Frame | None:
    """The frame whose header lies here; None when its bit rate is free."""
    version = data[at + 1] >> 3 & 3  # 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5
    is_protected = not data[at + 1] & 1
    is_mono = data[at + 3] >> 6 == 3
    kbps = (_KBPS_V1 if version == 3 else _KBPS_V2)[data[at + 2] >> 4]
    if kbps == 0:
        return None
    rate_hz = _RATES_HZ[data[at + 2] >> 2 & 3] // {3: 1, 2: 2, 0: 4}[version]
    n_bytes = (144 if version == 3 else 72) * kbps * 1000 // rate_hz + (data[at + 2] >> 1 & 1)
    n_side = (17 if is_mono else 32) if version == 3 else (9 if is_mono else 17)
    return _Frame(n_bytes=n_bytes, tag_at=4 + (2 if is_protected else 0) + n_side)
