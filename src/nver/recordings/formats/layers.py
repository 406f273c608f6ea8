"""Tiers: programs allow no overlap within one."""

from __future__ import annotations

from collections.abc import Sequence

from nver.recordings.segments import Segment


def layers(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments divided into as few tiers as hold them without overlap; one tier, even of nothing.

    >>> [len(layer) for layer in layers([Segment(0, 2), Segment(1, 3), Segment(2, 4)])]
    [2, 1]
    """
    made: list[list[Segment]] = [[]]
    for segment in sorted(segments, key=lambda one: (one.start_s, one.end_s)):
        free = next((layer for layer in made if not layer or layer[-1].end_s <= segment.start_s), None)
        if free is None:
            made.append(free := [])
        free.append(segment)
    return made


def tier_name(name: str, index: int) -> str:
    """``emotion``, ``emotion 2``, ...

    >>> tier_name("emotion", 1)
    'emotion 2'
    """
    return name if index == 0 else f"{name} {index + 1}"
