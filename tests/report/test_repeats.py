"""Systems that were trained under several seeds: one line, one row, one set of figures each."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest

from nver.errors import ConfigError
from nver.experiment import Plan
from nver.report import write_report
from nver.report.comparison import compare
from nver.report.drawing import draw_repeats
from nver.report.page.payload import payload
from nver.report.repeats import Layout, by_system, find_repeats, join
from nver.report.repeats_tables import latex, points, repeats_csv, repeats_grid

SYSTEMS = {"weak": 0.2, "middling": 0.5, "strong": 0.8}
SEEDS = (0, 1, 2)


def told_speakers(result):
    n = len(result.predictions.clip_ids)
    speakers = tuple(f"s{i % 10}" for i in range(n))
    return replace(result, predictions=replace(result.predictions, speakers=speakers))


@pytest.fixture(scope="module")
def results(make_result):
    made = [
        told_speakers(make_result(system=f"{name}-seed{seed}", hit_rate=rate, seed=seed))
        for name, rate in SYSTEMS.items()
        for seed in SEEDS
    ]
    return [*made, make_result(system="alone", seed=7)]


@pytest.fixture(scope="module")
def comparison(results):
    return compare(results)[0]


def test_results_that_differ_by_seed_alone_are_one_system(comparison):
    assert {name: len(rows) for name, rows in by_system(comparison).items()} == {
        **dict.fromkeys(SYSTEMS, 3),
        "alone": 1,
    }


def test_another_setting_is_another_system(make_result):
    made = [
        make_result(system=f"a-seed{seed}", seed=seed, training={"lr": lr})
        for lr in (1e-3, 1e-2)
        for seed in (0, 1)
    ]
    systems = by_system(compare(made)[0])
    assert [len(rows) for rows in systems.values()] == [2, 2]
    assert {row.result.experiment.training.lr for row in systems["a"]} == {1e-3}


def test_the_same_result_twice_is_no_repetition(make_result):
    one = make_result(system="a-seed0", seed=0)
    assert find_repeats(compare([one, one])[0]) is None


def test_differences_are_to_the_reference_and_hold_what_the_systems_differ_in(comparison):
    repeats = find_repeats(comparison, Layout(reference="middling"))
    weak, middling, strong = repeats.lines
    assert not middling.differences
    for score in ("accuracy", "macro F1", "UAR"):
        assert weak.differences[score].high < 0 < strong.differences[score].low
        apart = strong.scores[score].value - middling.scores[score].value
        assert strong.differences[score].value == pytest.approx(apart)
        assert strong.scores[score].value == pytest.approx(np.mean(strong.per_seed(score)))
    assert "draws speakers and seeds" in repeats.statement


def test_a_plan_gives_order_headings_and_reference(comparison):
    def system(name, group):
        return {"name": name, "group": group, "head": "fcn", "encoders": ["logmel-stats"]}

    plan = Plan.model_validate(
        {
            "name": "p",
            "reference": "strong",
            "corpus": {"name": "vivae", "root": "data"},
            "systems": [system("strong", "good"), system("absent", "good"), system("weak", "bad")],
        }
    )
    repeats = find_repeats(comparison, Layout.of_plan(plan))
    assert [(line.system, line.group) for line in repeats.lines] == [
        ("strong", "good"),
        ("weak", "bad"),
        ("middling", ""),
    ]
    assert repeats.reference == "strong"
    assert repeats_grid(repeats).sections == ((0, "good"), (1, "bad"))
    with pytest.raises(ValueError, match=r"no system is called 'stron'. Did you mean 'strong'"):
        Plan.model_validate({**plan.model_dump(), "reference": "stron"})


def test_a_reference_without_seeds_is_refused_by_name(comparison):
    with pytest.raises(ConfigError, match="'alone' has no results of several seeds"):
        find_repeats(comparison, Layout(reference="alone"))


def test_unknown_speakers_are_said(make_result):
    made = [make_result(system=f"a-seed{seed}", seed=seed) for seed in SEEDS]
    assert "draws clips (not every speaker is known" in find_repeats(compare(made)[0]).statement


def test_a_joined_row_is_of_the_folds_of_all_seeds(comparison):
    joined = {row.system: row for row in join(comparison).rows}
    assert list(joined) == [*SYSTEMS, "alone"]
    for name, rows in by_system(comparison).items():
        folds = [share for row in rows for share in row.scores.macro_f1.per_fold]
        assert joined[name].scores.macro_f1.mean == pytest.approx(np.mean(folds))
        assert joined[name].scores.confusion.sum() == comparison.n_clips * len(rows)
    assert joined["weak"].settings == "seeds=0 1 2"
    assert joined["alone"].settings == "seed=7"


def test_a_comparison_without_repeats_stays_as_it_is(make_result):
    alone = compare([make_result(system="a"), make_result(system="b", hit_rate=0.7)])[0]
    assert find_repeats(alone) is None
    assert join(alone) is alone


def test_the_csv_has_every_digit_and_no_difference_of_the_reference(comparison):
    repeats = find_repeats(comparison)
    rows = list(csv.DictReader(io.StringIO(repeats_csv([repeats]))))
    assert [row["system"] for row in rows] == list(SYSTEMS)
    assert rows[0]["accuracy_difference"] == ""
    assert float(rows[2]["macro_f1_difference_low"]) == repeats.lines[2].differences["macro F1"].low
    assert float(rows[1]["accuracy_sd_over_seeds"]) == pytest.approx(
        np.std(repeats.lines[1].per_seed("accuracy"), ddof=1)
    )


def test_the_page_knows_the_cells_of_every_system(results, make_result):
    comparisons = compare([make_result(system="elsewhere", protocol="paper"), *results])
    repeats = [found for one in comparisons if (found := find_repeats(one)) is not None]
    from nver.report.maps import ClipSet

    empty = ClipSet(
        slug="vivae",
        corpus="vivae",
        labels=comparisons[0].labels,
        clip_ids=comparisons[0].rows[0].result.predictions.clip_ids,
        truth=comparisons[0].rows[0].result.predictions.truth,
        clips={},
        maps=(),
        missing=(),
    )
    data = payload(comparisons, {one.slug: empty for one in comparisons}, repeats=repeats)
    for line in data["repeats"][0]["lines"]:
        assert [data["cells"][i]["system"] for i in line["cells"]] == [
            f"{line['system']}-seed{seed}" for seed in SEEDS
        ]


def test_the_chart_has_a_line_a_system_and_a_mark_a_seed(comparison, tmp_path):
    repeats = find_repeats(comparison, Layout(groups={"strong": "well done"}))
    draw_repeats(repeats, tmp_path / "r.png")
    assert matplotlib.image.imread(tmp_path / "r.png").std() > 0
    svg = (tmp_path / "r.svg").read_text()
    assert all(word in svg for word in [*SYSTEMS, "well done", "accuracy (percent)", "one seed"])


def test_a_report_shows_each_system_once_and_keeps_every_result_in_its_tables(results, tmp_path):
    written = write_report(results, tmp_path, with_figures=False, layout=Layout(reference="weak"))
    text = written.markdown.read_text()
    assert "| macro F1 less weak |" in text
    assert text.count("\n| strong |") == 3  # over seeds, over folds, certainty
    assert "| strong-seed0 |" not in text
    assert "strong-seed0" in (tmp_path / "table.csv").read_text()
    assert (tmp_path / "tables" / "repeats-vivae-6-classes-speaker.tex").read_text().count("\\\\") == 4


def test_points_carry_their_sign_and_nothing_has_none():
    assert [points(share) for share in (0.01, -0.01, 0.0001, -0.0001)] == ["+1.0", "−1.0", "0.0", "0.0"]


def test_the_command_takes_order_and_reference_from_a_plan_and_another_reference(results, tmp_path, capsys):
    from nver.cli import main

    for result in results:
        result.save(tmp_path / "runs" / result.experiment.name)
    plan = tmp_path / "plan.toml"
    plan.write_text(
        """
        name = "p"
        reference = "middling"
        encoders = ["logmel-stats"]
        systems = [{ name = "strong", head = "fcn" }, { name = "middling", head = "fcn" }]
        [corpus]
        name = "vivae"
        root = "data"
        """
    )

    def table(*more):
        arguments = [
            "report",
            tmp_path / "runs",
            "--out",
            tmp_path / "r",
            "--no-figures",
            "--plan",
            plan,
            *more,
        ]
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        assert end.value.code in (0, None), capsys.readouterr().err
        return (tmp_path / "r" / "tables" / "repeats-vivae-6-classes-speaker.md").read_text()

    first = table()
    assert "accuracy less middling" in first
    assert first.index("| strong |") < first.index("| middling |") < first.index("| weak |")
    assert "accuracy less weak" in table("--reference", "weak")


def test_every_line_of_the_latex_table_has_a_cell_a_column(comparison):
    repeats = find_repeats(comparison, Layout(groups={"strong": "well done"}))
    text = latex(repeats)
    columns = len(text.split("\\begin{tabular}{")[1].split("}")[0])
    lines = [line for line in text.splitlines() if line.endswith("\\\\") and "multicolumn" not in line]
    assert len(lines) == 1 + len(SYSTEMS)
    assert {line.count("&") - line.count("\\&") for line in lines} == {columns - 1}
    assert f"\\multicolumn{{{columns}}}{{l}}" in text
    assert text.isascii()
