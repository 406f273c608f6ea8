"""The encoded audio of a request, its body or the part ``file`` of a form: in memory, and bounded."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from nver.service.problems import Refusal

FORM = "multipart/form-data"
RAW = ("audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "application/octet-stream")
"""What the specification lists; any other ``audio/`` is taken as well, for the content decides."""

_ALSO_TAKEN = frozenset({"application/octet-stream", "application/ogg"})
_MAX_FIELDS = 8
_MAX_FIELD_BYTES = 4096


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
    return await _file_of_form(request, body) if kind == FORM else body


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


class _InMemory(MultiPartParser):
    """Starlette's, which would write a file of more than 1 MB to the disk."""

    spool_max_size = 0  # SpooledTemporaryFile never rolls over


async def _file_of_form(request: Request, body: bytes) -> bytes:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = _InMemory(
        request.headers, stream(), max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refusal(422, f"the form cannot be read: {error.message.rstrip('.')}") from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            held = ", ".join(f"'{name}'" for name in form) or "none"
            raise Refusal(
                422, f"the form has no file in a part 'file' (parts: {held}); as in curl -F file=@laugh.wav"
            )
        return await file.read()
    finally:
        await form.close()
