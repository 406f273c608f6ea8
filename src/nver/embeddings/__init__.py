"""Embeddings of clips: a table in memory, a store on disk, and the loop that fills it."""

from __future__ import annotations

from nver.embeddings.extract import Extraction, Progress, extract
from nver.embeddings.store import Damage, Freed, Holding, Store, gc, ls, verify
from nver.embeddings.table import EmbeddingTable

__all__ = [
    "Damage",
    "EmbeddingTable",
    "Extraction",
    "Freed",
    "Holding",
    "Progress",
    "Store",
    "extract",
    "gc",
    "ls",
    "verify",
]
