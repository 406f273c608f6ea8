"""Corpora by name: ``open_corpus("vivae", root)``."""

from __future__ import annotations

from pathlib import Path

from nver.corpora.base import Archive, Corpus, CorpusCard
from nver.names import Names

__all__ = ["CORPORA", "Archive", "Corpus", "CorpusCard", "open_corpus"]

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
