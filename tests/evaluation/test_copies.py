from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from nver.errors import MetricError
from nver.evaluation.copies import align, even_correlation, narrowed, similar_pairs


def unit_rows(seed: int, *shape: int):
    rows = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def burst(seed: int, n_samples: int = 16_000):
    """Noise of changing loudness and colour, as two utterances have it: no two have the same phases."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(size=n_samples), np.hanning(8 + seed % 5), mode="same")
    loudness = np.interp(np.arange(n_samples), np.linspace(0, n_samples, 9), rng.uniform(0.1, 1, 9))
    return (0.1 * noise * loudness).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_in_blocks_are_those_of_every_comparison(seed, monkeypatch):
    monkeypatch.setattr("nver.evaluation.copies._BLOCK", 7)
    marks = unit_rows(seed, 20, 3, 4)
    marks[5] = 0  # a clip without landmarks
    slow = [[i, j] for i, j in combinations(range(20), 2) if (marks[i] @ marks[j].T).max() >= np.float32(0.9)]
    assert len(slow) > 5
    assert similar_pairs(marks, least=0.9).tolist() == slow


def test_absent_landmarks_and_no_clips_are_similar_to_nothing():
    assert similar_pairs(np.zeros((4, 2, 3), np.float32), least=0.5).shape == (0, 2)
    assert similar_pairs(np.zeros((0, 2, 3), np.float32), least=0.5).shape == (0, 2)
    with pytest.raises(MetricError, match="expected a cosine above 0"):
        similar_pairs(np.zeros((4, 2, 3), np.float32), least=0.0)


def test_a_copy_is_found_at_its_lag_gain_and_with_its_polarity_turned():
    wave = burst(1)
    later = np.concatenate([np.zeros(4_800, np.float32), -0.25 * wave])
    laid = align(narrowed(wave), narrowed(later))
    assert laid.correlation > 0.999
    assert laid.lag_s == pytest.approx(0.3, abs=1e-3)
    assert laid.gain_db == pytest.approx(20 * np.log10(0.25), abs=0.05)
    back = align(narrowed(later), narrowed(wave))
    assert (back.lag_s, back.gain_db) == pytest.approx((-laid.lag_s, -laid.gain_db), abs=1e-6)


def test_a_copy_whose_beginning_is_cut_off_is_found():
    wave = burst(2)
    laid = align(narrowed(wave), narrowed(wave[8_000:]))
    assert laid.correlation > 0.99
    assert laid.lag_s == pytest.approx(-0.5, abs=1e-3)


def test_different_utterances_do_not_correlate():
    waves = [narrowed(burst(seed)) for seed in range(12)]
    assert max(align(a, b).correlation for a, b in combinations(waves, 2)) < 0.4


def test_two_hums_of_one_pitch_correlate_but_not_once_the_tone_counts_as_little_as_the_breath():
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 16_000)
    hums = [
        narrowed((tone + 0.01 * np.random.default_rng(seed).normal(size=24_000)).astype(np.float32))
        for seed in (1, 2)
    ]
    laid = align(*hums)
    assert laid.correlation > 0.99
    assert even_correlation(*hums, lag_s=laid.lag_s) < 0.4
    assert even_correlation(hums[0], hums[0] / 4, lag_s=0.0) == pytest.approx(1)
    later = np.concatenate([np.zeros(800, np.float32), hums[0]])
    assert even_correlation(hums[0], later, lag_s=0.1) == pytest.approx(1)


def test_silence_and_single_samples_correlate_with_nothing():
    silence, one = np.zeros(8_000, np.float32), narrowed(np.ones(1, np.float32))
    assert align(silence, silence).correlation == 0
    assert align(one, narrowed(burst(3))).correlation < 1
    assert one.size == 1
    assert even_correlation(silence, silence, lag_s=0.0) == 0
    assert even_correlation(silence, silence, lag_s=9.0) == 0


def test_a_narrowed_wave_keeps_the_band_and_nothing_else():
    t = np.arange(16_000) / 16_000
    inside, below, above = (np.sin(2 * np.pi * hz * t).astype(np.float32) for hz in (1_000, 60, 5_000))
    wanted = np.sin(2 * np.pi * 1_000 * np.arange(8_000) / 8_000)
    np.testing.assert_allclose(narrowed(inside + below + above), wanted, atol=1e-4)
