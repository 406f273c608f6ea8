"""Intervals over seeds and speakers: what they hold, what cancels, what widens them."""

from __future__ import annotations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation import metrics
from nver.evaluation.repeats import FIGURES, accuracy, macro_f1, over_seeds_and_speakers, repeated

N_CLIPS, N_CLASSES = 240, 4
TRUTH = np.arange(N_CLIPS) % N_CLASSES
SPEAKERS = [f"speaker {i // 12}" for i in range(N_CLIPS)]


def guesses(hit_rate: float, *, seeds=(0, 1, 2, 3), of=TRUTH):
    made = {}
    for seed in seeds:
        rng = np.random.default_rng([seed, int(100 * hit_rate)])
        made[seed] = np.where(rng.random(N_CLIPS) < hit_rate, of, rng.integers(0, N_CLASSES, N_CLIPS))
    return made


def count(made, speakers=SPEAKERS):
    return repeated(TRUTH, made, speakers, n_classes=N_CLASSES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_mean_over_seeds_of_the_score_of_all_clips(name):
    made = guesses(0.4)
    fold = np.zeros(N_CLIPS, np.int64)
    wanted = np.mean(
        [
            {"accuracy": s.accuracy, "macro F1": s.macro_f1, "UAR": s.uar}[name].pooled
            for guess in made.values()
            for s in [metrics.scores(TRUTH, guess, fold, labels="abcd")]
        ]
    )
    assert over_seeds_and_speakers(FIGURES[name], count(made), n_draws=10).value == pytest.approx(wanted)


def test_classes_without_clip_or_guess_are_left_out_of_a_mean():
    counts = np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]], float)
    assert macro_f1(counts) == pytest.approx((6 / 7 + 4 / 5) / 2)
    assert FIGURES["UAR"](counts) == pytest.approx((3 / 4 + 1) / 2)


def test_a_system_less_itself_is_nothing_in_every_draw():
    one = count(guesses(0.5))
    found = over_seeds_and_speakers(macro_f1, one, one)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_what_two_systems_share_cancels_in_their_difference():
    weak = guesses(0.3)
    stronger = {seed: np.where(np.arange(N_CLIPS) % 12 < 3, TRUTH, guess) for seed, guess in weak.items()}
    alone = over_seeds_and_speakers(accuracy, count(stronger))
    apart = over_seeds_and_speakers(accuracy, count(stronger), count(weak))
    assert apart.low > 0
    assert apart.high - apart.low < alone.high - alone.low


def test_equal_seeds_give_the_interval_over_speakers_alone_and_different_ones_a_wider_one():
    made = guesses(0.5)
    mean_alike = over_seeds_and_speakers(accuracy, count(dict.fromkeys(made, made[0])))
    # seeds that differ in all of their clips alike: only drawing seeds can see it
    good, bad = TRUTH, (TRUTH + 1) % N_CLASSES
    split = over_seeds_and_speakers(accuracy, count({0: good, 1: bad, 2: good, 3: bad}))
    assert (split.low, split.high) == (0, 1)
    assert mean_alike.high - mean_alike.low < 0.2


def test_speakers_are_drawn_whole():
    by_speaker = np.where(np.arange(N_CLIPS) // 12 % 2 == 0, TRUTH, (TRUTH + 1) % N_CLASSES)
    made = dict.fromkeys(range(4), by_speaker)
    of_speakers = over_seeds_and_speakers(accuracy, count(made))
    of_clips = over_seeds_and_speakers(accuracy, count(made, [str(i) for i in range(N_CLIPS)]))
    assert of_speakers.high - of_speakers.low > 2 * (of_clips.high - of_clips.low)


def test_the_same_draws_give_the_same_interval_and_others_another():
    one = count(guesses(0.5))
    first, again, other = (over_seeds_and_speakers(accuracy, one, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_what_cannot_be_compared_is_refused():
    one, other = count(guesses(0.5)), count(guesses(0.5, seeds=(5, 6, 7, 8)))
    with pytest.raises(MetricError, match="equal seeds and clips"):
        over_seeds_and_speakers(accuracy, one, other)
    with pytest.raises(MetricError, match="two speakers or more"):
        count(guesses(0.5), ["ann"] * N_CLIPS)
    with pytest.raises(MetricError, match="expected one a clip"):
        count(guesses(0.5), ["ann", "bob"])
    with pytest.raises(MetricError, match="no guesses"):
        count({})
    with pytest.raises(MetricError, match="level"):
        over_seeds_and_speakers(accuracy, one, level=1.0)
