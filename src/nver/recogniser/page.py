"""The model card: what a bundle says of itself, and how good it is, for a reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nver.recogniser.card import BundleCard, HeadSystem, Seen
from nver.recogniser.views import View


def page(
    card: BundleCard,
    *,
    figures: Mapping[str, Any] | None = None,
    tested_on: str = "",
    pictures: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The model card as Markdown.

    Args:
        card: Of the bundle.
        figures: What ``nver.recogniser.evaluation.figures`` measured; None where nothing was.
        tested_on: The clips that they were measured on, in words.
        pictures: What is drawn -> the file that lies beside the page.
    """
    parts = [*_what(card), *_limits(card), *_training(card), *_views(card)]
    if figures is not None:
        parts += _measured(figures, tested_on)
    parts += [f"![{title}]({name})" for title, name in pictures.items()]
    return "\n\n".join(parts) + "\n"


def _what(card: BundleCard) -> Iterator[str]:
    yield f"# {card.name}"
    yield (
        f"Names the category of a non-verbal vocalisation: one of {len(card.labels)} classes with calibrated "
        f"probabilities. {card.system.title}. Licence of the weights: {card.licence}."
    )
    yield f"Classes: {', '.join(card.labels)}."
    if card.not_sure_below is not None:
        yield f"An answer whose best class has less than {100 * card.not_sure_below:g} % counts as not sure."
    yield from (f"{note}" for note in card.notes)


def _limits(card: BundleCard) -> Iterator[str]:
    yield "## What it is not"
    yield (
        "It names the category that a sound is most like, as the people it was trained on act and record "
        "it. It does not know what a person feels, and is not for decisions about people: not for hiring, "
        "policing, diagnosis or credit, nor for telling lies from truth. A probability is calibrated for "
        "clips like those that it was tested on; other microphones, languages, ages and spontaneous sounds "
        "can make it wrong and still sure."
    )
    if not any(seen.speakers for seen in card.seen):
        yield "Who is heard in its training clips is not known, so no test can be said to be of other people."


def _training(card: BundleCard) -> Iterator[str]:
    yield "## Training"
    yield "\n".join(f"- {_seen(seen)}" for seen in card.seen)
    if isinstance(card.system, HeadSystem):
        yield "\n".join(
            f"- Frozen encoder: {part.name}, {part.dim} dimensions, fingerprint `{part.fingerprint}`"
            for part in card.system.encoders
        )
    yield f"Temperature of the logits: {card.temperature:.4g}. Made with {_versions(card.software)}."


def _seen(seen: Seen) -> str:
    knobs = ", ".join(f"{key} = {value}" for key, value in sorted(seen.options.items()))
    who = f"{len(seen.speakers)} speakers: {spans(seen.speakers)}" if seen.speakers else "speakers unknown"
    return (
        f"{seen.corpus}{f' ({knobs})' if knobs else ''}: {seen.n_train:,} clips for the weights and "
        f"{seen.n_held_back:,} for the epoch and the temperature; {who}"
    )


def spans(speakers: Sequence[str]) -> str:
    """Sorted names with runs of whole numbers of one width drawn together.

    >>> spans(["001", "002", "003", "007", "ann"])
    '001-003, 007, ann'
    """
    runs: list[list[str]] = []
    for name in speakers:
        before = runs[-1][-1] if runs else ""
        follows = before.isdecimal() and name.isdecimal() and len(before) == len(name)
        if follows and int(name) == int(before) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _versions(software: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in software.items()) or "unknown versions"


def _views(card: BundleCard) -> Iterator[str]:
    if not card.views:
        return
    yield "## Coarser views"
    yield (
        "The probabilities of all classes that mean one thing are summed, and divided by the sum over all "
        "that are in the view; what is outside is reported beside them."
    )
    yield "\n".join(f"- `{name}`: {_members(view)}" for name, view in card.views.items())


def _members(view: View) -> str:
    return "; ".join(
        f"{label}: {', '.join(member for member, of in view.members.items() if of == label)}"
        for label in view.classes
    )


def _measured(figures: Mapping[str, Any], tested_on: str) -> Iterator[str]:
    yield "## How good"
    yield (
        f"Measured on {tested_on}: {figures['n_clips']:,} clips of {figures['n_speakers']} speakers. "
        "Percent; in brackets 95 % intervals over speakers."
    )
    rows = [("all classes", str(len(figures["classes"])), figures["all"])]
    rows += [(f"`{name}`", str(len(view["classes"])), view) for name, view in figures["views"].items()]
    lines = [
        f"| {title} | {n_classes} | "
        + " | ".join(_range(one[figure]) for figure in ("accuracy", "macro_f1", "uar"))
        + " |"
        for title, n_classes, one in rows
    ]
    yield "\n".join(["| output | classes | accuracy | macro F1 | UAR |", "|---|---|---|---|---|", *lines])
    yield "\n".join(
        f"- {name.replace('_', '-').replace('-accuracy', ' accuracy')}: {_range(one)}"
        for name, one in figures["all"].items()
        if name.startswith("top_")
    )
    yield "### By class"
    yield "\n".join(
        [
            "| class | clips | recall | precision | F1 |",
            "|---|---|---|---|---|",
            *(
                f"| {label} | {one['n_clips']} | {_percent(one['recall'])} | {_percent(one['precision'])} | "
                f"{_percent(one['f1'])} |"
                for label, one in figures["classes"].items()
            ),
        ]
    )
    yield "### Calibration"
    before, after = figures["calibration"]["before"], figures["calibration"]["after"]
    yield "\n".join(
        [
            "| | before the temperature | after |",
            "|---|---|---|",
            *(
                f"| {title} | {before[key]:.3f} | {after[key]:.3f} |"
                for key, title in (
                    ("ece", "expected calibration error"),
                    ("nll", "negative log-likelihood, nats"),
                    ("brier", "Brier score (0 to 2)"),
                )
            ),
        ]
    )


def _range(one: Mapping[str, float]) -> str:
    return f"{100 * one['value']:.1f} [{100 * one['low']:.1f}, {100 * one['high']:.1f}]"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
