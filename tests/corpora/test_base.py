from __future__ import annotations

from pathlib import Path

import pytest

from nver.corpora import Corpus, load_card, open_corpus
from nver.corpora.label_maps import ASVP_ESD, EMOGATOR
from nver.errors import ConfigError, CorpusError
from nver.types import AudioFile, Clip

CARD = load_card("vivae")


def clip(clip_id: str, label: str = "anger") -> Clip:
    return Clip(clip_id, AudioFile(Path(clip_id)), label)


@pytest.mark.parametrize("ids", [("b", "a"), ("a", "a")])
def test_clips_out_of_order_or_doubled_make_no_corpus(ids: tuple[str, ...]) -> None:
    with pytest.raises(CorpusError, match=f"vivae: clip '{ids[1]}' follows '{ids[0]}'; clips must be sorted"):
        Corpus(CARD, Path(), tuple(clip(clip_id) for clip_id in ids))


def test_a_label_outside_the_card_makes_no_corpus() -> None:
    with pytest.raises(CorpusError, match="vivae: label 'joy' is not on the card; known: achievement, anger"):
        Corpus(CARD, Path(), (clip("a"), clip("b", "joy")))


def test_a_card_with_other_labels_keeps_no_counts_that_contradict_them() -> None:
    other = CARD.labelled(["anger"])
    assert (other.labels, other.counts, other.licence) == (("anger",), {}, CARD.licence)
    assert CARD.labelled(list(CARD.labels)) is CARD


def test_an_unknown_corpus_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no corpus is called 'emogater'\. Did you mean 'emogator'\?"):
        open_corpus("emogater", tmp_path)


@pytest.mark.parametrize(("source", "maps"), [("asvp-esd", ASVP_ESD), ("emogator", EMOGATOR)])
def test_maps_lead_from_labels_of_one_card_to_labels_of_another(
    source: str, maps: dict[str, dict[str, str]]
) -> None:
    for target, mapping in maps.items():
        assert mapping.keys() <= set(load_card(source).labels)
        assert set(mapping.values()) <= set(load_card(target).labels)
