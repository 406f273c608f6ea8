"""Bundles of heads; ``tests/recogniser`` reads one back and compares its logits."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from nver.errors import TrainingError
from nver.recogniser.bundle import load_bundle, read_card
from nver.training.bundle import fit_bundle


def encoder(dim: int = 12, name: str = "logmel-stats") -> SimpleNamespace:
    return SimpleNamespace(dim=dim, fingerprint="f00d", card=SimpleNamespace(name=name))


def test_the_same_seed_gives_the_same_bundle_and_another_gives_another(
    corpus, table, make_experiment, tmp_path
):
    def weights(seed):
        fit_bundle(make_experiment(seed=seed), corpus, [table], tmp_path / "b", encoders=[encoder()])
        return read_card(tmp_path / "b").weights.sha256

    assert weights(0) == weights(0) != weights(1)


def test_a_bundle_says_who_was_heard_and_how_many_clips_were_held_back(
    corpus, table, make_experiment, tmp_path
):
    card = fit_bundle(make_experiment(), corpus, [table], tmp_path / "b", encoders=[encoder()]).card
    (seen,) = card.seen
    assert seen.speakers == tuple(f"s{i}" for i in range(6))
    assert (seen.n_train + seen.n_held_back, seen.n_held_back % 9) == (54, 0), "whole speakers are held back"
    assert seen.n_held_back > 0
    assert card.labels == corpus.labels
    assert card.system.encoders[0].fingerprint == "f00d"
    assert "CC0" in card.licence
    assert load_bundle(tmp_path / "b").card == card


def test_without_known_speakers_a_share_of_every_class_is_held_back(corpus, table, make_experiment, tmp_path):
    clips = tuple(dataclasses.replace(clip, speaker=None) for clip in corpus.clips)
    card = fit_bundle(
        make_experiment(),
        dataclasses.replace(corpus, clips=clips),
        [table],
        tmp_path / "b",
        encoders=[encoder()],
    ).card
    assert card.seen[0].speakers == ()
    assert card.seen[0].n_held_back == 3 * round(0.1 * 18)


LONG = {"max_epochs": 30, "lr": 1e-2, "patience": None, "monitor": "accuracy"}


def test_a_head_that_is_sure_of_what_it_cannot_know_gets_a_higher_temperature(
    corpus, table, make_experiment, tmp_path
):
    noise = np.random.default_rng(0).normal(size=table.vectors.shape).astype(np.float32)
    meaningless = dataclasses.replace(table, vectors=noise)
    experiment = make_experiment(training=LONG)
    card = fit_bundle(experiment, corpus, [meaningless], tmp_path / "b", encoders=[encoder()]).card
    assert card.temperature > 1.5


def test_where_every_held_back_clip_is_right_there_is_no_temperature_to_fit_and_the_card_says_so(
    corpus, table, make_experiment, tmp_path
):
    plain = dataclasses.replace(table, vectors=np.asarray(20 * table.vectors, np.float32))
    card = fit_bundle(
        make_experiment(training=LONG), corpus, [plain], tmp_path / "b", encoders=[encoder()]
    ).card
    assert card.temperature == 1.0
    assert "100.0 % of the 9 held-back clips were found" in card.notes[0]
    assert "its probabilities are not calibrated" in card.notes[1]


@pytest.mark.parametrize(
    ("encoders", "message"),
    [
        ([encoder(name="mfcc-stats")], "trial is on logmel-stats, and the encoders are mfcc-stats"),
        ([], "and the encoders are none"),
        ([encoder(dim=640)], r"tables of \[12\] dimensions came with encoders of \[640\]"),
    ],
)
def test_encoders_that_did_not_make_the_tables_are_refused(
    corpus, table, make_experiment, tmp_path, encoders, message
):
    with pytest.raises(TrainingError, match=message):
        fit_bundle(make_experiment(), corpus, [table], tmp_path / "b", encoders=encoders)
    assert not (tmp_path / "b").exists()
