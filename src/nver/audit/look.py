"""The cheap checks of clips under their folds, and the costly one, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nver.audit import checks
from nver.audit.copies import Copy, find_copies, grouped
from nver.audit.finding import Audit, Finding, by_severity
from nver.embeddings.extract import Progress, extract
from nver.embeddings.store import Store
from nver.encoders.shortcuts import COLUMNS, ShortcutEncoder
from nver.evaluation import shortcut
from nver.evaluation.folds import Fold
from nver.types import Clip, Labels, Matrix

SEED = 0
"""Of the shortcut baseline's forest: the same for every experiment, so that they share one figure."""


@dataclass(frozen=True, eq=False)
class Heard:
    """Clips that could be decoded, and what is cheap to know of them.

    Attributes:
        clips: In the order of the corpus.
        stats: (n_clips, 4) as ``nver.encoders.shortcuts`` has it.
        digests: Of each clip's decoded samples.
        unreadable: Clip id -> why it could not be decoded, when such clips were to be skipped.
    """

    clips: tuple[Clip, ...]
    stats: Matrix
    digests: tuple[str, ...]
    unreadable: Mapping[str, str]

    @property
    def durations_s(self) -> dict[str, float]:
        """By clip id."""
        column = self.stats[:, COLUMNS.index("duration_s")].tolist()
        return dict(zip((clip.id for clip in self.clips), column, strict=True))


def hear(
    clips: Sequence[Clip],
    *,
    store: Store | None = None,
    workers: int = 2,
    skip_unreadable: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> Heard:
    """Length, level and silence of each clip, from the store where they are there.

    Raises:
        AudioError: A clip cannot be decoded, and unreadable clips are not to be skipped.
        StoreError: As from ``extract``.
    """
    taken = extract(
        clips,
        ShortcutEncoder(),
        store=store,
        workers=workers,
        skip_unreadable=skip_unreadable,
        on_progress=on_progress,
    )
    unreadable = dict(taken.unreadable)
    return Heard(
        tuple(clip for clip in clips if clip.id not in unreadable),
        taken.table.vectors,
        taken.audio_sha256,
        unreadable,
    )


def look(
    heard: Heard,
    truth: Labels,
    folds: Sequence[Fold],
    *,
    protocol: str,
    class_names: Sequence[str],
) -> Audit:
    """Everything that is cheap: speakers, identical samples, label sets, imbalance, the shortcut baseline.

    Args:
        heard: The clips.
        truth: (n_clips,) class indices.
        folds: Rows of the clips.
        protocol: What the folds are called.
        class_names: Classes in the order of their indices.
    """
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    guess = shortcut.guesses(heard.stats, truth, folds, seed=SEED)
    n_classes = len(class_names)
    reached = shortcut.score(
        truth[tested],
        guess[tested],
        n_classes=n_classes,
        speakers=[heard.clips[row].speaker for row in tested],
    )
    findings: list[Finding] = [
        *checks.speakers(heard.clips, folds),
        *checks.identical(heard.clips, heard.digests, folds),
        *checks.labels(truth, folds, class_names=class_names),
        *checks.imbalance(truth, class_names=class_names),
        *checks.shortcut(reached, n_classes=n_classes),
    ]
    return Audit(protocol, len(heard.clips), n_classes, by_severity(findings), reached)


def near_copies(
    heard: Heard,
    *,
    store: Store | None = None,
    workers: int = 2,
    on_progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> tuple[Copy, ...]:
    """Pairs of clips that are one sound with other samples."""
    found = find_copies(heard.clips, store=store, workers=workers, on_progress=on_progress)
    return tuple(copy for copy in found if heard.digests[copy.first] != heard.digests[copy.second])


def of_copies(heard: Heard, copies: Sequence[Copy], folds: Sequence[Fold]) -> list[Finding]:
    """What near copies mean under these folds."""
    groups = grouped(len(heard.clips), copies)
    return list(checks.same_sound(heard.clips, groups, folds, kind="near-identical"))
