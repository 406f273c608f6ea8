"""What lives as long as the service does: recognisers with their workers, threads, counts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from nver.audio import decode_bytes
from nver.errors import ConfigError, OverlongAudioError
from nver.names import suggest
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import Recogniser
from nver.recordings import Recording, Timeline, Windows, timeline
from nver.service.admission import Admission
from nver.service.auth import Tokens
from nver.service.batching import Batcher
from nver.service.limits import Limits
from nver.service.metrics import Metrics
from nver.service.problems import Refusal
from nver.types import RATE_HZ, Matrix, Samples

UPLOAD = "the upload"
"""What errors call a request's audio: never a name that came with it."""


class Service:
    """Recognisers that many may ask at once.

    Args:
        recognisers: One or more, of names that differ; the first is asked when none is named.
        limits: How much is taken.
        tokens: Who may ask.

    Raises:
        ConfigError: There is no recogniser, or two of one name.
    """

    def __init__(self, recognisers: Sequence[Recogniser], *, limits: Limits, tokens: Tokens) -> None:
        self.recognisers = {recogniser.card.name: recogniser for recogniser in recognisers}
        if not recognisers or len(self.recognisers) < len(recognisers):
            names = ", ".join(recogniser.card.name for recogniser in recognisers) or "none"
            raise ConfigError(f"expected one recogniser or more, of names that differ; got {names}")
        self.limits = limits
        self.tokens = tokens
        self.clips = Admission(
            "requests", at_once=limits.max_waiting, of_one_client=limits.max_waiting_per_client
        )
        self.recordings = Admission("recordings", at_once=limits.max_recordings)
        self.streams = Admission("streams", at_once=limits.max_streams)
        self.metrics = Metrics([self.clips, self.recordings, self.streams])
        self._decoders = ThreadPoolExecutor(limits.decoders, thread_name_prefix="nver-decode")
        self._listeners = ThreadPoolExecutor(1, thread_name_prefix="nver-listen")
        self.streamers = ThreadPoolExecutor(1, thread_name_prefix="nver-stream")
        self._network = ThreadPoolExecutor(1, thread_name_prefix="nver-network")
        self._batchers = {
            name: Batcher(recogniser, self._network, limits.max_batch_clips, self.metrics)
            for name, recogniser in self.recognisers.items()
        }
        self._workers: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the workers at work; at the end everything that waits is answered first."""
        loop = asyncio.get_running_loop()
        for recogniser in self.recognisers.values():  # the first call compiles and allocates
            await loop.run_in_executor(
                self._network, recogniser.predict_each, [np.zeros(RATE_HZ, np.float32)] * 2
            )
        self._workers = [asyncio.create_task(batcher.work()) for batcher in self._batchers.values()]
        try:
            yield
        finally:
            for batcher in self._batchers.values():
                batcher.close()
            await asyncio.gather(*self._workers)
            for threads in (self._decoders, self._listeners, self.streamers, self._network):
                threads.shutdown(cancel_futures=True)

    @property
    def is_ready(self) -> bool:
        """Whether every worker is at work."""
        return bool(self._workers) and not any(worker.done() for worker in self._workers)

    def named(self, name: str | None) -> Recogniser:
        """The recogniser that a request means.

        Raises:
            Refusal: 422: no recogniser that is served has this name. (Names are looked up among those that
                were loaded at the start, and nowhere else.)
        """
        if name is None:
            return next(iter(self.recognisers.values()))
        if name not in self.recognisers:
            raise Refusal(422, f"no recogniser is called '{name}'. {suggest(name, self.recognisers)}")
        return self.recognisers[name]

    def in_turn(self, recogniser: Recogniser) -> Recogniser:
        """The same recogniser, for threads of recordings and streams: its network takes turns with clips."""

        def network(waves: Sequence[Samples]) -> Matrix:
            return self._network.submit(recogniser.network, waves).result()

        return replace(recogniser, network=network)

    async def timeline(
        self, recogniser: Recogniser, data: bytes, *, view: str | None, windows: Windows | None
    ) -> Timeline:
        """What is in a recording, decoded block by block in a thread; who gives up stops it.

        Raises:
            AudioError: It cannot be read, or is longer than ``max_recording_s``.
            ConfigError: The windows cannot be meant.
            EncoderError: A burst cannot be asked about.
        """
        is_gone = threading.Event()

        def on_progress(_: float, __: float) -> None:
            if is_gone.is_set():
                raise _GivenUp

        def listen() -> Timeline:
            recording = Recording.of_bytes(data, name=UPLOAD)
            if recording.duration_s > self.limits.max_recording_s:
                raise OverlongAudioError(
                    f"{UPLOAD} is over-long: {recording.duration_s:.1f} s, and "
                    f"{self.limits.max_recording_s:g} s are allowed; cut it, or raise the limit"
                )
            asked = self.in_turn(recogniser)
            return timeline(asked, recording, view=view, windows=windows, on_progress=on_progress)

        try:
            found = await asyncio.get_running_loop().run_in_executor(self._listeners, listen)
        finally:
            is_gone.set()
        self.metrics.audio_s.inc(found.duration_s)
        return found

    async def decode(self, data: bytes) -> Samples:
        """The samples of a clip, decoded in a thread.

        Raises:
            AudioError: As ``nver.audio.decode_bytes``.
        """
        decoding = partial(
            decode_bytes,
            data,
            name=UPLOAD,
            max_duration_s=self.limits.max_duration_s,
            max_decoded_bytes=self.limits.max_decoded_bytes,
        )
        wave = await asyncio.get_running_loop().run_in_executor(self._decoders, decoding)
        self.metrics.audio_s.inc(wave.size / RATE_HZ)
        return wave

    async def predict(self, recogniser: Recogniser, wave: Samples) -> Prediction:
        """What a clip is, asked together with whatever else waits.

        Raises:
            EncoderError: The network cannot read the wave.
        """
        return await self._batchers[recogniser.card.name].ask(wave)


class _GivenUp(Exception):  # noqa: N818 - nobody waits for the recording any more
    pass
