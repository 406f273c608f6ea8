import csv
import io
import re

import pytest

from nver.encoders import ENCODERS as KNOWN_ENCODERS
from nver.encoders import load_encoder
from nver.report import write_report
from nver.report.study import documents, published, study_csv, study_grid, study_tables
from nver.report.study.published import CORPORA, ENCODERS

TINY, WAVLM = "audio-mamba-tiny", "wavlm-base"


@pytest.fixture
def one_table(make_result):
    """The table that some cells of Table I make."""

    def make(*changes, **shared):
        results = [make_result(encoders=(TINY,), **(shared | change)) for change in changes or ({},)]
        (table,) = study_tables(results)
        return table

    return make


def line_of(table, encoders, section=0):
    lines = [line for line in study_grid(table).lines if line[0].text == encoders]
    return [cell.text for cell in lines[section]]


def test_the_published_cells_are_those_of_the_specification(shared_dir):
    rows = list(csv.DictReader((shared_dir / "spec" / "tables.csv").read_text().splitlines()))
    assert [(c.table, c.head, c.encoders, c.corpus, c.accuracy, c.macro_f1) for c in published()] == [
        (
            r["table"],
            r["head"],
            r["encoders"],
            r["corpus"],
            float(r["accuracy_percent"]),
            float(r["macro_f1_percent"]),
        )
        for r in rows
    ]


def test_table_one_is_every_encoder_and_table_two_every_pair_with_each_head_on_each_corpus():
    sizes = {}
    for cell in published():
        sizes.setdefault(cell.table, set()).add((cell.head, cell.encoders, cell.corpus))
    assert {number: len(cells) for number, cells in sizes.items()} == {"I": 7 * 2 * 3, "II": 18 * 2 * 3}
    assert {cell.corpus for cell in published()} == set(CORPORA)
    assert {name for cell in published() for name in cell.encoder_names} == set(ENCODERS.values())
    assert set(ENCODERS.values()) <= set(KNOWN_ENCODERS)


def test_a_cell_shows_the_published_figure_ours_and_what_lies_between(one_table):
    shown = line_of(one_table({"hit_rate": 1.0}), "A(T)")
    assert shown[-6:] == ["52.21", "100.0 ± 0.0", "+47.8", "51.95", "100.0 ± 0.0", "+48.0"]
    assert shown[1:4] == ["66.51", "–", "–"]


def test_results_that_differ_by_seed_alone_share_a_cell(one_table):
    table = one_table({"seed": 2}, {"seed": 0}, {"seed": 1})
    (ours,) = table.ours.values()
    assert ours.seeds == (0, 1, 2)
    folds = [share for result in ours.results for share in result.scores().accuracy.per_fold]
    assert sorted(ours.score("accuracy").per_fold) == sorted(folds)
    assert ours.score("accuracy").mean == pytest.approx(sum(folds) / 9)
    assert "3 seeds" in documents.caption(table)


@pytest.mark.parametrize(
    "other",
    [
        {"protocol": "paper"},
        {"training": {"lr": 0.1}},
        {"n_clips": 119},
        {"head": {"kind": "fcn", "dropout": 0.1}},
        {},
    ],
    ids=["protocol", "training", "clips", "head", "the same twice"],
)
def test_results_that_differ_otherwise_are_in_another_table(make_result, other):
    tables = study_tables([make_result(encoders=(TINY,)), make_result(encoders=(TINY,), **other)])
    assert [len(table.results) for table in tables] == [1, 1]
    assert len({table.slug for table in tables}) == 2


def test_a_pair_belongs_to_table_two_in_the_order_of_the_study(make_result):
    (table,) = study_tables([make_result(encoders=(TINY, WAVLM), head={"kind": "reno"})])
    assert (table.number, [cell.encoders for cell in table.ours]) == ("II", ["A(T)+W"])
    assert study_tables([make_result(encoders=(WAVLM, TINY), head={"kind": "reno"})]) == ()


def test_what_the_study_has_no_cell_for_makes_no_table(make_result):
    assert study_tables([make_result()]) == ()


def test_best_and_second_best_are_marked_in_every_column_over_all_heads(one_table, make_result):
    results = [
        make_result(encoders=(name,), hit_rate=rate)
        for name, rate in ((TINY, 0.3), ("audio-mamba-small", 0.9), ("hubert-base", 0.6))
    ]
    (table,) = study_tables(results)
    grid = study_grid(table)
    ours = [line[14].rank for line in grid.lines]
    assert [(line[0].text, rank) for line, rank in zip(grid.lines, ours, strict=True) if rank] == [
        ("A(S)", 1),
        ("H", 2),
    ]
    said = [(line[0].text, i >= 7) for i, line in enumerate(grid.lines) if line[13].rank == 1]
    best = max((c for c in published() if c.table == "I" and c.corpus == "VIVAE"), key=lambda c: c.accuracy)
    assert said == [(best.encoders, best.head == "cnn")]


def test_protocol_random_weights_missing_cells_and_warnings_stand_above_the_figures(make_result):
    untrained = load_encoder(TINY, random_weights=3)
    said = {
        "encoders": [{"fingerprint": untrained.fingerprint, **untrained.provenance}],
        "warnings": ["the clips are synthetic"],
    }
    (table,) = study_tables([make_result(encoders=(TINY,), protocol="paper", provenance=said)])
    for text, figures in (
        (documents.markdown(table), "| A(T) |"),
        (documents.latex(table), r"\begin{tabular}"),
        (documents.fragment(table), "<table>"),
    ):
        plain = re.sub(r"[`*]|\\textbf\{|</?strong>|\}", "", text)
        for sentence in (
            "Protocol paper: speakers appear on both sides.",
            "RANDOM WEIGHTS: audio-mamba-tiny (RANDOM, seed 3",
            "Warning: the clips are synthetic.",
            "41 of 42 have no result",
        ):
            assert -1 < plain.find(sentence) < plain.find(figures.replace("}", "")), sentence


def columns_of(row):
    """How many columns a row of LaTeX fills."""
    cells = re.split(r"(?<!\\)&", row.removesuffix(r"\\"))
    return sum(
        int(found[1]) if (found := re.match(r"\s*\\multicolumn\{(\d+)\}", cell)) else 1 for cell in cells
    )


def test_the_latex_is_whole(one_table):
    text = documents.latex(one_table({"labels": ("a_b", "c&d"), "protocol": "paper"}))
    unescaped = re.sub(r"\\.", "", text)
    depth = 0
    for letter in unescaped:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    inside = text.split(r"\toprule")[1].split(r"\bottomrule")[0].splitlines()
    assert {columns_of(row) for row in inside if row.endswith(r"\\")} == {19}
    assert not re.search(r"(?<!\\)[_#^]", text.replace(r"\label{tab:study-table-i-paper}", ""))
    assert text.isascii()


def test_the_html_is_whole_and_fills_every_row(one_table):
    text = documents.fragment(one_table())
    head, body = text.split("<tbody>")
    for row in re.findall(r"<tr>(.*?)</tr>", head + body):
        spans = [int(span or 1) for span in re.findall(r'<t[hd](?: colspan="(\d+)")?', row)]
        assert sum(spans) == 19


def test_the_csv_has_every_cell_and_nothing_where_there_is_no_result(one_table):
    records = list(csv.DictReader(io.StringIO(study_csv([one_table({"hit_rate": 1.0})]))))
    assert len(records) == 42
    (full,) = [record for record in records if record["accuracy_ours"]]
    assert float(full["accuracy_difference"]) == pytest.approx(100 - 52.21)
    assert {record["macro_f1_sd"] for record in records if record is not full} == {""}


def test_a_report_holds_the_study_tables_in_four_forms(make_result, tmp_path):
    report = write_report([make_result(encoders=(TINY,))], tmp_path)
    assert "## Table I of the study, protocol speaker" in report.markdown.read_text()
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "study-table-i-speaker.html",
        "study-table-i-speaker.md",
        "study-table-i-speaker.tex",
        "study.csv",
        "vivae-6-classes-speaker-systems.tex",
    ]
