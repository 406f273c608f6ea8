"""Corpora by name: ``open_corpus("vivae", root)``; ``verify("vivae", root)`` says what a copy lacks."""

from __future__ import annotations

from nver.corpora.base import Archive, Corpus, CorpusCard, Problem
from nver.corpora.catalogue import CORPORA, load_card, load_module, open_corpus
from nver.corpora.verification import verify

__all__ = [
    "CORPORA",
    "Archive",
    "Corpus",
    "CorpusCard",
    "Problem",
    "load_card",
    "load_module",
    "open_corpus",
    "verify",
]
