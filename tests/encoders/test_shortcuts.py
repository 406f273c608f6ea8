from __future__ import annotations

import numpy as np
import pytest

from nver.encoders import load_encoder
from nver.encoders.landmarks import N_LANDMARKS, LandmarkEncoder
from nver.encoders.shortcuts import COLUMNS, FLOOR_DB


def tone(seconds: float, *, amplitude: float = 0.5):
    return (amplitude * np.sin(2 * np.pi * 500 * np.arange(int(16_000 * seconds)) / 16_000)).astype(
        np.float32
    )


def stats(wave) -> dict[str, float]:
    return dict(zip(COLUMNS, load_encoder("shortcut-stats").embed([wave])[0].tolist(), strict=True))


def test_a_tone_between_silences_has_the_length_level_and_silence_that_can_be_reckoned():
    found = stats(np.concatenate([np.zeros(8_000, np.float32), tone(1.0), np.zeros(8_000, np.float32)]))
    assert found["duration_s"] == 2
    assert found["peak_db"] == pytest.approx(20 * np.log10(0.5), abs=1e-3)
    assert found["level_db"] == pytest.approx(20 * np.log10(0.5) - 3.0103 - 3.0103, abs=1e-2)
    assert found["silence_share"] == pytest.approx(0.5)


def test_gain_moves_levels_and_nothing_else():
    wave = tone(0.7)
    loud, quiet = stats(wave), stats(wave / 4)
    assert loud["level_db"] - quiet["level_db"] == pytest.approx(20 * np.log10(4), abs=1e-3)
    assert (loud["duration_s"], loud["silence_share"]) == (quiet["duration_s"], quiet["silence_share"])


def test_digital_silence_is_silent_throughout():
    found = stats(np.zeros(900, np.float32))
    assert (found["level_db"], found["peak_db"], found["silence_share"]) == (FLOOR_DB, FLOOR_DB, 1.0)


def test_landmarks_have_length_one_or_are_absent_and_do_not_change_with_gain_or_delay():
    rng = np.random.default_rng(0)
    bursts = [np.concatenate([rng.normal(size=4_000) * np.hanning(4_000), np.zeros(2_000)]) for _ in range(3)]
    wave = (0.2 * np.concatenate(bursts)).astype(np.float32)
    moved = np.concatenate([np.zeros(3_200, np.float32), wave / 4])
    first, second = LandmarkEncoder().embed([wave, moved]).reshape(2, N_LANDMARKS, -1)
    lengths = np.linalg.norm(first, axis=1)
    assert np.all((lengths == 0) | (np.abs(lengths - 1) < 1e-5))
    assert (first @ second.T).max() > 0.999


def test_silence_has_no_landmark():
    assert not LandmarkEncoder().embed([np.zeros(16_000, np.float32)]).any()
