"""Is an encoded file all there? Each container says so in its own way; libsndfile reads on regardless."""

from __future__ import annotations

import struct
from mmap import mmap

from nver.errors import AudioError, TruncatedAudioError

_UNKNOWN_SIZE = 0xFFFF_FFFF
"""What writers to a pipe leave in a WAV header, since they cannot go back to fill it in."""

_LAST_PAGE = 0x04
"""The flag of the page that ends an Ogg stream."""


def check_wav(data: bytes | mmap, *, name: str) -> None:
    """That the file reaches to the end of its data chunk.

    Raises:
        TruncatedAudioError: It does not.
    """
    order = ">" if data[:4] == b"RIFX" else "<"
    start = 12
    while start + 8 <= len(data):
        kind, n_bytes = struct.unpack_from(f"{order}4sI", data, start)
        start += 8
        if kind == b"data":
            n_there = len(data) - start
            if n_there < n_bytes != _UNKNOWN_SIZE:
                raise TruncatedAudioError(
                    f"{name} is truncated: its header announces {n_bytes} bytes of samples "
                    f"and {n_there} are there"
                )
            return
        start += n_bytes + n_bytes % 2


def check_ogg(data: bytes | mmap, *, name: str) -> int:
    """That pages follow each other without a gap up to the one that ends the stream.

    Returns:
        The granule position of the last page: samples up to the end of the stream (at 48 kHz for Opus).

    Raises:
        TruncatedAudioError: A page is cut, missing, or not the last.
        AudioError: There is more than one stream.
    """
    start, page, flags, granule, first_serial = 0, 0, 0, 0, None
    while data[start : start + 4] == b"OggS" and start + 27 <= len(data):
        flags, granule, serial, sequence, _, n_segments = struct.unpack_from("<xBqIIIB", data, start + 4)
        if first_serial is None:
            first_serial = serial
        if serial != first_serial:
            raise AudioError(f"cannot decode {name}: it holds several Ogg streams and one was expected")
        if sequence != page:
            raise TruncatedAudioError(f"{name} has a hole: page {page} of its Ogg stream is missing")
        sizes = data[start + 27 : start + 27 + n_segments]
        start += 27 + n_segments + sum(sizes)
        page += 1
    if start > len(data) or not flags & _LAST_PAGE:
        raise TruncatedAudioError(f"{name} is truncated: its Ogg stream breaks off after page {page - 1}")
    return int(granule)


def check_opus(data: bytes | mmap, *, name: str, rate_hz: int, n_decoded: int, granule: int) -> None:
    """That as many samples were decoded as the last page counts (libsndfile passes over damaged pages).

    Raises:
        TruncatedAudioError: Samples are missing.
    """
    n_skipped = struct.unpack_from("<H", data, data.find(b"OpusHead") + 10)[0]
    n_declared = (granule - n_skipped) * rate_hz // 48_000
    if n_decoded < n_declared:
        raise TruncatedAudioError(
            f"{name} has a hole: its pages count {n_declared} samples and {n_decoded} could be decoded"
        )
