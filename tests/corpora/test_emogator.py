from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora import load_card, open_corpus
from nver.corpora.base import tally
from nver.errors import ConfigError, CorpusError

Plant = Callable[..., Path]


def test_the_complete_tree_gives_every_published_count(emogator_tree: Path) -> None:
    corpus = open_corpus("emogator", emogator_tree, contributors="1-357")
    assert tally(corpus.clips, over=load_card("emogator").counts) == {
        section: dict(sorted(counts.items())) for section, counts in load_card("emogator").counts.items()
    }
    assert len(corpus.clips) == 32_130
    assert set(Counter(clip.speaker for clip in corpus.clips).values()) == {90}
    assert not corpus.left_out


def test_the_test_contributors_must_be_asked_for(emogator_tree: Path) -> None:
    corpus = open_corpus("emogator", emogator_tree)
    assert len(corpus.clips) == 27_000
    assert corpus.left_out == {"contributor not asked for": 57 * 90}
    assert Counter(clip.attributes["split"] for clip in corpus.clips) == {
        "train": 22_500,
        "validation": 4_500,
    }
    assert max(str(clip.speaker) for clip in corpus.clips) == "000300"


@pytest.mark.parametrize(
    ("contributors", "speakers"),
    [("7", [7]), ("1-2,250-251, 357", [1, 2, 250, 251, 357])],
)
def test_contributors_are_ranges(emogator_tree: Path, contributors: str, speakers: list[int]) -> None:
    corpus = open_corpus("emogator", emogator_tree, contributors=contributors)
    assert sorted({int(clip.speaker or 0) for clip in corpus.clips}) == speakers


@pytest.mark.parametrize("contributors", ["", "1-", "a", "5-2", "0", "358", "1;2"])
def test_ranges_that_cannot_be_meant_are_refused(emogator_tree: Path, contributors: str) -> None:
    with pytest.raises(
        ConfigError, match=r"corpus 'emogator': 'contributors': .* is no (list|range) of contributors"
    ):
        open_corpus("emogator", emogator_tree, contributors=contributors)


@pytest.mark.parametrize(
    ("labels", "per_contributor"),
    [
        ("vivae", {"achievement": 3, "anger": 3, "fear": 3, "pain": 3, "pleasure": 6, "surprise": 6}),
        ("jnv", {"angry": 3, "disgust": 3, "fear": 3, "happy": 6, "sad": 3, "surprise": 6}),
    ],
)
def test_labels_of_another_corpus(emogator_tree: Path, labels: str, per_contributor: dict[str, int]) -> None:
    corpus = open_corpus("emogator", emogator_tree, contributors="12", labels=labels)
    assert Counter(clip.label for clip in corpus.clips) == per_contributor
    assert corpus.labels == load_card(labels).labels
    assert corpus.left_out[f"category has no counterpart in {labels}"] == 90 - sum(per_contributor.values())


def test_a_name_says_who_what_and_which_take(plant: Plant) -> None:
    clip = open_corpus("emogator", plant("000251-27-3.mp3")).clips[0]
    assert (clip.id, clip.label, clip.speaker) == ("000251-27-3", "Surprise (Negative)", "000251")
    assert dict(clip.attributes) == {"category": "Surprise (Negative)", "take": "3", "split": "validation"}


def test_the_id_does_not_tell_the_format_nor_the_container(plant: Plant, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    with tarfile.open(shards / "000001.tar", "w") as tar:
        tar.add(plant("a.opus") / "a.opus", "000001-01-1.opus")
    roots = [
        shards,
        *(plant(f"000001-01-1{s}", root=tmp_path / s[1:]) for s in (".mp3", ".opus", ".wav", ".FLAC")),
    ]
    assert [[clip.id for clip in open_corpus("emogator", root).clips] for root in roots] == [
        ["000001-01-1"]
    ] * 5


def test_two_copies_of_a_clip_are_refused(plant: Plant) -> None:
    root = plant("data/mp3/000001-01-1.mp3", "16k/000001-01-1.opus")
    with pytest.raises(
        CorpusError, match=r"'data/mp3/000001-01-1\.mp3' and '16k/000001-01-1\.opus' are the same clip"
    ):
        open_corpus("emogator", root)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("000358-01-1.mp3", "has the unknown contributor '000358'; known: 000001..000357"),
        ("000001-31-1.mp3", "is no name of this corpus"),
        ("000001-01-4.mp3", "is no name of this corpus"),
        ("1-01-1.mp3", "is no name of this corpus"),
    ],
)
def test_an_odd_name_is_refused(plant: Plant, name: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=f"emogator: '{name}' {reason}"):
        open_corpus("emogator", plant("000001-01-1.mp3", name))


def test_the_published_files(emogator_mp3: Path) -> None:
    corpus = open_corpus("emogator", emogator_mp3)
    assert len(corpus.clips) == 1_800
    assert set(Counter(clip.label for clip in corpus.clips).values()) == {60}


def test_the_shards(emogator_tars: Path) -> None:
    corpus = open_corpus("emogator", emogator_tars)
    assert len(corpus.clips) == 27_000
    assert not corpus.left_out
    assert all(clip.source.read()[:4] == b"OggS" for clip in corpus.clips[::997])


def test_contributors_of_whom_nothing_is_there_are_named(plant: Plant) -> None:
    root = plant("000001-01-1.wav", "000002-01-1.wav")
    assert len(open_corpus("emogator", root, contributors="1-2").clips) == 2
    message = r"holds nothing of 1 of the 3 contributors asked for \('1-3'\), 000003 the first"
    with pytest.raises(CorpusError, match=message):
        open_corpus("emogator", root, contributors="1-3")
