import csv

import pytest


@pytest.fixture(scope="module")
def results(tmp_path_factory, corpus):
    """Two systems on the same clips, run once."""
    from nver.embeddings.store import Store
    from nver.experiment import load_plan
    from nver.training.run import run_plan

    folder = tmp_path_factory.mktemp("compared")
    plan = folder / "two.toml"
    plan.write_text(
        f"""
        name = "two"
        systems = [
            {{ head = "fcn", encoders = ["mfcc-stats"] }},
            {{ head = "fcn", encoders = ["logmel-stats"] }},
        ]
        corpus = {{ name = "vivae", root = "{corpus.as_posix()}" }}
        folds = {{ protocol = "speaker", n_folds = 3 }}
        training = {{ max_epochs = 2, standardize = true, calibrate = "temperature" }}
        """
    )
    run_plan(load_plan(plan), out=folder, store=Store(folder / "store"), workers=1)
    return folder / "two"


def test_two_systems_are_compared_in_words_json_and_csv(nver, results, tmp_path):
    shown = nver("compare", results)
    assert shown.code == 0
    assert "fcn-mfcc-stats" in shown.out
    assert "bootstrap over 11 speakers" in shown.out
    assert "better than" in shown.out or "cannot be told apart" in shown.out
    found = nver("compare", results, "--json", "--score", "accuracy", "--out", tmp_path / "pairs.csv").json
    assert (found["score"], len(found["systems"]), len(found["pairs"])) == ("accuracy", 2, 1)
    with (tmp_path / "pairs.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["score"] == "accuracy"]
    assert float(rows[0]["difference"]) == found["pairs"][0]["difference"]


def test_one_result_has_nothing_to_be_compared_with(nver, results):
    refused = nver("compare", results / "fcn-mfcc-stats-speaker")
    assert refused.code == 1
    assert "'fcn-mfcc-stats' alone; compare two systems or more" in refused.err
