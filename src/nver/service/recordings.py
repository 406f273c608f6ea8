"""``POST /v1/timeline``: a recording of many vocalisations, or of none."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from nver.recordings import Windows
from nver.service.bodies import audio_of
from nver.service.dependencies import Asked, Client, ServiceHere, Top, View, within
from nver.service.schemas import Line
from nver.service.specification import BODY, OF_AUDIO, refusals

router = APIRouter()

WindowS = Annotated[
    float | None,
    Query(
        ge=0.2,
        le=10,
        description="Seconds of fixed windows to ask about instead of bursts; averaged where they overlap.",
    ),
]
HopS = Annotated[float, Query(ge=0.1, le=10, description="Seconds from one window to the next.")]


@router.post("/v1/timeline", responses=refusals(*OF_AUDIO), openapi_extra=BODY, operation_id="timeline")
async def timeline(
    request: Request,
    service: ServiceHere,
    client: Client,
    recogniser: Asked,
    view: View = None,
    top: Top = None,
    window_s: WindowS = None,
    hop_s: HopS = 0.5,
) -> Line:
    """Find the bursts of a recording, or its course in fixed windows."""
    limits = service.limits
    windows = None if window_s is None else Windows(window_s, hop_s)
    with service.recordings.admit(client):
        async with within(limits.recording_timeout_s, 408, "the body did not arrive"):
            data = await audio_of(request, max_bytes=limits.max_recording_bytes)
        async with within(limits.recording_timeout_s, 503, "the recording was not answered"):
            found = await service.timeline(recogniser, data, view=view, windows=windows)
    return Line.of(found, model=recogniser.card.name, view=view, top=top)
