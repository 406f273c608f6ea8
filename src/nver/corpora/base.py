"""What a corpus is: a card of published facts, and clips found by a scan of file names alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from nver.config import FrozenModel
from nver.errors import CorpusError
from nver.types import Clip

Counts: TypeAlias = Mapping[str, Mapping[str, int]]
"""Numbers of clips by what is counted: ``{"clips": {"all": 1085}, "label": {"anger": 174, ...}}``."""


class Archive(FrozenModel):
    """One file that a corpus is published as; digests and ``n_bytes`` only where they are known."""

    url: str
    file_name: str
    n_bytes: int | None = None
    md5: str | None = None
    sha256: str | None = None


class CorpusCard(FrozenModel):
    """Published facts.

    Attributes:
        labels: Their order is the class index for ever.
        counts: Published numbers of clips, as ``{"clips": {"all": 1085}, "label": {...}, "speaker": {...}}``.
        archives: What ``download`` fetches; empty for corpora that must be asked for.
        notes: What a user should know before trusting a score on it.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    licence: str
    licence_url: str
    citation: str
    homepage: str
    counts: Mapping[str, Mapping[str, int]] = {}
    archives: tuple[Archive, ...] = ()
    notes: tuple[str, ...] = ()

    def labelled(self, labels: Iterable[str]) -> CorpusCard:
        """This card for a selection with other labels; the published counts stay on the full card."""
        chosen = tuple(labels)
        return self if chosen == self.labels else self.model_copy(update={"labels": chosen, "counts": {}})


@dataclass(frozen=True)
class Corpus:
    """Clips of one corpus, found below one root.

    Attributes:
        card: The facts; ``card.labels`` is what this selection is labelled with (a label map changes it).
        root: Where the scan began.
        clips: Sorted by id; ids are unique.
        options: The knobs of this selection, as plain data, for provenance.
        left_out: Why files of the corpus are not among the clips: reason -> number of files.

    Raises:
        CorpusError: Clips are out of order, an id occurs twice, or a label is not on the card.
    """

    card: CorpusCard
    root: Path
    clips: tuple[Clip, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for before, after in zip(self.clips, self.clips[1:], strict=False):
            if not before.id < after.id:
                raise CorpusError(
                    f"{self.card.name}: clip '{after.id}' follows '{before.id}'; "
                    "clips must be sorted by id and ids must be unique"
                )
        if unknown := {clip.label for clip in self.clips} - set(self.labels):
            raise CorpusError(
                f"{self.card.name}: label '{min(unknown)}' is not on the card; "
                f"known: {', '.join(self.labels)}"
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of their indices."""
        return self.card.labels


ProblemKind: TypeAlias = Literal[
    "missing", "extra", "unreadable", "silent", "truncated", "duplicate", "count"
]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One way in which a copy of a corpus differs from what it should be.

    Attributes:
        kind: ``missing`` (published, not here), ``extra`` (here, not published), ``unreadable``, ``silent``,
            ``truncated``, ``duplicate`` (two clips with the same samples) or ``count`` (not the card's).
        subject: The id of a clip, the place of a file below the root, or what was counted.
        detail: The finding, in one sentence.
    """

    kind: ProblemKind
    subject: str
    detail: str


@dataclass(frozen=True)
class Survey:
    """What lies below a root, before anything is refused.

    Attributes:
        corpus: The clips that could be read from names; possibly none.
        refused: What makes a scan fail (odd names, two copies, damaged shards), sorted.
        noticed: What a scan passes over and ``verify`` reports.
        example: A name as this corpus has them, for messages.
    """

    corpus: Corpus
    refused: tuple[Problem, ...]
    noticed: tuple[Problem, ...] = ()
    example: str = ""

    def accepted(self) -> Corpus:
        """The corpus.

        Raises:
            CorpusError: Something was refused, or there is no clip.
        """
        name, root = self.corpus.card.name, self.corpus.root
        if self.refused:
            more = len(self.refused) - 1
            hint = (
                f" ({more} more: `nver corpora verify {name} --root {root}` lists them all)" if more else ""
            )
            raise CorpusError(f"{name}: {self.refused[0].detail}{hint}")
        if not self.corpus.clips:
            if self.corpus.left_out:
                reasons = ", ".join(f"{reason}: {n}" for reason, n in self.corpus.left_out.items())
                raise CorpusError(f"{name}: these options leave no clip below {root} ({reasons})")
            raise CorpusError(f"{name}: no clip below {root}; expected audio files such as '{self.example}'")
        return self.corpus


@dataclass(frozen=True)
class Expected:
    """What the publication says a selection should hold.

    Attributes:
        required: Ids that must be there; empty where no complete list is known.
        known: Ids that may be there; None where no complete list is known.
        counts: Numbers of clips in the selection.
    """

    required: frozenset[str] = frozenset()
    known: frozenset[str] | None = None
    counts: Counts = field(default_factory=dict)


class CorpusModule(Protocol):
    """What a module of ``nver.corpora`` holds; docs/adding-a-corpus.md writes one step by step."""

    CARD: CorpusCard
    Options: type[FrozenModel]

    def scan(self, root: Path, **options: object) -> Corpus:
        """The clips below ``root``; refuses odd names, unknown options and empty folders."""

    def survey(self, root: Path, options: FrozenModel) -> Survey:
        """The same for ``verify``: everything found, nothing raised."""

    def expected(self, options: FrozenModel) -> Expected:
        """What the publication says these options should find."""


class Counted(Protocol):
    """What can be tallied: a clip, or what was read from the name of one."""

    @property
    def label(self) -> str:
        """The class."""

    @property
    def speaker(self) -> str | None:
        """Who is heard."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """What else is coded."""


def tally(items: Iterable[Counted], *, over: Iterable[str]) -> dict[str, dict[str, int]]:
    """Numbers of clips.

    Args:
        items: Clips.
        over: ``"clips"`` (the total), ``"label"``, ``"speaker"``, or the name of an attribute.

    Returns:
        For each of ``over``, its values in sorted order and how many clips have each.
    """
    held = list(items)
    counts: dict[str, Counter[str]] = {}
    for section in over:
        match section:
            case "clips":
                counts[section] = Counter({"all": len(held)})
            case "label":
                counts[section] = Counter(item.label for item in held)
            case "speaker":
                counts[section] = Counter(item.speaker for item in held if item.speaker is not None)
            case _:
                counts[section] = Counter(item.attributes.get(section, "") for item in held)
    return {section: dict(sorted(counter.items())) for section, counter in counts.items()}
