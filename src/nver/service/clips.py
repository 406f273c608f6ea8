"""``POST /v1/predict``: a clip of one vocalisation."""

from __future__ import annotations

from fastapi import APIRouter, Request

from nver.service.bodies import audio_of
from nver.service.dependencies import Asked, Client, ServiceHere, Top, View, within
from nver.service.schemas import Answer, said
from nver.service.specification import BODY, OF_AUDIO, refusals
from nver.types import RATE_HZ

router = APIRouter()


@router.post("/v1/predict", responses=refusals(*OF_AUDIO), openapi_extra=BODY, operation_id="predict")
async def predict(
    request: Request,
    service: ServiceHere,
    client: Client,
    recogniser: Asked,
    view: View = None,
    top: Top = None,
) -> Answer:
    """Name the category of a clip of one vocalisation."""
    limits = service.limits
    with service.clips.admit(client):
        async with within(limits.timeout_s, 408, "the body did not arrive"):
            data = await audio_of(request, max_bytes=limits.max_body_bytes)
        async with within(limits.timeout_s, 503, "the clip was not answered"):
            wave = await service.decode(data)
            prediction = await service.predict(recogniser, wave)
    seen = prediction if view is None else prediction.view(view)
    return Answer(
        model=recogniser.card.name, view=view, duration_s=wave.size / RATE_HZ, **said(seen, top=top)
    )
