"""One plan under several protocols, and what becomes of awkward corpora under each."""

from __future__ import annotations

import dataclasses

import pytest

from nver import config
from nver.errors import ConfigError, SplitError
from nver.experiment import FoldSpec, Plan
from nver.training.cross_validate import cross_validate
from nver.training.leak import PROTOCOLS, crossed

K_NN = {"kind": "sklearn", "estimator": "k-nn", "parameters": {"n_neighbors": 3}}


@pytest.fixture
def plan() -> Plan:
    data = {
        "name": "trial",
        "corpus": {"name": "toy", "root": "toy"},
        "systems": [{"head": "k-nn", "encoders": ["logmel-stats"]}],
        "folds": {"protocol": "paper", "n_folds": 3},
    }
    return config.validate(Plan, data, source="a plan")


def only(corpus, keep):
    return dataclasses.replace(corpus, clips=tuple(clip for clip in corpus.clips if keep(clip)))


def four_speakers(corpus):
    """As many as JNV has."""
    return only(corpus, lambda clip: clip.speaker in ("s0", "s1", "s2", "s3"))


def test_a_plan_is_run_under_all_protocols_and_five_seeds(plan, corpus):
    made = crossed(plan, corpus).plan
    assert [spec.protocol for spec in made.folds] == list(PROTOCOLS)
    assert {spec.n_folds for spec in made.folds if spec.protocol == "speaker"} == {3}
    assert made.seeds == (0, 1, 2, 3, 4)
    assert len(made.experiments()) == 3 * 5


def test_folds_seeds_and_protocols_of_the_plan_are_kept(plan, corpus):
    own = plan.model_copy(
        update={"folds": (FoldSpec(protocol="speaker", n_folds=2),), "seeds": (7, 8), "seed": 7}
    )
    made = crossed(own, corpus, protocols=("paper", "speaker")).plan
    assert [(spec.protocol, spec.n_folds) for spec in made.folds] == [("paper", 2), ("speaker", 2)]
    assert made.seeds == (7, 8)
    assert crossed(own, corpus, n_seeds=3).plan.seeds == (7, 8, 9)


def test_a_system_stays_with_the_protocols_that_it_names(plan, corpus):
    (system,) = plan.systems
    both = (system, system.model_copy(update={"name": "few", "protocols": ("paper", "speaker")}))
    made = crossed(plan.model_copy(update={"systems": both}), corpus, n_seeds=1).plan
    assert [experiment.name for experiment in made.experiments() if experiment.name.startswith("few")] == [
        "few-paper",
        "few-speaker",
    ]


def test_a_gap_needs_speakers_on_both_sides_and_speakers_apart(plan, corpus):
    for protocols in (("paper",), ("speaker", "leave-one-speaker-out")):
        with pytest.raises(ConfigError, match=r"^a gap is between 'paper' and a protocol that keeps"):
            crossed(plan, corpus, protocols=protocols)


def test_four_speakers_have_no_more_than_four_folds_of_speakers(plan, corpus, table, make_experiment):
    few = four_speakers(corpus)
    five = plan.model_copy(update={"folds": (FoldSpec(protocol="paper", n_folds=5),)})
    made = crossed(five, few)
    assert made.notes == ("protocol 'speaker' has 4 folds and not 5: there are 4 speakers",)
    assert [spec.n_folds for spec in made.plan.folds[:2]] == [5, 4]
    with pytest.raises(SplitError, match=r"5 folds need 5 speakers and there are only 4; set n_folds=4$"):
        cross_validate(make_experiment(folds={"protocol": "speaker"}), few, [table])
    for folds, n in (({"protocol": "speaker", "n_folds": 4}, 4), ({"protocol": "leave-one-speaker-out"}, 4)):
        result = cross_validate(make_experiment(folds=folds), few, [table])
        assert sorted(past.n_test for past in result.history) == [9] * n
        # Of three speakers a network trains on two; the third picks the epoch.
        assert {(past.n_train, past.n_validation) for past in result.history} == {(18, 9)}


def test_a_speaker_with_one_class_is_tested_on_it_alone_and_the_others_are_named(
    corpus, table, make_experiment
):
    lone = only(corpus, lambda clip: clip.speaker != "s5" or clip.label == "cry")
    said = {}
    for protocol in PROTOCOLS:
        experiment = make_experiment(head=K_NN, folds={"protocol": protocol, "n_folds": 3})
        result = cross_validate(experiment, lone, [table])
        assert len(result.predictions.clip_ids) == len(lone.clips)
        said[protocol] = result.provenance["warnings"]
    assert said["leave-one-speaker-out"] == [
        "speaker s5 tests no clip of laugh, sigh; its UAR is over the other classes"
    ]
    assert said["speaker"] == []
    assert "who is trained on as well" in said["paper"][0]


def test_a_class_of_one_speaker_cannot_be_learnt_without_them(corpus, table, make_experiment):
    owned = only(corpus, lambda clip: clip.label != "sigh" or clip.speaker == "s5")
    paper = make_experiment(head=K_NN, folds={"protocol": "paper", "n_folds": 3})
    assert cross_validate(paper, owned, [table]).scores().per_class[2].support == 3
    for protocol in PROTOCOLS[1:]:
        experiment = make_experiment(head=K_NN, folds={"protocol": protocol, "n_folds": 3})
        with pytest.raises(SplitError, match="no clip of class 'sigh' is left to train on; take another"):
            cross_validate(experiment, owned, [table])


def test_an_unknown_speaker_is_refused_before_anything_is_trained_but_under_paper(plan, corpus, table):
    first = dataclasses.replace(corpus.clips[0], speaker=None)
    unsure = dataclasses.replace(corpus, clips=(first, *corpus.clips[1:]))
    with pytest.raises(SplitError, match=r"^1 of 54 clips have no speaker; use the protocol 'paper'"):
        crossed(plan, unsure)
    result = cross_validate(plan.experiments()[0], unsure, [table])
    assert result.predictions.speakers[0] is None
    assert (
        "1 of 54 clips have no known speaker: speakers may be on both sides" in result.provenance["warnings"]
    )
