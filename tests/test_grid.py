"""Grids are data: what their lists expand to, and what they refuse."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nver import config
from nver.errors import ConfigError
from nver.grid import Grid, load_grid

EXPERIMENTS = Path(__file__).parents[1] / "experiments"

KEYS = {
    "A(T)": "audio-mamba-tiny",
    "A(S)": "audio-mamba-small",
    "A(B)": "audio-mamba-base",
    "W": "wavlm-base",
    "W2": "wav2vec2-base",
    "U": "unispeech-sat-base",
    "H": "hubert-base",
}
"""What the study's tables call encoders."""


def grid(**changes: Any) -> Grid:
    plain = {
        "name": "small",
        "encoders": ["logmel-stats", "mfcc-stats"],
        "heads": ["fcn"],
        "pairs": [["logmel-stats", "mfcc-stats"]],
        "fusions": ["concat"],
        "corpora": ["vivae"],
    }
    return config.validate(Grid, plain | changes, source="small.toml")


def names(made: Grid) -> list[str]:
    return [cell.name for cell in made.cells()]


def test_the_study_has_the_cells_of_its_two_tables(shared_dir):
    with (shared_dir / "spec" / "tables.csv").open(newline="") as file:
        published = [
            (row["corpus"].lower(), row["head"], tuple(KEYS[key] for key in row["encoders"].split("+")))
            for row in csv.DictReader(file)
        ]
    cells = load_grid(EXPERIMENTS / "study.toml").cells()
    ours = [
        (cell.corpus, cell.experiment.head.kind, tuple(spec.name for spec in cell.experiment.encoders))
        for cell in cells
    ]
    assert Counter(ours) == Counter(published)


def test_the_study_is_150_cells_of_five_folds_that_ignore_speakers():
    cells = load_grid(EXPERIMENTS / "study.toml").cells()
    assert len({cell.name for cell in cells}) == len(cells) == 42 + 108
    assert Counter(len(cell.experiment.encoders) for cell in cells) == {1: 42, 2: 108}
    assert {(cell.experiment.folds.protocol, cell.experiment.folds.n_folds) for cell in cells} == {
        ("paper", 5)
    }
    assert cells[0].name == "asvp-esd/fcn-audio-mamba-tiny-paper"


@pytest.mark.parametrize("name", ["study", "grid-smoke", "grid-template"])
def test_every_grid_that_ships_expands(name):
    assert load_grid(EXPERIMENTS / f"{name}.toml").cells()


def test_every_list_is_crossed_with_every_other():
    made = grid(
        corpora=["vivae", {"name": "jnv", "label": "japanese", "root": "j"}],
        folds=["paper", "speaker"],
        seeds=[0, 7],
        training=[{"label": "raw"}, {"label": "scaled", "standardize": True}],
    )
    cells = made.cells()
    assert len({cell.name for cell in cells}) == len(cells) == 3 * 2 * 2 * 2 * 2
    assert cells[0].name == "vivae/fcn-logmel-stats-raw-seed0-paper"
    assert cells[-1].name == "japanese/concat-logmel-stats-mfcc-stats-scaled-seed7-speaker"
    assert cells[-1].experiment.seed == 7
    assert cells[-1].experiment.training.standardize
    assert cells[-1].experiment.corpus.root == Path("j")


def test_one_seed_and_one_training_are_not_in_the_names():
    assert names(grid()) == [
        "vivae/fcn-logmel-stats-paper",
        "vivae/fcn-mfcc-stats-paper",
        "vivae/concat-logmel-stats-mfcc-stats-paper",
    ]


def test_labels_tell_variants_apart_and_pairs_go_by_them():
    made = grid(
        encoders=[
            {"label": "low", "name": "wavlm-base", "layer": 2},
            {"label": "high", "name": "wavlm-base", "layer": 9},
        ],
        heads=[],
        pairs=[["high", "low"]],
        fusions=["reno", {"label": "reno-exact", "kind": "reno", "preset": "exact"}],
    )
    plain, exact = (cell.experiment for cell in made.cells())
    assert names(made) == ["vivae/reno-high-low-paper", "vivae/reno-exact-high-low-paper"]
    assert [spec.options for spec in exact.encoders] == [{"layer": 9}, {"layer": 2}]
    assert (plain.head.shift, exact.head.shift) == (0.2, 0.0)


def test_a_corpus_may_have_folds_of_its_own():
    own = {"name": "jnv", "folds": {"protocol": "speaker", "n_folds": 4}}
    made = grid(corpora=["vivae", own], folds=["speaker"])
    assert {(cell.corpus, cell.experiment.folds.n_folds) for cell in made.cells()} == {
        ("vivae", 5),
        ("jnv", 4),
    }


def test_corpora_lie_below_data_unless_told_otherwise():
    assert grid().cells()[0].experiment.corpus.root == Path("data/vivae")
    moved = grid().rooted({"vivae": Path("/elsewhere")})
    assert moved.cells()[0].experiment.corpus.root == Path("/elsewhere")
    with pytest.raises(ConfigError, match=r"small has no corpus 'vivea'\. Did you mean 'vivae'\?"):
        grid().rooted({"vivea": Path()})


def test_random_weights_are_in_the_name_and_in_every_encoder_that_has_weights():
    made = grid(encoders=["logmel-stats", "wavlm-base"], pairs=[["logmel-stats", "wavlm-base"]])
    random = made.with_random_weights(3)
    assert random.name == "small-random"
    assert names(random) == names(made)
    assert {spec.name: spec.options for spec in random.cells()[-1].experiment.encoders} == {
        "logmel-stats": {},
        "wavlm-base": {"random_weights": 3},
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"pairs": [["logmel-stats", "mfc-stats"]]},
            "'mfc-stats' is in pairs and not in encoders. Did you mean",
        ),
        (
            {"encoders": ["mfcc-stats", "mfcc-stats"]},
            "'mfcc-stats' is in encoders twice; give one of them a label",
        ),
        ({"seeds": [1, 1]}, "'1' is in seeds twice"),
        ({"heads": [], "fusions": []}, "there is no cell: name some heads, or some pairs and fusions"),
        ({"haeds": ["fcn"]}, "unknown key 'haeds'; expected one of corpora, encoders, folds"),
        ({"folds": ["papre"]}, "'folds.0.protocol' got 'papre'"),
        ({"corpora": []}, "'corpora' got []"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, sentence):
    with pytest.raises(ConfigError) as refused:
        grid(**changes)
    assert str(refused.value).startswith(f"small.toml: {sentence}") or sentence in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"heads": ["concat"]}, "head 'concat' takes 2 or more encoder"),
        ({"heads": [{"kind": "fcn", "preset": "papre"}]}, "no preset is called 'papre'"),
    ],
)
def test_heads_that_do_not_fit_are_refused_before_anything_runs(changes, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        grid(**changes).cells()
