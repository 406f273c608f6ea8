"""What each way of folding measures, in the words that stand above every table."""

from __future__ import annotations

from nver.experiment import Protocol
from nver.report.comparison import Comparison
from nver.report.provenance import n_speakers, shortcut


def headline(protocol: Protocol) -> str:
    """Who is on which side of the folds, in a few words."""
    match protocol:
        case "paper":
            return "**Protocol `paper`: speakers appear on both sides.**"
        case "speaker" | "leave-one-speaker-out":
            return f"**Protocol `{protocol}`: no speaker appears on both sides.**"
        case "predefined":
            return "**Protocol `predefined`: the corpus says what is on which side.**"


def statement(comparison: Comparison) -> str:
    """The headline, and how to read figures that were reached so."""
    folds, n_folds = comparison.folds, comparison.n_folds
    match folds.protocol:
        case "paper":
            how = (
                f"Clips were divided into {n_folds} folds stratified by class, whoever speaks in them: "
                f"{reading(folds.protocol)}"
            )
        case "speaker":
            how = (
                f"Clips were divided into {n_folds} folds of whole speakers, stratified by class as far as "
                f"that allows. {reading(folds.protocol)}"
            )
        case "leave-one-speaker-out":
            how = (
                f"Each of the {n_folds} speakers was tested once by a head trained on all others. "
                f"{reading(folds.protocol)}"
            )
        case "predefined":
            parts = (
                f"trained on {_listed(folds.train)}, tested on {_listed(folds.test)}"
                if folds.test
                else f"each of the {n_folds} parts was tested once by a head trained on the others"
            )
            how = f"By `{folds.attribute}`: {parts}. {reading(folds.protocol)}"
    return f"{headline(folds.protocol)} {how}"


def reading(protocol: Protocol) -> str:
    """What figures under this protocol are worth."""
    match protocol:
        case "paper":
            return (
                "a head is tested on voices that it was trained on. These figures are optimistic for a voice "
                "that was never heard."
            )
        case "speaker" | "leave-one-speaker-out":
            return "These figures are for voices that were never heard."
        case "predefined":
            return "A warning says so if a speaker appears on both sides."


def chance(comparison: Comparison) -> str:
    """Clips, speakers, folds, and the scores that need no listening."""
    speakers = comparison.units.n_speakers or n_speakers(comparison.rows[0].result)
    who = f"{speakers:,} known speakers" if speakers else "no known speakers"
    n = len(comparison.labels)
    n_folds = "1 fold" if comparison.n_folds == 1 else f"{comparison.n_folds} folds"
    reached = shortcut(comparison.rows[0].result)
    listening = (
        f" Length, level and silence alone: {100 * reached['accuracy']:.1f} % accuracy, "
        f"{100 * reached['macro_f1']:.1f} % macro F1, {100 * reached['uar']:.1f} % UAR."
        if reached
        else ""
    )
    return (
        f"{comparison.n_clips:,} tested clips, {who}, {n} classes, {n_folds}. Chance: {100 / n:.1f} % UAR; "
        f"always guessing the most frequent class: {100 * comparison.largest_class_share:.1f} % accuracy."
        f"{listening}"
    )


def _listed(parts: tuple[str, ...]) -> str:
    return ", ".join(f"`{part}`" for part in parts)
