import csv
import io
import math

import pytest

from nver.evaluation.metrics import Score
from nver.report.comparison import compare
from nver.report.tables import class_grid, classes_csv, figures, main_grid, spread, systems_csv


def test_only_the_best_of_a_column_is_bold(make_result):
    (table,) = compare([make_result(system="worse"), make_result(system="better", hit_rate=0.9)])
    header, _, worse, better = main_grid(table).markdown().splitlines()
    assert "**" not in worse
    assert better.count("**") == 2 * 6
    assert header.startswith(
        "| system | encoders | head | parameters | accuracy | macro F1 | UAR | pooled accuracy"
    )


def test_figures_that_print_alike_are_equally_best(make_result):
    (table,) = compare([make_result(system="a"), make_result(system="b")])
    assert all(line.count("**") == 2 * 6 for line in main_grid(table).markdown().splitlines()[2:])


def test_a_system_alone_is_not_called_the_best(make_result):
    assert "**" not in main_grid(compare([make_result()])[0]).markdown()


def test_every_score_of_a_perfect_head_is_a_hundred(make_result):
    (table,) = compare([make_result(hit_rate=1.0)])
    line = main_grid(table).markdown().splitlines()[2]
    whole = "| 100.0 ± 0.0 " * 3 + "| 100.0 [100.0, 100.0] " * 3 + "|"
    assert line == "| fcn | logmel-stats | fcn | 394,758 " + whole


def test_a_single_fold_has_no_spread():
    assert spread(Score(mean=0.5, sd=math.nan, pooled=0.5, per_fold=(0.5,))) == "50.0"


def test_a_class_that_is_never_there_and_never_guessed_has_a_dash_and_is_never_best(make_result):
    labels = ("achievement", "anger", "fear", "pain", "pleasure", "surprise")
    results = [make_result(hit_rate=1.0, system=s, labels=labels, n_clips=5, n_folds=1) for s in "ab"]
    surprise = class_grid(compare(results)[0]).markdown().splitlines()[-1]
    assert surprise == "| surprise | 0 | – | – |"


def test_a_pipe_in_a_name_does_not_break_the_table(make_result):
    (table,) = compare([make_result(labels=("a|b", "c"))])
    assert r"| a\|b | 60 |" in class_grid(table).markdown()


def test_the_csv_holds_the_scores_of_the_results_with_every_digit(make_result):
    results = [make_result(), make_result(protocol="paper", seed=3)]
    records = list(csv.DictReader(io.StringIO(systems_csv(compare(results)))))
    assert [record["protocol"] for record in records] == ["speaker", "paper"]
    for record, result in zip(records, results, strict=True):
        scores = result.scores()
        assert float(record["macro_f1_mean"]) == scores.macro_f1.mean
        assert float(record["uar_pooled"]) == scores.uar.pooled


def test_the_csv_of_classes_counts_every_tested_clip_once(make_result):
    records = list(csv.DictReader(io.StringIO(classes_csv(compare([make_result(n_clips=50)])))))
    assert sum(int(record["n_clips"]) for record in records) == 50


def test_an_undefined_figure_is_none_and_not_zero(make_result):
    assert figures(make_result(n_folds=1).scores())["accuracy_sd"] is None


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_terminal_of_any_width_shows_every_figure(make_result, width):
    from rich.console import Console

    from nver.report.terminal import print_tables

    out = io.StringIO()
    result = make_result()
    print_tables([result], console=Console(file=out, width=width))
    for get in (lambda s: s.accuracy, lambda s: s.macro_f1, lambda s: s.uar):
        assert all(part in out.getvalue() for part in spread(get(result.scores())).split(" ± "))
    assert "no speaker appears on both sides" in " ".join(out.getvalue().split())
