"""Clips that wait are asked together, and are told what they would be told alone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nver.errors import EncoderError
from nver.service.batching import Batcher
from nver.types import RATE_HZ


class Calls:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def asked(self, n_clips: int, seconds: float) -> None:
        assert seconds >= 0
        self.sizes.append(n_clips)


def asked_at_once(recogniser, waves, *, max_clips=16, calls=None):
    """Every wave's prediction or error, all of them waiting before the first is asked."""

    async def ask():
        with ThreadPoolExecutor(1) as thread:
            batcher = Batcher(recogniser, thread, max_clips, calls or Calls())
            asking = [asyncio.ensure_future(batcher.ask(wave)) for wave in waves]
            await asyncio.sleep(0)
            batcher.close()
            await batcher.work()
            return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(ask())


@pytest.mark.parametrize("max_clips", [1, 2, 3, 16])
def test_a_batch_gives_the_numbers_of_one_by_one(toys, network, waves, max_clips):
    recogniser, calls = toys.toy(network), Calls()
    together = asked_at_once(recogniser, waves, max_clips=max_clips, calls=calls)
    assert together == [recogniser.predict(wave, RATE_HZ) for wave in waves]
    assert max(calls.sizes) == min(max_clips, len(waves))
    assert sum(calls.sizes) == len(waves)


def test_a_clip_that_cannot_be_read_fails_alone(toys, network, waves):
    recogniser = toys.toy(network)
    first, broken, last = asked_at_once(recogniser, [waves[0], waves[0] * 500, waves[1]])
    assert isinstance(broken, EncoderError)
    assert [first, last] == [recogniser.predict(wave, RATE_HZ) for wave in waves[:2]]


def test_long_clips_are_not_piled_up(toys, network):
    calls = Calls()
    asked_at_once(toys.toy(network), [np.zeros(50 * RATE_HZ, np.float32)] * 5, calls=calls)
    assert calls.sizes == [3, 2]


def test_a_fault_reaches_everyone_who_waited_and_the_worker_lives_on(toys, waves):
    faults = [ZeroDivisionError("a fault")]
    plain = toys.ToyNetwork()

    def network(batch):
        if faults:
            raise faults.pop()
        return plain(batch)

    answers = asked_at_once(toys.toy(network), waves[:4], max_clips=2)
    assert [isinstance(answer, ZeroDivisionError) for answer in answers] == [True, True, False, False]


def test_who_has_given_up_is_not_asked_about(toys, network, waves):
    async def ask():
        with ThreadPoolExecutor(1) as thread:
            batcher = Batcher(toys.toy(network), thread, 16, Calls())
            gone, kept = (asyncio.ensure_future(batcher.ask(wave)) for wave in waves[:2])
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.sleep(0)
            batcher.close()
            await batcher.work()
            return gone.cancelled(), (await kept).label

    was_cancelled, label = asyncio.run(ask())
    assert was_cancelled
    assert label in toys.LABELS
    assert network.sizes == [1]
