import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.experiment import load_plan
from nver.report.comparison import compare
from nver.report.reproduce import _value, plans


def experiments_of(texts: dict[str, str], folder):
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        yield from load_plan(folder / name).experiments()


@pytest.mark.parametrize("protocol", ["paper", "speaker", "leave-one-speaker-out"])
def test_the_plans_of_a_table_are_its_experiments(make_result, tmp_path, protocol):
    two = ("logmel-stats", {"name": "mfcc-stats", "weights": 'a "quoted" \\ path'})
    results = [
        make_result(protocol=protocol),
        make_result(protocol=protocol, system="reno", head={"kind": "reno", "shift": 0.0}, encoders=two),
        make_result(protocol=protocol, system="slow", training={"lr": 1e-5, "standardize": True}),
    ]
    (table,) = compare(results)
    assert list(experiments_of(plans(table), tmp_path)) == [result.experiment for result in results]


def test_never_stopping_early_is_patience_for_every_epoch(make_result, tmp_path):
    result = make_result(training={"patience": None, "max_epochs": 7})
    (experiment,) = experiments_of(plans(compare([result])[0]), tmp_path)
    assert experiment.training.patience == 7


plain = st.recursive(
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=("Cs", "Cc"))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(blacklist_categories=("Cs", "Cc"))), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(plain)
def test_any_plain_value_survives_the_way_through_toml(value):
    assert tomllib.loads(f"value = {_value(value)}")["value"] == value
