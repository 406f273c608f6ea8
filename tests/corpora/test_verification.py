from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nver.corpora import load_module, verify
from nver.corpora.naming import published_paths
from nver.errors import ConfigError, CorpusError

Sound = Callable[..., Path]


def test_a_whole_selection_has_no_problem(tmp_path: Path, sound: Sound) -> None:
    names = [name for name in published_paths("vivae") if "_peak_" in name]
    first = sound(tmp_path / "first.wav", 0).read_bytes()
    (tmp_path / "first.wav").unlink()
    for seed, name in enumerate(names):
        (tmp_path / name).write_bytes(first[:-4] + seed.to_bytes(4, "little"))
    assert verify("vivae", tmp_path, options={"intensities": ["peak"]}, workers=0) == ()


def test_every_problem_is_reported_at_once(tmp_path: Path, sound: Sound) -> None:
    for take, seed in enumerate((1, 2, 1), start=1):
        sound(tmp_path / f"000007-01-{take}.wav", seed)
    sound(tmp_path / "000007-02-1.wav", 3, scale=0.0)
    whole = sound(tmp_path / "000007-02-2.wav", 4)
    whole.write_bytes(whole.read_bytes()[:-1000])
    (tmp_path / "000007-02-3.wav").write_bytes(b"this is no audio")
    sound(tmp_path / "000007-99-1.wav", 5)
    done: list[tuple[int, int]] = []
    problems = verify(
        "emogator",
        tmp_path,
        options={"contributors": "7"},
        workers=0,
        on_progress=lambda n, total: done.append((n, total)),
    )
    assert Counter(problem.kind for problem in problems) == {
        "missing": 84,
        "extra": 1,
        "unreadable": 1,
        "silent": 1,
        "truncated": 1,
        "duplicate": 1,
        "count": 1 + 28 + 1 + 1,
    }
    by_kind = {problem.kind: problem for problem in problems}
    assert by_kind["extra"].subject == "000007-99-1.wav"
    assert by_kind["unreadable"].subject == "000007-02-3"
    assert by_kind["silent"].subject == "000007-02-1"
    assert by_kind["truncated"].subject == "000007-02-2"
    assert by_kind["duplicate"].detail == "'000007-01-3' and '000007-01-1' have the same samples"
    assert "clips: 6 here, 90 published" in {problem.detail for problem in problems}
    assert done == [(n, 6) for n in range(1, 7)]


def test_a_published_grammar_does_not_make_a_name_published(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "S01_anger_low_99.wav", 0)
    extra = [problem for problem in verify("vivae", tmp_path, workers=0) if problem.kind == "extra"]
    assert [problem.subject for problem in extra] == ["S01_anger_low_99"]


def test_a_clip_in_another_actors_folder_is_no_problem(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "Audio/actor_3/03-02-07-01-44-98-02-02-01-37.wav", 0)
    kinds = {problem.kind for problem in verify("asvp-esd", tmp_path, workers=0)}
    assert kinds == {"missing", "count"}


def test_two_silent_clips_are_silent_and_not_duplicates(tmp_path: Path, sound: Sound) -> None:
    for take in (1, 2):
        sound(tmp_path / f"a/{take}.wav", 0, scale=0.0)
    assert [problem.kind for problem in verify("folder", tmp_path, workers=0)] == ["silent", "silent"]


def test_counts_of_jnv_are_its_cards(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "F1_sad_00_R.wav", 0)
    details = [problem.detail for problem in verify("jnv", tmp_path, workers=0)]
    assert details == [
        "clips: 1 here, 420 published",
        "speaker F1: 1 here, 105 published",
        *(f"speaker {speaker}: 0 here, 105 published" for speaker in ("F2", "M1", "M2")),
    ]


def test_the_core_set_is_held_to_its_counts(vivae_tree: Path) -> None:
    vivae = load_module("vivae")
    counts = vivae.expected(vivae.Options.model_validate({"subset": "core"})).counts
    assert counts == {"clips": {"all": 480}, "label": dict.fromkeys(vivae.CARD.labels, 80)}


def test_verify_refuses_what_open_corpus_refuses(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'vivae'"):
        verify("vivea", tmp_path)
    with pytest.raises(ConfigError, match="unknown key 'set'"):
        verify("vivae", tmp_path, options={"set": "full"})
    with pytest.raises(CorpusError, match="there is no folder"):
        verify("vivae", tmp_path / "nowhere")


def test_the_published_clips_are_whole(emogator_mp3: Path) -> None:
    assert verify("emogator", emogator_mp3, options={"contributors": "1-2"}, workers=0) == ()


def test_the_published_copies_of_a_clip_are_found(emogator_tars: Path) -> None:
    problems = verify("emogator", emogator_tars, options={"contributors": "160"}, workers=0)
    assert [(problem.kind, problem.subject) for problem in problems] == [
        *(("duplicate", f"000160-{code}") for code in ("11-2", "15-2", "19-3", "23-3"))
    ]
