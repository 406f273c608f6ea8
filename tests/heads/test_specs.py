from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from nver.heads.build import HEADS
from nver.heads.specs import PRESETS, HeadSpec, LateFusionSpec, RENOSpec

SPECS = get_args(get_args(HeadSpec)[0])


def test_every_spec_has_a_module_and_every_module_a_spec():
    assert sorted(spec().kind for spec in SPECS) == sorted(HEADS)


def test_the_paper_preset_is_the_default_and_holds_the_published_numbers():
    spec = RENOSpec(**PRESETS["paper"].get("reno", {}))
    assert spec == RENOSpec()
    assert (spec.order, spec.shift, spec.cross_entropy_weight, spec.n_heads) == (2.0, 0.2, 0.4, 2)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("spec", SPECS)
def test_every_preset_suits_every_head(preset, spec):
    changed = spec(**PRESETS[preset].get(spec().kind, {}))
    assert getattr(changed, "shift", 0.0) == (0.2 if (preset, spec) == ("paper", RENOSpec) else 0.0)


@pytest.mark.parametrize("order", [0.5, 2.0, math.inf])
def test_a_spec_survives_json(order):
    spec = RENOSpec(order=order, shift=0.0)
    for text in (spec.model_dump_json(), json.dumps(spec.model_dump(mode="json"), allow_nan=False)):
        assert TypeAdapter(HeadSpec).validate_json(text) == spec


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"divergence": "jensen-shannon"}, "divergence 'jensen-shannon' has no shift; set shift = 0"),
        ({"divergence": "bhattacharyya"}, "has no shift"),
        ({"divergence": "chernoff", "shift": 0.0}, "order of the Chernoff divergence is below 1, got 2.0"),
        ({"order": 1.0}, "order 1 has no shift; set shift = 0, another order, or renormalised_shift = true"),
        ({"shift": 0.0, "renormalised_shift": True}, "no shift to renormalise; set shift, or leave it out"),
        ({"divergence": "none"}, "divergence 'none' has no shift; set shift = 0"),
        (
            {"divergence": "jensen-shannon", "shift": 0.0, "symmetric": True},
            "divergence 'jensen-shannon' has no direction; leave out symmetric",
        ),
        ({"n_heads": 3}, "3 attention heads cannot share 64 filters evenly"),
        ({"kernel_size": 4}, "kernel_size is odd.*got 4"),
        ({"order": 0.0}, "greater than 0"),
        ({"order": math.nan}, "greater than 0"),
        ({"shift": math.inf, "order": 2.0}, "finite"),
        ({"cross_entropy_weight": 1.1}, "less than or equal to 1"),
        ({"dropout": 1.0}, "less than 1"),
        ({"tokens": "all"}, "valid integer"),
    ],
)
def test_a_spec_refuses_what_cannot_be_meant(settings, message):
    with pytest.raises(ValidationError, match=message):
        RENOSpec(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"parents": ("a", "b"), "weights": (1.0,)}, "2 parents came with 1 weights"),
        ({"parents": ("a", "b"), "weights": (0.5, 0.4)}, r"weights sum to one, got \(0.5, 0.4\)"),
        ({"parents": ("a", "b"), "weights": (1.0, 0.0)}, "greater than 0"),
    ],
)
def test_a_fusion_of_results_refuses_weights_that_are_none(settings, message):
    with pytest.raises(ValidationError, match=message):
        LateFusionSpec(**settings)


@pytest.mark.parametrize("spec", SPECS)
def test_a_head_says_how_many_views_it_takes(spec):
    taken = [n for n in range(6) if spec.takes(n)]
    assert (taken, spec.views_taken()) in [([1], "1"), ([2, 3, 4, 5], "2 or more")]
    assert (spec().kind in ("fcn", "cnn", "layer-mix")) == (taken == [1])


def test_specs_are_read_without_torch():
    code = "import sys, nver.heads.specs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
