"""The page behind a local address, and nothing that leaves it."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nver.app.assets import text
from nver.recogniser.recogniser import Recogniser

if TYPE_CHECKING:
    from fastapi import FastAPI

CONTENT_POLICY = "; ".join(
    [
        "default-src 'self' data: blob:",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # Gradio's own scripts need all three
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self' data: blob:",
    ]
)
"""The browser refuses to fetch anything from, or send anything to, another host."""


@contextmanager
def application(names_or_paths: Sequence[str]) -> Iterator[FastAPI]:
    """The page as an ASGI application; its temporary folder goes when it ends.

    Raises:
        ConfigError: A recogniser is neither a name nor a folder.
        BundleError: A bundle is damaged.
        WeightsError: Weights are not on this machine.
    """
    recognisers = {name: Recogniser.load(name) for name in names_or_paths}
    with tempfile.TemporaryDirectory(prefix="nver-app-") as place:
        folder = Path(place)
        os.environ |= {
            "GRADIO_TEMP_DIR": str(folder / "recordings"),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
        }
        import gradio as gr
        from fastapi import FastAPI, Request, Response
        from starlette.middleware.base import RequestResponseEndpoint

        from nver.app.examples import make
        from nver.app.page import build

        downloads = folder / "downloads"
        downloads.mkdir()
        page = build(recognisers, examples=make(folder / "examples"), downloads=downloads)
        app = FastAPI(openapi_url=None)

        @app.middleware("http")
        async def keep_inside(request: Request, call_next: RequestResponseEndpoint) -> Response:
            response = await call_next(request)
            response.headers["Content-Security-Policy"] = CONTENT_POLICY
            return response

        theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
        yield gr.mount_gradio_app(
            app,
            page,
            path="/",
            allowed_paths=[str(folder)],
            theme=theme,
            css=text("page.css"),
            show_error=True,
        )


def serve(names_or_paths: Sequence[str], *, host: str, port: int) -> None:
    """Show the page until it is stopped, by Ctrl-C or SIGTERM; either way its recordings are removed."""
    import uvicorn

    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # uvicorn passes it on to us
    with application(names_or_paths) as app:
        uvicorn.run(app, host=host, port=port, log_level="warning")
