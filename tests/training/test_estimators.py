"""Classifiers of scikit-learn as heads."""

from __future__ import annotations

import numpy as np
import pytest

from nver.errors import ConfigError, TrainingError
from nver.experiment import TrainingSpec
from nver.heads.estimators import SklearnSpec
from nver.results import Result
from nver.training.bundle import fit_bundle
from nver.training.cross_validate import cross_validate
from nver.training.estimators import fit_estimator
from nver.training.fit import Part

LINEAR = "sklearn.linear_model."


def spec(estimator: str, **parameters: object) -> SklearnSpec:
    return SklearnSpec.model_validate({"estimator": estimator, "parameters": parameters})


def head(estimator: str, **parameters: object) -> dict[str, object]:
    return {"kind": "sklearn", "estimator": estimator, "parameters": parameters}


@pytest.fixture
def part() -> Part:
    """Three classes that a line can tell apart."""
    rng = np.random.default_rng(0)
    truth = np.arange(60) % 3
    centres = 4 * np.eye(3, 5)
    return Part(((centres[truth] + rng.normal(size=(60, 5))).astype(np.float32),), truth)


@pytest.mark.parametrize(
    ("estimator", "parameters", "source"),
    [
        ("logistic-regression", {}, "predict_proba"),
        ("k-nn", {"n_neighbors": 3}, "predict_proba"),
        ("svm", {}, "softmax of decision_function, not calibrated"),
        ("linear-svm", {}, "softmax of decision_function, not calibrated"),
        (LINEAR + "RidgeClassifier", {}, "softmax of decision_function, not calibrated"),
        ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 5}, "predict_proba"),
    ],
)
def test_the_likeliest_class_is_what_scikit_learn_predicts(part, estimator, parameters, source):
    fitted = fit_estimator(
        spec(estimator, **parameters), part, n_classes=4, settings=TrainingSpec(standardize=True), seed=0
    )
    probabilities = fitted.predict(part.views)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (60, 4)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert not probabilities[:, 3].any(), "a class without a clip has no probability"
    scaled = fitted.scales[0](part.views[0]).astype(np.float64)
    assert np.array_equal(probabilities.argmax(axis=1), fitted.estimator.predict(scaled))
    assert fitted.probabilities_are == source


def test_two_classes_have_a_probability_each():
    rng = np.random.default_rng(0)
    two = Part((rng.normal(size=(20, 3)).astype(np.float32),), np.arange(20) % 2)
    fitted = fit_estimator(spec("linear-svm"), two, n_classes=2, settings=TrainingSpec(), seed=0)
    score = fitted.estimator.decision_function(two.views[0].astype(np.float64))
    assert np.allclose(fitted.predict(two.views)[:, 1], 1 / (1 + np.exp(-score)), atol=1e-6)


@pytest.mark.parametrize(
    ("estimator", "parameters", "said"),
    [
        ("sklearn.svm.SVCC", {}, r"^scikit-learn has no class 'sklearn.svm.SVCC'"),
        (
            "sklearn.svm.SVR",
            {},
            r"^'sklearn.svm.SVR' is no classifier; expected one such as sklearn.svm.SVC$",
        ),
        ("svm", {"c": 1}, r"^sklearn.svm.SVC has no parameter 'c'; expected one of C, break_ties"),
        ("sklearn.ensemble.VotingClassifier", {}, r"is made of other classifiers \('estimators'\)"),
    ],
)
def test_what_is_no_classifier_is_refused_before_anything_is_trained(
    corpus, table, make_experiment, estimator, parameters, said
):
    with pytest.raises(ConfigError, match=said):
        cross_validate(make_experiment(head=head(estimator, **parameters)), corpus, [table])


def test_a_parameter_that_scikit_learn_refuses_is_said(part):
    with pytest.raises(TrainingError, match=r"^sklearn.svm.SVC cannot be fitted: The 'C' parameter of SVC"):
        fit_estimator(spec("svm", C=-1.0), part, n_classes=3, settings=TrainingSpec(), seed=0)


def test_classes_are_weighted_where_the_classifier_can_and_refused_where_not(part):
    balanced = TrainingSpec(class_weights="balanced")
    fitted = fit_estimator(spec("svm"), part, n_classes=3, settings=balanced, seed=0)
    assert fitted.estimator.class_weight == "balanced"
    with pytest.raises(ConfigError, match=r"KNeighborsClassifier cannot weigh classes"):
        fit_estimator(spec("k-nn"), part, n_classes=3, settings=balanced, seed=0)


def test_nothing_is_left_to_fit_a_temperature_to(part):
    with pytest.raises(
        ConfigError, match=r"no clips are left to fit a temperature to; set training.calibrate"
    ):
        fit_estimator(spec("svm"), part, n_classes=3, settings=TrainingSpec(calibrate="temperature"), seed=0)


def test_stopping_before_it_converged_is_a_note(part):
    fitted = fit_estimator(spec("k-nn"), part, n_classes=3, settings=TrainingSpec(), seed=0)
    assert fitted.notes == ()
    with pytest.warns(UserWarning, match="failed to converge"):
        fitted = fit_estimator(
            spec("logistic-regression", max_iter=1), part, n_classes=3, settings=TrainingSpec(), seed=0
        )
    assert fitted.notes == ("LogisticRegression stopped after max_iter = 1 steps, before it converged",)


def test_several_embeddings_are_laid_end_to_end(corpus, table, make_experiment, tmp_path):
    experiment = make_experiment(head=head("logistic-regression"), encoders=["logmel-stats", "mfcc-stats"])
    made = cross_validate(experiment, corpus, [table, table])
    assert made.provenance["head_parameters"] == (2 * 12 + 1) * 3
    assert made.provenance["probabilities"] == "predict_proba"
    assert [(past.n_train, past.n_validation, past.epochs) for past in made.history] == [(36, 0, ())] * 3
    assert made.scores().accuracy.pooled > 0.6
    made.save(tmp_path / "result")
    assert Result.load(tmp_path / "result").experiment == experiment


def test_the_seed_decides_and_the_number_of_jobs_does_not(corpus, table, make_experiment):
    forest = head("sklearn.ensemble.RandomForestClassifier", n_estimators=4)
    one, other, elsewhere = (
        cross_validate(make_experiment(head=forest, seed=seed), corpus, [table], jobs=jobs)
        for seed, jobs in ((0, 1), (0, 3), (1, 1))
    )
    assert np.array_equal(one.predictions.probabilities, other.predictions.probabilities)
    assert not np.array_equal(one.predictions.probabilities, elsewhere.predictions.probabilities)


def test_a_classifier_never_sees_a_test_clip(corpus, table, make_experiment):
    """A leave-one-out neighbour would be itself: with one neighbour every clip would be found."""
    made = cross_validate(make_experiment(head=head("k-nn", n_neighbors=1)), corpus, [table])
    assert made.scores().accuracy.pooled < 1
    assert made.provenance["head_parameters"] is None


def test_a_bundle_holds_no_pickle(corpus, table, make_experiment, tmp_path):
    class Encoder:
        card = type("Card", (), {"name": "logmel-stats"})
        dim = 12

    searching = make_experiment(search={"space": {"training.lr": [1e-3]}})
    with pytest.raises(TrainingError, match=r"a search chooses settings for each test part"):
        fit_bundle(searching, corpus, [table], tmp_path / "b", encoders=[Encoder()])
    with pytest.raises(TrainingError, match="can only be saved as a pickle"):
        fit_bundle(make_experiment(head=head("svm")), corpus, [table], tmp_path / "b", encoders=[Encoder()])
