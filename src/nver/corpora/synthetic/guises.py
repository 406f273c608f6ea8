"""Under whose names the synthetic corpus appears, and what each name asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from nver.corpora.asvp_esd import LABELS as ASVP_ESD_LABELS
from nver.corpora.label_maps import JNV_LABELS
from nver.corpora.naming import published_paths
from nver.corpora.synthetic.speakers import SPEAKERS, Speaker


@dataclass(frozen=True)
class Role:
    """Who expresses what in one clip, and how strongly.

    Attributes:
        speaker: With the name that the corpus gives them.
        emotion: A key of ``gestures.EMOTIONS``.
        intensity: One of ``emotions.INTENSITIES``.
    """

    speaker: Speaker
    emotion: str
    intensity: str


@dataclass(frozen=True)
class Guise:
    """One corpus whose names are borrowed.

    Attributes:
        corpus: What ``open_corpus`` calls it.
        title: What people call it.
        homepage: Where the real one is.
        folder: Below the root, of all clips.
        names: All file names that there can be.
        cell: Which names are alike: each cell gets a clip before any gets a second one.
        role: What a name asks for.
    """

    corpus: str
    title: str
    homepage: str
    folder: str
    names: Callable[[], tuple[str, ...]]
    cell: Callable[[str], tuple[str, ...]]
    role: Callable[[str], Role]


_NAMED = {speaker.name: speaker for speaker in SPEAKERS}


def _vivae_role(name: str) -> Role:
    speaker, emotion, intensity, _ = name.split("_")
    return Role(_NAMED[speaker], emotion, intensity)


_JNV_CAST = {"F1": "S01", "F2": "S03", "M1": "S02", "M2": "S05"}
_JNV_EMOTIONS = dict(
    zip(JNV_LABELS, ("anger", "disgust", "fear", "achievement", "sadness", "surprise"), strict=True)
)


def _jnv_names() -> tuple[str, ...]:
    """As many as published, in its grammar: which ones of it exist is not public."""
    every = product(_JNV_CAST, JNV_LABELS, range(9), "RF")
    return tuple(
        f"{speaker}_{emotion}_{item:02d}_{session}.wav"
        for speaker, emotion, item, session in every
        if not (item == 8 and session == "F" and emotion in JNV_LABELS[3:])
    )


def _jnv_role(name: str) -> Role:
    speaker, emotion, _, _ = name.split("_")
    return Role(replace(_NAMED[_JNV_CAST[speaker]], name=speaker), _JNV_EMOTIONS[emotion], "strong")


_ASVP_ESD_EMOTIONS = dict(
    zip(
        ASVP_ESD_LABELS,
        (
            *("boredom", "neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"),
            *("achievement", "pleasure", "pain", "disappointment", "breathing"),
        ),
        strict=True,
    )
)


def _asvp_esd_names() -> tuple[str, ...]:
    """Those of the default selection: the Audio folder without speech, in the 13 emotions."""
    published = [path.rsplit("/", 1)[1] for path in published_paths("asvp_esd") if path.startswith("Audio/")]
    fields = [(name, name.split("-")) for name in published]
    return tuple(name for name, (_, channel, code, *_) in fields if channel == "02" and code <= "13")


def _asvp_esd_role(name: str) -> Role:
    _, _, code, intensity, _, actor, *_ = name.split("-")
    speaker = replace(SPEAKERS[int(actor) % len(SPEAKERS)], name=actor)
    emotion = _ASVP_ESD_EMOTIONS[ASVP_ESD_LABELS[int(code) - 1]]
    return Role(speaker, emotion, "peak" if intensity == "02" else "moderate")


GUISES: Mapping[str, Guise] = {
    guise.corpus: guise
    for guise in (
        Guise(
            corpus="vivae",
            title="VIVAE",
            homepage="https://doi.org/10.5281/zenodo.4066235",
            folder="full_set",
            names=lambda: published_paths("vivae"),
            cell=lambda name: tuple(name.split("_")[:2]),
            role=_vivae_role,
        ),
        Guise(
            corpus="jnv",
            title="JNV",
            homepage="https://sites.google.com/site/shinnosuketakamichi/research-topics/jnv_corpus",
            folder="jnv",
            names=_jnv_names,
            cell=lambda name: tuple(name.split("_")[:2]),
            role=_jnv_role,
        ),
        Guise(
            corpus="asvp-esd",
            title="ASVP-ESD",
            homepage="https://doi.org/10.5281/zenodo.7132783",
            folder="Audio",
            names=_asvp_esd_names,
            cell=lambda name: (name.split("-")[2],),
            role=_asvp_esd_role,
        ),
    )
}
"""By the name of the corpus."""
