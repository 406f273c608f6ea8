"""Several corpora as one, so that a head can be trained on some and tested on others.

Not in the table of corpora: it has no names of its own, and is opened as ``open_corpus("joined", ...)``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from nver.config import FrozenModel, validate
from nver.corpora.base import Corpus, CorpusCard
from nver.errors import CorpusError
from nver.types import Clip

SIDE = "side"
"""The attribute that says which part of which corpus a clip is in: ``emogator/train``."""


class Part(FrozenModel):
    """One of the corpora.

    Attributes:
        name: One of ``CORPORA``.
        root: Where it lies, below the common root or absolute.
        options: Its own knobs; ``labels`` maps its classes to those of another corpus.
        test: Which clips are tested and never trained on: values of an attribute, or of ``speaker``. Without
            it the whole corpus is trained on for the others and tested on by heads that were trained on
            others.
    """

    name: str
    root: Path
    options: dict[str, Any] = Field(default_factory=dict)
    test: Mapping[str, tuple[str, ...]] = {}

    @field_validator("test")
    @classmethod
    def _by_one_attribute(cls, test: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        if len(test) > 1:
            raise ValueError(f"the test part is named by one attribute, got {', '.join(test)}")
        return test


class Options(FrozenModel):
    """Title -> corpus; titles stand before the ids of clips and the names of speakers."""

    parts: Annotated[dict[str, Part], Field(min_length=2)]

    @field_validator("parts")
    @classmethod
    def _titles_are_plain(cls, parts: dict[str, Part]) -> dict[str, Part]:
        if odd := [title for title in parts if "/" in title or not title]:
            raise ValueError(
                f"'{odd[0]}' cannot stand before the ids of clips; use letters, digits and dashes"
            )
        return parts


def sides(title: str, part: Part) -> tuple[str, str]:
    """What clips of a corpus are marked with that may be trained on, and that are tested on.

    >>> sides("jnv", Part(name="jnv", root=".", test={"speaker": ("F2",)}))
    ('jnv/train', 'jnv/test')
    >>> sides("jnv", Part(name="jnv", root="."))
    ('jnv/all', 'jnv/all')
    """
    return (f"{title}/train", f"{title}/test") if part.test else (f"{title}/all", f"{title}/all")


def scan(root: Path, **options: object) -> Corpus:
    """The clips of all corpora under the labels that every one of them has, in the order of the first.

    Raises:
        ConfigError: An option cannot be meant, or a corpus has no such option or name.
        CorpusError: A corpus is not at its root, they share fewer than two labels, or no clip has what the
            test part is named by.
    """
    from nver.corpora.catalogue import open_corpus

    parts = validate(Options, options, source="corpus 'joined'").parts
    opened = {title: open_corpus(p.name, root / p.root, **p.options) for title, p in parts.items()}
    first, *others = opened.values()
    labels = tuple(label for label in first.labels if all(label in corpus.labels for corpus in others))
    if len(labels) < 2:
        listed = "; ".join(f"{title}: {', '.join(corpus.labels)}" for title, corpus in opened.items())
        raise CorpusError(
            f"joined: the corpora share {len(labels)} labels and two are needed ({listed}); "
            "map them with the option 'labels'"
        )
    clips: list[Clip] = []
    left_out: Counter[str] = Counter()
    for title, corpus in opened.items():
        left_out.update({f"{title}: {reason}": n for reason, n in corpus.left_out.items()})
        kept = [clip for clip in corpus.clips if clip.label in labels]
        if len(kept) < len(corpus.clips):
            left_out[f"{title}: label is not in every corpus"] = len(corpus.clips) - len(kept)
        clips += _marked(kept, title, parts[title])
    return Corpus(
        card=_card(opened, labels),
        root=root,
        clips=tuple(sorted(clips, key=lambda clip: clip.id)),
        options=validate(Options, options, source="corpus 'joined'").model_dump(mode="json"),
        left_out=dict(left_out),
    )


def _marked(clips: list[Clip], title: str, part: Part) -> Iterator[Clip]:
    train, test = sides(title, part)
    ((attribute, values),) = part.test.items() or (("", ()),)
    values_found = {_value(clip, attribute) for clip in clips}
    if missing := sorted(set(values) - values_found):
        known = ", ".join(sorted(map(str, values_found - {None}))) or "none"
        raise CorpusError(f"joined: no clip of '{title}' has {attribute} '{missing[0]}'; it has: {known}")
    for clip in clips:
        is_test = not part.test or _value(clip, attribute) in values
        yield Clip(
            id=f"{title}/{clip.id}",
            source=clip.source,
            label=clip.label,
            speaker=None if clip.speaker is None else f"{title}/{clip.speaker}",
            attributes={**clip.attributes, "corpus": title, SIDE: test if is_test else train},
        )


def _value(clip: Clip, attribute: str) -> str | None:
    return clip.speaker if attribute == "speaker" else clip.attributes.get(attribute)


def _card(opened: Mapping[str, Corpus], labels: tuple[str, ...]) -> CorpusCard:
    cards = [corpus.card for corpus in opened.values()]
    return CorpusCard(
        name="joined",
        title=" + ".join(opened),
        labels=labels,
        licence="; ".join(f"{card.name}: {card.licence}" for card in cards),
        licence_url="",
        citation="; ".join(card.citation for card in cards if card.citation),
        homepage="",
    )
