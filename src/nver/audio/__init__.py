"""Audio files to 16 kHz mono samples, exactly or not at all."""

from __future__ import annotations

from nver.audio.decoding import (
    MAX_DURATION_S,
    Addressed,
    decode,
    decode_addressed,
    decode_bytes,
    decoder_fingerprint,
    from_array,
)
from nver.audio.workers import decode_many, decode_many_addressed

__all__ = [
    "MAX_DURATION_S",
    "Addressed",
    "decode",
    "decode_addressed",
    "decode_bytes",
    "decode_many",
    "decode_many_addressed",
    "decoder_fingerprint",
    "from_array",
]
