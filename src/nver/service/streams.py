"""``/v1/stream``: samples in over a WebSocket, bursts out as soon as they are over.

The client sends binary messages of raw samples, cut wherever it likes, and the text ``end`` after the last
one. The service sends a JSON message of kind ``burst`` for each, and at last one of kind ``end`` or
``problem``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect, status

from nver.errors import NverError
from nver.recordings import Event, StreamingRecogniser
from nver.service.dependencies import Asked, Client, ServiceHere, Top, View, within
from nver.service.problems import Refusal, content_of, refusal_of
from nver.service.schemas import Burst
from nver.service.state import Service

router = APIRouter()

END = "end"

Encoding = Annotated[
    Literal["s16le", "f32le"], Query(description="Of a sample: 16-bit integer or float, little-endian.")
]
RateHz = Annotated[int, Query(ge=1000, le=384_000)]
Channels = Annotated[int, Query(ge=1, le=8, description="Samples of all channels take turns.")]


@router.websocket("/v1/stream")
async def stream(
    websocket: WebSocket,
    service: ServiceHere,
    client: Client,
    recogniser: Asked,
    view: View = None,
    top: Top = None,
    rate_hz: RateHz = 16_000,
    channels: Channels = 1,
    encoding: Encoding = "s16le",
) -> None:
    """Find bursts in a stream while it goes on."""
    with service.streams.admit(client):
        await websocket.accept()
        listening = StreamingRecogniser(service.in_turn(recogniser), rate_hz=rate_hz, view=view)
        samples = _Samples(encoding, channels=channels)
        try:
            await _listen(websocket, service, listening, samples, rate_hz=rate_hz, top=top)
        except WebSocketDisconnect:
            return
        except (Refusal, NverError) as error:
            refusal = error if isinstance(error, Refusal) else refusal_of(error)
            if refusal is None:
                raise
            await websocket.send_json({"kind": "problem"} | content_of(refusal))
            await websocket.close(status.WS_1008_POLICY_VIOLATION)
        else:
            await websocket.close()


async def _listen(
    websocket: WebSocket,
    service: Service,
    listening: StreamingRecogniser,
    samples: _Samples,
    *,
    rate_hz: int,
    top: int | None,
) -> None:
    limits, loop = service.limits, asyncio.get_running_loop()

    async def send(events: Sequence[Event]) -> None:
        for event in events:
            await websocket.send_json({"kind": "burst"} | Burst.of(event, top=top).model_dump())

    while (data := await _next(websocket, timeout_s=limits.timeout_s)) is not None:
        frames = samples.of(data)
        service.metrics.audio_s.inc(len(frames) / rate_hz)
        if samples.n_frames > limits.max_recording_s * rate_hz:
            raise Refusal(
                413,
                f"the stream is over-long: {limits.max_recording_s:g} s are allowed; begin another one",
            )
        await send(await loop.run_in_executor(service.streamers, listening.push, frames))
    samples.require_whole()
    await send(await loop.run_in_executor(service.streamers, listening.flush))
    await websocket.send_json({"kind": END, "duration_s": samples.n_frames / rate_hz})


async def _next(websocket: WebSocket, *, timeout_s: float) -> bytes | None:
    """The next samples, or None when the client says that there are no more.

    Raises:
        Refusal: 408 when nothing comes, 422 for a text that means nothing.
        WebSocketDisconnect: The client is gone.
    """
    async with within(timeout_s, 408, "no samples came"):
        message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    data: bytes | None = message.get("bytes")
    if data is not None or message.get("text") == END:
        return data
    raise Refusal(422, f"a text came that is not '{END}'; expected samples in binary messages, then '{END}'")


class _Samples:
    """Bytes to frames, wherever messages were cut.

    Attributes:
        n_frames: How many there have been.
    """

    def __init__(self, encoding: Literal["s16le", "f32le"], *, channels: int) -> None:
        self._is_integer = encoding == "s16le"
        self._type = np.dtype("<i2" if self._is_integer else "<f4")
        self._channels = channels
        self._rest = b""
        self.n_frames = 0

    def of(self, data: bytes) -> npt.NDArray[np.float32]:
        """(n_frames, n_channels) that are whole now, full scale ±1."""
        data = self._rest + data
        n_whole = len(data) - len(data) % (self._type.itemsize * self._channels)
        self._rest = data[n_whole:]
        frames = np.frombuffer(data[:n_whole], self._type).reshape(-1, self._channels)
        self.n_frames += len(frames)
        scaled = frames.astype(np.float32)
        return scaled / np.float32(32_768) if self._is_integer else scaled

    def require_whole(self) -> None:
        """Nothing is left over.

        Raises:
            Refusal: 422: the last frame is cut.
        """
        if self._rest:
            raise Refusal(
                422,
                f"the stream ends {len(self._rest)} bytes into a frame of "
                f"{self._type.itemsize * self._channels}; check 'encoding' and 'channels'",
            )
