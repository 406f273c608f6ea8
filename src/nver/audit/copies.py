"""Near-identical clips of a corpus: the same sound at another gain, rate, codec or offset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nver.audio import decode_many
from nver.embeddings.extract import Progress, extract
from nver.embeddings.store import Store
from nver.encoders.landmarks import N_LANDMARKS, LandmarkEncoder
from nver.errors import AudioError
from nver.evaluation.copies import align, even_correlation, narrowed, similar_pairs
from nver.types import Clip

LEAST_COSINE = 0.95
"""Clips that share a landmark this similar are laid over each other; benchmarks/audit.py has the margins."""

LEAST_CORRELATION = 0.8
LEAST_EVEN_CORRELATION = 0.7
"""From these on they are one sound: copies reached 0.85 and 0.81. Of all pairs of 27,000 clips 33 pass the
first, most of them tones of one pitch, and none the second."""


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """Two clips that are one sound.

    Attributes:
        first: Its place among the clips.
        second: A later place.
        correlation: From 0 to 1, see ``nver.evaluation.copies``.
        even_correlation: The same with an even spectrum.
        lag_s: How much later the sound begins in the second.
        gain_db: How much louder the second is.
    """

    first: int
    second: int
    correlation: float
    even_correlation: float
    lag_s: float
    gain_db: float


def find_copies(
    clips: Sequence[Clip],
    *,
    store: Store | None = None,
    workers: int = 2,
    least_correlation: float = LEAST_CORRELATION,
    least_even_correlation: float = LEAST_EVEN_CORRELATION,
    on_progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> tuple[Copy, ...]:
    """All pairs of clips that are one sound, those with the same samples among them.

    Landmarks are kept in the store, so that only new clips are listened to; the clips of candidate pairs are
    decoded again. Up to half a second may be cut off at an end, or silence added.

    Args:
        clips: Readable ones.
        store: Where landmarks are kept; the user's own when None.
        workers: Processes that decode.
        least_correlation: From where on a candidate counts; 0 gives all, for a look at the margins.
        least_even_correlation: The same with an even spectrum.
        on_progress: Told what is done (``landmarks``, ``candidates`` or ``pairs``), how much, of how much.

    Raises:
        AudioError: A clip cannot be decoded.
        StoreError: As from ``extract``.
    """

    def tell(so_far: Progress) -> None:
        on_progress("landmarks", so_far.n_done, so_far.n_total)

    rows = extract(clips, LandmarkEncoder(), store=store, workers=workers, on_progress=tell).table.vectors
    pairs = similar_pairs(rows.reshape(len(clips), N_LANDMARKS, -1), least=LEAST_COSINE)
    heard = _decoded(clips, np.unique(pairs).tolist(), workers=workers, on_progress=on_progress)

    def lay(pair: tuple[int, int]) -> Copy | None:
        waves = [heard[row].wave.astype(np.float32) for row in pair]
        laid = align(*waves)
        if laid.correlation < least_correlation:
            return None
        even = even_correlation(*waves, lag_s=laid.lag_s)
        gain_db = laid.gain_db + 20 * np.log10(heard[pair[1]].peak / heard[pair[0]].peak)
        return (
            None
            if even < least_even_correlation
            else Copy(*pair, laid.correlation, even, laid.lag_s, gain_db)
        )

    found: list[Copy] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:  # most of it is FFT, which lets go of the interpreter
        for start in range(0, len(pairs), _AT_ONCE):
            copies = pool.map(lay, map(tuple, pairs[start : start + _AT_ONCE].tolist()))
            found += [copy for copy in copies if copy is not None]
            on_progress("pairs", min(start + _AT_ONCE, len(pairs)), len(pairs))
    return tuple(found)


def grouped(n_clips: int, copies: Sequence[Copy]) -> list[int | None]:
    """The sound of each clip, as a number; None for a clip that is no copy.

    A copy of a copy is the same sound.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = [copy.first for copy in copies], [copy.second for copy in copies]
    links = coo_array((np.ones(len(copies)), (rows, columns)), shape=(n_clips, n_clips))
    numbers = connected_components(links, directed=False)[1]
    copied = {*rows, *columns}
    return [int(number) if row in copied else None for row, number in enumerate(numbers)]


_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _Heard:
    """A narrowed wave of peak 1 in half precision (so that many fit in memory), and what its peak was."""

    wave: npt.NDArray[np.float16]
    peak: float


def _decoded(
    clips: Sequence[Clip], rows: Sequence[int], *, workers: int, on_progress: Callable[[str, int, int], None]
) -> dict[int, _Heard]:
    heard = {}
    answers = decode_many((clips[row].source for row in rows), workers=workers if rows else 0)
    for n_done, (row, answer) in enumerate(zip(rows, answers, strict=True), start=1):
        if isinstance(answer, AudioError):
            raise answer
        wave = narrowed(answer)
        peak = float(np.abs(wave).max()) or 1.0
        heard[row] = _Heard((wave / np.float32(peak)).astype(np.float16), peak)
        on_progress("candidates", n_done, len(rows))
    return heard
