"""``nver app``: a page in the browser that records, marks and names."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from nver.cli.console import example, interruptible, note
from nver.cli.predict import DEFAULT
from nver.errors import ConfigError

EXAMPLE = example("nver app", "nver app --model my-bundle --model burst-recogniser --port 8080")


def app(
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|PATH",
            help="A recogniser to choose from; may be given several times.",
            show_default=DEFAULT,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 7860,
) -> None:
    """Open a page where sounds are recorded or dropped, and their bursts marked and named.

    Audio stays on this machine. Needs the extra `app`.
    """
    if find_spec("gradio") is None:
        raise ConfigError("nver app needs gradio: pip install 'nver[app]'")
    with interruptible("give the same command again"):
        from nver.app.server import serve

        note(f"http://{host}:{port} (Ctrl-C stops it)")
        serve(model or [DEFAULT], host=host, port=port)
