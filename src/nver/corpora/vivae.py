"""VIVAE: eleven speakers, six emotions, four intensities."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from nver.config import FrozenModel, validate
from nver.corpora.base import Archive, Corpus, CorpusCard, Expected, Survey
from nver.corpora.label_maps import VIVAE_LABELS
from nver.corpora.listing import Listing, list_recordings
from nver.corpora.naming import Reading, expect_names, odd_name, published_paths, stem_of, survey_names

Intensity = Literal["low", "moderate", "strong", "peak"]

_N_PER_SPEAKER = (93, 101, 101, 108, 111, 111, 103, 108, 108, 87, 54)

CARD = CorpusCard(
    name="vivae",
    title="Variably Intense Vocalizations of Affect and Emotion",
    labels=VIVAE_LABELS,
    licence="CC BY-NC 4.0",
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    citation=(
        "Holz, N., Larrouy-Maestri, P., & Poeppel, D. (2022). The Variably Intense Vocalizations of Affect "
        "and Emotion (VIVAE) corpus prompts new perspective on nonspeech perception. Emotion, 22(1), "
        "213-225. doi:10.1037/emo0001048"
    ),
    homepage="https://doi.org/10.5281/zenodo.4066235",
    counts={
        "clips": {"all": 1085},
        "label": {
            "achievement": 161,
            "anger": 174,
            "fear": 176,
            "pain": 185,
            "pleasure": 202,
            "surprise": 187,
        },
        "intensity": {"low": 262, "moderate": 269, "peak": 272, "strong": 282},
        "speaker": {f"S{number:02d}": n for number, n in enumerate(_N_PER_SPEAKER, start=1)},
    },
    archives=(Archive(url="https://zenodo.org/records/4066235/files/VIVAE.zip", file_name="VIVAE.zip"),),
    notes=(
        "The core set repeats 480 clips of the full set under the same names; a scan never takes both.",
        "Items are text: S08_pleasure_strong_011 and S08_pleasure_strong_11 are two clips.",
    ),
)

_EXAMPLE = "S01_anger_low_01.wav"
_NAME = re.compile(
    r"(?P<speaker>S(?:0[1-9]|1[01]))_(?P<emotion>achievement|anger|fear|pain|pleasure|surprise)"
    r"_(?P<intensity>low|moderate|strong|peak)_(?P<item>\d{1,3})"
)
_CORE_PER_INTENSITY = dict.fromkeys(VIVAE_LABELS, 20)
"""Two clips of each of ten speakers, for every emotion at every intensity."""


class Options(FrozenModel):
    """Which clips of VIVAE.

    Attributes:
        subset: ``full`` (1,085 clips) or ``core`` (480 of them, told apart by the folder ``core_set`` alone).
        intensities: Those to keep.
    """

    subset: Literal["full", "core"] = "full"
    intensities: Annotated[tuple[Intensity, ...], Field(min_length=1)] = ("low", "moderate", "strong", "peak")


def scan(root: Path, **options: object) -> Corpus:
    """VIVAE's clips below ``root``, with the attributes ``intensity`` and ``item``.

    Raises:
        ConfigError: An option is not one of ``Options``.
        CorpusError: There is no such folder, no clip in it, or a recording with another name.
    """
    return survey(root, validate(Options, options, source="corpus 'vivae'")).accepted()


def survey(root: Path, options: Options) -> Survey:
    """What lies below ``root``, with nothing raised for odd names."""
    listing = list_recordings(root)
    in_core = _places_in_core_set(root, listing)
    elsewhere = {recording.stem for recording in listing.recordings if recording.place not in in_core}
    if options.subset == "core":
        reason = "not in core_set"
        kept = [recording for recording in listing.recordings if recording.place in in_core]
    else:
        reason = "core_set copy of a clip of full_set"
        kept = [r for r in listing.recordings if r.place not in in_core or r.stem not in elsewhere]
    n_left_out = len(listing.recordings) - len(kept)
    return survey_names(
        Listing(tuple(kept), listing.problems),
        card=CARD,
        root=root,
        options=options,
        read=lambda stem: _read(stem, options),
        example=_EXAMPLE,
        left_out={reason: n_left_out} if n_left_out else {},
    )


def expected(options: Options) -> Expected:
    """The published names and counts of a selection; which names the core set holds is in no public list."""
    stems = published_names()
    if options.subset == "full":
        over = ("clips", "label", "intensity", "speaker")
        return expect_names(stems, read=lambda stem: _read(stem, options), over=over)
    n = len(set(options.intensities))
    counts = {
        "clips": {"all": n * sum(_CORE_PER_INTENSITY.values())},
        "label": {label: n * count for label, count in _CORE_PER_INTENSITY.items()},
    }
    return Expected(frozenset(), frozenset(stems), counts)


def published_names() -> tuple[str, ...]:
    """The 1,085 names of the full set, without suffix."""
    return tuple(stem_of(path) for path in published_paths("vivae"))


def _places_in_core_set(root: Path, listing: Listing) -> set[str]:
    if root.resolve().name == "core_set":
        return {recording.place for recording in listing.recordings}
    return {r.place for r in listing.recordings if "core_set" in r.place.split("/")[:-1]}


def _read(stem: str, options: Options) -> Reading | str:
    match = _NAME.fullmatch(stem)
    if match is None:
        raise odd_name(_EXAMPLE)
    if match["intensity"] not in options.intensities:
        return "intensity not asked for"
    attributes = {"intensity": match["intensity"], "item": match["item"]}
    return Reading(match["emotion"], match["speaker"], attributes)
