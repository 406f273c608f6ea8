"""Tested clips as points: who speaks in them, where they lie on a map, and what is missing to draw one.

Nothing is embedded here: vectors come from the store or from a table in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nver.corpora import open_corpus
from nver.embeddings import EmbeddingTable, Store
from nver.embeddings.look_up import look_up
from nver.errors import ConfigError, CorpusError, StoreError
from nver.report.comparison import Comparison, encoder_name, measured_clips
from nver.report.tsne import MIN_CLIPS, tsne
from nver.types import Clip, Labels, Matrix

MAX_VALUES = 32
"""Attributes with more values than colours and markers tell apart are not worth a map."""


@dataclass(frozen=True)
class Sources:
    """Where to look for what results do not hold themselves.

    Attributes:
        roots: Corpus name -> where it lies; for others the place that the result was made from.
        tables: Encoder name -> a file that ``EmbeddingTable.save`` or ``nver embed --out`` wrote; for others
            the store is searched.
        store: ``Store.default()`` when None.
    """

    roots: Mapping[str, Path] = field(default_factory=dict)
    tables: Mapping[str, Path] = field(default_factory=dict)
    store: Store | None = None


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """Raw embeddings of one encoder on a plane; ``places`` is (n_clips, 2), in the order of the clips."""

    encoder: str
    places: Matrix


@dataclass(frozen=True, eq=False)
class ClipSet:
    """Clips that one or several comparisons tested.

    Attributes:
        slug: Unique among the clip sets of a report and fit for a file name.
        labels: Class names in the order of the indices.
        truth: (n_clips,) class indices.
        clips: Clip id -> clip, as the corpus was scanned; empty when it is not here.
        maps: One for each encoder whose embeddings were found.
        missing: What is not here, and what to do about it: one sentence each.
    """

    slug: str
    corpus: str
    labels: tuple[str, ...]
    clip_ids: tuple[str, ...]
    truth: Labels
    clips: Mapping[str, Clip]
    maps: tuple[EmbeddingMap, ...]
    missing: tuple[str, ...]

    def categories(self) -> dict[str, list[str]]:
        """What clips can be coloured by: ``emotion``, ``speaker`` where one is known, and attributes."""
        found = {"emotion": [self.labels[index] for index in self.truth]}
        if len(self.clips) != len(self.clip_ids):
            return found
        clips = [self.clips[clip_id] for clip_id in self.clip_ids]
        if any(clip.speaker is not None for clip in clips):
            found["speaker"] = ["unknown" if clip.speaker is None else clip.speaker for clip in clips]
        for name in dict.fromkeys(name for clip in clips for name in clip.attributes):
            values = [clip.attributes.get(name, "unknown") for clip in clips]
            says_the_same = any(_divide_alike(values, known) for known in found.values())
            if 1 < len(set(values)) <= MAX_VALUES and not says_the_same:
                found.setdefault(name, values)
        return found


def clip_sets(
    comparisons: Sequence[Comparison],
    sources: Sources,
    *,
    on_progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> dict[str, ClipSet]:
    """The clip set of each comparison, by the comparison's slug; comparisons of the same clips share theirs.

    Args:
        comparisons: Of one report.
        sources: Where to look.
        on_progress: Told ``maps``, how many encoders are through, and of how many.

    Raises:
        ConfigError: A corpus or encoder of ``sources`` is in no result.
        CorpusError: A corpus is not where ``sources`` says.
        StoreError: A table that ``sources`` names cannot be read, or lacks clips.
    """
    _refuse_unknown(comparisons, sources)
    groups: dict[str, list[Comparison]] = {}
    for comparison in comparisons:
        groups.setdefault(measured_clips(comparison.rows[0].result), []).append(comparison)
    encoders = [_encoders(group) for group in groups.values()]
    n_done, n_all = 0, sum(map(len, encoders))
    made: dict[str, ClipSet] = {}
    for group, of_group in zip(groups.values(), encoders, strict=True):
        first, missing = group[0], list[str]()
        predictions = first.rows[0].result.predictions
        clips = _scan(first, predictions.clip_ids, sources, missing)
        drawn = []
        for name, said in of_group.items():
            vectors = _vectors(first, clips, name, said, sources=sources, missing=missing)
            if vectors is not None:
                drawn.append(EmbeddingMap(name, tsne(vectors)))
            n_done += 1
            on_progress("maps", n_done, n_all)
        clip_set = ClipSet(
            slug=first.slug,
            corpus=first.corpus.name,
            labels=first.labels,
            clip_ids=predictions.clip_ids,
            truth=predictions.truth,
            clips=clips,
            maps=tuple(drawn),
            missing=tuple(missing),
        )
        made |= {comparison.slug: clip_set for comparison in group}
    return made


def _encoders(group: Sequence[Comparison]) -> dict[str, dict[str, Any]]:
    """Each encoder of the group once: its name with options -> what provenance says of it."""
    results = [row.result for comparison in group for row in comparison.rows]
    return {
        encoder_name(spec): {**said, "name": spec.name}
        for result in results
        for spec, said in zip(result.experiment.encoders, result.provenance["encoders"], strict=True)
    }


def _scan(
    comparison: Comparison, clip_ids: Sequence[str], sources: Sources, missing: list[str]
) -> dict[str, Clip]:
    """The tested clips as the corpus has them; none unless all are there."""
    spec = comparison.corpus
    root = sources.roots.get(spec.name, spec.root)
    hint = f"give --root {spec.name}=DIR"
    try:
        found = {clip.id: clip for clip in open_corpus(spec.name, root, **spec.options).clips}
    except CorpusError as error:
        if spec.name in sources.roots:
            raise
        missing.append(f"the recordings of {spec.name} are not at {root} ({error}); {hint}")
        return {}
    absent = [clip_id for clip_id in clip_ids if clip_id not in found]
    if absent:
        missing.append(
            f"{len(absent):,} of {len(clip_ids):,} tested clips of {spec.name} are not at {root}, "
            f"'{absent[0]}' among them; {hint}, the same copy that was tested"
        )
        return {}
    return {clip_id: found[clip_id] for clip_id in clip_ids}


def _vectors(
    comparison: Comparison,
    clips: Mapping[str, Clip],
    title: str,
    said: Mapping[str, Any],
    *,
    sources: Sources,
    missing: list[str],
) -> Matrix | None:
    """(n_clips, dim), or None and a sentence of what is missing."""
    encoder, corpus = said["name"], comparison.corpus.name
    clip_ids = comparison.rows[0].result.predictions.clip_ids
    if encoder in sources.tables:
        return EmbeddingTable.load(sources.tables[encoder]).rows(clip_ids)
    if len(clip_ids) < MIN_CLIPS:
        missing.append(f"{len(clip_ids)} clips of {corpus} are too few for a map")
        return None
    if not clips:
        missing.append(f"embeddings of {title} are looked up by recording, and those of {corpus} are missing")
        return None
    try:
        found = look_up(
            [clips[clip_id] for clip_id in clip_ids],
            said["fingerprint"],
            dim=said["dim"],
            store=sources.store,
        )
    except StoreError as error:
        missing.append(f"embeddings of {title} cannot be read: {error}")
        return None
    if found.table is None or found.missing:
        missing.append(
            f"the store lacks {len(found.missing):,} of {len(clip_ids):,} embeddings of {corpus} by "
            f"{encoder} with the weights that were tested; "
            f"`nver embed {corpus} --root DIR --encoder {encoder}` stores them, "
            f"or give --embeddings {encoder}=TABLE"
        )
        return None
    return found.table.rows(clip_ids)


def _divide_alike(first: Sequence[str], second: Sequence[str]) -> bool:
    return len(set(first)) == len(set(second)) == len(set(zip(first, second, strict=True)))


def _refuse_unknown(comparisons: Sequence[Comparison], sources: Sources) -> None:
    corpora = {comparison.corpus.name for comparison in comparisons}
    encoders = {
        spec.name
        for comparison in comparisons
        for row in comparison.rows
        for spec in row.result.experiment.encoders
    }
    for kind, named, known in (("corpus", sources.roots, corpora), ("encoder", sources.tables, encoders)):
        for name in named:
            if name not in known:
                raise ConfigError(
                    f"no result is about {kind} '{name}'; these are: {', '.join(sorted(known))}"
                )
