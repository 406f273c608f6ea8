from __future__ import annotations

import pytest

from nver import config
from nver.errors import ConfigError
from nver.experiment import Plan


def plan(head: object, **changes: object) -> Plan:
    data = {
        "name": "trial",
        "corpus": {"name": "toy", "root": "toy"},
        "systems": [{"head": head, "encoders": ["logmel-stats"], **changes}],
    }
    return config.validate(Plan, data, source="a plan")


@pytest.mark.parametrize(
    ("head", "estimator", "parameters"),
    [
        ("logistic-regression", "sklearn.linear_model.LogisticRegression", {"max_iter": 1000}),
        ({"kind": "svm", "C": 2.0}, "sklearn.svm.SVC", {"C": 2.0}),
        ({"kind": "k-nn", "n_neighbors": 7}, "sklearn.neighbors.KNeighborsClassifier", {"n_neighbors": 7}),
        (
            {"kind": "sklearn", "estimator": "logistic-regression", "parameters": {"C": 0.01}},
            "sklearn.linear_model.LogisticRegression",
            {"max_iter": 1000, "C": 0.01},
        ),
    ],
)
def test_a_short_name_is_a_classifier_with_its_parameters(head, estimator, parameters):
    (experiment,) = plan(head).experiments()
    assert (experiment.head.kind, experiment.head.estimator) == ("sklearn", estimator)
    assert experiment.head.parameters == parameters


def test_folders_are_named_by_the_classifier():
    (experiment,) = plan(
        {"kind": "sklearn", "estimator": "sklearn.tree.DecisionTreeClassifier"}
    ).experiments()
    assert experiment.name == "DecisionTreeClassifier-logmel-stats-paper"
    assert plan("svm").experiments()[0].name == "svm-logmel-stats-paper"


@pytest.mark.parametrize("name", ["os.system", "sklearn.svm", "SVC", "sklearn.svm.SVC()", "svmm"])
def test_only_a_dotted_name_below_scikit_learn_is_a_classifier(name):
    with pytest.raises(ConfigError, match=rf"'{name.replace('(', '.').replace(')', '.')}' is no class of"):
        plan({"kind": "sklearn", "estimator": name})


def test_the_fold_decides_the_random_state():
    with pytest.raises(ConfigError, match="random_state is the seed of the fold; leave it out"):
        plan({"kind": "svm", "random_state": 3})
