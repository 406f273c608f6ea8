"""Long recordings: bursts located and named, time lines, streams, and the files of other programs."""

from __future__ import annotations

from nver.recordings.cuts import Windows
from nver.recordings.recording import Recording
from nver.recordings.segments import Curve, Event, Segment, Timeline
from nver.recordings.streaming import StreamingRecogniser
from nver.recordings.timeline import timeline

__all__ = [
    "Curve",
    "Event",
    "Recording",
    "Segment",
    "StreamingRecogniser",
    "Timeline",
    "Windows",
    "timeline",
]
