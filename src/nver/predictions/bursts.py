"""Long recordings: one row a burst, as the bursts are located."""

from __future__ import annotations

from nver.errors import AudioError, EncoderError
from nver.predictions.rows import Answers, Question, Quiet, Row, Unread
from nver.recogniser.recogniser import Recogniser
from nver.recordings.recording import Recording
from nver.recordings.timeline import OnProgress
from nver.types import AudioFile


def answers_of(
    recogniser: Recogniser,
    source: AudioFile,
    question: Question,
    *,
    on_progress: OnProgress | None = None,
) -> Answers:
    """A row a burst in the order of their starts, or what there is to say where there is none.

    Recordings are of any length: memory does not grow with them, but for a member of a tar, whose encoded
    bytes are held. ``on_progress`` is told the seconds that were read, and those of the whole.
    """
    path = str(source)
    try:
        found = recogniser.timeline(_opened(source), on_progress=on_progress)
    except (AudioError, EncoderError) as error:
        return [Unread(path=path, error=str(error))]
    if not found.events:
        return [Quiet(path=path, end_s=found.duration_s)]
    return [
        Row.of(
            path,
            event.prediction,
            question,
            start_s=event.start_s,
            end_s=event.end_s,
            burst=i + 1,
            n_bursts=len(found.events),
        )
        for i, event in enumerate(found.events)
    ]


def _opened(source: AudioFile) -> Recording:
    if source.member is None:
        return Recording.of_file(source.path)
    try:
        return Recording.of_bytes(source.read(), name=str(source))
    except OSError as error:
        raise AudioError(f"cannot read {source}: {error.strerror or error}") from error
