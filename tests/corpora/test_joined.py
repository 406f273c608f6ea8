from __future__ import annotations

from pathlib import Path

import pytest

from nver.corpora import Corpus, open_corpus
from nver.errors import ConfigError, CorpusError

JNV = [
    f"{speaker}_{emotion}_0{i}_R" for speaker in ("F1", "M2") for emotion in ("fear", "sad") for i in (0, 1)
]
OURS = [
    f"{label}/{speaker}-{i}" for label in ("fear", "joy", "sad") for speaker in ("ann", "bob") for i in (0, 1)
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder, names in (("jnv", JNV), ("ours", OURS)):
        for name in names:
            path = tmp_path / folder / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return tmp_path


def parts(**changes: object) -> dict[str, object]:
    ours = {"name": "folder", "root": "ours", "options": {"speaker": "/([a-z]+)-"}}
    return {"jnv": {"name": "jnv", "root": "jnv", "test": {"speaker": ["M2"]}}, "ours": ours, **changes}


def joined(root: Path, **changes: object) -> Corpus:
    return open_corpus("joined", root, parts=parts(**changes))


def test_clips_keep_their_sources_and_get_ids_and_speakers_of_their_corpus(root):
    corpus = joined(root)
    single = open_corpus("jnv", root / "jnv")
    own = {clip.id: clip for clip in corpus.clips if clip.attributes["corpus"] == "jnv"}
    assert set(own) == {f"jnv/{clip.id}" for clip in single.clips}
    for clip in single.clips:
        kept = own[f"jnv/{clip.id}"]
        assert (kept.source, kept.label, kept.speaker) == (clip.source, clip.label, f"jnv/{clip.speaker}")
        assert clip.attributes.items() <= kept.attributes.items()


def test_labels_are_those_that_every_corpus_has_and_the_rest_is_counted(root):
    corpus = joined(root)
    assert corpus.labels == ("fear", "sad")
    assert corpus.left_out == {"ours: label is not in every corpus": 4}
    assert {clip.label for clip in corpus.clips} == {"fear", "sad"}


def test_sides_are_the_test_part_and_the_rest_or_all_of_a_corpus_without_one(root):
    side_of = {clip.speaker: clip.attributes["side"] for clip in joined(root).clips}
    assert side_of == {
        "jnv/F1": "jnv/train",
        "jnv/M2": "jnv/test",
        "ours/ann": "ours/all",
        "ours/bob": "ours/all",
    }


def test_a_test_part_that_nobody_is_in_is_refused_with_what_there_is(root):
    with pytest.raises(CorpusError, match="no clip of 'jnv' has speaker 'M3'; it has: F1, M2"):
        joined(root, jnv={"name": "jnv", "root": "jnv", "test": {"speaker": ["M3"]}})


def test_corpora_without_two_common_labels_are_refused(root):
    with pytest.raises(CorpusError, match="share 1 labels and two are needed"):
        joined(root, ours={"name": "folder", "root": "ours", "options": {"labels": ["fear", "joy"]}})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"a/b": {"name": "jnv", "root": "jnv"}}, "cannot stand before the ids"),
        (
            {"jnv": {"name": "jnv", "root": "jnv", "test": {"a": ["b"], "c": ["d"]}}},
            "by one attribute, got a, c",
        ),
        ({"jnv": {"name": "jvn", "root": "jnv"}}, "no corpus is called 'jvn'"),
    ],
)
def test_what_cannot_be_meant_is_refused(root, changes, said):
    with pytest.raises(ConfigError, match=said):
        joined(root, **changes)
