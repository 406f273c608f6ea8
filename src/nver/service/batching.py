"""Clips that wait are asked together: one worker, one call of the network at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

from nver.errors import EncoderError
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import BATCH_S
from nver.types import RATE_HZ, Samples


class Asked(Protocol):
    """What a recogniser is to its worker."""

    def predict_each(self, waves: list[Samples]) -> list[Prediction | EncoderError]:
        """An outcome a wave, in order."""
        ...


class Observer(Protocol):
    """Is told of every call of the network."""

    def asked(self, n_clips: int, seconds: float) -> None:
        """``n_clips`` were asked together, which took so long."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class _Waiting:
    wave: Samples
    answer: asyncio.Future[Prediction | EncoderError]


@dataclass(eq=False)
class Batcher:
    """Asks a recogniser about whatever waits when it becomes free; nothing waits for company.

    Attributes:
        recogniser: Who is asked.
        network: Where the network runs: one thread, shared by all recognisers.
        max_clips: As many are asked together at most.
        observer: Is told of every call.
    """

    recogniser: Asked
    network: Executor
    max_clips: int
    observer: Observer
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _is_closing: bool = False

    async def ask(self, wave: Samples) -> Prediction:
        """What a clip is.

        Raises:
            EncoderError: The network cannot read the wave.
            BundleError: Its weights are damaged.
        """
        waiting = _Waiting(wave, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._wake.set()
        outcome = await waiting.answer
        if isinstance(outcome, EncoderError):
            raise outcome
        return outcome

    async def work(self) -> None:
        """Answer all that comes until ``close``, and then what still waits."""
        while self._waiting or not self._is_closing:
            if batch := self._take():
                await self._answer(batch)
            else:
                self._wake.clear()
                await self._wake.wait()

    def close(self) -> None:
        """Let ``work`` end when nothing waits any more."""
        self._is_closing = True
        self._wake.set()

    def _take(self) -> list[_Waiting]:
        """The next clips, but for those whose request has given up."""
        batch: list[_Waiting] = []
        audio_s = 0.0
        while self._waiting and len(batch) < self.max_clips and audio_s < BATCH_S:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
                audio_s += waiting.wave.size / RATE_HZ
        return batch

    async def _answer(self, batch: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        waves = [waiting.wave for waiting in batch]
        try:
            outcomes = await loop.run_in_executor(self.network, self.recogniser.predict_each, waves)
        except Exception as error:  # noqa: BLE001 - raised by each ``ask``; this worker has to live on
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        self.observer.asked(len(batch), loop.time() - began)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(outcome)
