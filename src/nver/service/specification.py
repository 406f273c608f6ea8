"""What the OpenAPI document says beyond what the routes' types say: bodies, refusals, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from nver.service.bodies import FORM, RAW
from nver.service.problems import MEDIA_TYPE
from nver.service.schemas import schema_of_problem

_REFUSALS = {
    401: "No token, or none of this service's",
    408: "The body did not arrive in time",
    413: "The body, the recording or its samples are over a limit",
    415: "The body is no audio of a format that is read: WAV, FLAC, MP3, Ogg Vorbis or Opus",
    422: "The audio is damaged, cut or empty, or a parameter cannot be meant",
    429: "This client has too many requests under way",
    503: "Too many requests are under way in all, or the answer took too long",
}

_BINARY = {"type": "string", "format": "binary"}

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "WAV, FLAC, MP3, Ogg Vorbis or Opus, told by its content; any rate and channel count.",
        "content": {
            FORM: {"schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY}}},
            **{kind: {"schema": _BINARY} for kind in RAW},
        },
    }
}
"""A recording, as it is or as a form."""


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that refuses with these."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _REFUSALS[status], "content": content} for status in statuses}


OF_AUDIO = tuple(_REFUSALS)
"""Every refusal that a route which is sent audio has."""


def specify(app: FastAPI, *, open_paths: Sequence[str], has_tokens: bool) -> None:
    """Complete ``app.openapi()``.

    Args:
        app: All of its routes are there.
        open_paths: What is answered without a token.
        has_tokens: Whether everything else asks for one.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            components = document.setdefault("components", {})
            components.setdefault("schemas", {})["Problem"] = schema_of_problem()
            if has_tokens:
                components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                for path, operations in document["paths"].items():
                    for operation in operations.values() if path not in open_paths else ():
                        operation["security"] = [{"token": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
