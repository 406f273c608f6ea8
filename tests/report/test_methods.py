"""What was done, in words: every fact comes from a result, and English holds."""

from __future__ import annotations

import dataclasses
import re

import pytest

from nver.report import write_report
from nver.report.comparison import compare
from nver.report.methods import methods, model_card
from nver.report.methods.citations import entry_of, known
from nver.search import Trial

LOGISTIC = {"kind": "sklearn", "estimator": "logistic-regression", "parameters": {"C": 0.01}}


def searched(result):
    spec = {"space": {"head.dropout": [0.1, 0.5]}, "n_trials": 2}
    experiment = type(result.experiment).model_validate({**result.experiment.model_dump(), "search": spec})
    trials = (Trial({"head.dropout": 0.1}, 0.4), Trial({"head.dropout": 0.5}, 0.5))
    history = tuple(dataclasses.replace(past, trials=trials) for past in result.history)
    return dataclasses.replace(result, experiment=experiment, history=history)


@pytest.fixture
def several(make_result):
    return [
        make_result(protocol="paper", seed=0),
        make_result(
            protocol="speaker", seed=1, system="reno", head={"kind": "reno"}, encoders=("mfcc-stats",) * 2
        ),
        make_result(system="svm", head=LOGISTIC, provenance={"probabilities": "predict_proba"}),
        searched(make_result(system="tuned", training={"lr": 3e-4, "patience": None, "standardize": True})),
    ]


def test_every_fact_of_the_results_is_told(several):
    text = methods(several).markdown
    for fact in (
        "120 clips of 11 known speakers from",
        "in six classes",
        "achievement 20, anger 20",
        "logmel-stats",
        "`sklearn.linear_model.LogisticRegression` of scikit-learn [@pedregosa2011scikit] with max_iter = "
        "1000, "
        "C = 0.01",
        "shift 0.2",
        "learning rate 0.0003",
        "batches of 32 clips",
        "training was never stopped early",
        "after five epochs without a better one",
        "their probabilities are predict_proba",
        "embeddings were not standardised",
        "Protocol `paper`: clips were divided into three folds stratified by class",
        "Protocol `speaker`: whole speakers were divided into three folds",
        "two seeds (0 and 1)",
        "two trials of the tree-structured Parzen estimator of Optuna",
        "head.dropout (0.1, 0.5)",
        "PyTorch 2.13.0 [@paszke2019pytorch]",
        "abacus",
    ):
        assert fact in text, fact


def test_what_is_true_of_all_is_told_once_and_of_whom_otherwise(make_result):
    alike = methods([make_result(), make_result(system="cnn", head={"kind": "cnn"})]).markdown
    assert "Networks were trained with Adam" in alike
    assert "For `" not in alike
    other = methods([make_result(), make_result(system="cnn", head={"kind": "cnn"}, training={"lr": 0.1})])
    assert "For `fcn`, networks were trained with Adam" in other.markdown
    assert "For `cnn`, networks were trained with Adam" in other.markdown
    assert other.markdown.count("Embeddings were not standardised.") == 1


def test_sentences_begin_with_a_capital_and_hold_no_empty_places(several):
    for paragraph in methods(several).markdown.split("\n\n"):
        assert re.match(r"[A-Z#]", paragraph), paragraph
        for wrong in ("  ", " ,", " .", "..", "()", "None", "[]", "{", "1 clips", "one folds", "True"):
            assert wrong not in paragraph, (wrong, paragraph)


def test_every_key_that_is_cited_has_an_entry_and_the_other_way_round(several):
    done = methods(several)
    cited = set(re.findall(r"@([a-z0-9-]+)", done.markdown))
    entries = re.findall(r"^@\w+\{([^,]+),", done.bibtex, flags=re.MULTILINE)
    assert cited == set(entries)
    assert len(entries) == len(set(entries))
    assert {"corpus-vivae", "encoder-logmel-stats", "akhtar2025mamba", "kingma2015adam"} <= cited


def test_braces_of_every_entry_match():
    for entry in [*known().values(), entry_of("a", "Xin, D., & Saruwatari, H. (2024). JNV. doi:10.1/x")]:
        assert entry.count("{") == entry.count("}")
        assert entry.endswith("}")


def test_authors_of_a_card_are_told_apart():
    text = (
        "Holz, N., Larrouy-Maestri, P., & Poeppel, D. (2022). VIVAE. Emotion, 22(1). doi:10.1037/emo0001048"
    )
    entry = entry_of("vivae", text)
    assert "author = {Holz, N. and Larrouy-Maestri, P. and Poeppel, D.}" in entry
    assert "doi = {10.1037/emo0001048}" in entry


def test_a_model_card_says_for_what_on_whom_how_well_and_under_which_licence(make_result):
    (table,) = compare([make_result(provenance={"warnings": ["something is odd"]})])
    card = model_card(table, table.rows[0])
    assert [line for line in card.splitlines() if line.startswith("#")] == [
        "# fcn",
        "## Model",
        "## Use",
        "## Measured",
        "## Caveats",
        "## Licences",
    ]
    pooled = table.rows[0].scores.accuracy.pooled
    assert f"| {100 * pooled:.1f} |" in card
    assert "95 % interval over clips" in card
    assert "**Warning**: something is odd." in card
    assert "- logmel-stats: " in card
    assert "[@" not in card


def test_a_report_holds_methods_cards_references_and_trials(several, tmp_path):
    written = write_report(several, tmp_path, with_figures=False)
    done = methods(several)
    assert (tmp_path / "methods.md").read_text() == done.markdown
    assert (tmp_path / "references.bib").read_text() == done.bibtex
    cards = [path.stem for path in (tmp_path / "cards").rglob("*.md")]
    assert sorted(cards) == ["fcn", "reno", "svm", "tuned"]
    assert (tmp_path / "trials.csv").read_text().count("\n") == 1 + 3 * 2
    assert "head.dropout=0.5" in written.markdown.read_text()
    page = written.page.read_text()
    assert 'href="#/methods"' in page
    assert "What a search chose" in page
