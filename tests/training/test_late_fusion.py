from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import pytest

from nver.corpora.base import Corpus
from nver.embeddings.table import EmbeddingTable
from nver.errors import ConfigError, NverError, ResultError, TrainingError
from nver.experiment import Experiment
from nver.heads.specs import LateFusionSpec
from nver.results import Predictions, Result
from nver.training.cross_validate import cross_validate
from nver.training.late_fusion import fuse

Make = Callable[..., Result]


@pytest.fixture
def make_result(corpus: Corpus, table: EmbeddingTable, make_experiment) -> Make:
    """A finished result on the toy corpus."""

    def make(encoder: str = "logmel-stats", name: str = "trial", **changes: object) -> Result:
        experiment: Experiment = make_experiment(name=name, encoders=[encoder], **changes)
        return cross_validate(experiment, corpus, [table], encoders=[{"fingerprint": encoder}], jobs=1)

    return make


@pytest.fixture
def parents(make_result: Make) -> list[Result]:
    """Two of the same clips and folds, that guess differently."""
    return [
        make_result(name="one"),
        make_result("mfcc-stats", name="two", training={"max_epochs": 9, "lr": 0.1}),
    ]


def probabilities(result: Result) -> np.ndarray:
    return result.predictions.probabilities


@pytest.mark.parametrize(("weights", "shares"), [(None, (0.5, 0.5)), ((3.0, 1.0), (0.75, 0.25))])
def test_probabilities_are_the_weighted_mean_of_the_parents(parents, weights, shares):
    fused = fuse(parents, name="both", weights=weights)
    mean = shares[0] * probabilities(parents[0]) + shares[1] * probabilities(parents[1])
    np.testing.assert_allclose(probabilities(fused), mean, atol=1e-6)
    assert np.abs(probabilities(parents[0]) - probabilities(parents[1])).max() > 0.1
    assert fused.predictions.clip_ids == parents[0].predictions.clip_ids
    np.testing.assert_array_equal(fused.predictions.fold, parents[0].predictions.fold)
    assert fused.experiment.head == LateFusionSpec(parents=("one", "two"), weights=shares)


def test_a_result_fused_with_itself_is_itself(parents):
    fused = fuse([parents[0]] * 3, name="thrice")
    np.testing.assert_allclose(probabilities(fused), probabilities(parents[0]), atol=1e-6)
    assert [encoder.name for encoder in fused.experiment.encoders] == ["logmel-stats"]


def test_the_order_of_parents_changes_nothing_but_names(parents):
    there, back = fuse(parents, name="a", weights=[1, 3]), fuse(parents[::-1], name="a", weights=[3, 1])
    np.testing.assert_allclose(probabilities(there), probabilities(back), atol=1e-7)


def test_what_is_saved_holds_the_parents_and_loads_again(parents, tmp_path):
    fused = fuse(parents, name="both", weights=[2, 1])
    fused.save(tmp_path / "both")
    loaded = Result.load(tmp_path / "both")
    assert loaded.experiment == fused.experiment
    said = loaded.provenance
    assert [Experiment.model_validate(parent["experiment"]) for parent in said["parents"]] == [
        parent.experiment for parent in parents
    ]
    assert [parent["key"] for parent in said["parents"]] == [parent.provenance["key"] for parent in parents]
    assert [encoder["fingerprint"] for encoder in said["encoders"]] == ["logmel-stats", "mfcc-stats"]
    assert said["head_parameters"] == sum(parent.provenance["head_parameters"] for parent in parents)
    assert [past.epochs for past in loaded.history] == [()] * 3
    assert [past.n_test for past in loaded.history] == [past.n_test for past in parents[0].history]
    assert "were given: if they were chosen on these clips, scores are optimistic" in said["warnings"][-1]
    assert said["key"] != fuse(parents, name="both").provenance["key"]
    assert fuse(parents, name="both", weights=[4, 4]).provenance["warnings"] == []


def with_predictions(result: Result, **changes: object) -> Result:
    made: Predictions = dataclasses.replace(result.predictions, **changes)
    return dataclasses.replace(result, predictions=made)


def other(result: Result, what: str) -> Result:
    made = result.predictions
    match what:
        case "corpus":
            corpus = result.experiment.corpus.model_copy(update={"options": {"odd": True}})
            return dataclasses.replace(
                result, experiment=result.experiment.model_copy(update={"corpus": corpus})
            )
        case "classes":
            return dataclasses.replace(result, labels=result.labels[::-1])
        case "tested clips":
            return with_predictions(result, clip_ids=made.clip_ids[::-1])
        case _:
            return with_predictions(result, fold=(made.fold + 1) % 3)


@pytest.mark.parametrize("what", ["corpus", "classes", "tested clips", "folds"])
def test_results_of_different_things_are_refused(parents, what):
    with pytest.raises(ResultError, match=f"^'one' and 'two' differ in {what}; fuse results of one corpus"):
        fuse([parents[0], other(parents[1], what)], name="both")


def test_another_root_is_the_same_corpus(parents):
    moved = parents[1].experiment.corpus.model_copy(update={"root": "elsewhere"})
    elsewhere = dataclasses.replace(
        parents[1], experiment=parents[1].experiment.model_copy(update={"corpus": moved})
    )
    assert fuse([parents[0], elsewhere], name="both").labels == parents[0].labels


@pytest.mark.parametrize(
    ("n", "weights", "message"),
    [
        (1, None, "late fusion takes two or more results, got 1"),
        (2, [1.0], "2 results came with 1 weights; expected one a result"),
        (2, [1.0, 0.0], "a weight is a positive number, got 0.0; leave out what is to count nothing"),
        (2, [1.0, float("nan")], "a weight is a positive number, got nan"),
        (2, [1.0, float("inf")], "a weight is a positive number, got inf"),
    ],
)
def test_weights_that_do_not_fit_are_refused(parents, n, weights, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        fuse(parents[:n], name="both", weights=weights)


def test_a_name_that_is_no_folder_is_refused(parents):
    with pytest.raises(NverError, match="'a/b' cannot name a folder"):
        fuse(parents, name="a/b")


def test_late_fusion_cannot_be_trained(parents, corpus, table):
    fused = fuse(parents, name="both")
    with pytest.raises(TrainingError, match="both: late fusion is not trained; `nver fuse` makes it"):
        cross_validate(fused.experiment, corpus, [table, table])
