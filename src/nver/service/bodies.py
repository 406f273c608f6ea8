"""The encoded audio of a request, its body or the part ``file`` of a form: in memory, and bounded."""

from __future__ import annotations

from fastapi import Request

from nver.service.forms import file_of
from nver.service.problems import Refusal

FORM = "multipart/form-data"
RAW = ("audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "application/octet-stream")
"""What the specification lists; any other ``audio/`` is taken as well, for the content decides."""

_ALSO_TAKEN = frozenset({"application/octet-stream", "application/ogg"})


async def audio_of(request: Request, *, max_bytes: int) -> bytes:
    """The encoded audio that a request brings.

    Raises:
        Refusal: 413 for a body of more than ``max_bytes``, 415 for one of a type that is not taken, 422 for a
            form without a file.
    """
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    if kind != FORM and kind not in _ALSO_TAKEN and not kind.startswith("audio/"):
        raise Refusal(
            415,
            f"the body is of type '{kind}'; expected audio as it is (such as 'Content-Type: audio/wav') or "
            f"{FORM} with a part 'file'",
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Refusal(415, f"the body has Content-Encoding '{encoding}'; expected none: audio is compressed")
    body = await _read(request, max_bytes=max_bytes)
    return file_of(body, content_type=request.headers["content-type"]) if kind == FORM else body


async def _read(request: Request, *, max_bytes: int) -> bytes:
    """The whole body; refused by its announced length where it has one, else as soon as it is over."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(f"{int(announced) / 1e6:.1f} MB", max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(f"more than {len(body) / 1e6:.1f} MB", max_bytes)
    return bytes(body)


def _too_large(came: str, max_bytes: int) -> Refusal:
    return Refusal(
        413, f"the body has {came}, and {max_bytes / 1e6:g} MB are allowed; cut or compress the recording"
    )
