"""Dividing clips into training and test parts, so that a score measures what its protocol says it does.

A protocol is a function from classes (and speakers, or named parts) to folds of row numbers. ``hold_out``
then takes the early-stopping part off a training part in the same manner, so that no test clip ever picks an
epoch. Every draw comes from the seed; the same arguments give the same folds on every machine.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nver.errors import SplitError
from nver.types import Labels

Rows: TypeAlias = npt.NDArray[np.int64]
"""Sorted row numbers of clips."""

Names: TypeAlias = Sequence[str | None]
"""One name a clip (its speaker, its part); None where it is unknown."""


@dataclass(frozen=True)
class Fold:
    """Rows to train on and rows to test on, both sorted; ``name`` is how messages call the fold."""

    name: str
    train: Rows
    test: Rows


def stratified(truth: Labels, *, class_names: Sequence[str], n_folds: int, seed: int) -> tuple[Fold, ...]:
    """Folds with equal shares of every class; who speaks is ignored, so speakers are on both sides.

    Args:
        truth: (n_clips,) class indices.
        class_names: Classes in the order of their indices.
        n_folds: Two or more.
        seed: Of the shuffle.

    Returns:
        ``n_folds`` folds; every clip is tested exactly once.

    Raises:
        SplitError: A class has fewer clips than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    _require_clips_for_every_fold(truth, class_names, n_folds)
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    tests = [test for _, test in splitter.split(truth, truth)]
    return _folds(truth, tests, [f"fold {i + 1}" for i in range(n_folds)], class_names)


def by_speaker(
    truth: Labels, speakers: Names, *, class_names: Sequence[str], n_folds: int, seed: int
) -> tuple[Fold, ...]:
    """Folds with no speaker on both sides, and with shares of every class as equal as that allows.

    Args:
        truth: (n_clips,) class indices.
        speakers: Who is heard in each clip.
        class_names: Classes in the order of their indices.
        n_folds: Two or more, and no more than there are speakers.
        seed: Of the shuffle.

    Returns:
        ``n_folds`` folds; every clip is tested exactly once. A test part may lack a class that few speakers
        have.

    Raises:
        SplitError: A clip has no speaker, there are more folds than speakers, a class has fewer clips than
            there are folds, or a class would be missing from a training part.
    """
    groups = _known(speakers, "speaker")
    n_speakers = int(groups.max()) + 1
    if n_folds > n_speakers:
        enough = f"set n_folds={n_speakers}" if n_speakers > 1 else "use the protocol 'paper'"
        raise SplitError(f"{n_folds} folds need {n_folds} speakers and there are only {n_speakers}; {enough}")
    _require_clips_for_every_fold(truth, class_names, n_folds)
    tests = _grouped(truth, groups, n_folds=n_folds, seed=seed)
    return _folds(truth, tests, [f"fold {i + 1}" for i in range(n_folds)], class_names)


def leave_one_speaker_out(truth: Labels, speakers: Names, *, class_names: Sequence[str]) -> tuple[Fold, ...]:
    """One fold a speaker, in the order of their names: tested on that speaker, trained on all others.

    Raises:
        SplitError: A clip has no speaker, there is only one speaker, or a class would be missing from a
            training part.

    >>> [fold.test.tolist() for fold in leave_one_speaker_out(
    ...     np.array([0, 1, 0, 1]), ["ann", "ann", "bob", "bob"], class_names=["cry", "laugh"])]
    [[0, 1], [2, 3]]
    """
    groups = _known(speakers, "speaker")
    names = sorted({str(name) for name in speakers})
    if len(names) < 2:
        raise SplitError(f"leaving one speaker out needs two speakers and there is only '{names[0]}'")
    tests = [np.flatnonzero(groups == i) for i in range(len(names))]
    return _folds(truth, tests, [f"speaker {name}" for name in names], class_names)


def predefined(
    truth: Labels,
    parts: Names,
    *,
    class_names: Sequence[str],
    attribute: str = "split",
    train: Sequence[str] = (),
    test: Sequence[str] = (),
) -> tuple[Fold, ...]:
    """Folds that the corpus names.

    Args:
        truth: (n_clips,) class indices.
        parts: The part that each clip belongs to.
        class_names: Classes in the order of their indices.
        attribute: What the parts are called, for messages.
        train: Parts to train on; with both empty, every part is tested once by a head trained on the others.
        test: Parts to test on. Parts in neither ``train`` nor ``test`` are left out.

    Returns:
        One fold, or one a part.

    Raises:
        SplitError: A clip has no part, a part that was asked for has no clip, there is only one part, or a
            class would be missing from the training part.
    """
    _known(parts, attribute)
    known = sorted({str(part) for part in parts})
    for part in (*train, *test):
        if part not in known:
            raise SplitError(f"no clip has {attribute} '{part}'; the corpus has: {', '.join(known)}")
    labels = np.array([str(part) for part in parts])
    if train:
        fold = Fold(
            f"{attribute} {'+'.join(test)}",
            np.flatnonzero(np.isin(labels, list(train))),
            np.flatnonzero(np.isin(labels, list(test))),
        )
        _require_every_class(truth, fold, class_names)
        return (fold,)
    if len(known) < 2:
        raise SplitError(f"every clip has {attribute} '{known[0]}': there is nothing to train on and test on")
    tests = [np.flatnonzero(labels == part) for part in known]
    return _folds(truth, tests, [f"{attribute} {part}" for part in known], class_names)


def hold_out(
    truth: Labels,
    fold: Fold,
    *,
    class_names: Sequence[str],
    share: float,
    seed: int,
    speakers: Names | None = None,
) -> tuple[Rows, Rows]:
    """A fold's training rows, divided into those that are trained on and those that pick the epoch.

    Args:
        truth: (n_clips,) class indices of the whole corpus.
        fold: Only its training rows are looked at.
        class_names: Classes in the order of their indices.
        share: Part of the training rows to hold back. Without speakers each class gives its share, one clip
            or more if it has two; with speakers, whole speakers are held back, one or more.
        seed: Of the draw.
        speakers: Who is heard in each clip of the corpus, where no speaker may be on both sides.

    Returns:
        (rows to train on, rows that pick the epoch): disjoint, sorted, together the training rows.

    Raises:
        SplitError: There are too few clips or speakers to hold any back.
    """
    if speakers is None:
        held_back = _some_of_every_class(truth, fold, share=share, seed=seed)
    else:
        held_back = _some_speakers(truth, fold, speakers, class_names=class_names, share=share, seed=seed)
    return np.setdiff1d(fold.train, held_back), held_back


def n_tested_with_known_speaker(folds: Iterable[Fold], speakers: Names) -> int:
    """How many tested clips have a speaker whom their fold's head has heard in training."""
    total = 0
    for fold in folds:
        heard = {speakers[row] for row in fold.train} - {None}
        total += sum(speakers[row] in heard for row in fold.test)
    return total


def _grouped(truth: Labels, groups: Rows, *, n_folds: int, seed: int) -> list[Rows]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # scikit-learn warns when a class has fewer clips than folds. ``by_speaker`` refuses that beforehand,
        # and for a held-back part it is no fault.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [test for _, test in splitter.split(truth, truth, groups)]


def _some_of_every_class(truth: Labels, fold: Fold, *, share: float, seed: int) -> Rows:
    draw = np.random.default_rng(seed)
    held_back: list[Rows] = []
    for index in np.unique(truth[fold.train]):
        rows = draw.permutation(fold.train[truth[fold.train] == index])
        held_back.append(rows[: min(max(1, round(share * len(rows))), len(rows) - 1)])
    rows = np.sort(np.concatenate(held_back))
    if len(rows) == 0:
        raise SplitError(
            f"{fold.name}: no class has two training clips, so none can be held back to pick an epoch"
        )
    return rows


def _some_speakers(
    truth: Labels, fold: Fold, speakers: Names, *, class_names: Sequence[str], share: float, seed: int
) -> Rows:
    inside = truth[fold.train]
    groups = _known([speakers[row] for row in fold.train], "speaker")
    n_parts = min(round(1 / share), int(groups.max()) + 1, int(np.bincount(inside).max()))
    if n_parts < 2:
        raise SplitError(
            f"{fold.name}: only one speaker is trained on, so none can be held back to pick an epoch; "
            "protocols that separate speakers need three of them"
        )
    parts = _grouped(inside, groups, n_folds=n_parts, seed=seed)
    # scikit-learn deals the most uneven speaker to the first part whatever the seed: which part is held back
    # has to be drawn as well.
    for i in np.random.default_rng(seed).permutation(n_parts):
        rest = np.delete(inside, parts[i])
        if len(np.unique(rest)) == len(np.unique(inside)):
            return np.sort(fold.train[parts[i]])
    raise SplitError(
        f"{fold.name}: whichever speakers are held back to pick an epoch, one of the classes "
        f"{', '.join(class_names)} is left without a training clip"
    )


def _known(names: Names, what: str) -> Rows:
    """(n_clips,) the number of each clip's name among the sorted names."""
    if len(names) == 0:
        raise SplitError("there are no clips to divide")
    n_unknown = sum(name is None for name in names)
    if n_unknown:
        instead = "; use the protocol 'paper', which ignores speakers" if what == "speaker" else ""
        raise SplitError(f"{n_unknown:,} of {len(names):,} clips have no {what}{instead}")
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)


def _folds(
    truth: Labels, tests: Sequence[Rows], names: Sequence[str], class_names: Sequence[str]
) -> tuple[Fold, ...]:
    every = np.arange(len(truth))
    folds = tuple(
        Fold(name, np.setdiff1d(every, test), np.sort(test)) for name, test in zip(names, tests, strict=True)
    )
    for fold in folds:
        _require_every_class(truth, fold, class_names)
    return folds


def _require_clips_for_every_fold(truth: Labels, class_names: Sequence[str], n_folds: int) -> None:
    counts = np.bincount(truth, minlength=len(class_names))
    rarest = int(counts.argmin())
    if counts[rarest] < n_folds:
        raise SplitError(
            f"class '{class_names[rarest]}' has {counts[rarest]} clips and there are {n_folds} folds; "
            "take fewer folds, or leave the class out"
        )


def _require_every_class(truth: Labels, fold: Fold, class_names: Sequence[str]) -> None:
    counts = np.bincount(truth[fold.train], minlength=len(class_names))
    missing = [name for name, count in zip(class_names, counts, strict=True) if count == 0]
    if missing:
        raise SplitError(
            f"{fold.name}: no clip of class '{missing[0]}' is left to train on; "
            "take another protocol, or leave the class out"
        )
