from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.errors import SplitError
from nver.evaluation import folds
from nver.evaluation.folds import Fold

CLASSES = ("cry", "laugh", "sigh")
PAIR = CLASSES[:2]
few = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def corpora(draw: st.DrawFn) -> tuple[Any, tuple[str, ...]]:
    """Classes and speakers of a corpus in which every speaker has every class, unevenly often."""
    n_speakers = draw(st.integers(4, 7))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    truth, speakers = [], []
    for speaker in range(n_speakers):
        for index in range(len(CLASSES)):
            n = int(rng.integers(1, 6))
            truth += [index] * n
            speakers += [f"s{speaker}"] * n
    order = rng.permutation(len(truth))
    return np.array(truth)[order], tuple(np.array(speakers)[order].tolist())


def on_both_sides(fold: Fold, speakers: tuple[str, ...]) -> set[str]:
    return {speakers[i] for i in fold.train} & {speakers[i] for i in fold.test}


def assert_every_clip_is_tested_once(made: tuple[Fold, ...], n_clips: int) -> None:
    assert sorted(np.concatenate([fold.test for fold in made]).tolist()) == list(range(n_clips))
    for fold in made:
        assert sorted([*fold.train.tolist(), *fold.test.tolist()]) == list(range(n_clips))


@few
@given(corpora(), st.integers(2, 4), st.integers(0, 99))
def test_stratified_folds_test_every_clip_once_with_equal_shares(corpus, n_folds, seed):
    truth, _ = corpus
    made = folds.stratified(truth, class_names=CLASSES, n_folds=n_folds, seed=seed)
    assert_every_clip_is_tested_once(made, len(truth))
    for fold in made:
        whole, tested = np.bincount(truth, minlength=3), np.bincount(truth[fold.test], minlength=3)
        assert np.all(np.abs(tested - whole / n_folds) < 1)


@few
@given(corpora(), st.integers(2, 4), st.integers(0, 99))
def test_no_speaker_is_on_both_sides(corpus, n_folds, seed):
    truth, speakers = corpus
    made = folds.by_speaker(truth, speakers, class_names=CLASSES, n_folds=n_folds, seed=seed)
    assert len(made) == n_folds
    assert all(len(fold.test) for fold in made)
    assert_every_clip_is_tested_once(made, len(truth))
    assert not any(on_both_sides(fold, speakers) for fold in made)
    assert folds.n_tested_with_known_speaker(made, speakers) == 0


@few
@given(corpora())
def test_leaving_one_speaker_out_tests_one_speaker_at_a_time(corpus):
    truth, speakers = corpus
    made = folds.leave_one_speaker_out(truth, speakers, class_names=CLASSES)
    assert_every_clip_is_tested_once(made, len(truth))
    tested = [{speakers[i] for i in fold.test} for fold in made]
    assert tested == [{name} for name in sorted(set(speakers))]
    assert [fold.name for fold in made] == [f"speaker {name}" for name in sorted(set(speakers))]


@few
@given(corpora(), st.booleans(), st.sampled_from([0.05, 0.1, 0.3]), st.integers(0, 99))
def test_the_held_back_part_is_disjoint_and_leaves_every_class(corpus, separate, share, seed):
    truth, speakers = corpus
    for fold in folds.by_speaker(truth, speakers, class_names=CLASSES, n_folds=2, seed=seed):
        train, validation = folds.hold_out(
            truth, fold, class_names=CLASSES, share=share, seed=seed, speakers=speakers if separate else None
        )
        assert np.array_equal(np.sort(np.concatenate([train, validation])), fold.train)
        assert not set(validation) & set(fold.test)
        assert len(validation)
        assert set(truth[train]) == {0, 1, 2}
        if separate:
            assert not {speakers[i] for i in train} & {speakers[i] for i in validation}


def test_without_speakers_every_class_gives_its_share():
    truth = np.repeat([0, 1, 2], [100, 40, 3])
    fold = Fold("fold 1", np.arange(143), np.arange(0))
    _, validation = folds.hold_out(truth, fold, class_names=CLASSES, share=0.1, seed=0)
    assert np.bincount(truth[validation]).tolist() == [10, 4, 1]


def test_a_class_with_one_training_clip_keeps_it():
    truth = np.array([0] * 10 + [1])
    fold = Fold("fold 1", np.arange(11), np.arange(0))
    train, _ = folds.hold_out(truth, fold, class_names=PAIR, share=0.4, seed=0)
    assert 10 in train


def test_which_speaker_is_held_back_depends_on_the_seed():
    truth = np.tile([0, 1, 2], 20)
    speakers = tuple(np.repeat([f"s{i}" for i in range(10)], [6, 3, 9, 6, 6, 6, 6, 6, 6, 6]).tolist())
    fold = Fold("fold 1", np.arange(60), np.arange(0))
    held = set()
    for seed in range(20):
        _, rows = folds.hold_out(truth, fold, class_names=CLASSES, share=0.1, seed=seed, speakers=speakers)
        held.add(speakers[rows[0]])
    assert len(held) > 5


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_folds_and_another_gives_others(seed):
    truth = np.tile([0, 1, 2], 30)
    speakers = tuple(np.repeat([f"s{i}" for i in range(10)], 9).tolist())
    for divide in (
        lambda seed: folds.stratified(truth, class_names=CLASSES, n_folds=3, seed=seed),
        lambda seed: folds.by_speaker(truth, speakers, class_names=CLASSES, n_folds=3, seed=seed),
    ):
        once, again, other = divide(seed), divide(seed), divide(seed + 7)
        assert all(np.array_equal(a.test, b.test) for a, b in zip(once, again, strict=True))
        assert not all(np.array_equal(a.test, b.test) for a, b in zip(once, other, strict=True))


def test_predefined_trains_and_tests_on_the_parts_that_are_named():
    truth = np.array([0, 1, 0, 1, 0, 1])
    parts = ("a", "a", "b", "b", "c", "c")
    (fold,) = folds.predefined(truth, parts, class_names=PAIR, train=("a",), test=("c",))
    assert (fold.train.tolist(), fold.test.tolist(), fold.name) == ([0, 1], [4, 5], "split c")
    made = folds.predefined(truth, parts, class_names=PAIR)
    assert [fold.test.tolist() for fold in made] == [[0, 1], [2, 3], [4, 5]]
    assert made[1].train.tolist() == [0, 1, 4, 5]


def test_speakers_that_are_heard_in_training_are_counted():
    fold = Fold("fold 1", np.array([0, 1, 5]), np.array([2, 3, 4]))
    assert folds.n_tested_with_known_speaker((fold,), ("ann", "bob", "ann", "eve", None, None)) == 1


two = np.array([0, 1, 0, 1, 0, 1, 0, 1])
refusals = {
    "speaker without speakers": (
        lambda: folds.by_speaker(two, ("a", None) * 4, class_names=PAIR, n_folds=2, seed=0),
        "4 of 8 clips have no speaker; use the protocol 'paper', which ignores speakers",
    ),
    "more folds than speakers": (
        lambda: folds.by_speaker(two, ("F1", "F2", "M1", "M2") * 2, class_names=PAIR, n_folds=5, seed=0),
        "5 folds need 5 speakers and there are only 4; set n_folds=4",
    ),
    "one speaker": (
        lambda: folds.by_speaker(two, ("a",) * 8, class_names=PAIR, n_folds=2, seed=0),
        "2 folds need 2 speakers and there are only 1; use the protocol 'paper'",
    ),
    "one speaker to leave out": (
        lambda: folds.leave_one_speaker_out(two, ("a",) * 8, class_names=PAIR),
        "leaving one speaker out needs two speakers and there is only 'a'",
    ),
    "fewer clips of a class than folds": (
        lambda: folds.stratified(np.array([0, 0, 0, 0, 0, 1]), class_names=PAIR, n_folds=5, seed=0),
        "class 'laugh' has 1 clips and there are 5 folds; take fewer folds, or leave the class out",
    ),
    "a class that no clip has": (
        lambda: folds.stratified(two, class_names=CLASSES, n_folds=2, seed=0),
        "class 'sigh' has 0 clips and there are 2 folds; take fewer folds, or leave the class out",
    ),
    "a class that only one speaker has": (
        lambda: folds.leave_one_speaker_out(np.array([0, 1, 0, 0]), ("a", "a", "b", "b"), class_names=PAIR),
        "speaker a: no clip of class 'laugh' is left to train on; take another protocol, "
        "or leave the class out",
    ),
    "a part that no clip has": (
        lambda: folds.predefined(
            two, ("x", "y") * 4, class_names=PAIR, attribute="half", train=("x",), test=("z",)
        ),
        "no clip has half 'z'; the corpus has: x, y",
    ),
    "clips without a part": (
        lambda: folds.predefined(two, ("x", "y", "x", None) * 2, class_names=PAIR),
        "2 of 8 clips have no split",
    ),
    "one part": (
        lambda: folds.predefined(two, ("x",) * 8, class_names=PAIR),
        "every clip has split 'x': there is nothing to train on and test on",
    ),
    "a class missing from the part trained on": (
        lambda: folds.predefined(two, ("x", "y") * 4, class_names=PAIR, train=("x",), test=("y",)),
        "split y: no clip of class 'laugh' is left to train on; take another protocol, "
        "or leave the class out",
    ),
    "no clips": (
        lambda: folds.leave_one_speaker_out(np.array([], np.int64), (), class_names=CLASSES),
        "there are no clips to divide",
    ),
    "one speaker to train on": (
        lambda: folds.hold_out(
            two,
            Fold("fold 1", np.arange(8), two[:0]),
            class_names=PAIR,
            share=0.1,
            seed=0,
            speakers=("a",) * 8,
        ),
        "fold 1: only one speaker is trained on, so none can be held back to pick an epoch; "
        "protocols that separate speakers need three of them",
    ),
    "speakers with a class each": (
        lambda: folds.hold_out(
            two,
            Fold("fold 1", np.arange(8), two[:0]),
            class_names=PAIR,
            share=0.1,
            seed=0,
            speakers=("a", "b") * 4,
        ),
        "fold 1: whichever speakers are held back to pick an epoch, one of the classes "
        "cry, laugh is left without a training clip",
    ),
    "one training clip a class": (
        lambda: folds.hold_out(
            two, Fold("fold 1", np.arange(2), np.arange(2, 8)), class_names=PAIR, share=0.1, seed=0
        ),
        "fold 1: no class has two training clips, so none can be held back to pick an epoch",
    ),
}


@pytest.mark.parametrize("case", refusals)
def test_folds_that_would_mislead_are_refused_with_the_reason(case):
    divide, message = refusals[case]
    with pytest.raises(SplitError, match=f"^{re.escape(message)}$"):
        divide()
