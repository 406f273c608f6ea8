from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora import open_corpus
from nver.errors import ConfigError, CorpusError

Plant = Callable[..., Path]


def test_the_first_directory_is_the_label_and_the_path_is_the_id(plant: Plant) -> None:
    corpus = open_corpus("folder", plant("joy/b.wav", "anger/x/a.wav", "joy/a.wav", "notes.txt"))
    assert [(clip.id, clip.label, clip.speaker) for clip in corpus.clips] == [
        *(("anger/x/a.wav", "anger", None), ("joy/a.wav", "joy", None), ("joy/b.wav", "joy", None))
    ]
    assert corpus.labels == ("anger", "joy")


def test_labels_can_be_chosen_and_ordered(plant: Plant) -> None:
    corpus = open_corpus("folder", plant("a/1.wav", "b/2.wav", "c/3.wav"), labels=["c", "a"])
    assert corpus.labels == ("c", "a")
    assert corpus.left_out == {"label not asked for": 1}


@pytest.mark.parametrize("pattern", [r"/(?P<speaker>s\d+)_", r"/(s\d+)_"])
def test_speakers_come_from_an_expression(plant: Plant, pattern: str) -> None:
    corpus = open_corpus("folder", plant("a/s1_1.wav", "b/s2_1.wav"), speaker=pattern)
    assert [clip.speaker for clip in corpus.clips] == ["s1", "s2"]


def test_a_clip_without_a_speaker_is_refused(plant: Plant) -> None:
    with pytest.raises(
        CorpusError, match=r"folder: no speaker in 'b/x.wav': the expression '/\(s.*' does not match it"
    ):
        open_corpus("folder", plant("a/s1_1.wav", "b/x.wav"), speaker=r"/(s\d+)_")


def test_a_recording_in_no_directory_is_refused(plant: Plant) -> None:
    with pytest.raises(
        CorpusError, match=r"folder: 'x\.wav' lies in no label's directory; .*'LABEL/clip\.wav'"
    ):
        open_corpus("folder", plant("a/1.wav", "x.wav"))


def test_a_shard_takes_its_label_from_its_directory(plant: Plant) -> None:
    root = plant("joy/0.wav")
    with tarfile.open(root / "joy" / "1.tar", "w") as tar:
        tar.add(root / "joy" / "0.wav", "1.wav")
    assert [(clip.id, clip.label) for clip in open_corpus("folder", root).clips] == [
        ("joy/0.wav", "joy"),
        ("joy/1.tar/1.wav", "joy"),
    ]
    (root / "joy" / "1.tar").rename(root / "1.tar")
    with pytest.raises(CorpusError, match=r"folder: '1\.tar/1\.wav' lies in no label's directory"):
        open_corpus("folder", root)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"speaker": "abc"}, "'abc' has no group"),
        ({"speaker": "(a"}, "is no regular expression"),
        ({"labels": ["a", "a"]}, "a label is listed twice"),
        ({"label": ["a"]}, "unknown key 'label'; expected one of labels, speaker"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    plant: Plant, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        open_corpus("folder", plant("a/1.wav"), **options)
