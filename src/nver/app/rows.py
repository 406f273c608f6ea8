"""What was heard, as the rows of tables and the points of a curve."""

from __future__ import annotations

import pandas as pd

from nver.app.listening import Heard, name_of
from nver.recogniser.prediction import Prediction

N_CURVES = 5
"""The curve shows so many classes, those of the highest mean: more lines cannot be told apart."""

BURSTS = ["#", "from (s)", "to (s)", "category", "%"]
FILES = ["file", "category", "%"]


def bursts(heard: Heard, *, threshold: float) -> pd.DataFrame:
    """A row a burst, with the columns ``BURSTS``."""
    return pd.DataFrame(
        [
            [number, round(event.start_s, 2), round(event.end_s, 2), *_named(event.prediction, threshold)]
            for number, event in enumerate(heard.bursts.events, start=1)
        ],
        columns=BURSTS,
    )


def files(named: list[tuple[str, Prediction | Exception]], *, threshold: float) -> pd.DataFrame:
    """A row a file, with the columns ``FILES``; what could not be read says why."""
    return pd.DataFrame(
        [
            [name, str(outcome), None]
            if isinstance(outcome, Exception)
            else [name, *_named(outcome, threshold)]
            for name, outcome in named
        ],
        columns=FILES,
    )


def curve(heard: Heard) -> pd.DataFrame:
    """A row for each time and each of the ``N_CURVES`` classes of the highest mean."""
    found = heard.curve
    best = found.probabilities.mean(axis=0).argsort()[::-1][:N_CURVES]
    return pd.concat(
        pd.DataFrame(
            {
                "time (s)": found.times_s.round(3),
                "probability (%)": (100 * found.probabilities[:, column]).round(1),
                "category": heard.bursts.labels[column],
            }
        )
        for column in best
    )


def _named(prediction: Prediction, threshold: float) -> list[str | float]:
    return [name_of(prediction, threshold=threshold), round(100 * prediction.confidence, 1)]
