"""What the page's scripts read: plain data, long rows of small numbers as base64."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nver.evaluation.intervals import Interval
from nver.evaluation.metrics import ClassScore, Score
from nver.report import notices
from nver.report.comparison import Comparison, Row
from nver.report.maps import ClipSet
from nver.report.page.evidence import certainty, ends, pairs
from nver.report.page.repeats import of_repeats
from nver.report.protocols import chance, statement
from nver.report.provenance import calibrated_how, n_parameters, random_weights, shared_and_own
from nver.report.repeats import Repeats
from nver.report.reproduce import fusions, plans
from nver.report.searches import search_text
from nver.report.slices import slice_table, usual
from nver.report.study.published import published_cell
from nver.report.tables import SCORES, of_score
from nver.results import FoldHistory, Result

_MAP_STEPS = 30_000
"""Places are sent as 16-bit numbers, up to so many steps from the middle."""


_DRAWS_OF_SLICES = 400
"""A page may show thousands of slices; ``nver slices`` draws more."""


def payload(
    comparisons: Sequence[Comparison],
    clip_sets: Mapping[str, ClipSet],
    *,
    repeats: Sequence[Repeats] = (),
    cards: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything but audio: comparisons, cells (one a result), repeats, clip sets, who was in which fold.

    Args:
        comparisons: All of a report.
        clip_sets: By their slugs.
        repeats: Systems with several seeds.
        cards: Model cards, one a cell.
    """
    sets = list(dict.fromkeys(clip_sets[comparison.slug] for comparison in comparisons))
    folds: dict[bytes, int] = {}
    cells = [
        _cell(i, row, own, folds)
        for i, comparison in enumerate(comparisons)
        for row, own in zip(comparison.rows, _own(comparison), strict=True)
    ]
    for cell, card in zip(cells, cards, strict=False):
        cell["modelCard"] = card
    return {
        "comparisons": [
            _comparison(comparison, sets.index(clip_sets[comparison.slug])) for comparison in comparisons
        ],
        "cells": cells,
        "repeats": [of_repeats(repeated, comparisons) for repeated in repeats],
        "clipSets": [_clip_set(clip_set) for clip_set in sets],
        "folds": [base64.b64encode(array).decode() for array in folds],
    }


def _comparison(comparison: Comparison, clip_set: int) -> dict[str, Any]:
    shared, _ = shared_and_own([row.result for row in comparison.rows])
    return {
        "slug": comparison.slug,
        "title": comparison.title,
        "corpus": comparison.corpus.name,
        "protocol": comparison.folds.protocol,
        "statement": _plain(statement(comparison)),
        "chance": chance(comparison),
        "intervals": comparison.interval_note,
        "pairs": pairs(comparison),
        "settings": comparison.settings,
        "clipSet": clip_set,
        "provenance": list(shared.items()),
        "plans": list(plans(comparison).items()),
        "fusions": fusions(comparison),
    }


def _own(comparison: Comparison) -> list[dict[str, str]]:
    return shared_and_own([row.result for row in comparison.rows])[1]


def _cell(comparison: int, row: Row, own: Mapping[str, str], folds: dict[bytes, int]) -> dict[str, Any]:
    made, experiment = row.result.predictions, row.result.experiment
    fold = made.fold.astype("<u2").tobytes()
    published = published_cell(experiment)
    return {
        "comparison": comparison,
        "system": row.system,
        "encoders": row.encoders,
        "head": row.head,
        "settings": row.settings,
        "seed": experiment.seed,
        "parameters": n_parameters(row.result),
        "random": random_weights(row.result),
        "notices": [notice.plain() for notice in notices.notices([(row.system, row.result)])],
        "scores": {
            name: {**_score(get(row.scores)), "ends": ends(of_score(row, name))}
            for name, get in SCORES.items()
        },
        "published": published and {"accuracy": published.accuracy, "macro F1": published.macro_f1},
        "classes": _classes(row),
        "certainty": certainty(row.certainty, how=calibrated_how(row.result)),
        "monitor": experiment.training.monitor,
        "history": [_history(past) for past in row.result.history],
        "slices": [_slices(row.result, by) for by in usual(row.result)],
        "fold": folds.setdefault(fold, len(folds)),
        "guess": packed(made.guess),
        "sure": _base64((255 * made.probabilities.max(axis=1)).round(), "u1"),
        "provenance": list(own.items()),
    }


def _classes(row: Row) -> list[list[Any]]:
    """Label; precision, recall and F1, each with its ends; clips."""
    found = row.intervals
    n = len(row.scores.per_class)
    of_class = zip(found.precision, found.recall, found.f1, strict=True) if found else [(None,) * 3] * n
    return [
        [
            score.label,
            *([_finite(share), ends(interval)] for share, interval in zip(_shares(score), own, strict=True)),
            score.support,
        ]
        for score, own in zip(row.scores.per_class, of_class, strict=True)
    ]


def _shares(score: ClassScore) -> tuple[float, float, float]:
    return score.precision, score.recall, score.f1


def _slices(result: Result, by: str) -> dict[str, Any]:
    """Name and rows: value, clips, speakers, accuracy, macro F1 (each with its interval), what was drawn."""
    rows = [
        [
            one.value,
            one.n_clips,
            one.n_speakers,
            one.is_small,
            one.over,
            *map(_interval, (one.accuracy, one.macro_f1)),
        ]
        for one in slice_table(result, by, n_draws=_DRAWS_OF_SLICES).slices
    ]
    return {"by": by, "rows": rows}


def _interval(interval: Interval) -> list[float | None]:
    return [_finite(round(x, 4)) for x in (interval.value, interval.low, interval.high)]


def _score(score: Score) -> dict[str, Any]:
    return {
        "mean": score.mean,
        "sd": _finite(score.sd),
        "pooled": score.pooled,
        "folds": [round(share, 5) for share in score.per_fold],
    }


def _history(past: FoldHistory) -> dict[str, Any]:
    fields = ("train_loss", "validation_loss", "validation_accuracy", "validation_macro_f1")
    return {
        "name": past.name,
        "n": [past.n_train, past.n_validation, past.n_test],
        "best": past.best_epoch,
        "chosen": None if past.chosen is None else search_text(past),
        **{field: [_finite(round(getattr(epoch, field), 4)) for epoch in past.epochs] for field in fields},
    }


def _clip_set(clip_set: ClipSet) -> dict[str, Any]:
    return {
        "slug": clip_set.slug,
        "corpus": clip_set.corpus,
        "labels": clip_set.labels,
        "ids": clip_set.clip_ids,
        "truth": packed(clip_set.truth),
        "categories": {name: _category(values, clip_set) for name, values in clip_set.categories().items()},
        "maps": [
            {"encoder": embedded.encoder, "places": _places(embedded.places)} for embedded in clip_set.maps
        ],
        "missing": clip_set.missing,
    }


def _category(values: Sequence[str], clip_set: ClipSet) -> dict[str, Any]:
    """Names in their order, and (n_clips,) which of them."""
    names = [label for label in clip_set.labels if label in values] if values else []
    names = names if set(names) == set(values) else sorted(set(values))
    index = {name: i for i, name in enumerate(names)}
    return {"names": names, "of": packed(np.array([index[value] for value in values]))}


def packed(indices: npt.NDArray[Any]) -> str:
    """(n,) indices below 65,536 as base64 of little-endian 16-bit numbers."""
    return _base64(indices, "<u2")


def _places(places: npt.NDArray[np.float32]) -> str:
    """(n, 2) as 16-bit numbers, x and y in turn, on one scale for both."""
    low, high = places.min(axis=0), places.max(axis=0)
    centred = places - (low + high) / 2
    largest = float(np.abs(centred).max()) or 1.0
    return _base64((centred * (_MAP_STEPS / largest)).round(), "<i2")


def _base64(array: npt.NDArray[Any], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array.astype(dtype)).tobytes()).decode()


def _finite(figure: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(figure) else float(figure)


def _plain(markdown: str) -> str:
    return markdown.replace("**", "").replace("`", "")
