"""Systems over seeds, as the page's scripts read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nver.evaluation.intervals import Interval
from nver.report.comparison import Comparison
from nver.report.page.evidence import ends
from nver.report.repeats import Line, Repeats, over_folds
from nver.report.tables import SCORES


def of_repeats(repeats: Repeats, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Plain data; cells are numbered through all comparisons, as ``payload`` does."""
    place = comparisons.index(repeats.comparison)
    first = sum(len(comparison.rows) for comparison in comparisons[:place])
    number = {row.system: first + i for i, row in enumerate(repeats.comparison.rows)}
    return {
        "comparison": place,
        "reference": repeats.reference,
        "statement": repeats.statement,
        "lines": [_line(line, number) for line in repeats.lines],
    }


def _line(line: Line, number: Mapping[str, int]) -> dict[str, Any]:
    return {
        "system": line.system,
        "group": line.group,
        "cells": [number[row.system] for row in line.rows],
        "scores": _intervals(line.scores),
        "differences": _intervals(line.differences),
        "overFolds": {
            score: {
                "mean": of_folds.mean,
                "sd": None if math.isnan(of_folds.sd) else of_folds.sd,
                "pooled": of_folds.pooled,
                "ends": ends(line.scores[score]),
            }
            for score, get in SCORES.items()
            for of_folds in [over_folds([get(row.scores) for row in line.rows])]
        },
        "seeds": {score: [round(share, 5) for share in line.per_seed(score)] for score in line.scores},
    }


def _intervals(found: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {score: [round(figure, 5) for figure in (i.value, i.low, i.high)] for score, i in found.items()}
