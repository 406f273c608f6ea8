from __future__ import annotations

from pathlib import Path

import pytest

from nver.config import validate
from nver.errors import ConfigError
from nver.transfer import ALL, ALL_OTHERS, TransferPlan, load_transfer_plan


def plan(**changes: object) -> TransferPlan:
    corpora = {
        "a": {"name": "jnv", "root": "a", "test": {"speaker": ["F1"]}},
        "b": {"name": "jnv", "root": "b", "test": {"speaker": ["F2"]}},
    }
    plain = {"name": "cross", "corpora": corpora, "systems": [{"head": "fcn", "encoders": ["mfcc-stats"]}]}
    return validate(TransferPlan, plain | changes, source="test")


def test_two_corpora_are_trained_on_singly_and_together_and_each_is_tested_on_the_same_side():
    made = plan()
    assert [(cell.train, cell.test) for cell in made.cells()] == [
        *(("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")),
        *((ALL, "a"), (ALL, "b")),
    ]
    for cell in made.cells():
        assert cell.folds.test == (f"{cell.test}/test",)
        assert not set(cell.folds.train) & set(cell.folds.test)
    assert made.cells()[-1].folds.train == ("a/train", "b/train")


def test_of_three_corpora_each_is_left_out_once():
    corpora = {title: part.model_dump() for title, part in plan().corpora.items()}
    made = plan(corpora=corpora | {"c": {"name": "folder", "root": "c"}})
    left_out = {cell.test: cell.folds.train for cell in made.cells() if cell.train == ALL_OTHERS}
    assert left_out == {
        "a": ("b/train", "c/all"),
        "b": ("a/train", "c/all"),
        "c": ("a/train", "b/train"),
    }
    pairs = {(cell.train, cell.test) for cell in made.cells()}
    assert ("c", "c") not in pairs  # it has no test part, so nothing of it may be tested by heads that saw it
    assert (ALL, "c") not in pairs


def test_every_cell_has_every_system_under_a_name_of_its_own():
    systems = [{"head": head, "encoders": ["mfcc-stats"]} for head in ("fcn", "cnn")]
    names = [experiment.name for experiment in plan(systems=systems).experiments()]
    assert names[:3] == ["fcn-mfcc-stats-a-to-a", "cnn-mfcc-stats-a-to-a", "fcn-mfcc-stats-a-to-b"]
    assert len(set(names)) == len(names) == 12


def test_a_mistyped_key_and_a_single_corpus_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="unknown key 'corpus'"):
        plan(corpus={})
    with pytest.raises(ConfigError, match="'corpora'"):
        plan(corpora={"a": {"name": "jnv", "root": "a"}})
    with pytest.raises(ConfigError, match="systems"):
        plan(systems=[{"head": "fcnn", "encoders": ["mfcc-stats"]}]).experiments()


def test_the_plan_in_the_project_is_whole():
    made = load_transfer_plan(Path("experiments/cross-corpus.toml"), overrides=["corpora.synthetic.root=x"])
    assert made.corpora["synthetic"].root == Path("x")
    assert len(made.experiments()) == 12
