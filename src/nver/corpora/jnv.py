"""JNV: four Japanese speakers, six emotions, with given phrases and without."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from nver.config import FrozenModel, validate
from nver.corpora.base import Archive, Corpus, CorpusCard, Expected, Survey
from nver.corpora.label_maps import JNV_LABELS
from nver.corpora.listing import list_recordings
from nver.corpora.naming import Reading, odd_name, survey_names
from nver.errors import CorpusError

CARD = CorpusCard(
    name="jnv",
    title="Japanese Nonverbal Vocalizations",
    labels=JNV_LABELS,
    licence="CC BY-SA 4.0",
    licence_url="https://creativecommons.org/licenses/by-sa/4.0/",
    citation=(
        "Xin, D., Takamichi, S., & Saruwatari, H. (2024). JNV corpus: A corpus of Japanese nonverbal "
        "vocalizations with diverse phrases and emotions. Speech Communication, 156, 103004."
    ),
    homepage="https://sites.google.com/site/shinnosuketakamichi/research-topics/jnv_corpus",
    counts={"clips": {"all": 420}, "speaker": {"F1": 105, "F2": 105, "M1": 105, "M2": 105}},
    archives=(
        Archive(
            url="https://ss-takashi.sakura.ne.jp/corpus/jnv/jnv_corpus_ver3.zip",
            file_name="jnv_corpus_ver3.zip",
        ),
    ),
    notes=(
        "No complete list of names is public: a missing clip shows in the counts alone.",
        "Four speakers: folds without shared speakers are four at most.",
    ),
)

_EXAMPLE = "F1_angry_00_R.wav"
_NAME = re.compile(
    r"(?P<speaker>[FM][12])_(?P<emotion>angry|disgust|fear|happy|sad|surprise)_(?P<item>\d+)_(?P<session>[RF])"
)
_JVNV_NAME = re.compile(r"[FM]\d_(?:anger|disgust|fear|happy|sad|surprise)_(?:free|regular)_\w+")
_SEXES = {"F": "female", "M": "male"}


class Options(FrozenModel):
    """Which clips of JNV.

    Attributes:
        sessions: ``R`` (a given phrase) and ``F`` (free of phrases).
    """

    sessions: Annotated[tuple[Literal["R", "F"], ...], Field(min_length=1)] = ("R", "F")


def scan(root: Path, **options: object) -> Corpus:
    """JNV's clips below ``root``, with the attributes ``sex``, ``session`` and ``item``.

    Raises:
        ConfigError: An option is not one of ``Options``.
        CorpusError: There is no such folder, no clip in it, or a recording with another name (those of JVNV,
            the speech corpus by the same authors, are named as such).
    """
    return survey(root, validate(Options, options, source="corpus 'jnv'")).accepted()


def survey(root: Path, options: Options) -> Survey:
    """What lies below ``root``, with nothing raised for odd names."""
    return survey_names(
        list_recordings(root),
        card=CARD,
        root=root,
        options=options,
        read=lambda stem: _read(stem, options),
        example=_EXAMPLE,
    )


def expected(options: Options) -> Expected:
    """The published counts; nothing when one session is left out, for which none are published."""
    return Expected(counts=CARD.counts if set(options.sessions) == {"R", "F"} else {})


def _read(stem: str, options: Options) -> Reading | str:
    match = _NAME.fullmatch(stem)
    if match is None:
        if _JVNV_NAME.fullmatch(stem):
            raise CorpusError(
                "is a name of JVNV, a corpus of emotional speech by the same authors, and not of JNV; "
                f"JNV's names are such as '{_EXAMPLE}'"
            )
        raise odd_name(_EXAMPLE)
    if match["session"] not in options.sessions:
        return "session not asked for"
    speaker = match["speaker"]
    attributes = {"sex": _SEXES[speaker[0]], "session": match["session"], "item": match["item"]}
    return Reading(match["emotion"], speaker, attributes)
