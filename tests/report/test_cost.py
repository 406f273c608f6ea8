from __future__ import annotations

import csv
import io
import json

import pytest

from nver.cost import Cost
from nver.evaluation.intervals import Interval
from nver.report.cost import Quality, as_csv, qualities, write


def cost(system: str, **changes: object) -> Cost:
    plain = {
        "system": system,
        "encoder": system.split(" + ")[0],
        "head": "fcn",
        "weights": "own",
        "clip_s": 2.0,
        "encoder_parameters": 1_000,
        "head_parameters": 200,
        "multiply_adds": 5_000,
        "latency_ms": 3.0,
        "cpu_ms": 2.0,
        "real_time_factor": 0.001,
        "peak_mb": 400.0,
        "own_mb": 10.0,
        "n_repeats": 5,
        "load": 0.0,
    }
    return Cost(**(plain | changes))


F1 = Interval(0.4, 0.35, 0.45, 0.95)


def test_a_row_holds_cost_and_quality_and_nothing_where_quality_is_not_known():
    costs = [cost("a + fcn"), cost("b + fcn", multiply_adds=None)]
    rows = list(csv.DictReader(io.StringIO(as_csv(costs, {"a + fcn": Quality("here", 6, F1)}))))
    assert (rows[0]["macro_f1"], rows[0]["n_classes"], rows[0]["quality_from"]) == ("0.40000", "6", "here")
    assert (rows[1]["macro_f1"], rows[1]["multiply_adds"]) == ("", "")
    assert rows[0]["real_time_factor"] == "0.001"


def test_a_recogniser_takes_the_figures_of_its_folder(tmp_path):
    figure = {"value": 0.5, "low": 0.4, "high": 0.6, "level": 0.95}
    data = {
        "recogniser": "toy",
        "classes": dict.fromkeys("abc"),
        "all": {"macro_f1": figure},
        "views": {"two": {"classes": ["x", "y"], "macro_f1": figure | {"value": 0.8}}},
    }
    (tmp_path / "figures.json").write_text(json.dumps(data))
    found = qualities([tmp_path], [cost("toy")])
    assert (found["toy"].n_classes, found["toy"].macro_f1.value) == (3, 0.5)


@pytest.mark.parametrize(
    "quality", [{}, {"a + fcn": Quality("here", 6, F1), "b + fcn": Quality("here", 6, F1)}]
)
def test_a_figure_is_drawn_where_quality_is_known_and_names_every_system(tmp_path, quality):
    write([cost("a + fcn"), cost("b + fcn", multiply_adds=0)], quality, tmp_path)
    assert (tmp_path / "cost.csv").is_file()
    assert (tmp_path / "cost.png").exists() == bool(quality)
    if quality:
        svg = (tmp_path / "cost.svg").read_text()
        assert all(word in svg for word in ("a + fcn", "b + fcn", "6 classes", "parameters"))
