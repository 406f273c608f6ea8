"""The table of corpora: which names there are, and where each one lives."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from nver.corpora import joined
from nver.corpora.base import Corpus, CorpusCard, CorpusModule
from nver.names import Names

CORPORA = Names(
    "corpus",
    {
        "asvp-esd": "nver.corpora.asvp_esd",
        "emogator": "nver.corpora.emogator",
        "folder": "nver.corpora.folder",
        "jnv": "nver.corpora.jnv",
        "manifest": "nver.corpora.manifest",
        "vivae": "nver.corpora.vivae",
    },
)
"""Every corpus, and the module that holds its ``CARD``, its ``Options`` and its ``scan``."""

JOINED = "joined"
"""No corpus of its own, but several as one."""


def load_module(name: str) -> CorpusModule:
    """The module behind a name of ``CORPORA``.

    Raises:
        ConfigError: The name is not in the table; the message suggests the nearest one.
    """
    return cast("CorpusModule", import_module(CORPORA[name]))


def load_card(name: str) -> CorpusCard:
    """The published facts of a corpus.

    >>> load_card("vivae").labels
    ('achievement', 'anger', 'fear', 'pain', 'pleasure', 'surprise')

    Raises:
        ConfigError: No corpus has this name.
    """
    return load_module(name).CARD


def open_corpus(name: str, root: Path | str, **options: object) -> Corpus:
    """Find the clips of a corpus below a folder, from file names alone; no audio is read.

    Args:
        name: One of ``CORPORA``, or ``joined`` for several of them as one (``nver.corpora.joined``).
        root: A folder that holds the corpus at any depth, as files, as tar shards or as both; for
            ``manifest`` the CSV or Parquet file itself.
        **options: The knobs of that corpus (the fields of its module's ``Options``).

    Returns:
        Its clips, sorted by id, and the number of files that the options leave out, by reason.

    Raises:
        ConfigError: No corpus has this name, or it has no such option.
        CorpusError: There is no such folder, no clip in it, or a file that this corpus does not hold.
    """
    if name == JOINED:
        return joined.scan(Path(root).expanduser(), **options)
    return load_module(name).scan(Path(root).expanduser(), **options)
