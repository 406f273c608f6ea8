"""The routes: ``create_app`` makes the ASGI application that ``nver serve`` runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from nver.recogniser.recogniser import Recogniser
from nver.service import clips, recordings, streams
from nver.service.auth import Tokens
from nver.service.dependencies import ServiceHere, client_of
from nver.service.limits import Limits
from nver.service.metrics import Measured
from nver.service.problems import Refusal, answer_with_problems
from nver.service.schemas import Health, Model, Models
from nver.service.specification import refusals, specify
from nver.service.state import Service

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
    for routes in (clips.router, recordings.router, streams.router, router):
        app.include_router(routes)
    app.add_middleware(Measured, metrics=service.metrics)
    answer_with_problems(app)
    specify(app, open_paths=_OPEN, has_tokens=bool(service.tokens))
    return app


@router.get("/v1/models", responses=refusals(401), operation_id="models", dependencies=[Depends(client_of)])
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
    dependencies=[Depends(client_of)],
)
async def metrics(service: ServiceHere) -> Response:
    """Requests, batches, audio and memory, for Prometheus."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
