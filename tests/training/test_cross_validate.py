from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from nver.embeddings.table import EmbeddingTable
from nver.errors import SplitError, StoreError, TrainingError
from nver.results import Result
from nver.training.cross_validate import Progress, Run, cross_validate

PROTOCOLS = {
    "paper": {"protocol": "paper", "n_folds": 3},
    "speaker": {"protocol": "speaker", "n_folds": 3},
    "leave-one-speaker-out": {"protocol": "leave-one-speaker-out"},
    "predefined": {"protocol": "predefined", "train": ["train"], "test": ["test"]},
    "predefined, every part": {"protocol": "predefined"},
}


def content(result: Result) -> tuple[Any, ...]:
    """All of a result but how long it took."""
    said = {name: value for name, value in result.provenance.items() if name != "training_s"}
    made = result.predictions
    arrays = [array.tobytes() for array in (made.truth, made.probabilities, made.fold)]
    return result.experiment, result.labels, made.clip_ids, *arrays, result.history, said


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_tested_clip_is_predicted_once_in_corpus_order(protocol, corpus, table, make_experiment):
    result = cross_validate(make_experiment(folds=PROTOCOLS[protocol]), corpus, [table])
    tested = [clip for clip in corpus.clips if protocol != "predefined" or clip.attributes["split"] == "test"]
    assert result.predictions.clip_ids == tuple(clip.id for clip in tested)
    assert [corpus.labels[i] for i in result.predictions.truth] == [clip.label for clip in tested]
    assert result.predictions.speakers == tuple(clip.speaker for clip in tested)
    split = result.predictions.attributes["split"]
    assert split == tuple(clip.attributes["split"] for clip in tested)
    for past in result.history:
        assert past.n_test == (result.predictions.fold == past.fold).sum()


def test_rows_are_found_by_clip_id_and_not_by_position(corpus, table, make_experiment):
    backwards = EmbeddingTable(table.vectors[::-1].copy(), table.clip_ids[::-1])
    once = cross_validate(make_experiment(), corpus, [table])
    assert content(once) == content(cross_validate(make_experiment(), corpus, [backwards]))


def test_another_seed_gives_other_folds_and_predictions(corpus, table, make_experiment):
    one, other = (cross_validate(make_experiment(seed=seed), corpus, [table]) for seed in (0, 1))
    assert not np.array_equal(one.predictions.fold, other.predictions.fold)
    assert not np.array_equal(one.predictions.probabilities, other.predictions.probabilities)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_head_never_sees_a_test_clip(protocol, corpus, table, make_experiment):
    """What lies in the test rows of the first fold changes nothing about how its head is trained."""
    experiment = make_experiment(folds=PROTOCOLS[protocol], training={"max_epochs": 2, "standardize": True})
    clean = cross_validate(experiment, corpus, [table])
    made = clean.predictions
    tested = {clip_id for clip_id, fold in zip(made.clip_ids, made.fold, strict=True) if fold == 0}
    poisoned = table.vectors.copy()
    poisoned[[clip_id in tested for clip_id in table.clip_ids]] = 1e3
    told: list[Progress] = []
    other = cross_validate(
        experiment, corpus, [EmbeddingTable(poisoned, table.clip_ids)], on_progress=told.append
    )
    assert tuple(progress.figures for progress in told if progress.fold == 0) == clean.history[0].epochs
    assert other.history[0] == clean.history[0]
    assert not np.array_equal(other.predictions.probabilities, made.probabilities)


def interrupted_at(fold: int, epoch: int) -> Any:
    def stop(progress: Progress) -> None:
        if (progress.fold, progress.epoch) == (fold, epoch):
            raise KeyboardInterrupt

    return stop


def test_interrupted_in_every_fold_and_resumed_equals_uninterrupted(corpus, table, make_experiment, tmp_path):
    experiment = make_experiment()
    whole = cross_validate(experiment, corpus, [table])
    trained: list[tuple[int, int]] = []
    for fold in range(3):
        with pytest.raises(KeyboardInterrupt):
            cross_validate(
                experiment,
                corpus,
                [table],
                checkpoint=tmp_path / "folds",
                on_progress=interrupted_at(fold, 2),
                jobs=1,
            )
    resumed = cross_validate(
        experiment,
        corpus,
        [table],
        checkpoint=tmp_path / "folds",
        on_progress=lambda progress: trained.append((progress.fold, progress.epoch)),
    )
    assert content(resumed) == content(whole)
    assert {fold for fold, _ in trained} == {2}, "finished folds were trained again"


def test_folds_side_by_side_equal_folds_one_by_one(corpus, table, make_experiment):
    one_by_one = cross_validate(make_experiment(), corpus, [table], jobs=1)
    side_by_side = cross_validate(make_experiment(), corpus, [table], jobs=3)
    assert content(side_by_side) == content(one_by_one)


def test_folds_of_another_run_are_never_taken(corpus, table, make_experiment, tmp_path):
    cross_validate(make_experiment(seed=1), corpus, [table], checkpoint=tmp_path)
    other = cross_validate(make_experiment(), corpus, [table], checkpoint=tmp_path)
    assert content(other) == content(cross_validate(make_experiment(), corpus, [table]))


def test_a_damaged_checkpoint_is_trained_again(corpus, table, make_experiment, tmp_path):
    whole = cross_validate(make_experiment(), corpus, [table], checkpoint=tmp_path)
    first, second, third = sorted(tmp_path.iterdir())
    first.write_bytes(first.read_bytes()[:100])
    second.write_bytes(b"")
    third.unlink()
    assert content(cross_validate(make_experiment(), corpus, [table], checkpoint=tmp_path)) == content(whole)


def test_the_key_changes_with_all_that_decides_a_result_and_with_nothing_else(corpus, table, make_experiment):
    plain = Run(make_experiment(), corpus, [table]).key
    elsewhere = make_experiment(name="other", corpus={"name": "toy", "root": "moved"})
    assert Run(elsewhere, corpus, [table]).key == plain
    backwards = EmbeddingTable(table.vectors[::-1].copy(), table.clip_ids[::-1])
    assert Run(make_experiment(), corpus, [backwards]).key == plain
    moved = table.vectors.copy()
    moved[0, 0] += 1e-3
    first = corpus.clips[0]
    renamed = dataclasses.replace(corpus, clips=(dataclasses.replace(first, speaker="s9"), *corpus.clips[1:]))
    others = [
        Run(make_experiment(seed=1), corpus, [table]).key,
        Run(make_experiment(training={"lr": 2e-3}), corpus, [table]).key,
        Run(make_experiment(), corpus, [EmbeddingTable(moved, table.clip_ids)]).key,
        Run(make_experiment(), renamed, [table]).key,
        Run(make_experiment(), corpus, [table], unreadable={first.id: "empty"}).key,
    ]
    assert len({plain, *others}) == 6


def test_an_unreadable_clip_is_left_out_and_listed(corpus, table, make_experiment):
    lost = corpus.clips[4].id
    rest = tuple(clip.id for clip in corpus.clips if clip.id != lost)
    result = cross_validate(
        make_experiment(),
        corpus,
        [EmbeddingTable(table.rows(rest), rest)],
        unreadable={lost: "it is empty"},
    )
    assert result.predictions.clip_ids == rest
    assert result.provenance["unreadable"] == {lost: "it is empty"}


def test_a_table_that_lacks_a_clip_is_refused(corpus, table, make_experiment):
    with pytest.raises(StoreError, match=r"^features and clips are out of step"):
        cross_validate(make_experiment(), corpus, [EmbeddingTable(table.vectors[1:], table.clip_ids[1:])])


def test_as_many_tables_as_encoders_are_expected(corpus, table, make_experiment):
    with pytest.raises(TrainingError, match=r"^trial: 1 encoders came with 2 tables$"):
        cross_validate(make_experiment(), corpus, [table, table])


def test_clips_without_a_speaker_are_refused_by_the_protocols_that_need_one(corpus, table, make_experiment):
    nobody = dataclasses.replace(
        corpus, clips=tuple(dataclasses.replace(clip, speaker=None) for clip in corpus.clips)
    )
    with pytest.raises(SplitError, match=r"^54 of 54 clips have no speaker; use the protocol 'paper'"):
        cross_validate(make_experiment(), nobody, [table])
    with pytest.raises(SplitError, match=r"^54 of 54 clips have no take$"):
        cross_validate(
            make_experiment(folds={"protocol": "predefined", "attribute": "take"}), corpus, [table]
        )
    said = cross_validate(make_experiment(folds=PROTOCOLS["paper"]), nobody, [table]).provenance["warnings"]
    assert said == ["54 of 54 clips have no known speaker: speakers may be on both sides"]


def test_the_part_that_picks_the_epoch_is_divided_off_as_the_folds_are(corpus, table, make_experiment):
    # 36 training clips of four speakers, nine each: one speaker, or a tenth of each class.
    for protocol, n_validation in (("speaker", 9), ("paper", 3), ("predefined", 9)):
        result = cross_validate(make_experiment(folds=PROTOCOLS[protocol]), corpus, [table])
        assert {past.n_validation for past in result.history} == {n_validation}, protocol
        assert {past.n_train for past in result.history} == {36 - n_validation}, protocol


def test_speakers_on_both_sides_are_counted_in_the_result(corpus, table, make_experiment):
    paper = cross_validate(make_experiment(folds=PROTOCOLS["paper"]), corpus, [table])
    assert paper.provenance["warnings"] == [
        "protocol 'paper': 54 of 54 tested clips have a speaker who is trained on as well"
    ]
    assert cross_validate(make_experiment(), corpus, [table]).provenance["warnings"] == []


def test_a_test_part_without_a_class_is_named(corpus, table, make_experiment):
    clips = tuple(clip for clip in corpus.clips if not (clip.speaker == "s5" and clip.label == "sigh"))
    fewer = dataclasses.replace(corpus, clips=clips)
    result = cross_validate(make_experiment(folds={"protocol": "leave-one-speaker-out"}), fewer, [table])
    assert result.provenance["warnings"] == [
        "speaker s5 tests no clip of sigh; its UAR is over the other classes"
    ]


def test_provenance_says_what_it_was_made_with(corpus, table, make_experiment):
    said = cross_validate(make_experiment(), corpus, [table], encoders=[{"name": "toy"}]).provenance
    assert set(said["software"]) >= {"nver", "python", "torch", "numpy", "scikit-learn"}
    assert said["corpus"] | {"clips_sha256": ""} == {
        "name": "toy",
        "options": {"set": "whole"},
        "n_clips": 54,
        "n_speakers": 6,
        "clips_sha256": "",
        "left_out": {"odd": 2},
    }
    assert said["head_parameters"] == 12 * 8 + 8 + 8 * 8 + 8 + 8 * 3 + 3
    assert said["encoders"] == [{"name": "toy"}]


def test_a_head_that_learns_beats_chance(corpus, table, make_experiment):
    experiment = make_experiment(training={"max_epochs": 20, "lr": 1e-2, "patience": None})
    assert cross_validate(experiment, corpus, [table]).scores().accuracy.pooled > 0.6
