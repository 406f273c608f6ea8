"""Pairs of systems and certainty as the page's scripts read them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nver.differences import TITLES
from nver.evaluation.intervals import Interval
from nver.report.certainty import Certainty
from nver.report.comparison import Comparison
from nver.report.pairs import pairs_statement, reading

_CURVE_POINTS = 60
"""Of a risk-coverage curve; more cannot be seen."""


def ends(interval: Interval | None) -> list[float] | None:
    """``[low, high]``; None where there is no interval."""
    if interval is None or math.isnan(interval.low):
        return None
    return [round(interval.low, 5), round(interval.high, 5)]


def certainty(found: Certainty, *, how: str) -> dict[str, Any]:
    """Figures, bins as ``[confidence, accuracy, clips]`` and the curve as ``[coverage, risk]``."""
    bins, curve = found.reliability, found.curve
    # Evenly over coverage: where all clips have one confidence there is a single point.
    wanted = np.linspace(curve.coverage[0], 1.0, _CURVE_POINTS)
    kept = np.unique(np.searchsorted(curve.coverage, wanted - 1e-12))
    return {
        "how": how,
        "ece": found.ece,
        "confidence": found.confidence,
        "brier": [found.brier.value, ends(found.brier)],
        "nll": [found.nll.value if math.isfinite(found.nll.value) else None, ends(found.nll)],
        "aurc": curve.area,
        "excess": curve.excess_area,
        "bins": [
            [round(float(c), 4), round(float(a), 4), int(n)]
            for c, a, n in zip(bins.confidence, bins.accuracy, bins.n_clips, strict=True)
        ],
        "curve": [[round(float(curve.coverage[i]), 4), round(float(curve.risk[i]), 4)] for i in kept],
    }


def pairs(comparison: Comparison) -> dict[str, Any] | None:
    """The systems against each other under every score; None where there is nothing to compare."""
    if (found := comparison.differences) is None:
        return None
    best = {score: found.against_best(score) for score in found.pairs}
    return {
        "statement": pairs_statement(comparison, found).replace("`", ""),
        "method": reading(found, [pair for of_score in found.pairs.values() for pair in of_score]),
        "scores": {
            TITLES[score]: {
                "systems": [
                    [system.name, system.scores[score].value, ends(system.scores[score])]
                    for system in found.ranked(score)
                ],
                "pairs": [
                    {
                        "a": pair.a,
                        "b": pair.b,
                        "points": round(pair.difference.value, 5),
                        "ends": ends(pair.difference),
                        "p": round(pair.permutation.p_value, 5),
                        "holm": round(pair.p_holm, 5),
                        "t": None if pair.corrected_t is None else round(pair.corrected_t.p_value, 5),
                        "mcnemar": None if pair.mcnemar is None else round(pair.mcnemar.p_value, 5),
                        "apart": pair.is_told_apart,
                        "verdict": pair.verdict if pair in best[score] else None,
                    }
                    for pair in of_score
                ],
            }
            for score, of_score in found.pairs.items()
        },
    }
