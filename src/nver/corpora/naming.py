"""Corpora whose file names say everything: from a listing and a reader of names to clips and expectations."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeAlias

from nver.config import FrozenModel
from nver.corpora.base import Corpus, CorpusCard, Expected, Problem, Survey, tally
from nver.corpora.listing import Listing
from nver.errors import CorpusError
from nver.types import Clip


class Reading(NamedTuple):
    """What a file name says."""

    label: str
    speaker: str | None
    attributes: dict[str, str]


Reader: TypeAlias = Callable[[str], Reading | str]
"""From a bare file name without suffix to what it says, or to the reason why the options leave it out.

For a name that the corpus does not have it raises CorpusError with a predicate ("has the unknown code '99'").
"""


def survey_names(
    listing: Listing,
    *,
    card: CorpusCard,
    root: Path,
    options: FrozenModel,
    read: Reader,
    example: str,
    left_out: Mapping[str, int] | None = None,
) -> Survey:
    """Read every name of a listing.

    A clip's id is its bare file name without the suffix: the same on every machine, in any nesting, as a file
    or in a shard, and whether the clip was converted to another format or not.

    Args:
        listing: The recordings.
        card: Its labels are those that ``read`` gives.
        root: Where the listing began.
        options: The knobs of the selection, for provenance.
        read: The grammar of the names.
        example: A name as the corpus has them.
        left_out: What was left out before, by reason.
    """
    clips: dict[str, Clip] = {}
    places: dict[str, str] = {}
    refused = list(listing.problems)
    reasons = Counter(left_out or {})
    for recording in listing.recordings:
        place, clip_id = recording.place, recording.stem
        try:
            reading = read(clip_id)
        except CorpusError as error:
            refused.append(Problem("extra", place, f"'{place}' {error}"))
            continue
        if clip_id in places:
            detail = f"'{place}' and '{places[clip_id]}' are the same clip; keep one copy below the root"
            refused.append(Problem("extra", place, detail))
            continue
        places[clip_id] = place
        if isinstance(reading, str):
            reasons[reading] += 1
        else:
            clips[clip_id] = Clip(clip_id, recording.source, *reading)
    corpus = Corpus(
        card=card,
        root=root,
        clips=tuple(clips[clip_id] for clip_id in sorted(clips)),
        options=options.model_dump(mode="json"),
        left_out=dict(sorted(reasons.items())),
    )
    return Survey(corpus, tuple(sorted(refused)), example=example)


def expect_names(stems: Iterable[str], *, read: Reader, over: Iterable[str]) -> Expected:
    """What a complete list of names says that a selection should hold.

    Args:
        stems: All published names, without suffix.
        read: The grammar, with the options of the selection.
        over: What to count (see ``tally``).
    """
    known = frozenset(stems)
    readings = {stem: reading for stem in known if isinstance(reading := read(stem), Reading)}
    return Expected(frozenset(readings), known, tally(readings.values(), over=over))


@lru_cache
def published_paths(name: str) -> tuple[str, ...]:
    """The committed list of a corpus's published files, sorted."""
    packed = files("nver.corpora").joinpath("names", f"{name}.txt.gz").read_bytes()
    return tuple(gzip.decompress(packed).decode().splitlines())


def stem_of(path: str) -> str:
    """The bare file name without its suffix.

    >>> stem_of("Audio/actor_1/03-02-01.wav")
    '03-02-01'
    """
    return path.rpartition("/")[2].rpartition(".")[0]


def odd_name(example: str) -> CorpusError:
    """The error of a name that the corpus's grammar cannot read."""
    return CorpusError(
        f"is no name of this corpus; expected names such as '{example}'. "
        "Move the file out of the root, or give it its published name"
    )
