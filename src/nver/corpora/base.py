"""What a corpus is: a card of published facts, and clips found by a scan of file names alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nver.config import FrozenModel
from nver.types import Clip


class Archive(FrozenModel):
    """One file that a corpus is published as. ``sha256``/``md5`` and ``n_bytes`` only where they are known."""

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


@dataclass(frozen=True)
class Corpus:
    """Clips of one corpus, found below one root.

    Attributes:
        card: The facts; ``card.labels`` is what this selection is labelled with (a label map changes it).
        root: Where the scan began.
        clips: Sorted by id; ids are unique.
        options: The knobs of this selection, as plain data, for provenance.
        left_out: Why files of the corpus are not among the clips: reason -> number of files.
    """

    card: CorpusCard
    root: Path
    clips: tuple[Clip, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of their indices."""
        return self.card.labels


Scan = Callable[..., Corpus]
"""``scan(root, **options) -> Corpus``: what each corpus module writes."""
