from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nver import config
from nver.errors import ConfigError
from nver.experiment import EncoderSpec, Experiment, FoldSpec, Plan, load_plan
from nver.heads.specs import RENOSpec

PLAN = """
name = "trial"
seed = 7
systems = [
    { head = "fcn", encoders = ["logmel-stats"] },
    { head = { kind = "reno", preset = "exact" }, encoders = ["mfcc-stats", { name = "mfcc-stats", n = 3 }] },
    { name = "odd", head = { kind = "cnn", tokens = "all" }, encoders = ["hf:org/model"] },
]

[corpus]
name = "vivae"
root = "data/VIVAE"
options = { intensities = ["low"] }

[[folds]]
protocol = "paper"

[[folds]]
protocol = "speaker"
n_folds = 4

[training]
standardize = true
"""


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "trial.toml"
    path.write_text(PLAN)
    return path


def test_a_plan_crosses_its_systems_with_its_ways_of_folding(plan_file):
    experiments = load_plan(plan_file).experiments()
    assert [experiment.name for experiment in experiments] == [
        "fcn-logmel-stats-paper",
        "reno-mfcc-stats-mfcc-stats-paper",
        "odd-paper",
        "fcn-logmel-stats-speaker",
        "reno-mfcc-stats-mfcc-stats-speaker",
        "odd-speaker",
    ]
    for experiment in experiments:
        assert experiment.seed == 7
        assert experiment.training.standardize
        assert experiment.corpus.options == {"intensities": ["low"]}
    assert experiments[3].folds.n_folds == 4
    assert experiments[1].encoders[1] == EncoderSpec(name="mfcc-stats", options={"n": 3})


def test_the_exact_preset_drops_the_shift_and_what_is_said_beside_it_wins(plan_file):
    head = load_plan(plan_file).experiments()[1].head
    assert isinstance(head, RENOSpec)
    assert head.shift == 0.0
    text = PLAN.replace('preset = "exact"', 'preset = "exact", shift = 0.1')
    plan_file.write_text(text)
    assert load_plan(plan_file).experiments()[1].head.shift == 0.1


def test_an_experiment_survives_json(plan_file):
    for experiment in load_plan(plan_file).experiments():
        data = json.loads(json.dumps(experiment.model_dump(mode="json")))
        assert Experiment.model_validate(data) == experiment


def test_overrides_reach_every_experiment(plan_file):
    plan = load_plan(plan_file, overrides=["training.lr=1e-2", "seed=1"])
    assert {experiment.training.lr for experiment in plan.experiments()} == {1e-2}
    assert {experiment.seed for experiment in plan.experiments()} == {1}


def test_names_of_hub_models_become_names_of_folders(plan_file):
    plan_file.write_text(PLAN.replace('name = "odd", ', ""))
    assert load_plan(plan_file).experiments()[2].name == "cnn-hf-org-model-paper"


def test_one_way_of_folding_needs_no_list():
    plain: dict[str, Any] = {
        "name": "trial",
        "corpus": {"name": "vivae", "root": "x"},
        "systems": [{"head": "fcn", "encoders": ["logmel-stats"]}],
    }
    alone = config.validate(Plan, plain | {"folds": {"protocol": "speaker"}}, source="here")
    assert alone.folds == (FoldSpec(protocol="speaker"),)
    assert config.validate(Plan, plain, source="here").folds == (FoldSpec(),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'name = "vivae"',
            'nome = "vivae"',
            "unknown key 'nome' in [corpus]; expected one of name, options, root",
        ),
        (
            "seed = 7",
            "sed = 7",
            "unknown key 'sed'; expected one of corpus, folds, name, seed, systems, training",
        ),
        ("standardize = true", "lr = -1", "'training.lr' got -1: Input should be greater than 0"),
        ('name = "odd", ', 'name = "fcn-logmel-stats", ', "two systems are called 'fcn-logmel-stats-paper'"),
        ('name = "odd", ', 'name = "a/b", ', "'name': 'a/b-paper' cannot name a folder of results"),
        ('name = "trial"', 'name = "../trial"', "'name': '../trial' cannot name a folder of results"),
        ('["logmel-stats"]', '["logmel-stats", "mfcc-stats"]', "head 'fcn' takes 1 encoder(s), got 2"),
        ('preset = "exact"', 'preset = "exakt"', "no preset is called 'exakt'; known: paper, exact"),
        ('preset = "exact"', "preset = [1]", "no preset is called '[1]'; known: paper, exact"),
        ("n_folds = 4", "n_folds = 1", "got 1: Input should be greater than or equal to 2"),
        ("n_folds = 4", 'train = ["a"]', "predefined folds name both 'train' and 'test' parts, or neither"),
        (
            "n_folds = 4",
            'train = ["a", "b"]\ntest = ["b"]',
            "part 'b' is both trained on and tested on; name it once",
        ),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_in_one_sentence(plan_file, old, new, message):
    assert old in PLAN
    plan_file.write_text(PLAN.replace(old, new, 1))
    with pytest.raises(ConfigError, match=re.escape(message)) as refused:
        load_plan(plan_file)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "experiments").glob("*.toml")), ids=lambda p: p.stem
)
def test_every_plan_of_the_project_is_valid(path):
    assert load_plan(path).experiments()
