from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora import load_card, open_corpus
from nver.corpora.asvp_esd import LABELS
from nver.errors import ConfigError, CorpusError

Plant = Callable[..., Path]

GOOD = "03-02-06-01-07-21-02-01-04-11.wav"


def test_the_default_selection_has_the_published_counts(asvp_esd_tree: Path) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree)
    per_label = Counter(clip.label for clip in corpus.clips)
    assert len(corpus.clips) == 7_545
    assert [per_label[label] for label in LABELS] == [
        *(447, 281, 1172, 964, 389, 1001, 709, 1094, 131, 330, 778, 77, 172)
    ]
    assert per_label == load_card("asvp-esd").counts["label"]
    assert len({clip.speaker for clip in corpus.clips}) == 129


def test_nothing_is_left_out_without_a_reason(asvp_esd_tree: Path) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree)
    assert corpus.left_out == {
        "Bonus folder": 1_338,
        "emotion code 17, which no list explains": 1,
        "speech": 12_625 - 7_545,
    }
    assert len(corpus.clips) + sum(corpus.left_out.values()) == 13_964


def test_noisy_and_mixed_clips_can_be_left_out(asvp_esd_tree: Path) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree, noisy=False, mixed=False)
    assert len(corpus.clips) == 7_209
    assert {clip.attributes["noisy"] for clip in corpus.clips} == {"no"}
    n_noisy, n_mixed = corpus.left_out["noisy"], corpus.left_out["mixed voices"]
    assert n_noisy + n_mixed == 7_545 - 7_209
    assert len(open_corpus("asvp-esd", asvp_esd_tree, noisy=False).clips) == 7_545 - n_noisy


def test_bonus_adds_its_clips_and_is_mostly_babies(asvp_esd_tree: Path) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree, bonus=True)
    bonus = [clip for clip in corpus.clips if clip.attributes["folder"] == "Bonus"]
    assert len(corpus.clips) == 7_545 + 1_279
    assert len(bonus) == 1_279
    assert Counter(clip.label for clip in bonus)["sad"] == 1_179
    assert Counter(clip.attributes["age"] for clip in bonus).most_common(1)[0][0] == "baby"
    assert {clip.speaker for clip in bonus} == {"50", "150", "200"}
    assert all("Bonus" in clip.source.path.parts for clip in bonus)


def test_speech_can_be_taken_too(asvp_esd_tree: Path) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree, speech=True, bonus=True)
    assert len(corpus.clips) == 13_964 - 1
    assert Counter(clip.attributes["folder"] for clip in corpus.clips) == {"Audio": 12_625, "Bonus": 1_338}
    assert {clip.attributes["channel"] for clip in corpus.clips} == {"speech", "non-speech"}


def test_without_breath_there_are_twelve_classes(asvp_esd_tree: Path) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree, breath=False)
    assert corpus.labels == LABELS[:-1]
    assert corpus.left_out["breath"] == 172
    assert len(corpus.clips) == 7_545 - 172


def test_classes_keep_the_order_of_the_card(asvp_esd_tree: Path) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree, classes=["pain", "happy"])
    assert corpus.labels == ("happy", "pain")
    assert len(corpus.clips) == 1172 + 778


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("vivae", {"anger": 389, "fear": 1001, "pain": 778, "pleasure": 330, "surprise": 1094}),
        ("jnv", {"angry": 389, "disgust": 709, "fear": 1001, "happy": 1172, "sad": 964, "surprise": 1094}),
    ],
)
def test_labels_of_another_corpus(asvp_esd_tree: Path, labels: str, expected: dict[str, int]) -> None:
    corpus = open_corpus("asvp-esd", asvp_esd_tree, labels=labels)
    assert Counter(clip.label for clip in corpus.clips) == expected
    assert corpus.labels == tuple(expected)
    assert set(corpus.labels) <= set(load_card(labels).labels)
    assert corpus.left_out[f"class has no counterpart in {labels}"] == 7_545 - sum(expected.values())


def test_the_field_is_the_speaker_and_not_the_folder(plant: Plant) -> None:
    clip = open_corpus("asvp-esd", plant("Audio/actor_112/03-02-07-01-44-98-02-02-01-37.wav")).clips[0]
    assert clip.speaker == "98"
    assert dict(clip.attributes) == {
        "emotion": "disgust",
        "intensity": "normal",
        "sex": "male",
        "age": "20-64",
        "folder": "Audio",
        "channel": "non-speech",
        "noisy": "no",
        "mixed": "no",
    }


def test_names_with_a_blank_keep_it(asvp_esd_tree: Path) -> None:
    ids = [clip.id for clip in open_corpus("asvp-esd", asvp_esd_tree, bonus=True).clips if " " in clip.id]
    assert len(ids) == 5
    assert ids[0] == "03-02-04-01-52-150-04-01-00-14 -01"


def test_a_flag_counts_from_the_tenth_field_on(plant: Plant) -> None:
    root = plant(
        "03-02-06-01-07-21-02-01-77-66.wav",
        "03-02-06-01-66-77-02-01-66.wav",
        "03-02-06-01-07-21-02-01-77.wav",
    )
    flagged = {
        c.id: (c.attributes["noisy"], c.attributes["mixed"]) for c in open_corpus("asvp-esd", root).clips
    }
    assert flagged == {
        "03-02-06-01-07-21-02-01-77-66": ("no", "yes"),
        "03-02-06-01-66-77-02-01-66": ("no", "no"),
        "03-02-06-01-07-21-02-01-77": ("no", "no"),
    }


def test_an_unknown_emotion_code_is_refused(plant: Plant) -> None:
    with pytest.raises(
        CorpusError, match=r"asvp-esd: 'a/03-02-99-.*wav' has the unknown emotion code '99'; known: 01..13"
    ):
        open_corpus("asvp-esd", plant("a/03-02-99-01-07-21-02-01-04.wav"))


def test_the_other_grammar_is_refused_by_name(plant: Plant) -> None:
    with pytest.raises(
        CorpusError, match=r"'happy_01_f_12_3\.wav' is named as in the copy EdwardLin2023/ASVP_ESD"
    ):
        open_corpus("asvp-esd", plant("happy_01_f_12_3.wav"))


def test_an_odd_name_is_refused(plant: Plant) -> None:
    with pytest.raises(CorpusError, match=r"'03-02-06\.wav' is no name of this corpus"):
        open_corpus("asvp-esd", plant(GOOD, "03-02-06.wav"))


def test_unknown_classes_are_refused_with_a_suggestion(plant: Plant) -> None:
    root = plant(GOOD)
    with pytest.raises(ConfigError, match=r"no class is called 'fear'\. Did you mean 'fearful'"):
        open_corpus("asvp-esd", root, classes=["fear"])
    with pytest.raises(ConfigError, match="an empty list keeps no clip"):
        open_corpus("asvp-esd", root, classes=[])
