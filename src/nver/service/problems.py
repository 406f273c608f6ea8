"""Refusals: a status and one sentence, said as RFC 9457 has it ("problem details")."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError, ValidationException, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection

from nver.errors import (
    AudioError,
    ConfigError,
    EncoderError,
    NverError,
    OverlongAudioError,
    OversizedAudioError,
    UnsupportedAudioError,
)

MEDIA_TYPE = "application/problem+json"

_STATUS_OF: Mapping[type[NverError], int] = {
    OverlongAudioError: 413,
    OversizedAudioError: 413,
    UnsupportedAudioError: 415,
    AudioError: 422,
    EncoderError: 422,
    ConfigError: 422,
}
"""Errors that a request can cause; of several that fit the first. Any other is ours, and a 500."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, and no error of the service
    """A request that is not served.

    Attributes:
        status: The HTTP status.
        sentence: What came, what was expected, what to do.
        headers: To be sent with it.
    """

    def __init__(self, status: int, sentence: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})


def refusal_of(error: NverError) -> Refusal | None:
    """What to say of audio or a parameter that was refused; None when the fault is not the request's."""
    for kind, status in _STATUS_OF.items():
        if isinstance(error, kind):
            return Refusal(status, str(error))
    return None


def content_of(refusal: Refusal) -> dict[str, str | int]:
    """The body of every answer that is no success."""
    return {
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.sentence,
    }


def problem(refusal: Refusal) -> JSONResponse:
    """A refusal as an answer."""
    return JSONResponse(content_of(refusal), refusal.status, headers=refusal.headers, media_type=MEDIA_TYPE)


def answer_with_problems(app: FastAPI) -> None:
    """Have every error of ``app`` answered as a problem."""

    @app.exception_handler(Refusal)
    async def refused(connection: HTTPConnection, refusal: Refusal) -> Response:
        return await _said(connection, refusal)

    @app.exception_handler(NverError)
    async def unreadable(connection: HTTPConnection, error: NverError) -> Response:
        refusal = refusal_of(error)
        if refusal is None:
            raise error
        return await _said(connection, refusal)

    @app.exception_handler(RequestValidationError)
    @app.exception_handler(WebSocketRequestValidationError)
    async def invalid(connection: HTTPConnection, error: ValidationException) -> Response:
        return await _said(connection, Refusal(422, _sentence(error.errors()[0])))

    @app.exception_handler(HTTPException)
    async def unroutable(request: Request, error: HTTPException) -> Response:
        sentence = f"{request.method} {request.url.path}: {error.detail}; /openapi.json lists what there is"
        return problem(Refusal(error.status_code, sentence, headers=error.headers))

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return problem(Refusal(400, "the connection was closed before the body was whole"))

    @app.exception_handler(Exception)
    async def broken(_: Request, __: Exception) -> Response:
        return problem(Refusal(500, "the service failed on this request; its log says why"))


async def _said(connection: HTTPConnection, refusal: Refusal) -> Response:
    """The answer; a stream that was not accepted yet is denied with it."""
    answer = problem(refusal)
    if isinstance(connection, WebSocket):
        await connection.send_denial_response(answer)
    return answer


def _sentence(error: Mapping[str, Any]) -> str:
    """The first of pydantic's findings."""
    where = ".".join(str(part) for part in error["loc"][1:])
    return f"parameter '{where}' is {error.get('input')!r}: {error['msg'][0].lower()}{error['msg'][1:]}"
