"""The file of a ``multipart/form-data`` body that is in memory, and stays there.

(Starlette and python-multipart have parsers that write files to the disk; the grammar is left to the latter.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from nver.service.problems import Refusal

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_NAME = b"file"


def file_of(body: bytes, *, content_type: str) -> bytes:
    r"""What the part ``file`` of a form holds; other parts are passed over.

    Args:
        body: The whole form.
        content_type: The header, which holds the boundary.

    Raises:
        Refusal: 422: it is no form, it is cut, or no file is in such a part.

    >>> head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    >>> file_of(head + b"RIFF\r\n--x--", content_type="multipart/form-data; boundary=x")
    b'RIFF'
    """
    _, options = parse_options_header(content_type)
    if b"boundary" not in options:
        raise Refusal(422, "the form cannot be read: its Content-Type has no boundary; curl -F sets one")
    parts = _Parts()
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise Refusal(422, f"the form cannot be read: {str(error).rstrip('.')}") from error
    if parts.file is None:
        held = ", ".join(sorted(parts.names)) or "none"
        raise Refusal(
            422, f"the form has no file in a part 'file' (parts: {held}); as in curl -F file=@laugh.wav"
        )
    return parts.file


class _Parts:
    """What the parser is told of.

    Attributes:
        names: Of all parts that are whole.
        file: The content of the last part ``file`` with a file's name.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.file: bytes | None = None
        self._header = [bytearray(), bytearray()]
        self._options: dict[bytes, bytes] = {}
        self._content = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """For ``MultipartParser``."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._value,
            "on_header_end": self._header_ends,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._options, self._content = {}, bytearray()

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _header_ends(self) -> None:
        name, value = self._header
        if bytes(name).lower() == b"content-disposition":
            _, self._options = parse_options_header(bytes(value))
        self._header = [bytearray(), bytearray()]

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def _end(self) -> None:
        name = self._options.get(b"name", b"")
        self.names.add(repr(name.decode("utf-8", "replace")[:40]))
        if name == _NAME and b"filename" in self._options:
            self.file = bytes(self._content)
