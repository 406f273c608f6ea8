"""ASVP-ESD: emotional sounds of 129 speakers cut from films, shows and the web; its speech is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import field_validator

from nver.config import FrozenModel, validate
from nver.corpora import label_maps
from nver.corpora.base import Archive, Corpus, CorpusCard, Expected, Survey
from nver.corpora.listing import list_recordings
from nver.corpora.naming import Reading, expect_names, odd_name, published_paths, stem_of, survey_names
from nver.errors import CorpusError
from nver.names import suggest

LABELS = (
    *(
        "boredom",
        "neutral",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
        "excited",
        "pleasure",
    ),
    *("pain", "disappointment", "breath"),
)
"""In the order of their codes, 01 to 13."""

_N_PER_LABEL = (447, 281, 1_172, 964, 389, 1_001, 709, 1_094, 131, 330, 778, 77, 172)

CARD = CorpusCard(
    name="asvp-esd",
    title="Audio, Speech and Vision Processing Lab Emotional Sound Database",
    labels=LABELS,
    licence="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    citation=(
        "Landry, D. T. T., He, Q., Yan, H., & Li, Y. (2020). ASVP-ESD: A dataset and its benchmark for "
        "emotion recognition using both speech and non-speech utterances. Global Scientific Journals, 8, "
        "1793-1798."
    ),
    homepage="https://doi.org/10.5281/zenodo.7132783",
    counts={
        "clips": {
            "all": 13_964,
            "Audio": 12_625,
            "Bonus": 1_339,
            "Audio, non-speech": 7_545,
            "Audio, non-speech, neither noisy nor mixed": 7_209,
            "Bonus, non-speech": 1_279,
        },
        "label": dict(zip(LABELS, _N_PER_LABEL, strict=True)),
    },
    archives=(
        Archive(
            url="https://zenodo.org/records/7132783/files/ASVP-ESD-Update.zip",
            file_name="ASVP-ESD-Update.zip",
        ),
    ),
    notes=(
        "Counts of labels are of the default selection: the non-speech clips of the Audio folder.",
        "The licence is as its public copies state it; confirm it on the homepage before redistribution.",
        "Speakers are the actor field of the name: published copies keep 16 clips in another actor's folder.",
        "The Bonus folder is mostly babies, pooled under the actor numbers 50, 150 and 200.",
        "Sex is the parity of the actor number; for the pooled babies of the Bonus folder it says nothing.",
        "The EmoBox partition of this corpus shares all of its actors between training and test.",
    ),
)

_EXAMPLE = "03-02-06-01-07-21-02-01-04-66.wav"
_NAME = re.compile(
    r"03-(?P<channel>0[12])-(?P<emotion>\d{2})-(?P<intensity>\d{2,3})-(?P<statement>\d{1,3})-(?P<actor>\d{2,3})"
    r"-(?P<age>\d{2,4})-(?P<source>\d{2})(?P<tail>(?:-\d{1,4} ?)*)"
)
_HUGGING_FACE_NAME = re.compile(r"[A-Za-z0-9]+(?:_[A-Za-z0-9 -]+){3,}")
_BONUS_ACTORS = frozenset({150, 200})
_INTENSITIES = {"01": "normal", "02": "high"}
_AGES = {"01": "over 65", "02": "20-64", "03": "under 20", "04": "baby"}
_STRAY_EMOTION = "17"


class Options(FrozenModel):
    """Which clips of ASVP-ESD, and whose labels they carry.

    Attributes:
        bonus: Take the Bonus folder too.
        speech: Take speech too; this toolkit is about what is not speech.
        breath: Keep the breath class.
        noisy: Keep clips flagged 77, high noise.
        mixed: Keep clips flagged 66, mixed voices.
        classes: Keep these of the 13 alone; None keeps all.
        labels: ``all`` of its own, or those that stand for one of ``vivae``'s or of ``jnv``'s.
    """

    bonus: bool = False
    speech: bool = False
    breath: bool = True
    noisy: bool = True
    mixed: bool = True
    classes: tuple[str, ...] | None = None
    labels: label_maps.LabelSet = "all"

    @field_validator("classes")
    @classmethod
    def _are_classes(cls, classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in classes or ():
            if name not in LABELS:
                raise ValueError(f"no class is called '{name}'. {suggest(name, LABELS)}")
        if classes == ():
            raise ValueError("an empty list keeps no clip; leave the option out to keep all classes")
        return classes


def scan(root: Path, **options: object) -> Corpus:
    """ASVP-ESD's clips below ``root``.

    Attributes of a clip: ``emotion`` (of the 13), ``intensity``, ``sex``, ``age`` ("unknown" where the code
    is), ``folder`` (Audio or Bonus), ``channel`` (speech or non-speech), ``noisy`` and ``mixed`` (yes or no).

    Raises:
        ConfigError: An option is not one of ``Options``, or cannot be meant.
        CorpusError: There is no such folder, no clip in it, or a recording with another name (those of the
            copy EdwardLin2023/ASVP_ESD, which have another grammar, are named as such).
    """
    return survey(root, validate(Options, options, source="corpus 'asvp-esd'")).accepted()


def survey(root: Path, options: Options) -> Survey:
    """What lies below ``root``, with nothing raised for odd names."""
    mapping = _mapping(options)
    if options.labels == "all":
        labels = tuple(label for label in LABELS if label in mapping)
    else:
        labels = label_maps.target_labels(options.labels, mapping)
    return survey_names(
        list_recordings(root),
        card=CARD.labelled(labels),
        root=root,
        options=options,
        read=lambda stem: _read(stem, options, mapping),
        example=_EXAMPLE,
    )


def expected(options: Options) -> Expected:
    """The published names and counts of a selection."""
    mapping, over = _mapping(options), ("clips", "label", "speaker")
    return expect_names(published_names(), read=lambda stem: _read(stem, options, mapping), over=over)


def published_names() -> tuple[str, ...]:
    """All 13,964 names, without suffix; no two are equal."""
    return tuple(stem_of(path) for path in published_paths("asvp_esd"))


@lru_cache
def _bonus_names() -> frozenset[str]:
    return frozenset(stem_of(path) for path in published_paths("asvp_esd") if path.startswith("Bonus/"))


def _mapping(options: Options) -> Mapping[str, str]:
    """From the emotions that a selection keeps to its labels."""
    kept = [label for label in LABELS if options.classes is None or label in options.classes]
    if not options.breath:
        kept = [label for label in kept if label != "breath"]
    mapping = label_maps.ASVP_ESD.get(options.labels, {label: label for label in LABELS})
    return {label: mapping[label] for label in kept if label in mapping}


def _read(stem: str, options: Options, mapping: Mapping[str, str]) -> Reading | str:
    match = _NAME.fullmatch(stem)
    if match is None:
        if _HUGGING_FACE_NAME.fullmatch(stem):
            raise CorpusError(
                "is named as in the copy EdwardLin2023/ASVP_ESD, whose names have another grammar; use the "
                f"release at {CARD.homepage}, with names such as '{_EXAMPLE}'"
            )
        raise odd_name(_EXAMPLE)
    code, actor = match["emotion"], int(match["actor"])
    if code == _STRAY_EMOTION:
        return f"emotion code {_STRAY_EMOTION}, which no list explains"
    if not 1 <= int(code) <= len(LABELS):
        raise CorpusError(f"has the unknown emotion code '{code}'; known: 01..{len(LABELS)}")
    emotion, speech = LABELS[int(code) - 1], match["channel"] == "01"
    in_bonus = actor in _BONUS_ACTORS or stem in _bonus_names()
    # The ninth field is the language; flags stand in the tenth and later.
    flags = {field.strip() for field in match["tail"].split("-")[2:]}
    noisy, mixed = "77" in flags, "66" in flags
    for leave_out, reason in (
        (in_bonus and not options.bonus, "Bonus folder"),
        (speech and not options.speech, "speech"),
        (noisy and not options.noisy, "noisy"),
        (mixed and not options.mixed, "mixed voices"),
        (emotion == "breath" and not options.breath, "breath"),
        (options.classes is not None and emotion not in options.classes, "class not asked for"),
        (emotion not in mapping, f"class has no counterpart in {options.labels}"),
    ):
        if leave_out:
            return reason
    attributes = {
        "emotion": emotion,
        "intensity": _INTENSITIES.get(match["intensity"], "unknown"),
        "sex": "female" if actor % 2 else "male",
        "age": _AGES.get(match["age"], "unknown"),
        "folder": "Bonus" if in_bonus else "Audio",
        "channel": "speech" if speech else "non-speech",
        "noisy": "yes" if noisy else "no",
        "mixed": "yes" if mixed else "no",
    }
    return Reading(mapping[emotion], str(actor), attributes)
