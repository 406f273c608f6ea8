from __future__ import annotations

import dataclasses

import pytest

from nver.errors import ResultError
from nver.report.comparison import compare
from nver.report.notices import of_comparison
from nver.report.page.payload import payload
from nver.report.protocols import chance
from nver.report.slices import MAX_VALUES, slice_table, sliceable, usual

AUDIT = {
    "protocol": "speaker",
    "n_clips": 120,
    "findings": [
        {"severity": "leak", "kind": "speakers", "sentence": "speakers leak", "counts": {}, "clip_ids": []},
        {"severity": "leak", "kind": "heard", "sentence": "it was heard", "counts": {}, "clip_ids": []},
        {"severity": "warning", "kind": "imbalance", "sentence": "uneven", "counts": {}, "clip_ids": []},
    ],
    "shortcut": {"accuracy": 0.271, "macro_f1": 0.242, "uar": 0.264, "uar_low": None, "majority": 0.167},
}


@pytest.fixture
def told(make_result):
    """A result that knows who is heard, how strongly, and how long each clip is."""
    result = make_result()
    attributes = {
        "intensity": tuple("strong" if i % 2 else "low" for i in range(120)),
        "text": tuple(f"{i}" for i in range(120)),
        "split": ("test",) * 120,
        "duration_s": tuple(f"{0.3 + i / 100:.3f}" for i in range(120)),
    }
    speakers = tuple(f"s{i % 8}" for i in range(120))
    made = dataclasses.replace(result.predictions, speakers=speakers, attributes=attributes)
    return dataclasses.replace(result, predictions=made)


def test_a_result_is_sliced_by_whatever_has_two_values_and_by_what_has_many_only_when_asked(told):
    assert sliceable(told) == ("speaker", "intensity", "text", "duration")
    assert MAX_VALUES < 120
    assert usual(told) == ("speaker", "intensity", "duration")


def test_a_table_of_slices_has_a_line_a_value_and_marks_small_ones(told):
    speakers = slice_table(told, "speaker")
    lines = speakers.grid().markdown().splitlines()
    assert len(lines) == 2 + 8
    assert lines[2].startswith("| s0 * | 15 | 1 | ")
    assert lines[2].endswith(" | clips |")
    assert speakers.to_json()[0]["is_small"]
    bins = slice_table(told, "duration").slices
    assert sum(one.n_clips for one in bins) == 120
    assert {one.n_clips for one in bins} <= {29, 30, 31}  # edges are rounded to hundredths
    assert bins[0].value.startswith("up to ")


def test_what_a_result_does_not_know_is_refused_with_what_it_does(told, make_result):
    with pytest.raises(
        ResultError, match="cannot be sliced by 'sex', but by speaker, intensity, text, duration"
    ):
        slice_table(told, "sex")
    with pytest.raises(ResultError, match="but by nothing"):
        slice_table(make_result(), "speaker")


def test_the_page_holds_the_slices_of_every_system(told, make_result):
    from nver.report.maps import Sources, clip_sets

    comparisons = compare([told, make_result(seed=1)])
    cells = payload(comparisons, clip_sets(comparisons, Sources()))["cells"]
    assert [[one["by"] for one in cell["slices"]] for cell in cells] == [
        ["speaker", "intensity", "duration"],
        [],
    ]
    value, n_clips, n_speakers, is_small, over, (share, low, high), _ = cells[0]["slices"][1]["rows"][0]
    assert (value, n_clips, n_speakers, is_small, over) == ("low", 60, 4, False, "speakers")
    assert low <= share <= high


def test_a_report_shows_the_shortcut_baseline_beside_chance_and_leaks_before_figures(make_result):
    (comparison,) = compare([make_result(provenance={"audit": AUDIT})])
    assert chance(comparison).endswith(
        "Length, level and silence alone: 27.1 % accuracy, 24.2 % macro F1, 26.4 % UAR."
    )
    assert [notice.plain() for notice in of_comparison(comparison)] == ["Leak: it was heard."]
    (without,) = compare([make_result()])
    assert "silence" not in chance(without)
