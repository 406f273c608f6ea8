"""Plans and corpora audited before anything is trained, and what a run says of its own clips and folds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nver.audit import Audit, checks
from nver.audit.copies import Copy
from nver.audit.look import Heard, hear, look, near_copies, of_copies
from nver.corpora import open_corpus
from nver.corpora.base import Corpus
from nver.embeddings.extract import Progress
from nver.embeddings.store import Store
from nver.encoders import load_encoder
from nver.encoders.inventory import entry
from nver.evaluation.folds import Fold
from nver.experiment import CorpusSpec, EncoderSpec, Experiment, FoldSpec, Plan
from nver.results import Result
from nver.training.protocols import divide
from nver.types import Labels

MOST_IDS = 20
"""Clips that a result names of a finding; ``nver audit --json`` names all."""

Seen = Mapping[str, Sequence[str]]
"""What an encoder has heard in pre-training: corpus -> speakers (none: all)."""


@dataclass(frozen=True)
class Report:
    """What ``nver audit`` found.

    Attributes:
        audits: One a way of folding.
        clip_ids: Of the clips that were looked at.
        copies: Pairs of them that are one sound with other samples.
        unreadable: Clip id -> why it could not be decoded.
    """

    audits: tuple[Audit, ...]
    clip_ids: tuple[str, ...]
    copies: tuple[Copy, ...]
    unreadable: Mapping[str, str]

    @property
    def n_leaks(self) -> int:
        """Findings that are leaks, over all ways of folding."""
        return sum(audit.n_leaks for audit in self.audits)

    def to_json(self, *, most_ids: int | None = None) -> dict[str, Any]:
        """Plain data, with so many clip ids a finding at most (None: all)."""
        return {
            "n_clips": len(self.clip_ids),
            "n_leaks": self.n_leaks,
            "audits": [audit.to_json(most_ids=most_ids) for audit in self.audits],
            "near_copies": [
                {
                    "first": self.clip_ids[copy.first],
                    "second": self.clip_ids[copy.second],
                    "correlation": round(copy.correlation, 4),
                    "even_correlation": round(copy.even_correlation, 4),
                    "lag_s": round(copy.lag_s, 4),
                    "gain_db": round(copy.gain_db, 2),
                }
                for copy in self.copies
            ],
            "unreadable": dict(self.unreadable),
        }


def audit_plan(plan: Plan, **how: Any) -> Report:
    """Audit the clips of a plan under each of its ways of folding, and its encoders.

    Args:
        plan: Where it lists seeds, the folds of the first are looked at.
        how: As ``audit_corpus``.
    """
    specs = {spec.model_dump_json(): spec for one in plan.experiments() for spec in one.encoders}
    seed = plan.seeds[0] if plan.seeds else plan.seed
    return audit_corpus(plan.corpus, plan.folds, seed=seed, encoders=tuple(specs.values()), **how)


def audit_corpus(
    spec: CorpusSpec,
    folds: Sequence[FoldSpec] = (),
    *,
    seed: int = 0,
    encoders: Sequence[EncoderSpec] = (),
    store: Store | None = None,
    workers: int = 2,
    skip_unreadable: bool = False,
    on_progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> Report:
    """Look for leaks and shortcuts.

    Args:
        spec: The clips.
        folds: Ways of folding; none takes ``speaker`` where all speakers are known, and else ``paper``.
        seed: Of the folds.
        encoders: Those whose pre-training may have heard the clips.
        store: Where landmarks and numbers are kept; the user's own when None.
        workers: Processes that decode.
        skip_unreadable: Go on without clips that cannot be decoded, and list them.
        on_progress: Told what is done (``clips``, ``landmarks``, ``candidates``, ``pairs``), and how much.

    Raises:
        NverError: As from opening the corpus, decoding and folding.
    """
    corpus = open_corpus(spec.name, spec.root, **spec.options)

    def tell(so_far: Progress) -> None:
        on_progress("clips", so_far.n_done, so_far.n_total)

    heard = hear(
        corpus.clips, store=store, workers=workers, skip_unreadable=skip_unreadable, on_progress=tell
    )
    copies = near_copies(heard, store=store, workers=workers, on_progress=on_progress)
    seen = {encoder.name: seen_by(encoder) for encoder in encoders}
    audits = []
    for way in folds or (usual_folds(corpus),):
        truth, parts = _divided(corpus, heard, way, seed=seed)
        audit = look(heard, truth, parts, protocol=way.protocol, class_names=corpus.labels)
        more = [
            *of_copies(heard, copies, parts),
            *checks.heard(heard.clips, parts, corpus=corpus.card.name, encoders=seen),
        ]
        audits.append(audit.with_findings(more))
    return Report(tuple(audits), tuple(clip.id for clip in heard.clips), copies, heard.unreadable)


def usual_folds(corpus: Corpus) -> FoldSpec:
    """Whole speakers where all are known, up to five folds; else folds that ignore them."""
    speakers = {clip.speaker for clip in corpus.clips}
    if None in speakers or len(speakers) < 2:
        return FoldSpec(protocol="paper")
    return FoldSpec(protocol="speaker", n_folds=min(5, len(speakers)))


def seen_by(spec: EncoderSpec) -> Seen:
    """What an encoder has heard in pre-training, as its card says; nothing for random weights.

    Raises:
        WeightsError: Weights of one's own are not there.
    """
    if spec.options.get("random_weights") is not None:
        return {}
    if "weights" in spec.options:
        return load_encoder(spec.name, **spec.options).card.seen
    return entry(spec.name).card.seen


class Auditor:
    """What the results of one corpus say of its clips and folds: each way of folding is looked at once.

    Args:
        corpus: Of the runs.
        listen: Gives the clips with their lengths and levels; asked once, and only if a result needs it.
    """

    def __init__(self, corpus: Corpus, listen: Callable[[], Heard]) -> None:
        self._corpus, self._listen = corpus, listen
        self._heard: Heard | None = None
        self._folds: dict[str, tuple[Fold, ...]] = {}
        self._audits: dict[str, Audit] = {}

    def audit(self, experiment: Experiment, seen: Mapping[str, Seen]) -> Audit:
        """What is cheap to find about an experiment, and which tested clips its encoders have heard."""
        heard = self._hear()
        key = f"{experiment.folds.model_dump_json()} {experiment.seed}"
        if key not in self._audits:
            truth, folds = _divided(self._corpus, heard, experiment.folds, seed=experiment.seed)
            self._folds[key] = folds
            self._audits[key] = look(
                heard, truth, folds, protocol=experiment.folds.protocol, class_names=self._corpus.labels
            )
        more = checks.heard(heard.clips, self._folds[key], corpus=self._corpus.card.name, encoders=seen)
        return self._audits[key].with_findings(list(more))

    def noted(self, result: Result, audit: Audit) -> Result:
        """The result with what was found in its provenance, and with the duration of every tested clip."""
        durations_s, made = self._hear().durations_s, result.predictions
        told = tuple(f"{durations_s[clip_id]:.3f}" for clip_id in made.clip_ids)
        return dataclasses.replace(
            result,
            predictions=dataclasses.replace(made, attributes={**made.attributes, "duration_s": told}),
            provenance={**result.provenance, "audit": audit.to_json(most_ids=MOST_IDS)},
        )

    def _hear(self) -> Heard:
        if self._heard is None:
            self._heard = self._listen()
        return self._heard


def _divided(corpus: Corpus, heard: Heard, spec: FoldSpec, *, seed: int) -> tuple[Labels, tuple[Fold, ...]]:
    index = {label: i for i, label in enumerate(corpus.labels)}
    truth = np.array([index[clip.label] for clip in heard.clips], np.int64)
    return truth, divide(heard.clips, truth, spec, class_names=corpus.labels, seed=seed)
