"""One plan under several protocols, so that what speakers give away can be told from what heads learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nver.corpora.base import Corpus
from nver.errors import ConfigError
from nver.experiment import FoldSpec, Plan, Protocol
from nver.training.inputs import divided

PROTOCOLS: tuple[Protocol, ...] = ("paper", "speaker", "leave-one-speaker-out")
"""Speakers on both sides; whole speakers apart, a few at a time; one at a time."""

N_SEEDS = 5


@dataclass(frozen=True)
class Crossed:
    """A plan under several protocols, and what was done to it beyond that, a sentence each."""

    plan: Plan
    notes: tuple[str, ...]


def crossed(
    plan: Plan, corpus: Corpus, *, protocols: Sequence[Protocol] = PROTOCOLS, n_seeds: int | None = None
) -> Crossed:
    """The plan under these protocols, once with every seed, before anything is embedded or trained.

    Ways of folding that the plan has of a protocol are kept; of the others one is made, with as many folds.
    ``speaker`` is never given more folds than there are speakers. A system that names protocols of its own
    stays with those.

    Args:
        plan: Its ``folds`` and ``seeds`` are replaced.
        corpus: Its clips.
        protocols: ``paper``, and one or more that keep speakers apart.
        n_seeds: Repetitions; None takes the plan's ``seeds``, or five from its ``seed`` on.

    Raises:
        ConfigError: ``paper`` or all others are not among the protocols.
        SplitError: The corpus cannot be divided so.
    """
    if "paper" not in protocols or len(set(protocols)) < 2:
        raise ConfigError(
            f"a gap is between 'paper' and a protocol that keeps speakers apart, got {', '.join(protocols)}"
        )
    n_speakers = len({clip.speaker for clip in corpus.clips} - {None})
    folds, notes = [], []
    for protocol in dict.fromkeys(protocols):
        own = [spec for spec in plan.folds if spec.protocol == protocol]
        for spec in own or [FoldSpec(protocol=protocol, n_folds=plan.folds[0].n_folds)]:
            if protocol == "speaker" and 2 <= n_speakers < spec.n_folds:
                notes.append(
                    f"protocol 'speaker' has {n_speakers} folds and not {spec.n_folds}: there are "
                    f"{n_speakers} speakers"
                )
                spec = spec.model_copy(update={"n_folds": n_speakers})
            folds.append(spec)
    first = plan.seeds[0] if plan.seeds else plan.seed
    seeds = plan.seeds if plan.seeds and n_seeds is None else range(first, first + (n_seeds or N_SEEDS))
    made = plan.model_copy(update={"folds": tuple(folds), "seeds": tuple(seeds)})
    for experiment in made.experiments():
        divided(experiment, corpus)
    return Crossed(made, tuple(notes))
