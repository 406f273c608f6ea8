"""Settings chosen on inner folds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nver import config
from nver.embeddings.table import EmbeddingTable
from nver.errors import ConfigError, SplitError
from nver.experiment import Experiment, Plan
from nver.results import Result
from nver.training import search
from nver.training.cross_validate import cross_validate
from nver.training.fit import Part
from nver.training.one_fold import Material

SPACE = {"head.C": {"low": 1e-4, "high": 10.0, "log": True}}
LOGISTIC = {"kind": "sklearn", "estimator": "logistic-regression"}
PROTOCOLS = [
    {"protocol": "paper", "n_folds": 3},
    {"protocol": "speaker", "n_folds": 3},
    {"protocol": "leave-one-speaker-out"},
    {"protocol": "predefined", "train": ["train"], "test": ["test"]},
]


@pytest.fixture
def searching(make_experiment):
    def make(**changes: object) -> Experiment:
        usual = {"head": LOGISTIC, "search": {"space": SPACE, "n_trials": 4, "n_folds": 2}}
        return make_experiment(**{**usual, **changes})

    return make


@pytest.mark.parametrize("folds", PROTOCOLS, ids=lambda folds: folds["protocol"])
def test_what_lies_in_the_test_rows_changes_no_trial_and_no_choice(folds, corpus, table, searching):
    near = {"space": {"head.n_neighbors": {"low": 1, "high": 9}}, "n_trials": 4, "n_folds": 2}
    experiment = searching(folds=folds, head={"kind": "sklearn", "estimator": "k-nn"}, search=near)
    clean = cross_validate(experiment, corpus, [table])
    made = clean.predictions
    tested = {clip for clip, fold in zip(made.clip_ids, made.fold, strict=True) if fold == 0}
    poisoned = table.vectors.copy()
    poisoned[[clip in tested for clip in table.clip_ids]] = 1e3
    other = cross_validate(experiment, corpus, [EmbeddingTable(poisoned, table.clip_ids)])
    assert len({trial.settings["head.n_neighbors"] for trial in clean.history[0].trials}) > 1
    assert other.history[0].trials == clean.history[0].trials
    assert not np.array_equal(other.predictions.probabilities, made.probabilities)


@pytest.mark.parametrize("apart", [True, False])
def test_inner_folds_are_parts_of_the_training_part_and_keep_speakers_apart_as_the_outer_do(corpus, apart):
    truth = np.array([corpus.labels.index(clip.label) for clip in corpus.clips])
    speakers = [clip.speaker for clip in corpus.clips]
    whole = Part((np.zeros((len(truth), 2), np.float32),), truth)
    material = Material(whole, corpus.labels, speakers if apart else None)
    outer = search.Fold("fold 1", np.arange(9, 54), np.arange(9))
    inner = search.inner_folds(material, outer, n_folds=3, seed=0)
    assert sorted(np.concatenate([fold.test for fold in inner]).tolist()) == list(range(9, 54))
    shared = []
    for fold in inner:
        assert set(fold.train) | set(fold.test) == set(range(9, 54))
        shared.append({speakers[i] for i in fold.train} & {speakers[i] for i in fold.test})
    assert not any(shared) if apart else all(shared)


def test_a_fold_is_trained_with_the_best_settings_that_were_tried(corpus, table, searching, make_experiment):
    made = cross_validate(searching(), corpus, [table])
    for number, past in enumerate(made.history):
        best = max(past.trials, key=lambda trial: trial.score)
        assert past.chosen == best
        given = {**LOGISTIC, "parameters": {"C": best.settings["head.C"]}}
        alone = cross_validate(make_experiment(head=given), corpus, [table])
        rows = made.predictions.fold == number
        assert np.array_equal(made.predictions.probabilities[rows], alone.predictions.probabilities[rows])


def test_the_same_seeds_try_the_same_settings_and_other_seeds_others(corpus, table, searching, tmp_path):
    first, again = (cross_validate(searching(), corpus, [table], jobs=jobs) for jobs in (1, 3))
    assert first.history == again.history
    seeded = {"space": SPACE, "n_trials": 4, "n_folds": 2, "seed": 1}
    other = cross_validate(searching(search=seeded), corpus, [table])
    assert first.history[0].trials != other.history[0].trials
    first.save(tmp_path / "result")
    assert Result.load(tmp_path / "result").history == first.history
    assert first.provenance["software"]["optuna"]


def test_a_finished_search_is_not_made_again(corpus, table, searching, tmp_path):
    whole = cross_validate(searching(), corpus, [table], checkpoint=tmp_path)
    told = []
    resumed = cross_validate(searching(), corpus, [table], checkpoint=tmp_path, on_progress=told.append)
    assert resumed.history == whole.history
    assert told == []


def test_a_network_searches_its_training_and_its_own_settings(corpus, table, make_experiment):
    space = {"training.lr": {"low": 1e-3, "high": 1e-1, "log": True}, "head.dense": [[4, 4], [8, 8]]}
    told = []
    experiment = make_experiment(search={"space": space, "n_trials": 2, "n_folds": 2})
    made = cross_validate(experiment, corpus, [table], on_progress=told.append)
    assert {len(past.trials) for past in made.history} == {2}
    tried = [trial.settings["head.dense"] for past in made.history for trial in past.trials]
    assert all(value in ([4, 4], [8, 8]) for value in tried)
    assert 0 < min(progress.share for progress in told) < max(progress.share for progress in told) <= 1


def test_too_few_speakers_for_inner_folds_are_said(corpus, table, searching):
    two = dataclasses.replace(
        corpus, clips=tuple(clip for clip in corpus.clips if clip.speaker in ("s0", "s1"))
    )
    with pytest.raises(SplitError, match=r"^search within the training part of speaker s0: 2 folds need 2"):
        cross_validate(searching(folds={"protocol": "leave-one-speaker-out"}), two, [table])


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"training.lrr": [1e-3]}, "cannot search 'training.lrr': there is no such setting; known: lr"),
        ({"lr": [1e-3]}, "cannot search 'lr'; expected training.NAME or head.NAME"),
        ({"head.dropout": [0.1, 1.5]}, "cannot search head.dropout = 1.5: Input should be less than 1"),
        ({"head.kind": ["cnn"]}, "cannot search 'head.kind': there is no such setting"),
        ({"training.lr": {"low": 1, "high": 1}}, "a range goes from low to high, got 1 to 1"),
        ({"training.lr": {"low": 0, "high": 1, "log": True}}, "log = true begins above zero, got 0"),
    ],
)
def test_a_setting_that_there_is_not_is_refused_when_the_plan_is_read(space, said):
    plan = {
        "name": "trial",
        "corpus": {"name": "toy", "root": "toy"},
        "systems": [{"head": "fcn", "encoders": ["logmel-stats"]}],
        "search": {"space": space},
    }
    with pytest.raises(ConfigError, match=said.replace("[", r"\[")):
        config.validate(Plan, plan, source="a plan").experiments()


def test_a_system_may_search_for_something_else_or_nothing():
    systems = [
        {"head": "fcn", "encoders": ["logmel-stats"], "name": "plain"},
        {"head": "svm", "encoders": ["logmel-stats"], "search": {"space": {"head.C": [1, 2]}}},
        {"head": "k-nn", "encoders": ["logmel-stats"], "search": False},
    ]
    data = {
        "name": "trial",
        "corpus": {"name": "toy", "root": "toy"},
        "systems": systems,
        "search": {"space": {"head.dropout": [0.1, 0.5]}, "n_trials": 7},
    }
    plain, svm, knn = (e.search for e in config.validate(Plan, data, source="a plan").experiments())
    assert (plain.n_trials, list(plain.space)) == (7, ["head.dropout"])
    assert (svm.n_trials, list(svm.space)) == (7, ["head.C"])
    assert knn is None
