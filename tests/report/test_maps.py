import io

import numpy as np
import pytest
import soundfile

from nver.corpora import open_corpus
from nver.corpora.synthetic import synthesise
from nver.embeddings import EmbeddingTable, Store, extract
from nver.encoders import load_encoder
from nver.errors import ConfigError, CorpusError, StoreError
from nver.report import audio, write_report
from nver.report.comparison import compare
from nver.report.maps import Sources, clip_sets
from nver.report.tsne import tsne
from nver.results import Predictions


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = synthesise(tmp_path_factory.mktemp("corpus"), n_clips=22)
    return open_corpus("vivae", root)


@pytest.fixture(scope="module")
def stored(corpus, tmp_path_factory):
    """A store that has the clips of the corpus, and what was put into it."""
    store = Store(tmp_path_factory.mktemp("store"))
    encoder = load_encoder("mfcc-stats")
    return store, encoder, extract(corpus.clips, encoder, store=store, workers=0).table


@pytest.fixture
def result(make_result, corpus, stored):
    """A result on the clips of the corpus."""
    n = len(corpus.clips)
    _, encoder, _ = stored
    said = {"encoders": [{"fingerprint": encoder.fingerprint, "dim": encoder.dim}]}
    made = make_result(encoders=("mfcc-stats",), n_clips=n, n_folds=2, provenance=said)
    truth = np.array([corpus.labels.index(clip.label) for clip in corpus.clips])
    predictions = Predictions(
        tuple(clip.id for clip in corpus.clips), truth, made.predictions.probabilities, made.predictions.fold
    )
    object.__setattr__(made, "predictions", predictions)
    return made


def made_of(result, **sources):
    (clip_set,) = clip_sets(compare([result]), Sources(**sources)).values()
    return clip_set


def test_stored_embeddings_make_a_map_without_the_encoder(result, corpus, stored, monkeypatch):
    store, _, table = stored
    monkeypatch.setattr("nver.encoders.load_encoder", None)
    made = made_of(result, roots={"vivae": corpus.root}, store=store)
    assert made.missing == ()
    assert [embedded.encoder for embedded in made.maps] == ["mfcc-stats"]
    assert np.array_equal(made.maps[0].places, tsne(table.vectors))


def test_clips_can_be_told_apart_by_what_the_corpus_codes(result, corpus, stored):
    categories = made_of(result, roots={"vivae": corpus.root}, store=stored[0]).categories()
    assert categories["emotion"] == [clip.label for clip in corpus.clips]
    assert categories["speaker"] == [clip.speaker for clip in corpus.clips]
    assert "intensity" in categories


def test_a_table_in_a_file_needs_no_corpus(result, stored, tmp_path):
    table = stored[2]
    table.save(tmp_path / "t.parquet")
    made = made_of(result, tables={"mfcc-stats": tmp_path / "t.parquet"})
    assert np.array_equal(made.maps[0].places, tsne(table.vectors))
    assert list(made.categories()) == ["emotion"]
    assert made.missing[0].startswith("the recordings of vivae are not at data/VIVAE")


def test_a_table_that_lacks_a_clip_is_refused(result, stored, tmp_path):
    table = stored[2]
    EmbeddingTable(table.vectors[1:], table.clip_ids[1:]).save(tmp_path / "t.parquet")
    with pytest.raises(StoreError, match="lacks 1"):
        made_of(result, tables={"mfcc-stats": tmp_path / "t.parquet"})


def test_what_is_missing_is_said_with_what_to_do(result, corpus, tmp_path):
    without_corpus = made_of(result).missing
    assert "give --root vivae=DIR" in without_corpus[0]
    (sentence,) = made_of(result, roots={"vivae": corpus.root}, store=Store(tmp_path)).missing
    assert "the store lacks 22 of 22 embeddings of vivae by mfcc-stats" in sentence
    assert "nver embed vivae --root DIR --encoder mfcc-stats" in sentence


def test_another_copy_of_the_corpus_is_not_taken_for_the_tested_one(result, corpus, stored, tmp_path):
    other = synthesise(tmp_path / "other", n_clips=11)
    made = made_of(result, roots={"vivae": other}, store=stored[0])
    assert made.maps == ()
    assert "11 of 22 tested clips of vivae are not at" in made.missing[0]


def test_a_place_that_was_named_must_be_right(result, tmp_path):
    with pytest.raises(CorpusError):
        made_of(result, roots={"vivae": tmp_path / "nowhere"})
    with pytest.raises(ConfigError, match="no result is about corpus 'jnv'; these are: vivae"):
        made_of(result, roots={"jnv": tmp_path})


def test_the_same_vectors_get_the_same_map_and_it_is_kept(stored, monkeypatch):
    vectors = stored[2].vectors
    first = tsne(vectors)
    monkeypatch.setattr("nver.report.tsne._compute", None)
    assert np.array_equal(tsne(vectors), first)


def test_neighbours_stay_neighbours_on_a_map():
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], 20)
    vectors = (10 * np.eye(3, 16)[group] + rng.normal(size=(60, 16))).astype(np.float32)
    places = tsne(vectors)
    assert places.shape == (60, 2)
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert (group[distance.argmin(axis=1)] == group).mean() > 0.95


@pytest.mark.parametrize("vectors", [np.ones((6, 4)), np.arange(6)[:, None]], ids=["alike", "one number"])
def test_embeddings_without_a_plane_have_a_map_all_the_same(vectors):
    assert np.isfinite(tsne(vectors.astype(np.float32))).all()


def test_copies_of_clips_fit_the_budget_and_can_be_decoded(corpus):
    clips = corpus.clips[:4]
    files = audio.copies(clips, budget_bytes=40_000, workers=0)
    assert sum(map(len, files)) <= 40_000
    for clip, file in zip(clips, files, strict=True):
        heard = soundfile.info(io.BytesIO(file))
        assert (heard.format, heard.subtype, heard.channels) == ("OGG", "OPUS", 1)
        assert heard.duration == pytest.approx(soundfile.info(clip.source.path).duration, abs=0.1)


def test_what_the_budget_has_no_room_for_is_none_and_said(result, corpus, stored, tmp_path, monkeypatch):
    monkeypatch.setattr("nver.report.AUDIO_BYTES", 9_000)
    sources = Sources(roots={"vivae": corpus.root}, store=stored[0])
    written = write_report([result], tmp_path, sources=sources, with_audio=True, with_figures=False)
    assert any(
        "clips of vivae-6-classes-speaker have no copy to be played" in said for said in written.missing
    )
