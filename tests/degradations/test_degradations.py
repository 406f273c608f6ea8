"""Each degradation does what its level says; tolerances are those of docs/numerics.md."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from nver.degradations import (
    CLEAN,
    KINDS,
    Condition,
    codecs,
    conditions,
    degrade,
    generator_for,
    noise,
    rooms,
    shape,
)
from nver.errors import AudioError, ConfigError
from nver.types import RATE_HZ, Samples

EVERY = conditions()


def burst(n_samples: int = 16_000, *, seed: int = 0) -> Samples:
    """Noise between 400 and 2500 Hz that swells and dies away."""
    band = butter(4, (400, 2500), "bandpass", fs=RATE_HZ, output="sos")
    sound = sosfilt(band, np.random.default_rng(seed).standard_normal(n_samples))
    return (0.3 * sound * np.hanning(n_samples + 2)[1:-1]).astype(np.float32)


TALKERS = [burst(6_000 + 500 * i, seed=i) for i in range(1, 9)]


def rt60_by_schroeder_s(response: np.ndarray) -> float:
    """From the slope of the backward-integrated energy between -5 and -35 dB (T30, ISO 3382)."""
    left_db = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1] / np.sum(response**2))
    fitted = np.flatnonzero((left_db <= -5) & (left_db >= -35))
    slope_db_s = np.polyfit(fitted / RATE_HZ, left_db[fitted], 1)[0]
    return float(-60 / slope_db_s)


def lag_of(spoilt: Samples, wave: Samples) -> int:
    """How many samples later the same thing is heard."""
    around = np.correlate(np.pad(spoilt, 2_000), wave, "valid")
    return int(around.argmax()) - 2_000


@pytest.mark.parametrize("condition", EVERY, ids=lambda condition: condition.slug)
@pytest.mark.parametrize("n_samples", [2, 400, 16_000])
def test_a_clip_depends_on_its_wave_and_generator_alone_and_is_left_as_it_was(condition, n_samples):
    wave = burst(n_samples)
    before = wave.copy()
    spoilt = [
        degrade(wave, condition, generator_for(condition, "a", seed=1), talkers=TALKERS) for _ in range(2)
    ]
    np.testing.assert_array_equal(wave, before)
    np.testing.assert_array_equal(spoilt[0], spoilt[1])
    assert not np.shares_memory(spoilt[0], wave)
    assert spoilt[0].dtype == np.float32
    assert np.isfinite(spoilt[0]).all()
    assert spoilt[0].size


@pytest.mark.parametrize("kind", ["white", "pink", "babble", "reverberation", "cut"])
def test_another_clip_or_seed_draws_another_degradation(kind):
    condition = Condition(kind, KINDS[kind].levels[-1])
    drawn = [
        degrade(burst(), condition, generator_for(condition, clip, seed=seed), talkers=TALKERS)
        for clip, seed in (("a", 0), ("b", 0), ("a", 1))
    ]
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
@pytest.mark.parametrize("snr_db", [20.0, 10.0, 0.0])
def test_the_signal_to_noise_ratio_is_what_was_asked_for_to_a_tenth_of_a_db(kind, snr_db):
    wave, condition = burst(), Condition(kind, snr_db)
    added = degrade(wave, condition, generator_for(condition, "a", seed=0), talkers=TALKERS) - wave
    assert 10 * np.log10(noise.power(wave) / noise.power(added)) == pytest.approx(snr_db, abs=0.1)


def test_all_levels_of_noise_add_the_same_noise_louder():
    added = []
    for level in (20.0, 0.0):
        condition = Condition("pink", level)
        added.append(degrade(burst(), condition, generator_for(condition, "a", seed=0)) - burst())
    np.testing.assert_allclose(added[1], 10 * added[0], atol=1e-5)


@pytest.mark.parametrize(("of", "db_an_octave"), [(noise.white, 3.01), (noise.pink, 0.0)])
def test_white_noise_gains_three_db_an_octave_and_pink_none(of, db_an_octave):
    spectrum = np.abs(np.fft.rfft(of(1 << 18, np.random.default_rng(0)))) ** 2
    edges = len(spectrum) // 2 ** np.arange(8, 0, -1)
    power_db = [10 * np.log10(spectrum[low:high].sum()) for low, high in pairwise(edges)]
    np.testing.assert_allclose(np.diff(power_db), db_an_octave, atol=0.5)


def test_babble_has_every_voice_at_equal_power():
    tones = [np.sin(2 * np.pi * 100 * (i + 1) * np.arange(16_000) / RATE_HZ) for i in range(noise.N_TALKERS)]
    talkers = [(10.0**i * tone).astype(np.float32) for i, tone in zip(range(-3, 3), tones, strict=True)]
    spectrum = np.abs(np.fft.rfft(noise.babble(16_000, np.random.default_rng(0), talkers)))
    peaks = spectrum[[100 * (i + 1) for i in range(noise.N_TALKERS)]]
    np.testing.assert_allclose(peaks, peaks[0], rtol=0.01)


def test_a_silent_clip_has_no_ratio_and_too_few_voices_make_no_babble():
    draw = np.random.default_rng(0)
    with pytest.raises(AudioError, match="clip is silent, so that no signal-to-noise ratio of 10 dB exists"):
        degrade(np.zeros(100, np.float32), Condition("white", 10.0), draw)
    with pytest.raises(AudioError, match="made of 6 voices and 1 clips of other speakers can be heard"):
        degrade(burst(), Condition("babble", 10.0), draw, talkers=[burst(), np.zeros(5, np.float32)])


@pytest.mark.parametrize("rt60_s", KINDS["reverberation"].levels)
def test_a_room_dies_away_as_fast_as_it_was_asked_to(rt60_s):
    measured = [
        rt60_by_schroeder_s(rooms.impulse_response(rt60_s, np.random.default_rng(seed))) for seed in range(5)
    ]
    np.testing.assert_allclose(measured, rt60_s, rtol=0.05)


def test_a_room_has_energy_one_half_of_it_straight_and_the_sound_comes_first():
    response = rooms.impulse_response(0.6, np.random.default_rng(0))
    assert np.sum(response**2) == pytest.approx(1)
    assert response[0] ** 2 == pytest.approx(0.5)
    wave = burst()
    heard = rooms.reverberate(wave, response)
    assert len(heard) == len(wave) + len(response) - 1
    assert lag_of(heard[: len(wave)], wave) == 0
    np.testing.assert_allclose(heard[:50], np.convolve(wave[:50], response[:50])[:50], atol=1e-6)


@pytest.mark.parametrize("n_samples", [100, 5_000, 16_001])
@pytest.mark.parametrize(
    "condition", [condition for condition in EVERY if condition.kind in ("opus", "mp3", "telephone")],
    ids=lambda condition: condition.slug,
)  # fmt: skip
def test_a_codec_gives_back_as_many_samples_and_none_of_them_later(condition, n_samples):
    wave = burst(n_samples)
    back = degrade(wave, condition, np.random.default_rng(0))
    assert len(back) == n_samples
    if n_samples > 1_000:
        assert abs(lag_of(back, wave)) <= 4
        assert np.corrcoef(back, wave)[0, 1] > 0.3


@pytest.mark.parametrize("kind", ["opus", "mp3"])
def test_a_lower_rate_is_further_from_the_clip(kind):
    wave = burst()
    error = [noise.power(degrade(wave, Condition(kind, level), np.random.default_rng(0)) - wave)
             for level in KINDS[kind].levels]  # fmt: skip
    assert error == sorted(error)
    assert error[0] < error[-1] / 2


@pytest.mark.parametrize("kbit_s", [32, 16, 8])
def test_an_mp3_has_the_rate_that_was_asked_for(kbit_s):
    data = codecs.mp3_bytes(burst(80_000), kbit_s=kbit_s)
    seconds = soundfile.info(io.BytesIO(data)).duration
    assert len(data) * 8 / seconds / 1000 == pytest.approx(kbit_s, rel=0.02)


def test_a_telephone_carries_300_to_3400_hz_alone():
    white = noise.white(64_000, np.random.default_rng(0)).astype(np.float32) * 0.1
    back = codecs.telephone(white)
    gained_db = 20 * np.log10(np.abs(np.fft.rfft(back)) + 1e-9) - 20 * np.log10(np.abs(np.fft.rfft(white)))
    hz = np.fft.rfftfreq(len(white), 1 / RATE_HZ)

    def between(low: float, high: float) -> float:
        return float(np.median(gained_db[(hz > low) & (hz < high)]))

    assert between(500, 3_000) == pytest.approx(0, abs=0.5)
    assert between(20, 120) < -20
    assert between(4_100, 8_000) < -30


@pytest.mark.parametrize("gain_db", [-40.0, 20.0])
def test_gain_moves_the_level_by_as_many_db(gain_db):
    louder = shape.gain(burst(), gain_db=gain_db)
    assert 10 * np.log10(noise.power(louder) / noise.power(burst())) == pytest.approx(gain_db, abs=0.01)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.2, 1.0])
def test_as_large_a_share_is_clipped_as_was_asked_for_and_the_rest_stays(share):
    wave = burst()
    clipped = shape.clip_share(wave, share=share)
    at_ceiling = np.abs(clipped) == np.abs(clipped).max()
    assert at_ceiling.mean() == pytest.approx(max(share, 1 / len(wave)), abs=1 / len(wave))
    np.testing.assert_array_equal(clipped[~at_ceiling], wave[~at_ceiling])


def test_a_cut_is_a_stretch_of_the_clip_and_a_shorter_clip_stays_whole():
    wave = np.arange(10_000, dtype=np.float32)
    cut = shape.stretch(wave, np.random.default_rng(0), length_s=0.25)
    np.testing.assert_array_equal(cut, wave[int(cut[0]) : int(cut[0]) + 4_000])
    np.testing.assert_array_equal(shape.stretch(wave, np.random.default_rng(0), length_s=1), wave)
    starts = {shape.stretch(wave, np.random.default_rng(i), length_s=0.25)[0] for i in range(2_000)}
    assert min(starts) < 100
    assert max(starts) > 5_900


def test_silence_stands_on_both_sides():
    surrounded = shape.surround(burst(), silence_s=0.5)
    np.testing.assert_array_equal(surrounded[8_000:-8_000], burst())
    assert not surrounded[:8_000].any()
    assert not surrounded[-8_000:].any()


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"no degradation is called 'whit'. Did you mean 'white'"):
        conditions(["whit"])


def test_every_kind_has_its_levels_from_mild_to_severe_after_the_clean_clips():
    assert EVERY[0] == CLEAN
    assert len({condition.slug for condition in EVERY}) == len(EVERY)
    assert [c.level for c in EVERY if c.kind == "white"] == [20.0, 10.0, 0.0]
