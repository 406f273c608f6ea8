"""What a run says of its clips and folds, and what an audit says before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nver.audit import Audit
from nver.corpora.synthetic import synthesise
from nver.embeddings.store import Store
from nver.experiment import EncoderSpec, Experiment, Plan
from nver.results import Result
from nver.training.audit import MOST_IDS, audit_plan, seen_by
from nver.training.late_fusion import fuse
from nver.training.run import Observer, run_plan


class Listening(Observer):
    def __init__(self) -> None:
        self.audits: dict[str, Audit] = {}

    def audited(self, experiment: Experiment, audit: Audit) -> None:
        self.audits[experiment.name] = audit


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """66 synthetic clips, one of them there under the names of two speakers."""
    root = synthesise(tmp_path_factory.mktemp("audited"), n_clips=66)
    first, *_, last = sorted(root.rglob("*.wav"))
    last.write_bytes(first.read_bytes())
    return root


@pytest.fixture
def plan(corpus: Path) -> Plan:
    plain: dict[str, Any] = {
        "name": "tiny",
        "corpus": {"name": "vivae", "root": corpus},
        "folds": [{"protocol": "paper", "n_folds": 2}, {"protocol": "speaker", "n_folds": 2}],
        "training": {"max_epochs": 1},
        "systems": [
            {"head": {"kind": "fcn", "dense": [4, 4]}, "encoders": ["mfcc-stats"]},
            {"head": {"kind": "fcn", "dense": [4, 4]}, "encoders": ["shortcut-stats"]},
        ],
    }
    return Plan.model_validate(plain)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def kinds(audit: dict[str, Any], severity: str) -> list[str]:
    return [one["kind"] for one in audit["findings"] if one["severity"] == severity]


def test_every_result_of_a_run_holds_what_the_cheap_checks_found(plan, store, tmp_path):
    observer = Listening()
    results = run_plan(plan, out=tmp_path, store=store, workers=0, jobs=1, observer=observer)
    by_name = {result.experiment.name: result for result in results}
    assert set(observer.audits) == set(by_name)
    random, apart = (
        by_name[f"fcn-mfcc-stats-{protocol}"].provenance["audit"] for protocol in ("paper", "speaker")
    )
    assert "speakers" in kinds(random, "leak")
    assert "speakers" not in kinds(apart, "leak")
    for audit in (random, apart):
        assert [one["kind"] for one in audit["findings"] if one["kind"] == "identical"] == ["identical"]
        assert set(audit["shortcut"]) == {"accuracy", "macro_f1", "uar", "uar_low", "majority"}
        assert all(len(one["clip_ids"]) <= MOST_IDS for one in audit["findings"])
    other = by_name["fcn-shortcut-stats-speaker"].provenance["audit"]
    assert other == apart  # one way of folding, one audit

    saved = Result.load(tmp_path / "tiny" / "fcn-mfcc-stats-speaker")
    assert saved.provenance["audit"] == apart
    durations_s = np.array([float(text) for text in saved.predictions.attributes["duration_s"]])
    assert ((durations_s > 0.1) & (durations_s < 10)).all()


def test_a_result_that_is_there_is_not_listened_to_again(plan, store, tmp_path):
    run_plan(plan, out=tmp_path, store=store, workers=0, jobs=1)
    observer = Listening()
    run_plan(plan, out=tmp_path, store=store, workers=0, jobs=1, observer=observer)
    assert observer.audits == {}


def test_a_fusion_says_what_its_parents_found(plan, store, tmp_path):
    results = run_plan(plan, out=tmp_path, store=store, workers=0, jobs=1)
    parents = [result for result in results if result.experiment.folds.protocol == "paper"]
    assert fuse(parents, name="both").provenance["audit"] == parents[0].provenance["audit"]


def test_an_audit_of_a_plan_finds_the_twin_under_each_way_of_folding_and_trains_nothing(plan, store):
    report = audit_plan(plan, store=store, workers=0)
    assert [audit.protocol for audit in report.audits] == ["paper", "speaker"]
    assert report.copies == ()  # the only copy has the same samples, which is another finding
    (twin,) = [one for one in report.audits[1].findings if one.kind == "identical"]
    assert len(twin.clip_ids) == 2
    assert report.n_leaks >= 1
    assert report.to_json()["n_clips"] == 66


def test_what_an_encoder_has_heard_is_read_off_its_card_but_not_of_random_weights():
    assert len(seen_by(EncoderSpec(name="burst-mamba"))["emogator"]) == 250
    assert seen_by(EncoderSpec(name="logmel-stats")) == {}
    assert seen_by(EncoderSpec(name="burst-mamba", options={"random_weights": 0})) == {}
