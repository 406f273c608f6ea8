"""A process that serves: uvicorn, told to answer what is under way before it ends."""

from __future__ import annotations

import math

import uvicorn
from fastapi import FastAPI

from nver.service.limits import Limits

_MARGIN_S = 5.0
_MAX_MESSAGE_BYTES = 1 << 20


def serve(app: FastAPI, *, host: str, port: int, limits: Limits, has_access_log: bool) -> None:
    """Serve until SIGTERM or SIGINT; then take nothing new, answer what is under way, and end.

    Args:
        app: As ``create_app`` makes it.
        host: The address to bind to.
        port: 0 takes a free one; the log says which.
        limits: Those of ``app``.
        has_access_log: Whether every request is a line of the log.
    """
    uvicorn.run(
        app,
        host=host,
        port=port,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=_MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # samples hardly shrink, and what expands could be a trap
        server_header=False,
        access_log=has_access_log,
        # The longest that a request can take: its body, then its answer.
        timeout_graceful_shutdown=math.ceil(
            2 * max(limits.timeout_s, limits.recording_timeout_s) + _MARGIN_S
        ),
    )
