from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nver import compare, config
from nver.errors import ResultError
from nver.evaluation import metrics
from nver.evaluation.intervals import Interval, over_speakers
from nver.evaluation.paired import Permutation
from nver.evaluation.verdict import Pair, signed
from nver.experiment import Experiment
from nver.results import Epoch, FoldHistory, Predictions, Result

N_CLIPS, N_SPEAKERS, N_FOLDS = 180, 15, 3


def made_up(
    name: str,
    *,
    hit_rate: float = 0.5,
    seed: int = 0,
    head: str = "fcn",
    n_folds: int = N_FOLDS,
    with_speakers: bool = True,
) -> Result:
    """Guesses around the truth; equal seeds have equal folds, of whole speakers."""
    rng = np.random.default_rng([seed, len(name), int(100 * hit_rate)])
    truth, speaker = np.arange(N_CLIPS) % 3, np.arange(N_CLIPS) * N_SPEAKERS // N_CLIPS
    guess = np.where(rng.random(N_CLIPS) < hit_rate, truth, rng.integers(0, 3, N_CLIPS))
    fold = (speaker + seed) % n_folds
    experiment = config.validate(
        Experiment,
        {
            "name": name,
            "corpus": {"name": "vivae", "root": "data"},
            "encoders": ["logmel-stats"],
            "head": {"kind": head},
            "folds": {"protocol": "speaker", "n_folds": max(n_folds, 2)},
            "seed": seed,
        },
        source="a made-up result",
    )
    n_test = np.bincount(fold)
    return Result(
        experiment=experiment,
        labels=("a", "b", "c"),
        predictions=Predictions(
            clip_ids=tuple(f"clip{i}" for i in range(N_CLIPS)),
            truth=truth,
            probabilities=np.eye(3, dtype=np.float32)[guess],
            fold=fold,
            speakers=tuple(f"s{i}" for i in speaker) if with_speakers else (),
        ),
        history=tuple(
            FoldHistory(i, f"fold {i + 1}", N_CLIPS - n - 20, 20, int(n), (Epoch(1, 1, 0, 0),), 0)
            for i, n in enumerate(n_test)
        ),
        provenance={"encoders": [{"fingerprint": "f00d"}]},
    )


def test_the_better_system_stands_first_and_the_interval_is_that_of_the_clips():
    weak, strong = made_up("weak", head="cnn", hit_rate=0.3), made_up("strong", hit_rate=0.7)
    (pair,) = compare([weak, strong]).pairs["accuracy"]
    assert (pair.a, pair.b) == ("strong", "weak")
    made = [result.predictions for result in (strong, weak)]
    slow = over_speakers(
        lambda rows: (
            metrics.accuracy(made[0].truth[rows], made[0].guess[rows])
            - metrics.accuracy(made[1].truth[rows], made[1].guess[rows])
        ),
        [str(speaker) for speaker in made[0].speakers],
    )
    # The draws are those of weak minus strong, turned round.
    assert pair.difference.value == pytest.approx(slow.value, abs=1e-12)
    assert (pair.difference.low, pair.difference.high) == pytest.approx((slow.low, slow.high), abs=1e-12)
    assert pair.is_told_apart
    assert pair.verdict.startswith(f"strong is better than weak by {100 * slow.value:.1f} points, ")


def test_all_pairs_are_there_and_are_corrected_for():
    results = [made_up(n, hit_rate=r, head=k) for n, r, k in (("a", 0.7, "fcn"), ("b", 0.3, "cnn"))]
    results.append(dataclasses.replace(made_up("c", hit_rate=0.31), experiment=_other(results[0])))
    found = compare(results)
    for score, pairs in found.pairs.items():
        assert len(pairs) == 3
        assert all(pair.p_holm >= pair.permutation.p_value for pair in pairs)
        assert min(pair.p_holm for pair in pairs) == pytest.approx(
            3 * min(pair.permutation.p_value for pair in pairs)
        )
        assert [pair.a for pair in found.against_best(score)] == ["a", "a"]
        assert all(pair.difference.value >= 0 for pair in pairs)


def _other(result: Result) -> Experiment:
    settings = result.experiment.model_dump()
    return Experiment.model_validate({**settings, "name": "c", "training": {"lr": 0.5}})


def test_results_that_differ_by_seed_alone_are_one_system_of_averaged_confusions():
    ours = [made_up(f"fcn-seed{seed}-speaker", seed=seed) for seed in (0, 1, 2)]
    theirs = [made_up(f"cnn-seed{seed}-speaker", seed=seed, head="cnn", hit_rate=0.6) for seed in (0, 1, 2)]
    found = compare([*ours, *theirs])
    assert [system.name for system in found.systems] == ["fcn-speaker", "cnn-speaker"]
    assert found.systems[0].seeds == (0, 1, 2)
    mean = np.mean([result.scores().accuracy.pooled for result in ours])
    assert found.systems[0].scores["accuracy"].value == pytest.approx(mean)
    (pair,) = found.pairs["accuracy"]
    assert pair.corrected_t is not None
    assert pair.corrected_t.n_differences == 3 * N_FOLDS
    assert pair.mcnemar is None


def test_the_corrected_test_needs_the_same_folds_and_more_than_one():
    def test_of(**changes):
        (pair,) = compare([made_up("a"), made_up("b", head="cnn", **changes)]).pairs["uar"]
        return pair.corrected_t

    assert test_of() is not None
    assert test_of(seed=1) is None
    assert test_of(n_folds=1) is None


def test_without_speakers_clips_are_swapped_and_that_is_said():
    found = compare([made_up(n, head=n, with_speakers=False) for n in ("fcn", "cnn")])
    assert "180 clips, whose speakers are unknown" in found.method
    assert "swaps clips between" in found.method
    known = compare([made_up(n, head=n) for n in ("fcn", "cnn")])
    assert "over 15 speakers" in known.method
    assert "swaps whole speakers between" in known.method


def test_results_of_different_clips_or_classes_are_refused():
    ours, other = made_up("a"), made_up("b", head="cnn")
    made = other.predictions
    moved = dataclasses.replace(made, clip_ids=tuple(f"x{name}" for name in made.clip_ids))
    with pytest.raises(
        ResultError, match=r"'a' and 'b' were tested on different clips \(180 and 180, 0 of them"
    ):
        compare([ours, dataclasses.replace(other, predictions=moved)])
    with pytest.raises(ResultError, match="different classes"):
        compare([ours, dataclasses.replace(other, labels=("x", "b", "c"))])


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ResultError, match="no results"):
        compare([])
    with pytest.raises(ResultError, match="results of 'a' alone; compare two systems"):
        compare([made_up("a"), made_up("a-again", seed=1)])
    alone = [made_up(n, head=n) for n in ("fcn", "cnn")]
    one = [
        dataclasses.replace(r, predictions=dataclasses.replace(r.predictions, speakers=("s",) * N_CLIPS))
        for r in alone
    ]
    with pytest.raises(ResultError, match="of one speaker"):
        compare(one)


@pytest.mark.parametrize(
    ("low", "p_value", "p_holm", "verdict"),
    [
        (0.004, 0.01, 0.02, "A is better than B by 2.1 points, 0.4 to 3.9"),
        (
            0.004,
            0.01,
            0.06,
            "A is better than B by 2.1 points, 0.4 to 3.9, though not after Holm's correction",
        ),
        (0.004, 0.06, 0.06, "A and B cannot be told apart (+2.1 points, +0.4 to +3.9)"),
        (-0.01, 0.01, 0.02, "A and B cannot be told apart (+2.1 points, −1.0 to +3.9)"),
    ],
)
def test_the_verdict_is_in_plain_words(low, p_value, p_holm, verdict):
    gap = Interval(0.021, low, 0.039, 0.95)
    pair = Pair("uar", "A", "B", gap, Permutation(p_value, 999, is_exact=False), p_holm, None, None)
    assert pair.verdict == verdict


def test_a_difference_that_rounds_to_nothing_has_no_sign():
    assert (signed(-0.0004), signed(0.01), signed(-0.01)) == ("0.0", "+1.0", "−1.0")
