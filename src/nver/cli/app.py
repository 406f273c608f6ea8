"""``nver app``: a page in the browser that records, marks and names."""

from __future__ import annotations

from typing import Annotated

import typer

from nver.cli.console import example, interruptible, note

EXAMPLE = example("nver app", "nver app --model my-bundle --model burst-recogniser --port 8080")


def app(
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|PATH", help="A recogniser to choose from; several times for several.", show_default="burst-recogniser"
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
    with interruptible("give the same command again"):
        from nver.app.server import serve
        from nver.cli.predict import DEFAULT

        note(f"http://{host}:{port} (Ctrl-C stops it)")
        serve(model or [DEFAULT], host=host, port=port)
