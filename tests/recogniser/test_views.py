from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.corpora.emogator import CATEGORIES
from nver.corpora.label_maps import EMOGATOR_FAMILIES, JNV_LABELS, VIVAE_LABELS
from nver.evaluation.calibration import log_softmax
from nver.recogniser.views import coarsen, standard_views

VIEWS = standard_views(CATEGORIES)
few = settings(max_examples=40, deadline=None, derandomize=True)


def test_emogator_has_the_six_of_vivae_and_of_jnv_in_the_order_of_their_cards():
    assert VIEWS["vivae-six"].classes == VIVAE_LABELS
    assert VIEWS["jnv-six"].classes == JNV_LABELS
    assert VIEWS["vivae-six"].members["Ecstasy"] == "pleasure"
    assert "Awe" not in VIEWS["jnv-six"].members


@pytest.mark.parametrize("family", EMOGATOR_FAMILIES)
def test_families_are_of_known_categories_and_their_classes_of_two_kinds(family):
    assert set(EMOGATOR_FAMILIES[family]) < set(CATEGORIES)
    assert len(VIEWS[family].classes) == 2


def test_the_two_surprises_differ_in_valence_and_not_in_arousal():
    surprises = ("Surprise (Negative)", "Surprise (Positive)")
    assert [VIEWS["valence"].members[name] for name in surprises] == ["negative", "positive"]
    assert [VIEWS["arousal"].members[name] for name in surprises] == ["high", "high"]


@pytest.mark.parametrize("name", VIEWS)
@few
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.1, 400))
def test_classes_and_what_is_outside_share_the_whole_mass(name, seed, scale):
    logits = scale * np.random.default_rng(seed).normal(size=(3, len(CATEGORIES)))
    logs, view = log_softmax(logits), VIEWS[name]
    within, outside = coarsen(logs, view, CATEGORIES)
    assert np.isfinite(within).all()
    np.testing.assert_allclose(within.sum(axis=1), 1, rtol=1e-9)
    for i, label in enumerate(view.classes):
        members = [CATEGORIES.index(member) for member, of in view.members.items() if of == label]
        np.testing.assert_allclose(
            within[:, i] * (1 - outside), np.exp(logs)[:, members].sum(axis=1), rtol=1e-6, atol=1e-12
        )


def test_shares_are_defined_where_every_class_of_a_view_is_improbable():
    logits = np.full((1, len(CATEGORIES)), -2000.0)
    logits[0, CATEGORIES.index("Neutral")] = 0.0
    logits[0, CATEGORIES.index("Fear")] = -1990.0
    within, outside = coarsen(log_softmax(logits), VIEWS["vivae-six"], CATEGORIES)
    assert outside[0] == 1.0
    assert within[0, VIVAE_LABELS.index("fear")] > 0.99


def test_the_order_of_labels_does_not_matter():
    logits = np.random.default_rng(0).normal(size=(4, len(CATEGORIES)))
    order = np.random.default_rng(1).permutation(len(CATEGORIES))
    plain = coarsen(log_softmax(logits), VIEWS["jnv-six"], CATEGORIES)
    moved = coarsen(log_softmax(logits[:, order]), VIEWS["jnv-six"], [CATEGORIES[i] for i in order])
    for one, other in zip(plain, moved, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
