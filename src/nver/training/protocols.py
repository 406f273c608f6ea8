"""What an experiment asks of ``nver.evaluation.folds``, and what a reader has to know about the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nver.evaluation.folds import (
    Fold,
    by_speaker,
    leave_one_speaker_out,
    n_tested_with_known_speaker,
    predefined,
    stratified,
)
from nver.experiment import FoldSpec
from nver.types import Clip, Labels


def divide(
    clips: Sequence[Clip], truth: Labels, spec: FoldSpec, *, class_names: Sequence[str], seed: int
) -> tuple[Fold, ...]:
    """The folds that a protocol makes of clips.

    Raises:
        SplitError: They would not measure what they claim to.
    """
    speakers = [clip.speaker for clip in clips]
    match spec.protocol:
        case "paper":
            return stratified(truth, class_names=class_names, n_folds=spec.n_folds, seed=seed)
        case "speaker":
            return by_speaker(truth, speakers, class_names=class_names, n_folds=spec.n_folds, seed=seed)
        case "leave-one-speaker-out":
            return leave_one_speaker_out(truth, speakers, class_names=class_names)
        case "predefined":
            parts = [clip.attributes.get(spec.attribute) for clip in clips]
            return predefined(
                truth,
                parts,
                class_names=class_names,
                attribute=spec.attribute,
                train=spec.train,
                test=spec.test,
            )


def kept_apart(clips: Sequence[Clip], spec: FoldSpec) -> list[str | None] | None:
    """Speakers, when the part that picks the epoch has to be made of whole ones; else None.

    That part is divided off as the folds are: ``paper`` ignores speakers, and a predefined split may be of
    clips whose speakers are not all known.
    """
    speakers = [clip.speaker for clip in clips]
    return None if spec.protocol == "paper" or None in speakers else speakers


def caveats(
    spec: FoldSpec, clips: Sequence[Clip], truth: Labels, folds: Sequence[Fold], *, class_names: Sequence[str]
) -> list[str]:
    """What a reader of the scores has to know about the folds, a sentence each."""
    said: list[str] = []
    speakers = [clip.speaker for clip in clips]
    n_tested = sum(len(fold.test) for fold in folds)
    if n_known := n_tested_with_known_speaker(folds, speakers):
        said.append(
            f"protocol '{spec.protocol}': {n_known:,} of {n_tested:,} tested clips have a speaker "
            "who is trained on as well"
        )
    if n_unknown := speakers.count(None):
        said.append(
            f"{n_unknown:,} of {len(clips):,} clips have no known speaker: speakers may be on both sides"
        )
    for fold in folds:
        missing = [name for i, name in enumerate(class_names) if not np.any(truth[fold.test] == i)]
        if missing:
            said.append(
                f"{fold.name} tests no clip of {', '.join(missing)}; its UAR is over the other classes"
            )
    return said
