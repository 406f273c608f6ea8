"""Every clip gets its own row, computed once, whatever happens on the way."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nver.audio import decode
from nver.embeddings import Progress, Store, extract
from nver.errors import AudioError, EncoderError, StoreError
from nver.types import AudioFile, Clip, Matrix, Samples

Make = Callable[..., Any]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["nver.embeddings.extract"], "BATCH_CLIPS", 4)


def one_by_one(clips: Sequence[Clip], encoder: Any) -> Matrix:
    return np.stack([encoder.embed([decode(clip.source)])[0] for clip in clips])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.usefixtures("small_batches")
def test_rows_are_those_of_the_plain_loop_in_the_order_of_the_clips(
    clips: list[Clip], make_encoder: Make, store: Store, workers: int
) -> None:
    mixed = clips[::-2] + clips[::2]
    extraction = extract(mixed, make_encoder(), store=store, workers=workers)
    assert extraction.table.clip_ids == tuple(clip.id for clip in mixed)
    np.testing.assert_array_equal(extraction.table.vectors, one_by_one(mixed, make_encoder()))
    assert (extraction.n_computed, extraction.n_found) == (len(mixed), 0)


@pytest.mark.usefixtures("small_batches")
def test_the_encoder_gets_batches_longest_first(clips: list[Clip], encoder: Any, store: Store) -> None:
    extract(clips, encoder, store=store, workers=0)
    assert [len(batch) for batch in encoder.lengths] == [4] * 7 + [2]
    assert all(batch == sorted(batch, reverse=True) for batch in encoder.lengths)


def test_long_clips_make_small_batches(
    clips: list[Clip], encoder: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["nver.embeddings.extract"], "BATCH_S", 150 / 16_000)
    extract(clips, encoder, store=store, workers=0)
    assert max(len(batch) for batch in encoder.lengths) == 2


def test_what_was_computed_before_is_neither_computed_nor_decoded_again(
    clips: list[Clip], make_encoder: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = extract(clips, make_encoder(), store=store, workers=0)
    again = make_encoder()
    monkeypatch.setattr("nver.audio.decoding.decode_bytes", lambda *_, **__: pytest.fail("decoded again"))
    second = extract(clips, again, store=store, workers=0)
    assert again.n_embedded == 0
    assert (second.n_computed, second.n_found) == (0, 30)
    np.testing.assert_array_equal(second.table.vectors, first.table.vectors)


def test_ten_new_clips_cost_ten_rows(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    extract(clips[:20], make_encoder(), store=store, workers=0)
    encoder = make_encoder()
    extraction = extract(clips, encoder, store=store, workers=0)
    assert encoder.n_embedded == extraction.n_computed == 10
    np.testing.assert_array_equal(extraction.table.vectors, one_by_one(clips, make_encoder()))


def test_another_fingerprint_finds_nothing(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    extract(clips, make_encoder(), store=store, workers=0)
    other = make_encoder(fingerprint="e" * 64)
    assert extract(clips, other, store=store, workers=0).n_computed == 30


def test_a_clip_that_changed_is_computed_again(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    extract(clips, make_encoder(), store=store, workers=0)
    clips[3].source.path.write_bytes(clips[4].source.path.read_bytes()[:-2].replace(b"data", b"data", 1))
    with pytest.raises(AudioError, match=r"003\.wav is truncated"):
        extract(clips, make_encoder(), store=store, workers=0)
    clips[3].source.path.write_bytes(clips[4].source.path.read_bytes())
    table = extract(clips, make_encoder(), store=store, workers=0).table
    np.testing.assert_array_equal(table.vectors[3], table.vectors[4])


@pytest.mark.parametrize("is_known", [False, True])
def test_identical_audio_is_computed_once_and_each_clip_has_its_row(
    clips: list[Clip], make_encoder: Make, store: Store, is_known: bool
) -> None:
    twins = [Clip(f"twin-{clip.id}", clip.source, "x") for clip in clips]
    if is_known:  # the bytes were met, under another encoder
        extract(clips, make_encoder(fingerprint="e" * 64), store=store, workers=0)
    encoder = make_encoder()
    progress: list[Progress] = []
    extraction = extract(twins + clips, encoder, store=store, workers=0, on_progress=progress.append)
    assert encoder.n_embedded == 30
    assert (extraction.n_computed, extraction.n_found) == (30, 30)
    assert progress[-1].n_done == 60
    np.testing.assert_array_equal(extraction.table.vectors[:30], extraction.table.vectors[30:])


def test_an_unreadable_clip_stops_the_extraction_and_loses_no_row(
    clips: list[Clip], make_encoder: Make, store: Store
) -> None:
    clips[20].source.path.write_text("not audio")
    with pytest.raises(AudioError, match=r"cannot decode .*020\.wav"):
        extract(clips, make_encoder(), store=store, workers=0)
    encoder = make_encoder()
    clips[20] = clips[0]
    extract(clips[:20], encoder, store=store, workers=0)
    assert encoder.n_embedded == 0


@pytest.mark.parametrize("workers", [0, 1])
def test_unreadable_clips_are_listed_with_their_reasons_when_they_may_be_skipped(
    clips: list[Clip], make_encoder: Make, store: Store, workers: int
) -> None:
    clips[20].source.path.write_text("not audio")
    clips[5] = Clip("gone.wav", AudioFile(Path("gone.wav")), "x")
    readable = [clip for i, clip in enumerate(clips) if i not in (5, 20)]
    for _ in range(2):  # the second time with a store that has the others
        extraction = extract(clips, make_encoder(), store=store, workers=workers, skip_unreadable=True)
        assert [clip_id for clip_id, _ in extraction.unreadable] == ["gone.wav", "020.wav"]
        assert "No such file" in extraction.unreadable[0][1]
        assert extraction.table.clip_ids == tuple(clip.id for clip in readable)
        np.testing.assert_array_equal(extraction.table.vectors, one_by_one(readable, make_encoder()))


@pytest.mark.usefixtures("small_batches")
def test_ctrl_c_keeps_what_was_computed(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    interrupted = make_encoder()
    embed = interrupted.embed

    def embed_until_interrupted(waves: Sequence[Samples]) -> Matrix:
        if interrupted.n_embedded >= 12:
            raise KeyboardInterrupt
        return embed(waves)

    interrupted.embed = embed_until_interrupted
    with pytest.raises(KeyboardInterrupt):
        extract(clips, interrupted, store=store, workers=1)
    encoder = make_encoder()
    extract(clips, encoder, store=store, workers=0)
    assert encoder.n_embedded == 30 - 12


@pytest.mark.usefixtures("small_batches")
def test_memory_stays_flat_however_many_rows_there_are(
    clips: list[Clip], make_encoder: Make, tmp_path: Path
) -> None:
    encoder = make_encoder(dim=50_000)
    encoder.embed = lambda waves: np.repeat([[w.mean()] for w in waves], 50_000, axis=1).astype(np.float32)
    row_bytes, in_use = 4 * 50_000, []
    store = Store(tmp_path / "store", shard_bytes=4 * row_bytes)
    tracemalloc.start()
    try:
        extract(
            clips,
            encoder,
            store=store,
            workers=0,
            on_progress=lambda _: in_use.append(tracemalloc.get_traced_memory()[0] / row_bytes),
        )
    finally:
        tracemalloc.stop()
    assert max(in_use) - in_use[0] < 10 < len(clips)


@pytest.mark.usefixtures("small_batches")
def test_progress_counts_up_to_all_clips(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    extract(clips[:10], make_encoder(), store=store, workers=0)
    seen: list[Progress] = []
    extract(clips, make_encoder(), store=store, workers=0, on_progress=seen.append)
    assert [(p.n_done, p.n_computed) for p in seen] == [(10 + n, n) for n in (0, 4, 8, 12, 16, 20)]
    assert all(p.n_total == 30 for p in seen)
    assert seen[-1].audio_s * 16_000 == pytest.approx(sum(decode(c.source).size for c in clips[10:]))


def test_rows_that_are_not_finite_name_their_clip(clips: list[Clip], encoder: Any, store: Store) -> None:
    embed = encoder.embed

    def with_nan(waves: Sequence[Samples]) -> Matrix:
        rows: Matrix = embed(waves)
        rows[np.array([wave.size for wave in waves]) == 149] = np.nan  # clip 007 alone
        return rows

    encoder.embed = with_nan
    with pytest.raises(EncoderError, match=r"counting gave NaN or infinity for clip '007\.wav'"):
        extract(clips, encoder, store=store, workers=0)


def test_rows_of_another_shape_are_refused(clips: list[Clip], encoder: Any, store: Store) -> None:
    encoder.dim = 5
    with pytest.raises(EncoderError, match=r"rows of shape \(30, 4\); expected \(30, 5\)"):
        extract(clips, encoder, store=store, workers=0)


def test_two_clips_of_one_id_are_refused(clips: list[Clip], encoder: Any, store: Store) -> None:
    with pytest.raises(StoreError, match=r"more than once: '000\.wav'"):
        extract([clips[0], clips[0]], encoder, store=store, workers=0)


def test_no_clips_make_an_empty_table(encoder: Any, store: Store) -> None:
    assert extract([], encoder, store=store).table.vectors.shape == (0, 4)
    assert not store.root.exists()


def test_the_default_store_lies_below_home(
    clips: list[Clip], encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVER_HOME", str(tmp_path / "elsewhere"))
    extract(clips[:1], encoder, workers=0)
    assert list((tmp_path / "elsewhere" / "store" / "vectors").iterdir())


def test_real_mp3s_give_the_rows_of_the_plain_loop(emogator_mp3: Path, store: Store) -> None:
    from nver.encoders import load_encoder

    encoder = load_encoder("logmel-stats")
    clips = [Clip(p.name, AudioFile(p), "x") for p in sorted(emogator_mp3.rglob("*.mp3"))[::45]]
    extraction = extract(clips, encoder, store=store)
    np.testing.assert_array_equal(extraction.table.vectors, one_by_one(clips, encoder))
