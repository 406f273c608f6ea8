"""What a text cites, as keys and as BibTeX: methods by hand, corpora and encoders from their cards."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

_YEAR = re.compile(r"\((\d{4})\)")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
_DOI = re.compile(r"doi:(10\.\S+?)\.?(?=\s|$)")


@dataclass
class Citations:
    """Collects what is cited, in the order in which it is.

    Attributes:
        entries: BibTeX by key.
    """

    entries: dict[str, str] = field(default_factory=dict)

    def cite(self, *keys: str) -> str:
        """``[@kingma2015adam]``, as pandoc reads it, for keys of ``references.bib``."""
        for key in keys:
            self.entries[key] = known()[key]
        return f"[{'; '.join(f'@{key}' for key in keys)}]"

    def cite_card(self, kind: str, name: str, text: str) -> str:
        """The same for the citation of a card; "" where it has none.

        Args:
            kind: ``corpus`` or ``encoder``.
            name: Of the card.
            text: Its citation.
        """
        if not text:
            return ""
        key = re.sub(r"[^a-z0-9]+", "-", f"{kind}-{name}".lower()).strip("-")
        self.entries[key] = entry_of(key, text)
        return f"[@{key}]"

    def bibtex(self) -> str:
        """A file with everything that was cited."""
        return "\n\n".join(self.entries.values()) + "\n"


def entry_of(key: str, text: str) -> str:
    """BibTeX of a citation that is plain text; the whole text is its note.

    >>> print(entry_of("wavlm", "Chen et al. (2022), WavLM, IEEE JSTSP 16(6), arXiv:2110.13900"))
    @misc{wavlm,
      author = {Chen and others},
      year = {2022},
      eprint = {2110.13900},
      archiveprefix = {arXiv},
      note = {Chen et al. (2022), WavLM, IEEE JSTSP 16(6), arXiv:2110.13900}
    }
    """
    fields = {}
    if year := _YEAR.search(text):
        fields["author"] = _authors(text[: year.start()].strip(" ,"))
        fields["year"] = year[1]
    if arxiv := _ARXIV.search(text):
        fields |= {"eprint": arxiv[1], "archiveprefix": "arXiv"}
    if doi := _DOI.search(text):
        fields["doi"] = doi[1]
    fields["note"] = text.replace("&", r"\&")
    inside = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{inside}\n}}"


def _authors(text: str) -> str:
    """``Holz, N., Poeppel, D.`` or ``Gong, Chung, Glass`` or ``Chen et al.`` with ``and`` between them."""
    text = text.replace("&", "and").replace(" et al.", ", others")
    names = [part.strip() for part in re.split(r",\s*(?:and\s+)?|\s+and\s+", text) if part.strip()]
    people: list[str] = []
    for name in names:
        if re.fullmatch(r"(?:[A-Z]\.[ -]?)+", name) and people:
            people[-1] += f", {name}"
        else:
            people.append(name)
    return " and ".join(people)


@cache
def known() -> dict[str, str]:
    """The entries of ``references.bib`` by key."""
    text = resources.files(__package__).joinpath("references.bib").read_text(encoding="utf-8")
    entries = [entry.strip() for entry in text.split("\n\n") if entry.strip()]
    return {entry[entry.index("{") + 1 : entry.index(",")]: entry for entry in entries}
