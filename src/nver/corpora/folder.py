"""One's own recordings, one directory a label."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from pydantic import field_validator

from nver.config import FrozenModel, validate
from nver.corpora.base import Corpus, CorpusCard, Expected, Problem, Survey
from nver.corpora.listing import list_recordings
from nver.types import Clip

CARD = CorpusCard(
    name="folder",
    title="One's own recordings, one directory a label",
    labels=(),
    licence="one's own",
    licence_url="",
    citation="",
    homepage="",
    notes=("Labels come from the directories, sorted, unless the option 'labels' gives them in an order.",),
)

_EXAMPLE = "LABEL/clip.wav"


class Options(FrozenModel):
    """How directories are read.

    Attributes:
        labels: The directories to take, in the order of their class indices; None takes all, sorted.
        speaker: A regular expression, searched in each clip's id, whose group ``speaker`` (or first group) is
            who is heard, as in ``"/(?P<speaker>[^_]+)_"``; None leaves speakers unknown.
    """

    labels: tuple[str, ...] | None = None
    speaker: str | None = None

    @field_validator("labels")
    @classmethod
    def _are_distinct(cls, labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if labels is not None and len(set(labels)) != len(labels):
            raise ValueError("a label is listed twice; its place in the list is its class index")
        return labels

    @field_validator("speaker")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        try:
            if pattern is not None and re.compile(pattern).groups == 0:
                raise ValueError(f"'{pattern}' has no group; expected one such as '/(?P<speaker>[^_]+)_'")
        except re.error as error:
            raise ValueError(f"'{pattern}' is no regular expression ({error})") from error
        return pattern


def scan(root: Path, **options: object) -> Corpus:
    """The recordings below ``root``; the first directory of each one's path is its label, the path is its id.

    Shards may lie inside the directories; one beside them has no label and is refused.

    Raises:
        ConfigError: An option is not one of ``Options``, or cannot be meant.
        CorpusError: There is no such folder, no recording in it, one that lies in no label's directory, or
            one whose id the speaker expression does not match.
    """
    return survey(root, validate(Options, options, source="corpus 'folder'")).accepted()


def survey(root: Path, options: Options) -> Survey:
    """What lies below ``root``, with nothing raised for odd places."""
    listing = list_recordings(root)
    pattern = re.compile(options.speaker) if options.speaker is not None else None
    clips: list[Clip] = []
    refused, left_out = list(listing.problems), Counter[str]()
    for place, source in listing.recordings:
        label, inside, _ = place.partition("/")
        if not inside or label.lower().endswith(".tar"):
            detail = f"'{place}' lies in no label's directory; expected paths such as '{_EXAMPLE}'"
            refused.append(Problem("extra", place, detail))
        elif options.labels is not None and label not in options.labels:
            left_out["label not asked for"] += 1
        elif pattern is None:
            clips.append(Clip(place, source, label))
        elif match := pattern.search(place):
            speaker = match["speaker"] if "speaker" in pattern.groupindex else match[1]
            clips.append(Clip(place, source, label, speaker))
        else:
            detail = f"no speaker in '{place}': the expression '{options.speaker}' does not match it"
            refused.append(Problem("extra", place, detail))
    labels = options.labels if options.labels is not None else sorted({clip.label for clip in clips})
    corpus = Corpus(
        card=CARD.labelled(labels),
        root=root,
        clips=tuple(clips),
        options=options.model_dump(mode="json"),
        left_out=dict(left_out),
    )
    return Survey(corpus, tuple(sorted(refused)), example=_EXAMPLE)


def expected(options: Options) -> Expected:
    """Nothing: no list says what one's own folder should hold."""
    del options
    return Expected()
