"""Matching of events: worked by hand, against sed_eval, and its laws."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.errors import MetricError
from nver.evaluation.events import EventCounts, count_events, match_events, overlaps

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/events-of-sed-eval.json").read_text())
"""Drawn events, and how many of them sed_eval 0.2.1 matches, by ``"t_collar percentage_of_length"``:
``overall["Ntp"]`` of ``EventBasedMetrics(["burst"], ..., event_matching_type="optimal")``."""

events = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda e: (e[0] / 10, (e[0] + e[1]) / 10)),
    max_size=5,
)


@pytest.mark.parametrize("case", GOLDEN, ids=range(len(GOLDEN)))
def test_as_many_are_matched_as_sed_eval_matches(case):
    for tolerances, n_matched in case["matched"].items():
        collar_s, share = map(float, tolerances.split())
        counts = count_events(case["truth"], case["found"], collar_s=collar_s, share=share)
        assert counts.n_matched == n_matched
        assert counts.f1 == pytest.approx(2 * n_matched / (len(case["truth"]) + len(case["found"])))


@pytest.mark.parametrize(
    ("found", "matches"),
    [
        ((1.2, 3.0), True),
        ((1.21, 3.0), False),
        ((0.8, 3.4), True),
        ((1.0, 3.41), False),
        ((1.0, 2.6), True),
        ((1.0, 2.59), False),
    ],
)
def test_an_onset_has_200_ms_and_an_offset_a_fifth_of_the_event(found, matches):
    assert len(match_events([(1.0, 3.0)], [found])) == matches


def test_an_offset_of_a_short_event_has_200_ms():
    assert len(match_events([(1.0, 1.5)], [(1.0, 1.69)])) == 1
    assert len(match_events([(1.0, 1.5)], [(1.0, 1.71)])) == 0


def test_a_pair_that_is_made_first_does_not_cost_another():
    truth, found = [(1.0, 2.0), (1.3, 2.1)], [(1.15, 2.05), (0.9, 2.0)]
    assert match_events(truth, found).tolist() == [[0, 1], [1, 0]]


@settings(max_examples=60, deadline=None)
@given(truth=events, found=events)
def test_no_other_choice_of_pairs_is_larger(truth, found):
    fits = {
        (i, j)
        for i, j in np.ndindex(len(truth), len(found))
        if len(match_events(truth[i : i + 1], found[j : j + 1]))
    }
    pairs = [tuple(pair) for pair in match_events(truth, found).tolist()]
    assert set(pairs) <= fits
    short, long = sorted((len(truth), len(found)))
    best = max(
        sum(((i, j) if len(truth) <= len(found) else (j, i)) in fits for i, j in enumerate(chosen))
        for chosen in itertools.permutations(range(long), short)
    )
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs) == best


@settings(max_examples=30, deadline=None)
@given(truth=events, found=events, seed=st.integers(0, 99))
def test_the_order_of_events_has_no_influence(truth, found, seed):
    rng = np.random.default_rng(seed)
    shuffled = [[rows[i] for i in rng.permutation(len(rows))] for rows in (truth, found)]
    assert count_events(*shuffled) == count_events(truth, found)


def test_hits_splits_merges_and_false_alarms_are_told_apart():
    truth = [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (8.0, 9.0)]
    found = [(1.0, 1.4), (1.6, 2.0), (3.2, 5.7), (7.0, 7.5)]
    assert count_events(truth, found) == EventCounts(
        n_truth=4, n_found=4, n_matched=0, n_hit=3, n_split=1, n_merged=1, n_false=1
    )


def test_events_that_only_touch_do_not_overlap():
    assert overlaps([(1.0, 2.0)], [(2.0, 3.0)]).tolist() == [[0.0]]
    assert count_events([(1.0, 2.0)], [(2.0, 3.0)]).n_false == 1


def test_figures_are_of_the_sums():
    one = count_events([(1.0, 2.0)], [(1.0, 2.0)])
    other = count_events([(1.0, 2.0), (4.0, 5.0)], [(1.5, 2.0)])
    both = one + other
    assert (both.precision, both.recall, both.hit_recall) == (1 / 2, 1 / 3, 2 / 3)
    assert both.f1 == pytest.approx(2 / 5)


def test_a_figure_without_events_is_nan_and_f1_of_nothing_found_is_zero():
    nothing = count_events([], [])
    assert all(map(math.isnan, (nothing.precision, nothing.recall, nothing.f1, nothing.hit_recall)))
    assert count_events([(1.0, 2.0)], []).f1 == 0


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ([1.0, 2.0], r"truth has shape \(2,\); expected \(n, 2\)"),
        ([(2.0, 1.0)], "truth has an event from 2 s to 1 s"),
        ([(1.0, math.nan)], "truth has an event from 1 s to nan s"),
    ],
)
def test_what_is_no_event_is_refused(truth, message):
    with pytest.raises(MetricError, match=message):
        match_events(truth, [(1.0, 2.0)])


def test_a_negative_tolerance_is_refused():
    with pytest.raises(MetricError, match=r"collar_s=-0\.1"):
        match_events([(1.0, 2.0)], [(1.0, 2.0)], collar_s=-0.1)
