"""What the routes share: who asks, what may be asked for, how long it may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, cast

from fastapi import Depends, Query
from starlette.requests import HTTPConnection

from nver.recogniser.recogniser import Recogniser
from nver.service.problems import Refusal
from nver.service.state import Service


def service_of(connection: HTTPConnection) -> Service:
    """What ``create_app`` made."""
    return cast("Service", connection.app.state.service)


ServiceHere = Annotated[Service, Depends(service_of)]


def client_of(connection: HTTPConnection, service: ServiceHere) -> str:
    """Who asks: a token, or an address where there are no tokens.

    Raises:
        Refusal: 401: there are tokens, and this is none of them.
    """
    client = service.tokens.client_of(connection.headers.get("authorization"))
    return client or (connection.client.host if connection.client else "unknown")


Client = Annotated[str, Depends(client_of)]
View = Annotated[
    str | None,
    Query(
        description="A coarser view that the recogniser has.",
        max_length=200,
        openapi_examples={"six": {"value": "vivae-six"}},
    ),
]
Top = Annotated[
    int | None,
    Query(ge=1, description="How many classes to name, the most probable first; all unless given."),
]
_Model = Annotated[
    str | None, Query(description="A recogniser of /v1/models; the first unless given.", max_length=200)
]


def recogniser_of(service: ServiceHere, model: _Model = None, view: View = None) -> Recogniser:
    """The recogniser that is meant, which has the view.

    Raises:
        Refusal: 422: no recogniser that is served has this name.
        ConfigError: It has no such view.
    """
    recogniser = service.named(model)
    if view is not None:
        recogniser.require_view(view)
    return recogniser


Asked = Annotated[Recogniser, Depends(recogniser_of)]


@asynccontextmanager
async def within(seconds: float, status: int, what: str) -> AsyncIterator[None]:
    """Refuse what takes longer.

    Raises:
        Refusal: It did.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Refusal(status, f"{what} within {seconds:g} s; try again, or send less at once") from error
