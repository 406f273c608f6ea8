"""The routes: ``create_app`` makes the ASGI application that ``nver serve`` runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, cast

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from nver.recogniser.recogniser import Recogniser
from nver.service.auth import Tokens
from nver.service.bodies import audio_of
from nver.service.limits import Limits
from nver.service.metrics import Measured
from nver.service.problems import Refusal, answer_with_problems
from nver.service.schemas import Answer, Health, Model, Models
from nver.service.specification import BODY, OF_AUDIO, refusals, specify
from nver.service.state import Service
from nver.types import RATE_HZ

_DESCRIPTION = (
    "Names the category of non-verbal vocalisations (laughs, cries, sighs, screams), with calibrated "
    "probabilities. It names the sound, not the inner state of a person. Audio is decoded in memory alone."
)

_OPEN = ("/healthz",)

router = APIRouter()


def create_app(
    recognisers: Sequence[Recogniser], *, limits: Limits | None = None, tokens: Tokens | None = None
) -> FastAPI:
    """The service over these recognisers, as an ASGI application.

    Args:
        recognisers: One or more, of names that differ; the first is asked when a request names none.
        limits: How much is taken.
        tokens: Who may ask; everybody unless there are tokens.

    Raises:
        ConfigError: There is no recogniser, or two of one name.
    """
    service = Service(recognisers, limits=limits or Limits(), tokens=tokens or Tokens())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="nver",
        version=version("nver"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # their pages fetch scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    app.include_router(router)
    app.add_middleware(Measured, metrics=service.metrics)
    answer_with_problems(app)
    specify(app, open_paths=_OPEN, has_tokens=bool(service.tokens))
    return app


def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


def _client(request: Request, service: Annotated[Service, Depends(_service)]) -> str:
    """Who asks: a token, or an address where there are none."""
    client = service.tokens.client_of(request.headers.get("authorization"))
    return client or (request.client.host if request.client else "unknown")


ServiceHere = Annotated[Service, Depends(_service)]
Client = Annotated[str, Depends(_client)]
ModelName = Annotated[
    str | None, Query(description="A recogniser of /v1/models; the first unless given.", max_length=200)
]
ViewName = Annotated[
    str | None,
    Query(
        description="A coarser view that it has.",
        max_length=200,
        openapi_examples={"six": {"value": "vivae-six"}},
    ),
]
Top = Annotated[
    int | None,
    Query(ge=1, description="How many classes to name, the most probable first; all unless given."),
]


@router.post("/v1/predict", responses=refusals(*OF_AUDIO), openapi_extra=BODY, operation_id="predict")
async def predict(
    request: Request,
    service: ServiceHere,
    client: Client,
    model: ModelName = None,
    view: ViewName = None,
    top: Top = None,
) -> Answer:
    """Name the category of a clip of one vocalisation."""
    recogniser = service.named(model)
    if view is not None:
        recogniser.require_view(view)
    with service.admission.admit(client):
        async with _within(service.limits.timeout_s, 408, "the body did not arrive"):
            data = await audio_of(request, max_bytes=service.limits.max_body_bytes)
        async with _within(service.limits.timeout_s, 503, "the clip was not answered"):
            wave = await service.decode(data)
            del data
            prediction = await service.predict(recogniser, wave)
    return Answer.of(
        prediction, model=recogniser.card.name, view=view, top=top, duration_s=wave.size / RATE_HZ
    )


@router.get("/v1/models", responses=refusals(401), operation_id="models", dependencies=[Depends(_client)])
async def models(service: ServiceHere) -> Models:
    """Recognisers that can be asked."""
    return Models(models=[Model.of(recogniser) for recogniser in service.recognisers.values()])


@router.get("/healthz", responses=refusals(503), operation_id="health")
async def health(service: ServiceHere) -> Health:
    """Whether requests are answered. Asks for no token."""
    if not service.is_ready:
        raise Refusal(503, "a worker of this service has ended; restart it")
    return Health(status="ready")


@router.get(
    "/metrics",
    response_class=Response,
    responses={**refusals(401), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    operation_id="metrics",
    dependencies=[Depends(_client)],
)
async def metrics(service: ServiceHere) -> Response:
    """Requests, batches, audio and memory, for Prometheus."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def _within(seconds: float, status: int, what: str) -> AsyncIterator[None]:
    """Refuse what takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Refusal(status, f"{what} within {seconds:g} s; try again, or send less at once") from error
