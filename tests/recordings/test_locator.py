"""The locator: worked examples, and its laws under hypothesis."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.recordings import locator
from nver.recordings.locator import Locator
from nver.types import RATE_HZ

COLLAR_S = 0.08


def noise(duration_s: float, level: float = 0.003, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (level * rng.normal(size=round(duration_s * RATE_HZ))).astype(np.float32)


def cry(duration_s: float, level: float = 0.2) -> np.ndarray:
    """A breathy tone with harmonics that rises and falls in loudness."""
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    envelope = np.sin(np.pi * t / duration_s) ** 0.5
    tone = sum(np.sin(2 * np.pi * 300 * k * t) / k for k in range(1, 8)) + noise(duration_s, 0.2)
    return (level * envelope * tone).astype(np.float32)


def scene(*parts: float, level: float = 0.003) -> np.ndarray:
    """Noise throughout; every second part (in seconds) is a burst, the first one is not."""
    wave = noise(sum(parts), level)
    for start, end in truth(*parts):
        first = round(start * RATE_HZ)
        burst = cry(end - start)
        wave[first : first + len(burst)] += burst[: len(wave) - first]
    return wave


def truth(*parts: float) -> list[tuple[float, float]]:
    edges = np.cumsum((0, *parts))
    return [(float(edges[i]), float(edges[i + 1])) for i in range(1, len(parts), 2)]


def located(wave: np.ndarray, cuts: list[int] | None = None) -> list[tuple[int, int]]:
    one = Locator()
    edges = [0, *sorted(cuts or []), len(wave)]
    found = [burst for a, b in itertools.pairwise(edges) for burst in one.push(wave[a:b])]
    return [(burst.start, burst.end) for burst in found + one.flush()]


def seconds(found: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(start / RATE_HZ, end / RATE_HZ) for start, end in found]


@pytest.mark.parametrize("level", [0.0, 0.0005, 0.01])
def test_bursts_are_found_where_they_are(level):
    parts = (1.0, 0.7, 0.8, 1.5, 0.5, 0.3, 1.0)
    assert seconds(located(scene(*parts, level=level))) == [
        pytest.approx(extent, abs=COLLAR_S) for extent in truth(*parts)
    ]


def test_noise_alone_holds_no_burst():
    assert located(noise(30, 0.01)) == []
    assert located(np.cumsum(noise(30, 0.01)).astype(np.float32)) == []
    assert located(np.zeros(5 * RATE_HZ, np.float32)) == []


@pytest.mark.parametrize("parts", [(0.0, 1.2, 1.0), (1.0, 1.2)])
def test_a_recording_may_begin_or_end_inside_a_burst(parts):
    (found,) = seconds(located(scene(*parts)))
    assert found == pytest.approx(truth(*parts)[0], abs=COLLAR_S)


def test_a_short_pause_is_part_of_a_burst_and_a_long_one_ends_it():
    short, long = (scene(1.0, 0.6, pause, 0.6, 1.0) for pause in (0.08, 0.3))
    assert len(located(short)) == 1
    assert len(located(long)) == 2


def test_a_click_is_no_burst():
    wave = noise(3)
    wave[RATE_HZ : RATE_HZ + 200] += 0.5
    assert located(wave) == []


def test_noise_that_comes_and_goes_is_no_burst():
    wave = noise(40, 0.001)
    wave[10 * RATE_HZ : 25 * RATE_HZ] += noise(15, 0.02, seed=1)
    assert located(wave) == []


def test_bursts_over_noise_that_has_just_come_are_found():
    wave = noise(30, 0.001)
    wave[5 * RATE_HZ :] += noise(25, 0.01, seed=1)
    wave[20 * RATE_HZ : 21 * RATE_HZ] += cry(1)
    assert seconds(located(wave)) == [pytest.approx((20, 21), abs=COLLAR_S)]


def crowd(duration_s: float, level: float = 0.01) -> np.ndarray:
    """Noise that swells and fades by 3 dB and pauses for 250 ms every three seconds, as talk does."""
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    swell = 1 + 0.2 * np.sin(2 * np.pi * 2.3 * t)
    return (noise(duration_s, level) * np.where(t % 3 < 0.25, 0.1, swell)).astype(np.float32)


def test_bursts_over_a_restless_background_are_found_once_it_is_known():
    wave = crowd(60)
    extents = [(25.0, 26.0), (31.0, 31.6), (40.0, 42.0), (50.0, 51.0)]
    for start, end in extents:
        wave[round(start * RATE_HZ) : round(end * RATE_HZ)] += 4 * cry(end - start)
    found = [one for one in seconds(located(wave)) if one[0] > 20]
    assert found == [pytest.approx(extent, abs=0.2) for extent in extents]


@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_over_a_restless_background_chunks_have_no_influence_either(data):
    wave = crowd(30)
    wave[25 * RATE_HZ : 26 * RATE_HZ] += 4 * cry(1)
    cuts = data.draw(st.lists(st.integers(0, len(wave)), max_size=40))
    assert located(wave, cuts) == located(wave)


def test_a_burst_over_a_restless_background_is_given_back_within_300_ms_of_its_end():
    wave = crowd(40)
    wave[30 * RATE_HZ : 31 * RATE_HZ] += 4 * cry(1)
    one, given = Locator(), []
    for n in range(160, len(wave), 160):
        given += [(n / RATE_HZ, burst.end_s) for burst in one.push(wave[n - 160 : n])]
    late = [(at, end) for at, end in given if end > 20]
    assert [end for _, end in late] == [pytest.approx(31, abs=0.1)]
    assert all(at - end < 0.3 for at, end in late)


def test_a_recording_that_is_all_burst_is_one_burst():
    (found,) = seconds(located(cry(1.5)))
    assert found == pytest.approx((0, 1.5), abs=0.2)


def test_what_lasts_too_long_is_divided_where_it_is_quiet():
    wave = noise(19)
    for k in range(3):
        wave[(2 + 5 * k) * RATE_HZ : (7 + 5 * k) * RATE_HZ] += cry(5)
    wave[2 * RATE_HZ : 17 * RATE_HZ] += noise(15, 0.008, seed=1)
    found = seconds(located(wave))
    assert len(found) == 3
    assert all(start < 4.5 + 5 * k < end for k, (start, end) in enumerate(found))


def test_no_burst_is_longer_than_8_s():
    wave = noise(14)
    growl = noise(9.5, 0.02, seed=1)
    wave[2 * RATE_HZ :][: len(growl)] += growl * np.geomspace(1, 20, len(growl), dtype=np.float32)
    found = seconds(located(wave))
    assert all(end - start < 8.1 for start, end in found)
    assert found[-1][1] == pytest.approx(11.5, abs=COLLAR_S)
    assert sum(end - start for start, end in found) > 7


def test_bursts_hold_the_samples_between_their_ends_and_do_not_overlap():
    wave = scene(1.0, 0.7, 0.3, 1.5, 0.5, 0.3, 1.0)
    one = Locator()
    bursts = one.push(wave) + one.flush()
    assert all(np.array_equal(b.samples, wave[b.start : b.end]) for b in bursts)
    assert all(a.end <= b.start for a, b in itertools.pairwise(bursts))


@settings(max_examples=12, deadline=None)
@given(data=st.data(), seed=st.integers(0, 9))
def test_the_division_into_chunks_has_no_influence(data, seed):
    rng = np.random.default_rng(seed)
    parts = rng.uniform(0.05, 1.2, size=9)
    wave = scene(*parts, level=0.002)
    cuts = data.draw(st.lists(st.integers(0, len(wave)), max_size=40))
    assert located(wave, cuts) == located(wave)


def test_a_burst_is_given_back_within_300_ms_of_its_end():
    for parts in [(0.5, 0.4, 1.0), (1.03, 0.9, 1.0), (0.0, 1.17, 1.0), (0.4, 2.51, 1.0)]:
        ((_, end),) = truth(*parts)
        one, wave = Locator(), scene(*parts)
        until = next(n for n in range(160, len(wave), 160) if one.push(wave[n - 160 : n]))
        assert until / RATE_HZ - end < 0.3


def test_memory_does_not_grow_with_the_stream():
    one = Locator()
    for k in range(40):
        one.push(noise(1, 0.01, seed=k % 3))
    kept = locator.LONGEST_FRAMES
    assert len(one._powers) <= kept
    assert one._tape.end - one._tape.start <= (kept + 8) * 160 + 512 + 1920


def test_loud_or_empty_input_is_defined():
    assert located(np.zeros(0, np.float32)) == []
    assert located(np.ones(100, np.float32)) == []
    assert located(np.full(20_000, 1e30, np.float32)) == []
