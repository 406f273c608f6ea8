"""Checks that need no listening: who and what is on both sides, which labels there are, how many of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nver.audit.finding import Finding
from nver.evaluation.folds import Fold, Rows
from nver.evaluation.shortcut import Shortcut
from nver.evaluation.sides import both_sides
from nver.types import Clip, Labels

IMBALANCED = 3.0
"""The largest class has so many times the clips of the smallest: accuracy alone misleads from there on."""

UNEVEN = 1.5
"""From here on it is said, without a warning."""


def speakers(clips: Sequence[Clip], folds: Sequence[Fold]) -> Iterator[Finding]:
    """Whether somebody is on both sides, or may be."""
    names = [clip.speaker for clip in clips]
    n_tested = _n_tested(folds)
    if (met := both_sides(folds, names)).size:
        who = {names[row] for row in met}
        yield Finding(
            "leak",
            "speakers",
            f"{met.size:,} of {n_tested:,} tested clips have a speaker who is trained on as well "
            f"({len(who):,} speakers)",
            {"n_tested": n_tested, "n_clips": int(met.size), "n_speakers": len(who)},
            _ids(clips, met),
        )
    if n_unknown := names.count(None):
        yield Finding(
            "warning",
            "speakers",
            f"{n_unknown:,} of {len(clips):,} clips have no known speaker: speakers may be on both sides",
            {"n_clips": n_unknown},
            _ids(clips, [row for row, name in enumerate(names) if name is None]),
        )


def identical(clips: Sequence[Clip], digests: Sequence[str], folds: Sequence[Fold]) -> Iterator[Finding]:
    """Clips with the same samples: on both sides, or under two labels.

    Args:
        clips: What is audited.
        digests: Of each clip's decoded samples.
        folds: Rows of ``clips``.
    """
    count: dict[str, int] = {}
    for digest in digests:
        count[digest] = count.get(digest, 0) + 1
    groups = [digest if count[digest] > 1 else None for digest in digests]
    yield from same_sound(clips, groups, folds, kind="identical")


def same_sound(
    clips: Sequence[Clip], groups: Sequence[str | int | None], folds: Sequence[Fold], *, kind: str
) -> Iterator[Finding]:
    """One finding about clips that are one sound; ``groups`` names the sound, None where a clip is alone."""
    rows = [row for row, group in enumerate(groups) if group is not None]
    if not rows:
        return
    names = [None if group is None else str(group) for group in groups]
    met, n_tested = both_sides(folds, names), _n_tested(folds)
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(str(names[row]), set()).add(clips[row].label)
    n_groups, n_mixed = len(labels), sum(len(found) > 1 for found in labels.values())
    where = (
        f"{met.size:,} of {n_tested:,} tested clips have such a copy among those trained on"
        if met.size
        else "none is on both sides of a fold"
    )
    mixed = f"; {n_mixed:,} of these sounds have two labels" if n_mixed else ""
    word = "identical" if kind == "identical" else "nearly identical"
    yield Finding(
        "leak" if met.size else "warning" if n_mixed else "note",
        "identical" if kind == "identical" else "near-identical",
        f"{len(rows):,} clips are {n_groups:,} {'sound' if n_groups == 1 else 'sounds'} that "
        f"{'is' if n_groups == 1 else 'are'} there more than once ({word}); {where}{mixed}",
        {
            "n_clips": len(rows),
            "n_sounds": n_groups,
            "n_tested": n_tested,
            "n_on_both_sides": int(met.size),
            "n_with_two_labels": n_mixed,
        },
        _ids(clips, rows),
    )


def heard(
    clips: Sequence[Clip],
    folds: Sequence[Fold],
    *,
    corpus: str,
    encoders: Mapping[str, Mapping[str, Sequence[str]]],
) -> Iterator[Finding]:
    """Tested clips whose speaker an encoder has heard in pre-training.

    Args:
        clips: What is audited.
        folds: Rows of ``clips``.
        corpus: Its name.
        encoders: Name -> what its card says it has seen: corpus -> speakers (none: all).
    """
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    for name, seen in encoders.items():
        if corpus not in seen:
            continue
        whom = set(seen[corpus])
        rows = [row for row in tested.tolist() if not whom or clips[row].speaker in whom]
        if rows:
            n_speakers = len({clips[row].speaker for row in rows} - {None})
            yield Finding(
                "leak",
                "heard",
                f"encoder {name} has heard {n_speakers:,} speakers of {len(rows):,} of {len(tested):,} "
                "tested clips in pre-training",
                {"n_clips": len(rows), "n_tested": len(tested), "n_speakers": n_speakers},
                _ids(clips, rows),
            )


def labels(truth: Labels, folds: Sequence[Fold], *, class_names: Sequence[str]) -> Iterator[Finding]:
    """Folds that test fewer classes than there are: their scores are means over other sets of classes."""
    lacking = {
        fold.name: [class_names[i] for i in range(len(class_names)) if not np.any(truth[fold.test] == i)]
        for fold in folds
    }
    lacking = {name: missing for name, missing in lacking.items() if missing}
    if lacking:
        name, missing = next(iter(lacking.items()))
        yield Finding(
            "warning",
            "labels",
            f"label sets differ: {len(lacking):,} of {len(folds):,} folds lack a class in their test part "
            f"({name}: {', '.join(missing)}{'; ...' if len(lacking) > 1 else ''})",
            {"n_folds": len(lacking)},
        )


def imbalance(truth: Labels, *, class_names: Sequence[str]) -> Iterator[Finding]:
    """How much larger the largest class is than the smallest."""
    counts = np.bincount(truth, minlength=len(class_names))
    large, small = int(counts.argmax()), int(counts.argmin())
    ratio = float(counts[large] / counts[small]) if counts[small] else float("inf")
    if ratio < UNEVEN:
        return
    share = counts[large] / counts.sum()
    yield Finding(
        "warning" if ratio >= IMBALANCED else "note",
        "imbalance",
        f"{class_names[large]} has {counts[large]:,} clips and {class_names[small]} {counts[small]:,}"
        f"{f' ({ratio:.1f} times as many)' if counts[small] else ''}: always guessing it gives "
        f"{100 * share:.1f} % accuracy",
        {"n_largest": int(counts[large]), "n_smallest": int(counts[small]), "majority": float(share)},
    )


def shortcut(reached: Shortcut, *, n_classes: int) -> Iterator[Finding]:
    """Whether length, level and silence predict the label beyond chance."""
    if reached.uar_low > 1 / n_classes:
        yield Finding(
            "warning",
            "shortcut",
            f"{reached.sentence(n_classes)}: a system that does no better has not listened",
            {key: value for key, value in reached.to_json().items() if value is not None},
        )


def _n_tested(folds: Sequence[Fold]) -> int:
    return sum(len(fold.test) for fold in folds)


def _ids(clips: Sequence[Clip], rows: Rows | Sequence[int]) -> tuple[str, ...]:
    return tuple(clips[int(row)].id for row in rows)
