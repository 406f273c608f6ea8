"""EmoGator: 357 contributors, 30 categories of vocal bursts, three takes of each."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

from pydantic import field_validator

from nver.config import FrozenModel, validate
from nver.corpora import label_maps
from nver.corpora.base import Archive, Corpus, CorpusCard, Expected, Survey
from nver.corpora.listing import list_recordings
from nver.corpora.naming import Reading, expect_names, odd_name, survey_names
from nver.errors import CorpusError

N_CONTRIBUTORS = 357
SPLITS = {"train": range(1, 251), "validation": range(251, 301), "test": range(301, N_CONTRIBUTORS + 1)}
"""Contributors of each split; shipped recognisers are tested on ``test``, which nothing else touches."""

CATEGORIES = (
    *("Adoration", "Amusement", "Anger", "Awe", "Confusion", "Contempt", "Contentment", "Desire"),
    *("Disappointment", "Disgust", "Distress", "Ecstasy", "Elation", "Embarrassment", "Fear", "Guilt"),
    *("Interest", "Neutral", "Pain", "Pride", "Realization", "Relief", "Romantic Love", "Sadness"),
    *("Serenity", "Shame", "Surprise (Negative)", "Surprise (Positive)", "Sympathy", "Triumph"),
)
"""In the order of their codes, 01 to 30."""

_REVISION = "51eeca515a95f168ab73391cd9e7c975ab964429"

CARD = CorpusCard(
    name="emogator",
    title="EmoGator: vocal bursts in 30 categories",
    labels=CATEGORIES,
    licence="Apache-2.0",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
    citation=(
        "Buhl, F. W. (2023). EmoGator: A new open source vocal burst dataset with baseline machine learning "
        "classification methodologies. arXiv:2301.00508"
    ),
    homepage="https://github.com/fredbuhl/EmoGator",
    counts={
        "clips": {"all": 32_130},
        "label": dict.fromkeys(CATEGORIES, 1071),
        "split": {"test": 5_130, "train": 22_500, "validation": 4_500},
    },
    archives=(
        Archive(
            url=f"https://github.com/fredbuhl/EmoGator/archive/{_REVISION}.zip",
            file_name=f"EmoGator-{_REVISION[:7]}.zip",
        ),
    ),
    notes=(
        "Contributors 301-357 are kept for testing: they are found only when 'contributors' names them.",
        "The publication holds 20 pairs of identical clips, each within one contributor and category.",
    ),
)

_EXAMPLE = "000001-01-1.mp3"
_NAME = re.compile(r"(?P<contributor>\d{6})-(?P<category>0[1-9]|[12]\d|30)-(?P<take>[123])")
_RANGES = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


class Options(FrozenModel):
    """Which clips of EmoGator, and whose labels they carry.

    Attributes:
        contributors: Numbers and ranges, as in ``"1-20,25"``. 301-357 must be asked for.
        labels: ``all`` 30 categories, or those that stand for one of ``vivae``'s or of ``jnv``'s six.
    """

    contributors: str = "1-300"
    labels: label_maps.LabelSet = "all"

    @field_validator("contributors")
    @classmethod
    def _are_ranges(cls, text: str) -> str:
        _numbers(text)
        return text


def scan(root: Path, **options: object) -> Corpus:
    """EmoGator's clips below ``root``, with the attributes ``category``, ``take`` and ``split``.

    The published MP3 files and clips converted to any other format give the same ids.

    Raises:
        ConfigError: An option is not one of ``Options``, or cannot be meant.
        CorpusError: There is no such folder, no clip in it, a recording with another name, two of a clip, or
            contributors were named of whom nothing is there.
    """
    valid = validate(Options, options, source="corpus 'emogator'")
    corpus = survey(root, valid).accepted()
    if valid.contributors != Options().contributors:
        wanted = {f"{number:06d}" for number in _numbers(valid.contributors)}
        missing = sorted(wanted - {clip.speaker for clip in corpus.clips})
        if missing:
            raise CorpusError(
                f"{root} holds nothing of {len(missing)} of the {len(wanted)} contributors asked for "
                f"('{valid.contributors}'), {missing[0]} the first; name those that are there"
            )
    return corpus


def survey(root: Path, options: Options) -> Survey:
    """What lies below ``root``, with nothing raised for odd names."""
    mapping = label_maps.EMOGATOR.get(options.labels)
    labels = CATEGORIES if mapping is None else label_maps.target_labels(options.labels, mapping)
    return survey_names(
        list_recordings(root),
        card=CARD.labelled(labels),
        root=root,
        options=options,
        read=_Reader(options),
        example=_EXAMPLE,
    )


def expected(options: Options) -> Expected:
    """The published names and counts of a selection."""
    return expect_names(published_names(), read=_Reader(options), over=("clips", "label", "speaker", "split"))


def published_names() -> tuple[str, ...]:
    """All 32,130 names, without suffix."""
    codes = product(range(1, N_CONTRIBUTORS + 1), range(1, len(CATEGORIES) + 1), (1, 2, 3))
    return tuple(f"{contributor:06d}-{category:02d}-{take}" for contributor, category, take in codes)


class _Reader:
    """The grammar of the names, with the options of one selection."""

    def __init__(self, options: Options) -> None:
        self._wanted = {f"{number:06d}" for number in _numbers(options.contributors)}
        self._splits = {f"{n:06d}": split for split, numbers in SPLITS.items() for n in numbers}
        self._mapping = label_maps.EMOGATOR.get(options.labels, {name: name for name in CATEGORIES})
        self._unmapped = f"category has no counterpart in {options.labels}"

    def __call__(self, stem: str) -> Reading | str:
        match = _NAME.fullmatch(stem)
        if match is None:
            raise odd_name(_EXAMPLE)
        contributor, code, take = match.groups()
        if contributor not in self._splits:
            raise CorpusError(
                f"has the unknown contributor '{contributor}'; known: 000001..{N_CONTRIBUTORS:06d}"
            )
        if contributor not in self._wanted:
            return "contributor not asked for"
        category = CATEGORIES[int(code) - 1]
        if category not in self._mapping:
            return self._unmapped
        attributes = {"category": category, "take": take, "split": self._splits[contributor]}
        return Reading(self._mapping[category], contributor, attributes)


def _numbers(text: str) -> frozenset[int]:
    """The contributors that ``"1-20,25"`` names.

    >>> sorted(_numbers("1-3,7"))
    [1, 2, 3, 7]
    """
    compact = text.replace(" ", "")
    if not _RANGES.fullmatch(compact):
        raise ValueError(
            f"'{text}' is no list of contributors; expected numbers and ranges such as '1-250,301'"
        )
    numbers: set[int] = set()
    for part in compact.split(","):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= N_CONTRIBUTORS:
            raise ValueError(f"'{part}' is no range of contributors; they are numbered 1 to {N_CONTRIBUTORS}")
        numbers.update(range(low, high + 1))
    return frozenset(numbers)
