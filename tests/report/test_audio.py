"""Copies of clips: the same bytes however many threads make them, and still what any decoder plays."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from nver.corpora import open_corpus
from nver.corpora.synthetic import synthesise
from nver.report import audio
from nver.types import RATE_HZ

WAVE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return open_corpus("vivae", synthesise(tmp_path_factory.mktemp("corpus"), n_clips=11)).clips


def test_the_same_clips_give_the_same_copies_however_many_threads_make_them(clips):
    alone, again, side_by_side = (
        audio.copies(clips, budget_bytes=60_000, workers=workers) for workers in (0, 0, 3)
    )
    assert alone == again == side_by_side
    assert None not in alone


def test_the_budget_is_kept_in_the_order_of_the_clips(clips):
    whole = audio.copies(clips, budget_bytes=60_000, workers=2)
    few = audio.copies(clips, budget_bytes=sum(map(len, whole)) // 3, workers=2)
    assert sum(len(copy) for copy in few if copy is not None) <= sum(map(len, whole)) // 3
    assert few[0] is not None
    assert few.count(None) > 0


def test_another_serial_number_is_the_same_sound():
    one, other = (audio.with_serial_number(audio.encode(WAVE, rate_bps=16_000), n) for n in (0, 0xDEADBEEF))
    assert one != other
    heard = [
        soundfile.read(io.BytesIO(file))[0] for file in (one, other)
    ]  # pages with a wrong sum are skipped
    assert np.array_equal(*heard)
    assert heard[0].std() == pytest.approx(WAVE.std(), rel=0.1)


def test_a_page_that_was_touched_is_known_by_its_checksum():
    file = bytearray(audio.encode(WAVE, rate_bps=16_000))
    file[-1] ^= 1
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.info(io.BytesIO(bytes(file)))
