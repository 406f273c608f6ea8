from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nver.degradations import CLEAN, Condition
from nver.errors import ResultError, SplitError
from nver.recogniser.robustness import Heard, hear, in_threads, spread

SPEAKERS = ("cid", "dan", "eve", "fay", "gus", "hal", "ida", "jon")
CONDITIONS = (CLEAN, Condition("gain", -40.0), Condition("babble", 0.0), Condition("cut", 0.25))


def ask(toy, corpus, out, conditions=CONDITIONS, **how):
    return list(hear(toy, corpus, conditions, out, weights_sha256="0", workers=how.pop("workers", 0), **how))


def assert_same(one: Heard, other: Heard) -> None:
    for field in dataclasses.fields(Heard):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_clean_answers_are_those_of_the_recogniser_and_quiet_ones_are_not(toy, corpus_of, tmp_path):
    corpus = corpus_of(tmp_path, speakers=SPEAKERS)
    clean, quiet, *_ = ask(toy, corpus, tmp_path / "out")
    said = [prediction.label for prediction in toy.predict_files([clip.source.path for clip in corpus.clips])]
    assert [clean.labels[i] for i in clean.guess] == said
    assert clean.clip_ids == tuple(clip.id for clip in corpus.clips)
    assert clean.speakers == tuple(clip.speaker for clip in corpus.clips)
    assert "shout" not in {quiet.labels[i] for i in quiet.guess}  # loudness is what the toy hears


def test_what_was_asked_before_is_taken_from_disk_bit_for_bit_with_any_number_of_workers(
    toy, corpus_of, tmp_path
):
    corpus = corpus_of(tmp_path, speakers=SPEAKERS)
    first = ask(toy, corpus, tmp_path / "out")
    told = []
    again = ask(toy, corpus, tmp_path / "out", on_progress=lambda *so_far: told.append(so_far))
    afresh = ask(toy, corpus, tmp_path / "other", workers=2)
    assert told == []
    for one, two, three in zip(first, again, afresh, strict=True):
        assert_same(one, two)
        assert_same(one, three)


def test_an_interrupted_run_goes_on_and_another_seed_or_recogniser_begins_anew(toy, corpus_of, tmp_path):
    corpus = corpus_of(tmp_path, speakers=SPEAKERS)
    out, asked = tmp_path / "out", set()
    next(iter(hear(toy, corpus, CONDITIONS, out, weights_sha256="0", workers=0)))

    def tell(condition, done, total):
        asked.add(condition.slug)

    ask(toy, corpus, out, on_progress=tell)
    assert asked == {"gain--40", "babble-0", "cut-0.25"}
    asked.clear()
    ask(toy, corpus, out, seed=1, on_progress=tell)
    assert "cut-0.25" in asked
    asked.clear()
    list(hear(toy, corpus, [CLEAN], out, weights_sha256="1", workers=0, on_progress=tell))
    assert asked == {"clean"}


def test_a_clip_that_cannot_be_read_is_counted_and_the_others_stay_in_step(toy, corpus_of, tmp_path):
    corpus = corpus_of(tmp_path, speakers=SPEAKERS)
    corpus.clips[4].source.path.write_bytes(b"no audio")
    (clean,) = ask(toy, corpus, tmp_path / "out", [CLEAN])
    assert clean.n_unreadable == 1
    assert clean.clip_ids == tuple(clip.id for i, clip in enumerate(corpus.clips) if i != 4)
    assert [clean.labels[i] for i in clean.truth] == [c.label for i, c in enumerate(corpus.clips) if i != 4]


def test_speakers_who_were_trained_on_or_are_unknown_are_refused(toy, corpus_of, tmp_path):
    with pytest.raises(SplitError, match="trained on 1 of the 2 speakers"):
        ask(toy, corpus_of(tmp_path, speakers=("bob", "eve")), tmp_path / "out")
    corpus = corpus_of(tmp_path, speakers=SPEAKERS)
    nobody = dataclasses.replace(
        corpus, clips=tuple(dataclasses.replace(c, speaker=None) for c in corpus.clips)
    )
    with pytest.raises(SplitError, match="24 of 24 clips have no speaker"):
        ask(toy, nobody, tmp_path / "out")


def test_a_part_is_spread_evenly_and_holds_every_smaller_one(corpus_of, tmp_path):
    clips = corpus_of(tmp_path, speakers=SPEAKERS).clips
    doubled = sorted(
        [*clips, *(dataclasses.replace(clip, id=f"{clip.id}2") for clip in clips)], key=lambda clip: clip.id
    )
    one_each = spread(doubled, 24, seed=0)
    assert len({(clip.speaker, clip.label) for clip in one_each}) == 24
    assert {clip.id for clip in one_each} < {clip.id for clip in spread(doubled, 30, seed=0)}
    assert list(one_each) == sorted(one_each, key=lambda clip: clip.id)
    assert {clip.id for clip in one_each} != {clip.id for clip in spread(doubled, 24, seed=1)}
    assert spread(doubled, 1_000, seed=0) == tuple(doubled)


def test_threads_read_no_further_ahead_than_two_batches(corpus_of, tmp_path):
    (clip, *_) = corpus_of(tmp_path).clips
    taken = []

    def tasks():
        for i in range(500):
            taken.append(i)
            yield clip, np.array([i], np.float32)

    answers = in_threads(lambda _, wave: wave, tasks(), n_threads=2)
    assert next(answers)[0] == 0
    assert len(taken) <= 66
    assert [int(wave[0]) for wave in answers] == list(range(1, 500))


def test_a_file_that_is_something_else_is_refused(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"no table")
    with pytest.raises(ResultError, match="does not hold answers under a condition"):
        Heard.load(tmp_path / "x.parquet")
