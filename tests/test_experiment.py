from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from nver import config
from nver.config import read_toml
from nver.errors import ConfigError
from nver.experiment import EncoderSpec, Experiment, FoldSpec, Plan, load_plan
from nver.heads.build import build
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


def test_every_seed_gives_every_experiment_once_more(plan_file):
    plan = load_plan(plan_file, overrides=["seeds=[3, 5]"])
    found = [(experiment.name, experiment.seed) for experiment in plan.experiments()[:4]]
    assert found == [
        ("fcn-logmel-stats-seed3-paper", 3),
        ("fcn-logmel-stats-seed5-paper", 5),
        ("reno-mfcc-stats-mfcc-stats-seed3-paper", 3),
        ("reno-mfcc-stats-mfcc-stats-seed5-paper", 5),
    ]
    (first, *_) = load_plan(plan_file, overrides=["seeds=[3]"]).experiments()
    assert (first.name, first.seed) == ("fcn-logmel-stats-paper", 3)
    with pytest.raises(ConfigError, match="seed 3 is listed twice"):
        load_plan(plan_file, overrides=["seeds=[3, 3]"])


def test_encoders_of_the_plan_are_those_of_systems_that_name_none(plan_file):
    shared = 'encoders = ["wavlm-base", "hubert-base", "audio-mamba-tiny"]\n'
    text = PLAN.replace('{ head = "fcn", encoders = ["logmel-stats"] }', '{ head = "concat" }')
    plan_file.write_text(shared + text)
    first, second, *_ = load_plan(plan_file).experiments()
    assert first.name == "concat-wavlm-base-hubert-base-audio-mamba-tiny-paper"
    assert [encoder.name for encoder in first.encoders] == ["wavlm-base", "hubert-base", "audio-mamba-tiny"]
    assert [encoder.name for encoder in second.encoders] == ["mfcc-stats", "mfcc-stats"]
    other = load_plan(plan_file, overrides=["encoders=['logmel-stats', 'mfcc-stats']"])
    assert other.experiments()[0].name == "concat-logmel-stats-mfcc-stats-paper"
    plan_file.write_text(text)
    with pytest.raises(ConfigError, match=re.escape("'systems.0.encoders' is missing")):
        load_plan(plan_file)


def test_a_system_may_train_in_its_own_way(plan_file):
    plan_file.write_text(PLAN.replace('name = "odd", ', 'name = "odd", training = { standardize = false }, '))
    plan = load_plan(plan_file, overrides=["training.lr=1e-2"])
    odd, *others = sorted(plan.experiments(), key=lambda experiment: "odd" not in experiment.name)[1:]
    assert (odd.training.standardize, odd.training.lr) == (False, 1e-2)
    assert all(experiment.training.standardize for experiment in others)
    plan_file.write_text(PLAN.replace('name = "odd", ', 'name = "odd", training = { standardise = false }, '))
    with pytest.raises(ConfigError, match=r"system 'odd-paper': unknown key 'standardise' in \[training\]"):
        load_plan(plan_file)


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("head", ["concat", "reno", "gated-sum", "cross-attention"])
def test_fusions_take_any_number_of_encoders_from_two(plan_file, head, n):
    names = [f"hf:org/model-{i}" for i in range(n)]
    plan_file.write_text(PLAN.replace('"fcn", encoders = ["logmel-stats"]', f'"{head}", encoders = {names}'))
    assert len(load_plan(plan_file).experiments()[0].encoders) == n


def test_late_fusion_is_nothing_that_a_plan_could_train(plan_file):
    plan_file.write_text(PLAN.replace('head = "fcn"', 'head = "late-fusion"'))
    with pytest.raises(ConfigError, match="'late-fusion' found using 'kind' does not match any of"):
        load_plan(plan_file)


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
            "unknown key 'sed'; expected one of corpus, encoders, folds, name, reference, search, "
            "seed, seeds, systems, training",
        ),
        ("standardize = true", "lr = -1", "'training.lr' got -1: Input should be greater than 0"),
        ('name = "odd", ', 'name = "fcn-logmel-stats", ', "two systems are called 'fcn-logmel-stats-paper'"),
        ('name = "odd", ', 'name = "a/b", ', "'name': 'a/b-paper' cannot name a folder of results"),
        ('name = "trial"', 'name = "../trial"', "'name': '../trial' cannot name a folder of results"),
        ('["logmel-stats"]', '["logmel-stats", "mfcc-stats"]', "head 'fcn' takes 1 encoder(s), got 2"),
        (
            '["mfcc-stats", { name = "mfcc-stats", n = 3 }]',
            '["mfcc-stats"]',
            "head 'reno' takes 2 or more encoder(s), got 1",
        ),
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


def test_no_two_systems_of_the_ablation_are_the_same_and_each_can_be_built():
    plan = load_plan(Path(__file__).parents[1] / "experiments" / "ablation.toml")
    made = {(experiment.head, experiment.training) for experiment in plan.experiments()}
    assert len(made) == len(plan.systems)
    with torch.device("meta"):  # shapes alone: no weights are drawn
        for experiment in plan.experiments():
            assert build(experiment.head, [640, 240], 6).dims == (640, 240)


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for path in (Path(__file__).parents[1] / "experiments").glob("*.toml")
        if {"systems", "corpus"} <= read_toml(path).keys()  # others are grids, transfers and pre-trainings
    ),
    ids=lambda p: p.stem,
)
def test_every_plan_of_the_project_is_valid(path):
    assert load_plan(path).experiments()
