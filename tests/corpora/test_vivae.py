from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora import load_card, open_corpus
from nver.corpora.base import tally
from nver.errors import ConfigError, CorpusError

Plant = Callable[..., Path]


def test_the_complete_tree_gives_every_published_count(vivae_tree: Path) -> None:
    corpus = open_corpus("vivae", vivae_tree)
    assert tally(corpus.clips, over=load_card("vivae").counts) == dict(load_card("vivae").counts)
    assert Counter(clip.label for clip in corpus.clips) == {
        "achievement": 161,
        "anger": 174,
        "fear": 176,
        "pain": 185,
        "pleasure": 202,
        "surprise": 187,
    }
    assert [
        n
        for _, n in sorted(Counter(clip.speaker for clip in corpus.clips).items(), key=lambda kv: str(kv[0]))
    ] == [93, 101, 101, 108, 111, 111, 103, 108, 108, 87, 54]
    intensities = Counter(clip.attributes["intensity"] for clip in corpus.clips)
    assert intensities == {"low": 262, "moderate": 269, "strong": 282, "peak": 272}


def test_ids_are_the_published_names(vivae_tree: Path) -> None:
    names = "".join(f"{clip.id}.wav\n" for clip in open_corpus("vivae", vivae_tree).clips)
    digest = hashlib.sha256(names.encode()).hexdigest()
    assert digest == "b02f91092f2b9662647baa44d64bf0cc8a8ee61e0ce4763917c4e2e97fe7733d"


def test_items_that_are_equal_as_numbers_are_two_clips(vivae_tree: Path) -> None:
    ids = {clip.id: clip for clip in open_corpus("vivae", vivae_tree).clips}
    assert ids["S08_pleasure_strong_011"].attributes["item"] == "011"
    assert ids["S08_pleasure_strong_11"].attributes["item"] == "11"


def test_a_clip_of_both_sets_is_taken_once_and_the_copy_is_counted(vivae_tree: Path) -> None:
    corpus = open_corpus("vivae", vivae_tree)
    assert len(corpus.clips) == 1085
    assert corpus.left_out == {"core_set copy of a clip of full_set": 10}
    assert not any("core_set" in str(clip.source) for clip in corpus.clips)


def test_the_core_set_is_what_lies_in_its_folder(vivae_tree: Path) -> None:
    corpus = open_corpus("vivae", vivae_tree, subset="core")
    assert len(corpus.clips) == 10
    assert corpus.left_out == {"not in core_set": 1085}
    assert open_corpus("vivae", vivae_tree / "VIVAE" / "core_set", subset="core").clips == tuple(
        open_corpus("vivae", vivae_tree / "VIVAE" / "core_set").clips
    )


def test_intensities_select(vivae_tree: Path) -> None:
    corpus = open_corpus("vivae", vivae_tree, intensities=["peak", "strong"])
    assert len(corpus.clips) == 272 + 282
    assert corpus.left_out["intensity not asked for"] == 262 + 269
    assert corpus.options == {"subset": "full", "intensities": ["peak", "strong"]}


@pytest.mark.parametrize(
    "name",
    [
        "S12_anger_low_01.wav",
        "S01_angry_low_01.wav",
        "S01_anger_weak_01.wav",
        "S01_anger_low_0001.wav",
        "x.wav",
    ],
)
def test_an_odd_name_is_refused(plant: Plant, name: str) -> None:
    with pytest.raises(
        CorpusError, match=rf"vivae: 'a/{name}' is no name of this corpus; .*'S01_anger_low_01.wav'"
    ):
        open_corpus("vivae", plant("a/S01_anger_low_01.wav", f"a/{name}"))


def test_a_tree_below_one_of_these_folders_alone_is_found_too(plant: Plant) -> None:
    root = plant("deep/er/S01_anger_low_01.wav", "deep/S02_fear_peak_2.WAV", "S03_pain_low_003.flac")
    assert [clip.id for clip in open_corpus("vivae", root).clips] == [
        *("S01_anger_low_01", "S02_fear_peak_2", "S03_pain_low_003")
    ]


def test_an_unknown_option_names_the_known_ones(vivae_tree: Path) -> None:
    with pytest.raises(
        ConfigError, match="corpus 'vivae': unknown key 'intensity'; expected one of intensities, subset"
    ):
        open_corpus("vivae", vivae_tree, intensity="peak")
    with pytest.raises(ConfigError, match="'subset' got 'half'"):
        open_corpus("vivae", vivae_tree, subset="half")


def test_options_that_leave_nothing_say_what_they_left_out(plant: Plant) -> None:
    with pytest.raises(
        CorpusError, match=r"these options leave no clip below .* \(intensity not asked for: 1\)"
    ):
        open_corpus("vivae", plant("S01_anger_low_01.wav"), intensities=("peak",))
