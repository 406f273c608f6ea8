"""Embeddings that are in the store already, found without an encoder and without decoding anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nver.audio import decoder_fingerprint
from nver.embeddings.store import Store
from nver.embeddings.table import EmbeddingTable
from nver.types import Clip


@dataclass(frozen=True)
class Found:
    """What the store has of some clips.

    Attributes:
        table: A row for each clip that it has, in the order of the clips; None where it has none.
        missing: Ids of the others, those whose file cannot be read among them.
    """

    table: EmbeddingTable | None
    missing: tuple[str, ...]


def look_up(
    clips: Sequence[Clip], encoder_fingerprint: str, *, dim: int, store: Store | None = None
) -> Found:
    """Stored embeddings of clips, by the fingerprint that results keep of their encoders.

    Args:
        clips: Any number; ids differ.
        encoder_fingerprint: As in a result's provenance.
        dim: Length of its embeddings.
        store: Where to look; ``Store.default()`` when None.

    Raises:
        StoreError: A shard is damaged, or holds vectors of another length.
    """
    store = Store.default() if store is None else store
    vectors, decoded = store.stored(encoder_fingerprint, dim=dim), store.decoded(decoder_fingerprint())
    audio_of: dict[str, str] = {}
    for clip in clips:
        try:
            audio = decoded.of_source(clip.source)
        except OSError:
            continue  # counted as missing
        if audio is not None and audio in vectors:
            audio_of[clip.id] = audio
    missing = tuple(clip.id for clip in clips if clip.id not in audio_of)
    table = EmbeddingTable(vectors.rows(list(audio_of.values())), tuple(audio_of)) if audio_of else None
    return Found(table, missing)
