from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora import open_corpus
from nver.errors import CorpusError

Plant = Callable[..., Path]


def test_a_name_says_who_what_and_how(plant: Plant) -> None:
    root = plant(
        "JNV/F1/F1_angry_00_R.wav", "JNV/M2/M2_surprise_12_F.wav", "JNV/readme.txt", "JNV/phrases.txt"
    )
    first, second = open_corpus("jnv", root).clips
    assert (first.id, first.label, first.speaker) == ("F1_angry_00_R", "angry", "F1")
    assert dict(first.attributes) == {"sex": "female", "session": "R", "item": "00"}
    assert dict(second.attributes) == {"sex": "male", "session": "F", "item": "12"}


def test_sessions_select(plant: Plant) -> None:
    corpus = open_corpus("jnv", plant("F1_sad_00_R.wav", "F1_sad_00_F.wav"), sessions=["F"])
    assert [clip.id for clip in corpus.clips] == ["F1_sad_00_F"]
    assert corpus.left_out == {"session not asked for": 1}


@pytest.mark.parametrize("name", ["F1_anger_free_01.wav", "M2_happy_regular_03.wav", "F2_anger_free_01.wav"])
def test_names_of_jvnv_are_refused_as_such(plant: Plant, name: str) -> None:
    with pytest.raises(CorpusError, match=f"jnv: 'a/{name}' is a name of JVNV, a corpus of emotional speech"):
        open_corpus("jnv", plant(f"a/{name}"))


@pytest.mark.parametrize(
    "name", ["F3_angry_00_R.wav", "F1_anger_00_R.wav", "F1_angry_00_X.wav", "F1_angry_R.wav"]
)
def test_an_odd_name_is_refused(plant: Plant, name: str) -> None:
    with pytest.raises(CorpusError, match=f"jnv: '{name}' is no name of this corpus"):
        open_corpus("jnv", plant("F1_sad_00_R.wav", name))
