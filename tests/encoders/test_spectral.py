"""The spectral encoders against slow formulas and clips worked by hand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nver.encoders import load_encoder
from nver.encoders.spectral import FrontEnd, LogMel, deltas, logmel_stats, mel_filters, statistics
from nver.types import Samples


def slow_mel_filter(front_end: FrontEnd, band: int) -> list[float]:
    """One triangle, bin by bin, from the definition."""

    def mel(hz: float) -> float:
        return 1127.010480 * math.log1p(hz / 700)

    low, high = mel(front_end.low_hz), mel(front_end.high_hz)
    step = (high - low) / (front_end.n_mels + 1)
    corners = [700 * math.expm1((low + (band + i) * step) / 1127.010480) for i in range(3)]
    weights = []
    for k in range(front_end.n_fft // 2 + 1):
        hz = k * 16_000 / front_end.n_fft
        if corners[0] < hz <= corners[1]:
            weights.append((hz - corners[0]) / (corners[1] - corners[0]))
        elif corners[1] < hz < corners[2]:
            weights.append((corners[2] - hz) / (corners[2] - corners[1]))
        else:
            weights.append(0.0)
    return weights


def slow_log_mel(wave: Samples, front_end: FrontEnd) -> npt.NDArray[np.float64]:
    """Frame by frame, with the discrete Fourier transform written out."""
    n = front_end.window
    if len(wave) < n:
        wave = np.concatenate([wave, np.zeros(n - len(wave), np.float32)])
    angles = 2 * np.pi * np.outer(np.arange(front_end.n_fft // 2 + 1), np.arange(n)) / front_end.n_fft
    filters = np.array([slow_mel_filter(front_end, band) for band in range(front_end.n_mels)])
    rows = []
    for start in range(0, len(wave) - n + 1, front_end.hop):
        frame = wave[start : start + n].astype(np.float64) * np.sin(np.pi * np.arange(n) / n) ** 2
        power = (np.cos(angles) @ frame) ** 2 + (np.sin(angles) @ frame) ** 2
        rows.append(np.log(np.maximum(filters @ power, front_end.floor)))
    return np.array(rows).T


@pytest.mark.parametrize("n_mels", [40, 80])
def test_mel_filters_are_the_triangles_of_the_definition(n_mels: int) -> None:
    front_end = FrontEnd(n_mels=n_mels)
    slow = np.array([slow_mel_filter(front_end, band) for band in range(n_mels)])
    np.testing.assert_allclose(mel_filters(front_end), slow, atol=1e-5)


@pytest.mark.parametrize("n_mels", [40, 80])
def test_every_mel_band_hears_something(n_mels: int) -> None:
    assert mel_filters(FrontEnd(n_mels=n_mels)).sum(axis=1).min() > 0.5


@pytest.mark.parametrize("n_samples", [1, 399, 400, 559, 560, 2_000])
def test_log_mel_equals_the_slow_definition(n_samples: int) -> None:
    wave = np.random.default_rng(n_samples).normal(0, 0.1, n_samples).astype(np.float32)
    np.testing.assert_allclose(LogMel(FrontEnd())(wave), slow_log_mel(wave, FrontEnd()), atol=2e-3)


def test_a_tone_is_loudest_in_the_band_that_holds_it() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000).astype(np.float32)
    bin_of_1_khz = 1_000 * 512 // 16_000
    assert LogMel(FrontEnd())(tone)[:, 50].argmax() == mel_filters(FrontEnd())[:, bin_of_1_khz].argmax()


def test_ten_times_the_level_adds_log_100_to_the_means_and_nothing_else() -> None:
    wave = np.random.default_rng(0).normal(0, 0.05, 16_000).astype(np.float32)
    quiet, loud = logmel_stats().embed([wave, 10 * wave])
    change = (loud - quiet).reshape(4, 160)
    np.testing.assert_allclose(change[[0, 2, 3], :80], math.log(100), atol=1e-3)
    np.testing.assert_allclose(change[[0, 2, 3], 80:], 0, atol=1e-3)
    np.testing.assert_allclose(change[1], 0, atol=1e-3)


tracks = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 40)),
    elements=st.floats(-50, 50, width=32),
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(tracks)
def test_statistics_are_numpys(x: npt.NDArray[np.float32]) -> None:
    expected = [x.mean(1), x.std(1), np.percentile(x, 10, axis=1), np.percentile(x, 90, axis=1)]
    np.testing.assert_allclose(statistics(x), np.concatenate(expected), atol=2e-4)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(tracks)
def test_deltas_are_slopes_of_regression_lines(x: npt.NDArray[np.float32]) -> None:
    padded = np.pad(x.astype(np.float64), ((0, 0), (2, 2)), mode="edge")
    slopes = [
        [np.polyfit(np.arange(-2, 3), track[t : t + 5], 1)[0] for t in range(x.shape[1])] for track in padded
    ]
    np.testing.assert_allclose(deltas(x, reach=2), slopes, atol=1e-3)


def test_one_frame_has_no_spread_and_no_deltas() -> None:
    row = logmel_stats().embed([np.ones(400, np.float32)])[0].reshape(4, 160)
    np.testing.assert_array_equal(row[1], 0)
    np.testing.assert_array_equal(row[:, 80:], 0)
    np.testing.assert_array_equal(row[2], row[3])


def test_mfcc_keep_twenty_cepstra_and_two_orders_of_deltas() -> None:
    encoder = load_encoder("mfcc-stats")
    assert encoder.dim == 240
    row = encoder.embed([np.ones(400, np.float32)])[0].reshape(4, 3, 20)
    assert np.abs(row[0, 0]).min() > 0
    np.testing.assert_array_equal(row[:, 1:], 0)
