"""Bursts of a whole recording, those of them that lie close together as one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain

from nver.errors import ConfigError
from nver.recordings.locator import LONGEST_FRAMES, PAUSE_FRAMES, Locator
from nver.recordings.loudness import HOP
from nver.recordings.tape import BEFORE, Stretch, Tape
from nver.types import RATE_HZ, Samples

_LONGEST = LONGEST_FRAMES * HOP

_BEHIND = (LONGEST_FRAMES + 2 * PAUSE_FRAMES) * HOP
"""Samples by which the start of a burst can lie behind what the locator has heard when it gives it back."""


def bursts_of(blocks: Iterable[Samples], *, join_s: float = 0.0) -> Iterator[Stretch]:
    """The bursts of a recording, in order.

    Args:
        blocks: Mono at 16 kHz.
        join_s: Bursts with at most so much between them are one, with what is between them, unless that
            would be longer than the 8 s of the longest burst. Zero leaves them as a stream gives them.

    Raises:
        ConfigError: ``join_s`` is negative or no number.

    >>> import numpy as np
    >>> tone = np.sin(np.arange(8_000) / 4, dtype=np.float32)
    >>> quiet = np.zeros(8_000, np.float32)
    >>> [len(list(bursts_of([quiet, tone, quiet, tone, quiet], join_s=s))) for s in (0, 0.3, 0.6)]
    [2, 2, 1]
    """
    if not (0 <= join_s < math.inf):
        raise ConfigError(f"bursts closer than {join_s:g} s cannot be joined; expected seconds, 0 or more")
    locator = Locator()
    if join_s == 0:
        return _located(locator, blocks)
    return _joined(locator, blocks, round(join_s * RATE_HZ))


def _located(locator: Locator, blocks: Iterable[Samples]) -> Iterator[Stretch]:
    for block in blocks:
        yield from locator.push(block)
    yield from locator.flush()


def _joined(locator: Locator, blocks: Iterable[Samples], join: int) -> Iterator[Stretch]:
    tape = Tape()
    held: tuple[int, int] | None = None
    for block in chain(blocks, [None]):
        if block is not None:
            tape.append(block)
        for burst in locator.flush() if block is None else locator.push(block):
            if held and burst.start - held[1] <= join and burst.end - held[0] <= _LONGEST:
                held = held[0], burst.end
                continue
            if held:
                yield tape.stretch(*held)
            held = burst.start, burst.end
        if held and (block is None or tape.end - held[1] > join + _BEHIND):
            yield tape.stretch(*held)
            held = None
        tape.forget_before(min(held[0] if held else tape.end, tape.end - _BEHIND) - BEFORE)
