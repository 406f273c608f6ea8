"""``nver serve``: recognisers behind HTTP."""

from __future__ import annotations

import ipaddress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import example, interruptible, key_values, note
from nver.cli.predict import DEFAULT
from nver.errors import ConfigError

EXAMPLE = example(
    "nver serve",
    "nver serve --model my-bundle --host 0.0.0.0 --tokens-file /run/secrets/nver --limit max_duration_s=20",
)

_NEEDED = ("fastapi", "uvicorn", "websockets", "python_multipart", "prometheus_client")


def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|PATH",
            help="A recogniser that is shipped, or the folder of a bundle; may be given several times, and "
            "the first is asked when a request names none.",
            show_default=DEFAULT,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="The address to bind to; 0.0.0.0 is every one of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8000,
    tokens_file: Annotated[
        Path | None,
        typer.Option(
            help="Bearer tokens that may ask, one a line; or the variable NVER_SERVE_TOKENS holds them.",
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Change a limit, as in max_body_mb=20, max_waiting=200 or max_batch_clips=1; may be given "
            "several times.",
        ),
    ] = None,
    access_log: Annotated[bool, typer.Option(help="A line of the log for every request.")] = True,
) -> None:
    """Answer over HTTP what vocalisation clips are: POST /v1/predict; /openapi.json says what else.

    Binds to this machine alone unless told otherwise. Audio is decoded in memory and not kept. SIGTERM and
    Ctrl-C have it answer what is under way before it ends.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(f"nver serve needs {', '.join(missing)}: pip install 'nver[serve]'")
    with interruptible("what was under way is answered"):
        from nver.config import validate
        from nver.recogniser.recogniser import Recogniser
        from nver.service import server
        from nver.service.app import create_app
        from nver.service.auth import Tokens
        from nver.service.limits import Limits

        limits = validate(Limits, key_values(limit), source="--limit")
        tokens = Tokens.read(tokens_file)
        recognisers = [Recogniser.load(name) for name in model or [DEFAULT]]
        app = create_app(recognisers, limits=limits, tokens=tokens)
        if not tokens and not _is_this_machine(host):
            note(f"warning: everybody who reaches {host}:{port} may ask; --tokens-file says who may")
        server.serve(app, host=host, port=port, limits=limits, has_access_log=access_log)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
