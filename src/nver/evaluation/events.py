"""Where events were found against where they are: matching with a collar, hits, splits, merges.

    T  events of the truth
    E  events that were found

A recording at a time; counts of several are added, and the figures are of the sums.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from nver.errors import MetricError

Extents: TypeAlias = npt.NDArray[np.float64]
"""(n, 2) starts and ends in seconds."""

COLLAR_S = 0.2
"""By so much an onset may be off; an offset too, or by ``SHARE`` of the event if that is more."""

SHARE = 0.2


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What became of the events of some recordings.

    Attributes:
        n_truth: Events there are.
        n_found: Events that were found.
        n_matched: Pairs of the two whose ends agree, each event in one pair at most.
        n_hit: True events that some found one overlaps.
        n_split: True events that two found ones or more overlap.
        n_merged: Found events that overlap two true ones or more.
        n_false: Found events that overlap no true one.

    >>> truth, found = [(1.0, 2.0), (4.0, 5.0)], [(1.1, 2.1), (4.0, 4.4), (4.6, 5.0), (7.0, 7.5)]
    >>> counts = count_events(truth, found)
    >>> counts.n_matched, counts.n_hit, counts.n_split, counts.n_false
    (1, 2, 1, 1)
    >>> counts.precision, counts.recall, round(counts.f1, 3)
    (0.25, 0.5, 0.333)
    """

    n_truth: int = 0
    n_found: int = 0
    n_matched: int = 0
    n_hit: int = 0
    n_split: int = 0
    n_merged: int = 0
    n_false: int = 0

    def __add__(self, other: EventCounts) -> EventCounts:
        """Of the recordings of both."""
        return EventCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def precision(self) -> float:
        """Share of the found events that are matched; NaN where nothing was found."""
        return _share(self.n_matched, self.n_found)

    @property
    def recall(self) -> float:
        """Share of the true events that are matched; NaN where there are none."""
        return _share(self.n_matched, self.n_truth)

    @property
    def f1(self) -> float:
        """``2 matched / (truth + found)``; NaN where there are neither."""
        return _share(2 * self.n_matched, self.n_truth + self.n_found)

    @property
    def hit_recall(self) -> float:
        """Share of the true events that something found overlaps; NaN where there are none."""
        return _share(self.n_hit, self.n_truth)


def count_events(
    truth: npt.ArrayLike, found: npt.ArrayLike, *, collar_s: float = COLLAR_S, share: float = SHARE
) -> EventCounts:
    """Matched, hit, split, merged and false events of one recording.

    Args:
        truth: (T, 2) starts and ends in seconds, in any order.
        found: (E, 2), the same.
        collar_s: As ``match_events``.
        share: As ``match_events``.

    Raises:
        MetricError: As ``match_events``.
    """
    overlapping = overlaps(truth, found) > 0  # (T, E)
    n_truth, n_found = overlapping.shape
    per_truth, per_found = overlapping.sum(axis=1), overlapping.sum(axis=0)
    return EventCounts(
        n_truth=n_truth,
        n_found=n_found,
        n_matched=len(match_events(truth, found, collar_s=collar_s, share=share)),
        n_hit=int((per_truth > 0).sum()),
        n_split=int((per_truth > 1).sum()),
        n_merged=int((per_found > 1).sum()),
        n_false=int((per_found == 0).sum()),
    )


def match_events(
    truth: npt.ArrayLike, found: npt.ArrayLike, *, collar_s: float = COLLAR_S, share: float = SHARE
) -> npt.NDArray[np.int64]:
    """As many pairs of true and found events as can be made, each event in one pair at most.

    Two events may be paired when their onsets differ by ``collar_s`` at most, and their offsets by
    ``collar_s`` or ``share`` of the true event's length, whichever is more.

    Args:
        truth: (T, 2) starts and ends in seconds, in any order.
        found: (E, 2), the same.
        collar_s: 0 or more.
        share: 0 or more.

    Returns:
        (n_pairs, 2) rows of ``truth`` and of ``found``, in the order of ``truth``. How many there are is
        certain; which, where there is a choice, is not.

    Raises:
        MetricError: An array has another shape, an event does not end after it begins, or a tolerance is
            negative.

    Source:
        Mesaros, Heittola, Virtanen (2016), "Metrics for polyphonic sound event detection", section 3.2; a
        maximum matching as in sed_eval.

    >>> match_events([(1.0, 2.0)], [(0.9, 1.6), (1.1, 2.15)]).tolist()
    [[0, 1]]
    """
    if not (collar_s >= 0 and share >= 0):
        raise MetricError(f"collar_s={collar_s}, share={share}: expected tolerances of 0 or more")
    true, other = _extents(truth, "truth"), _extents(found, "found")
    onsets = np.abs(true[:, None, 0] - other[None, :, 0]) <= collar_s  # (T, E)
    tolerance_s = np.maximum(collar_s, share * (true[:, 1] - true[:, 0]))
    offsets = np.abs(true[:, None, 1] - other[None, :, 1]) <= tolerance_s[:, None]
    partners = maximum_bipartite_matching(csr_array(onsets & offsets), perm_type="column")  # (T,)
    matched = np.flatnonzero(partners >= 0)
    return np.stack([matched, partners[matched]], axis=1).astype(np.int64)


def overlaps(truth: npt.ArrayLike, found: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(T, E) seconds that each true event shares with each found one, zero or more.

    Raises:
        MetricError: An array has another shape, or an event does not end after it begins.

    >>> overlaps([(1.0, 2.0)], [(0.0, 1.5), (3.0, 4.0)]).tolist()
    [[0.5, 0.0]]
    """
    true, other = _extents(truth, "truth"), _extents(found, "found")
    starts = np.maximum(true[:, None, 0], other[None, :, 0])
    ends = np.minimum(true[:, None, 1], other[None, :, 1])
    shared: npt.NDArray[np.float64] = np.maximum(ends - starts, 0.0)
    return shared


def _extents(events: npt.ArrayLike, name: str) -> Extents:
    rows = np.asarray(events, np.float64)
    if not rows.size:
        return np.empty((0, 2))
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise MetricError(f"{name} has shape {rows.shape}; expected (n, 2): starts and ends in seconds")
    if not (rows[:, 0] < rows[:, 1]).all():
        start_s, end_s = rows[~(rows[:, 0] < rows[:, 1])][0]
        raise MetricError(f"{name} has an event from {start_s:g} s to {end_s:g} s; expected an end after it")
    return rows


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
