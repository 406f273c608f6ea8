from __future__ import annotations

import re

from nver.corpora.emogator import CATEGORIES
from nver.recogniser.page import page, spans
from nver.recogniser.views import standard_views


def test_a_page_says_who_was_trained_on_and_what_it_is_not(toy_card):
    said = page(toy_card())
    assert "2 speakers: ann, bob" in said
    assert "6 clips for the weights and 2 for the epoch and the temperature" in said
    assert "does not know what a person feels" in re.sub(r"\s+", " ", said)
    assert "## How good" not in said


def test_a_page_warns_where_nobody_knows_who_is_heard(toy_card):
    seen = {"corpus": "toy", "n_train": 1, "n_held_back": 0}
    assert "Who is heard in its training clips is not known" in page(toy_card(seen=(seen,)))
    assert "Who is heard" not in page(toy_card())


def test_a_page_lists_the_members_of_every_class_of_every_view(toy_card):
    said = page(toy_card(labels=CATEGORIES, views=standard_views(CATEGORIES)))
    assert "pleasure: Ecstasy, Desire" in said
    assert all(f"`{name}`" in said for name in ("vivae-six", "jnv-six", "valence", "arousal"))


def test_numbers_are_drawn_together_only_where_they_follow_one_another_in_one_width():
    assert spans([]) == ""
    assert spans(["08", "09", "10", "12"]) == "08-10, 12"
    assert spans(["9", "10"]) == "9, 10"
    assert spans(["S01", "S02"]) == "S01, S02"
