"""What every corpus promises. A new one adds a few names to ``EXAMPLES``; the audio is made here."""

from __future__ import annotations

import random
import tarfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from nver.corpora import CORPORA, load_card, load_module, open_corpus, verify
from nver.corpora.base import Corpus, CorpusCard, Problem
from nver.errors import ConfigError, CorpusError


class Example(NamedTuple):
    """Six clips of a corpus by their published names, one odd name, and the id of the first clip."""

    names: tuple[str, ...]
    odd: str
    first_id: str


EXAMPLES = {
    "asvp-esd": Example(
        tuple(f"Audio/actor_58/03-02-03-01-{end}.wav" for end in ("28-58-02-02-02-13", "30-58-02-02-02-13"))
        + tuple(f"Audio/actor_58/03-02-06-01-{end}.wav" for end in ("03-58-02-02-02-11", "06-58-02-02-02-16"))
        + (
            "Audio/actor_/03-02-13-01-01-110-02-02-02-13.wav",
            "Audio/actor_/03-02-13-01-01-116-02-02-02-13.wav",
        ),
        odd="Audio/actor_58/laugh.wav",
        first_id="03-02-03-01-28-58-02-02-02-13",
    ),
    "emogator": Example(
        tuple(f"data/mp3/00000{speaker}-0{category}-1.wav" for speaker in (1, 2) for category in (1, 2, 3)),
        odd="data/mp3/000001-31-1.wav",
        first_id="000001-01-1",
    ),
    "folder": Example(
        tuple(f"{label}/{clip}.wav" for label in ("fear", "joy") for clip in (1, 2, 3)),
        odd="loose.wav",
        first_id="fear/1.wav",
    ),
    "jnv": Example(
        tuple(f"JNV/{speaker}/{speaker}_sad_0{item}_R.wav" for speaker in ("F1", "M2") for item in (0, 1, 2)),
        odd="JNV/F1/F1_sad.wav",
        first_id="F1_sad_00_R",
    ),
    "manifest": Example(
        tuple(f"{label}{clip}.wav" for label in ("fear", "joy") for clip in (1, 2, 3)),
        odd="unlabelled.wav",
        first_id="fear1.wav",
    ),
    "vivae": Example(
        tuple(
            f"VIVAE/full_set/{speaker}_anger_low_0{item}.wav"
            for speaker in ("S01", "S02")
            for item in (1, 2, 3)
        ),
        odd="VIVAE/full_set/S01_anger_01.wav",
        first_id="S01_anger_low_01",
    ),
}

NO_LIST = {
    "folder": "nothing says what one's own folder should hold",
    "jnv": "no list of names is public: a lost clip shows in the counts",
}
"""Corpora in which a clip that is gone cannot be named."""


def write(path: Path, seed: int, *, scale: float = 0.1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).uniform(-scale, scale, 1600), 16_000)


def grow(name: str, root: Path, *, odd: bool = False, shuffled: bool = False) -> Path:
    """A small tree of a corpus, written in an order of its own."""
    names = [*EXAMPLES[name].names, *([EXAMPLES[name].odd] if odd else [])]
    rows = [f"{path},{path[: -len('1.wav')] if path != EXAMPLES[name].odd else ''}" for path in names]
    seeds = list(enumerate(names))
    if shuffled:
        random.Random(1).shuffle(seeds)
        random.Random(2).shuffle(rows)
    for seed, path in seeds:
        write(root / path, seed)
    if name == "manifest":
        (root / "manifest.csv").write_text("\n".join(["path,label", *rows]))
    return root


@pytest.fixture(params=CORPORA)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def root(name: str, tmp_path: Path) -> Path:
    return grow(name, tmp_path / "tree")


def file_of(corpus: Corpus, clip_id: str) -> Path:
    return next(clip.source.path for clip in corpus.clips if clip.id == clip_id)


def found(name: str, root: Path, kind: str) -> set[str]:
    return {problem.subject for problem in verify(name, root, workers=0) if problem.kind == kind}


def test_every_corpus_has_an_example() -> None:
    assert EXAMPLES.keys() == CORPORA.keys()


def test_the_card_is_complete(name: str) -> None:
    card = load_card(name)
    assert card.name == name
    assert card.title
    assert len(set(card.labels)) == len(card.labels)
    assert card.labels or name in ("folder", "manifest")
    if card.labels:
        assert all((card.licence, card.licence_url, card.citation, card.homepage, card.archives, card.counts))
    assert CorpusCard.model_validate(card.model_dump()) == card


def test_ids_are_unique_sorted_and_relative(name: str, root: Path) -> None:
    ids = [clip.id for clip in open_corpus(name, root).clips]
    assert ids[0] == EXAMPLES[name].first_id
    assert len(ids) == 6
    assert ids == sorted(set(ids))
    assert not any(PurePosixPath(clip_id).is_absolute() or "\\" in clip_id for clip_id in ids)


def test_labels_are_on_the_card(name: str, root: Path) -> None:
    corpus = open_corpus(name, root)
    assert {clip.label for clip in corpus.clips} <= set(corpus.labels)
    assert corpus.labels == (load_card(name).labels or tuple(sorted({clip.label for clip in corpus.clips})))


def test_the_order_and_place_of_files_do_not_matter(name: str, root: Path, tmp_path: Path) -> None:
    other = grow(name, tmp_path / "other", shuffled=True)
    one, two = open_corpus(name, root), open_corpus(name, other)
    assert [(c.id, c.label, c.speaker, c.attributes) for c in one.clips] == [
        (c.id, c.label, c.speaker, c.attributes) for c in two.clips
    ]
    assert [c.source.path.relative_to(root) for c in one.clips] == [
        c.source.path.relative_to(other) for c in two.clips
    ]


@pytest.mark.parametrize("name", ["asvp-esd", "emogator", "jnv", "vivae"])
def test_a_shard_gives_the_same_clips_as_its_files(name: str, root: Path, tmp_path: Path) -> None:
    files = open_corpus(name, root).clips
    (tmp_path / "shards").mkdir()
    with tarfile.open(tmp_path / "shards" / "000001.tar", "w") as tar:
        tar.add(root, "any/where")
    members = open_corpus(name, tmp_path / "shards").clips
    assert [replace(clip, source=files[0].source) for clip in members] == [
        replace(clip, source=files[0].source) for clip in files
    ]
    assert [clip.source.read() for clip in members] == [clip.source.read() for clip in files]


def test_an_odd_name_is_an_error_that_names_the_file(name: str, tmp_path: Path) -> None:
    root = grow(name, tmp_path / "odd", odd=True)
    with pytest.raises(CorpusError, match=EXAMPLES[name].odd) as raised:
        open_corpus(name, root)
    assert name in str(raised.value)


def test_files_that_are_no_recordings_are_fine(name: str, root: Path) -> None:
    before = open_corpus(name, root)
    for other in ("readme.txt", "ratings.csv", ".hidden.wav", "LICENSE"):
        (root / other).touch()
    assert open_corpus(name, root) == before


def test_an_empty_folder_and_an_unknown_option_are_errors(name: str, root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=name):
        open_corpus(name, tmp_path / "empty")
    with pytest.raises(CorpusError, match="nowhere"):
        open_corpus(name, tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=f"corpus '{name}': unknown key 'colour'; expected one of"):
        open_corpus(name, root, colour="blue")


def test_options_are_kept_as_plain_data(name: str, root: Path) -> None:
    options = open_corpus(name, root).options
    assert load_module(name).Options.model_validate(options).model_dump(mode="json") == options
    assert open_corpus(name, root, **options) == open_corpus(name, root)


def test_verify_finds_a_clip_that_is_gone(name: str, root: Path) -> None:
    gone = EXAMPLES[name].first_id
    before = verify(name, root, workers=0)
    file_of(open_corpus(name, root), gone).unlink()
    after = set(verify(name, root, workers=0)) - set(before)
    if name == "folder":
        assert not after, NO_LIST[name]
    elif name in NO_LIST:
        assert Problem("count", "clips", "clips: 5 here, 420 published") in after
    else:
        assert gone in {problem.subject for problem in after if problem.kind == "missing"}


def test_verify_finds_a_file_too_many(name: str, root: Path) -> None:
    assert EXAMPLES[name].odd not in found(name, root, "extra")
    write(root / EXAMPLES[name].odd, seed=99)
    assert EXAMPLES[name].odd in found(name, root, "extra")


def test_verify_finds_two_clips_with_the_same_samples(name: str, root: Path) -> None:
    assert not found(name, root, "duplicate")
    clips = open_corpus(name, root).clips
    clips[3].source.path.write_bytes(clips[1].source.path.read_bytes())
    assert found(name, root, "duplicate") == {clips[3].id}


def test_verify_finds_silent_altered_and_truncated_clips(name: str, root: Path) -> None:
    assert not {"silent", "unreadable", "truncated"} & {
        problem.kind for problem in verify(name, root, workers=0)
    }
    silent, altered, truncated = open_corpus(name, root).clips[:3]
    write(silent.source.path, seed=0, scale=0.0)
    altered.source.path.write_bytes(b"overwritten" * 100)
    truncated.source.path.write_bytes(truncated.source.path.read_bytes()[:-500])
    assert found(name, root, "silent") == {silent.id}
    assert found(name, root, "unreadable") == {altered.id}
    assert found(name, root, "truncated") == {truncated.id}
