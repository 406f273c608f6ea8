"""How much of each thing the service takes; what is over a limit is refused in one sentence."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nver.config import FrozenModel

_Count = Annotated[int, Field(ge=1)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Megabytes = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Limits(FrozenModel):
    """What one process takes on.

    Memory is bounded by them: ``max_waiting`` bodies and waves, ``decoders`` files being decoded, and
    ``max_recordings`` bodies.

    Attributes:
        max_body_mb: The largest body of a clip, in 10^6 bytes.
        max_duration_s: The longest clip.
        max_decoded_mb: The most memory that a clip's samples may take as encoded (float32, of every channel,
            at its own rate).
        max_waiting: Clips under way, from the first byte of their body to their answer; 503 beyond.
        max_waiting_per_client: The same of one token, or of one address where there are none; 429 beyond.
        timeout_s: How long a body may take to arrive (408), and how long its answer may then take (503).
        max_batch_clips: As many clips are asked together at most; 1 asks one by one.
        decoders: Threads that decode.
        max_recording_mb: The largest body of a recording, which is decoded block by block.
        max_recording_s: The longest recording, and the longest stream.
        max_recordings: Recordings under way; 503 beyond.
        recording_timeout_s: As ``timeout_s``, of a recording.
        max_streams: Open streams; 503 beyond.
    """

    max_body_mb: _Megabytes = 8.0
    max_duration_s: _Seconds = 60.0
    max_decoded_mb: _Megabytes = 64.0
    max_waiting: _Count = 64
    max_waiting_per_client: _Count = 32
    timeout_s: _Seconds = 30.0
    max_batch_clips: _Count = 16
    decoders: _Count = 2
    max_recording_mb: _Megabytes = 64.0
    max_recording_s: _Seconds = 3600.0
    max_recordings: _Count = 4
    recording_timeout_s: _Seconds = 300.0
    max_streams: _Count = 8

    @property
    def max_body_bytes(self) -> int:
        """``max_body_mb`` in bytes."""
        return int(self.max_body_mb * 1e6)

    @property
    def max_recording_bytes(self) -> int:
        """``max_recording_mb`` in bytes."""
        return int(self.max_recording_mb * 1e6)

    @property
    def max_decoded_bytes(self) -> int:
        """``max_decoded_mb`` in bytes."""
        return int(self.max_decoded_mb * 1e6)
