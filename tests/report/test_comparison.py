import pytest

from nver.report.comparison import compare, with_options


def test_results_on_the_same_clips_and_folds_share_a_table(make_result):
    (table,) = compare([make_result(system="a"), make_result(system="b", seed=1)])
    assert [row.system for row in table.rows] == ["a", "b"]


@pytest.mark.parametrize(
    "other",
    [
        {"protocol": "paper"},
        {"n_folds": 4},
        {"n_clips": 119},
        {"labels": ("joy", "anger", "fear", "pain", "pleasure", "surprise")},
    ],
    ids=lambda other: next(iter(other)),
)
def test_results_that_measure_something_else_get_their_own_table(make_result, other):
    assert len(compare([make_result(), make_result(**other)])) == 2


def test_where_the_corpus_lies_separates_nothing(make_result):
    here = make_result()
    corpus = here.experiment.corpus.model_copy(update={"root": "elsewhere"})
    there = make_result(system="there")
    object.__setattr__(there, "experiment", there.experiment.model_copy(update={"corpus": corpus}))
    assert len(compare([here, there])) == 1


def test_a_row_names_the_settings_that_another_row_does_not_share(make_result):
    (table,) = compare([make_result(training={"lr": 0.01}), make_result(training={"lr": 0.1})])
    assert [row.settings for row in table.rows] == ["lr=0.01", "lr=0.1"]
    assert "batch_size=32" in table.settings
    assert "lr" not in table.settings


def test_rows_of_the_same_name_are_told_apart(make_result):
    (table,) = compare([make_result(), make_result(seed=1), make_result(seed=2)])
    assert [row.system for row in table.rows] == ["fcn", "fcn-2", "fcn-3"]


def test_tables_have_different_folders(make_result):
    tables = compare([make_result(), make_result(n_clips=119), make_result(protocol="paper")])
    assert [t.slug for t in tables] == [
        "vivae-6-classes-speaker",
        "vivae-6-classes-speaker-2",
        "vivae-6-classes-paper",
    ]


def test_a_head_is_called_by_what_it_changes_from_its_kind(make_result):
    reno = {"kind": "reno", "shift": 0.0}
    (table,) = compare(
        [make_result(head=reno, encoders=("mfcc-stats", {"name": "logmel-stats", "bands": 40}))]
    )
    assert table.rows[0].head == "reno (shift=0.0)"
    assert table.rows[0].encoders == "mfcc-stats + logmel-stats (bands=40)"


def test_the_largest_class_is_what_always_guessing_it_would_reach(make_result):
    (table,) = compare([make_result(n_clips=13)])  # classes of 3, 2, 2, 2, 2 and 2 clips
    assert table.largest_class_share == pytest.approx(3 / 13)


def test_a_name_without_options_stays_alone():
    assert with_options("fcn", {}) == "fcn"
