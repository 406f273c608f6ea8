"""How good a recogniser is on clips of people whom it never heard: figures with intervals over speakers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from nver.corpora.base import Corpus
from nver.errors import MetricError, NverError, SplitError
from nver.evaluation import calibration, metrics
from nver.evaluation.folds import Rows
from nver.evaluation.intervals import N_DRAWS, over_speakers
from nver.evaluation.metrics import Shares
from nver.recogniser.card import BundleCard
from nver.recogniser.recogniser import Recogniser
from nver.recogniser.views import coarsen
from nver.types import Clip, Labels, Matrix

TOP_K = 5

Figure: TypeAlias = Callable[[Rows], float]
"""A score of the clips in these rows."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a recogniser said of the clips of a corpus.

    Attributes:
        card: Of the recogniser.
        clips: Those that could be read, in the order of the corpus.
        truth: (n_clips,) indices of the recogniser's labels.
        logits: (n_clips, n_labels) before the temperature.
        unreadable: Clip -> why it could not be read.
    """

    card: BundleCard
    clips: tuple[Clip, ...]
    truth: Labels
    logits: Matrix
    unreadable: Mapping[str, str]

    @property
    def probabilities(self) -> Shares:
        """(n_clips, n_labels), calibrated."""
        return calibration.softmax(self.logits, temperature=self.card.temperature)


def examine(
    recogniser: Recogniser,
    corpus: Corpus,
    *,
    workers: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> Answers:
    """Ask a recogniser about every clip of a corpus that has its labels.

    Args:
        recogniser: What to test.
        corpus: Its labels are among the recogniser's.
        workers: Processes that decode.
        on_progress: Told how many clips of how many are done.

    Raises:
        SplitError: Somebody is heard in the corpus whom the recogniser was trained on, or a label is not its.
    """
    require_unseen(recogniser.card, corpus)
    if unknown := sorted(set(corpus.labels) - set(recogniser.labels)):
        raise SplitError(f"'{recogniser.card.name}' cannot be tested on '{unknown[0]}': it is no label of it")
    clips, rows, unreadable = [], [], {}
    sources = [clip.source for clip in corpus.clips]
    outcomes = recogniser.file_logits(sources, workers=workers)
    for clip, outcome in zip(corpus.clips, outcomes, strict=True):
        if isinstance(outcome, NverError):
            unreadable[clip.id] = str(outcome)
        else:
            clips.append(clip)
            rows.append(outcome)
        if on_progress is not None:
            on_progress(len(clips) + len(unreadable), len(corpus.clips))
    return Answers(
        card=recogniser.card,
        clips=tuple(clips),
        truth=np.array([recogniser.labels.index(clip.label) for clip in clips], np.int64),
        logits=np.array(rows, np.float32).reshape(len(rows), len(recogniser.labels)),
        unreadable=unreadable,
    )


def require_unseen(card: BundleCard, corpus: Corpus) -> None:
    """Nobody is heard in the corpus whom the recogniser was trained on.

    Raises:
        SplitError: Somebody is.
    """
    heard = {clip.speaker for clip in corpus.clips} - {None}
    for seen in card.seen:
        both = heard & set(seen.speakers) if seen.corpus == corpus.card.name else set()
        if both:
            raise SplitError(
                f"'{card.name}' was trained on {len(both)} of the {len(heard)} speakers of these clips "
                f"({min(map(str, both))} among them): its scores here would be too good; leave them out"
            )


def figures(answers: Answers, *, n_draws: int = N_DRAWS, seed: int = 0) -> dict[str, Any]:
    """All figures as plain data; intervals are the cluster bootstrap's, over speakers, at 95 %.

    Args:
        answers: Every clip has a speaker.
        n_draws: Of speakers, for the intervals.
        seed: Of the draws.

    Returns:
        ``all`` (accuracy, macro F1, UAR and top-k accuracy over all labels), ``views`` (the first three,
        over the clips that have a class in the view), ``classes`` (each label's recall, precision and F1) and
        ``calibration`` (before and after the temperature). None stands for a figure that is undefined.

    Raises:
        MetricError: A clip has no speaker, or there are fewer than two speakers.
    """
    card, truth, p = answers.card, answers.truth, answers.probabilities
    speakers = [clip.speaker for clip in answers.clips if clip.speaker is not None]
    if len(speakers) < len(truth):
        n_unknown = len(truth) - len(speakers)
        raise MetricError(
            f"{n_unknown:,} of {len(truth):,} clips have no speaker; intervals are over speakers"
        )

    def interval(figure: Figure, rows: Rows) -> dict[str, float]:
        return asdict(
            over_speakers(
                lambda drawn: figure(rows[drawn]), [speakers[row] for row in rows], n_draws=n_draws, seed=seed
            )
        )

    every, k = np.arange(len(truth)), min(TOP_K, len(card.labels))
    of_all = _figures(truth, p, n_classes=len(card.labels))
    of_all[f"top_{k}_accuracy"] = lambda rows: calibration.top_k_accuracy(p[rows], truth[rows], k=k)
    per_class = metrics.scores(truth, p.argmax(axis=1), np.zeros_like(truth), labels=card.labels).per_class
    return {
        "n_clips": len(truth),
        "n_speakers": len(set(speakers)),
        "n_unreadable": len(answers.unreadable),
        "all": {name: interval(figure, every) for name, figure in of_all.items()},
        "views": {name: _of_view(answers, name, interval) for name in card.views},
        "classes": {
            one.label: {
                "n_clips": one.support,
                "recall": _or_none(one.recall),
                "precision": _or_none(one.precision),
                "f1": _or_none(one.f1),
            }
            for one in per_class
        },
        "calibration": {
            "temperature": card.temperature,
            "before": _calibration(calibration.softmax(answers.logits), truth),
            "after": _calibration(p, truth),
        },
    }


def view_of(answers: Answers, name: str) -> tuple[Labels, Shares, Shares]:
    """(n_clips,) true classes of a view (-1 where a clip has none), their probabilities, the mass outside."""
    card = answers.card
    logs = calibration.log_softmax(answers.logits, temperature=card.temperature)
    truth: Labels = np.array(card.views[name].indices(card.labels))[answers.truth]
    return truth, *coarsen(logs, card.views[name], card.labels)


def _of_view(
    answers: Answers, name: str, interval: Callable[[Figure, Rows], dict[str, float]]
) -> dict[str, Any]:
    truth, within, outside = view_of(answers, name)
    rows = np.flatnonzero(truth >= 0)
    classes = answers.card.views[name].classes
    return {
        "classes": list(classes),
        "n_clips": len(rows),
        "mean_mass_outside": float(outside[rows].mean()),
        **{
            title: interval(figure, rows)
            for title, figure in _figures(truth, within, n_classes=len(classes)).items()
        },
    }


def _figures(truth: Labels, p: Shares, *, n_classes: int) -> dict[str, Figure]:
    guess: Labels = p.argmax(axis=1)
    return {
        "accuracy": lambda rows: metrics.accuracy(truth[rows], guess[rows]),
        "macro_f1": lambda rows: metrics.macro_f1(truth[rows], guess[rows], n_classes=n_classes),
        "uar": lambda rows: metrics.unweighted_average_recall(
            truth[rows], guess[rows], n_classes=n_classes, absent="leave out"
        ),
    }


def _or_none(share: float) -> float | None:
    return None if np.isnan(share) else share


def _calibration(p: Shares, truth: Labels) -> dict[str, float]:
    return {
        "ece": calibration.expected_calibration_error(p, truth),
        "nll": calibration.negative_log_likelihood(p, truth),
        "brier": calibration.brier_score(p, truth),
        "mean_confidence": float(p.max(axis=1).mean()),
    }
