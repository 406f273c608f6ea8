"""A voice in numbers: glottal pulses and breath, sent through a vocal tract that moves.

The source is the KLGLOTT88 pulse (flow ``x² (1 - x)`` while the glottis is open), made cycle by cycle so
that jitter, shimmer and period doubling act on cycles. The tract is all-pole: a chain of formant resonances
and one pole for the tilt of the source. Short overlapping frames are each filtered with their own formants
and added up.

Source:
    Klatt, Klatt (1990), "Analysis, synthesis, and perception of voice quality variations among female and
    male talkers". Fant (1960), "Acoustic Theory of Speech Production": a tube's resonances go as 1 / length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE_HZ = 44_100
"""The rate that VIVAE is published at."""

Track = npt.NDArray[np.float64]
"""(n_samples,), (n_cycles,) or (n_frames,) values over time."""

_FRAME = 1024  # 23 ms: formants move slower than that
_N_FFT = 2 * _FRAME  # room for the ringing of a frame
_N_FORMANTS = 9  # up to 8.5 kHz in an average tract
_NEUTRAL_TRACT_CM = 17.5
_NOISE_GAIN = 4.0  # breath's power is spread over 22 kHz, the voice's lies where the tract lets it through


@dataclass(frozen=True)
class Burst:
    """One sound between two silences.

    Attributes:
        duration_s: How long it lasts.
        pitch_hz: Fundamental frequency at the onset.
        start_s: When it begins.
        rise: Octaves from the onset to the turning point of the pitch.
        fall: Octaves from there to the end.
        turn: Where the turning point lies, as a share of the duration.
        attack: Share of the duration in which the level rises.
        decay: Exponent of the fall that follows: small holds the level, large drops it.
        level: Amplitude relative to the other bursts.
        vowel: (open, front), each 0 to 1, at the onset.
        vowel_end: The same at the end.
        tract_cm: Length of the vocal tract.
        tension: 0 slack and dull, 1 pressed and bright.
        breath: 0 all voice, 1 all noise.
        rough: 0 periodic, 1 harsh.
        tremor: Depth of the pitch's trembling, in octaves.
        tremor_hz: Its rate.
    """

    duration_s: float
    pitch_hz: float
    start_s: float = 0.0
    rise: float = 0.0
    fall: float = 0.0
    turn: float = 0.5
    attack: float = 0.2
    decay: float = 1.0
    level: float = 1.0
    vowel: tuple[float, float] = (0.7, 0.4)
    vowel_end: tuple[float, float] = (0.7, 0.4)
    tract_cm: float = _NEUTRAL_TRACT_CM
    tension: float = 0.5
    breath: float = 0.1
    rough: float = 0.0
    tremor: float = 0.0
    tremor_hz: float = 5.5


def sound(burst: Burst, rng: np.random.Generator) -> Track:
    """The samples of one burst at ``RATE_HZ``, about ±1 at its loudest, with the ringing of its end."""
    n = round(burst.duration_s * RATE_HZ)
    t = np.arange(n) / n
    pitch_hz = _pitch(burst, t, rng)
    flow = _flow(burst, pitch_hz, rng)
    noise = rng.standard_normal(n) * (0.35 + 0.65 * flow)
    # The tract's filter holds the tilt of the voice; breath has none, so a difference takes it out again.
    voice, breath = np.diff(flow, append=0.0), np.diff(noise, append=0.0)
    source = (1 - burst.breath) * _unit(voice) + _NOISE_GAIN * burst.breath * _unit(breath)
    formants_hz = _formants(burst, pitch_hz[:: _FRAME // 2])
    return burst.level * _unit(_through_tract(source * _envelope(burst, t), formants_hz, burst)) / 4


def _unit(x: Track) -> Track:
    return x / max(float(np.sqrt(np.mean(x * x))), 1e-9)


def _smooth(x: Track) -> Track:
    """From 0 to 1 with level ends."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def _envelope(burst: Burst, t: Track) -> Track:
    after = np.clip((t - burst.attack) / (1 - burst.attack), 0.0, 1.0)
    off = (1 - t) * burst.duration_s / 0.012  # the last 12 ms, so that nothing ends in a click
    return _smooth(t / burst.attack) * (1 - after) ** burst.decay * _smooth(off)


def _pitch(burst: Burst, t: Track, rng: np.random.Generator) -> Track:
    """Hertz at every sample: the contour, its trembling, and a slow wandering that no voice is without."""
    octaves = burst.rise * _smooth(t / burst.turn) + burst.fall * _smooth((t - burst.turn) / (1 - burst.turn))
    octaves += burst.tremor * np.sin(2 * np.pi * (burst.tremor_hz * burst.duration_s * t + rng.random()))
    knots = 2 + int(burst.duration_s * 12)
    octaves += np.interp(t * (knots - 1), np.arange(knots), 0.015 * rng.standard_normal(knots))
    return np.clip(burst.pitch_hz * 2**octaves, 45.0, 2000.0)


def _flow(burst: Burst, pitch_hz: Track, rng: np.random.Generator) -> Track:
    """Flow through the glottis, 0 (closed) to about 1, cycle by cycle."""
    steady = np.cumsum(pitch_hz) / RATE_HZ  # cycles so far, before jitter
    n_cycles = int(steady[-1]) + 3
    harsh = _harshness(burst.rough, n_cycles, rng)
    jitter = (0.004 + 0.05 * harsh) * rng.standard_normal(n_cycles)
    cycles = steady + np.cumsum(pitch_hz * np.interp(steady, np.arange(n_cycles), jitter)) / RATE_HZ
    number = np.clip(cycles, 0, n_cycles - 1).astype(np.int64)
    height = 1 + (0.03 + 0.2 * harsh) * rng.standard_normal(n_cycles)
    height[::2] *= np.clip(1 - 0.8 * harsh[::2], 0.1, 1.0)  # period doubling
    open_quotient = 0.85 - 0.45 * burst.tension
    x: Track = np.minimum((cycles - np.floor(cycles)) / open_quotient, 1.0)
    shape: Track = 6.75 * x * x * (1 - x)
    return shape * np.maximum(height, 0.05)[number]


def _harshness(rough: float, n_cycles: int, rng: np.random.Generator) -> Track:
    """Roughness of every cycle: it comes and goes within a burst."""
    knots = 3 + n_cycles // 25
    gate = np.interp(np.linspace(0, knots - 1, n_cycles), np.arange(knots), rng.uniform(0.3, 1.3, knots))
    return rough * gate


def _formants(burst: Burst, pitch_hz: Track) -> npt.NDArray[np.float64]:
    """(n_frames, _N_FORMANTS) hertz."""
    way = _smooth(np.linspace(0, 1, len(pitch_hz)))
    opened = burst.vowel[0] + (burst.vowel_end[0] - burst.vowel[0]) * way
    front = burst.vowel[1] + (burst.vowel_end[1] - burst.vowel[1]) * way
    formants = np.empty((len(pitch_hz), _N_FORMANTS))
    formants[:, 0] = (280 + 520 * opened) * (1 + 0.15 * burst.tension)
    formants[:, 1] = 820 + 1400 * front * (1 - 0.35 * opened) + 250 * opened
    formants[:, 2] = 2350 + 450 * front
    formants[:, 3:] = 3500 + 1000 * np.arange(_N_FORMANTS - 3)
    formants *= _NEUTRAL_TRACT_CM / burst.tract_cm
    formants[:, 0] = np.maximum(formants[:, 0], pitch_hz)  # the jaw follows a high pitch, as in screams
    formants[:, 1] = np.maximum(formants[:, 1], 1.2 * formants[:, 0])
    return formants


def _through_tract(source: Track, formants_hz: npt.NDArray[np.float64], burst: Burst) -> Track:
    """Filter every frame with its own formants, and add the frames where they overlap."""
    hop = _FRAME // 2
    n_frames = len(formants_hz) + 1
    padded = np.zeros((n_frames + 1) * hop)
    padded[hop : hop + len(source)] = source
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::hop]  # (n_frames, _FRAME)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME)  # halves add up to 1
    centres = np.concatenate([formants_hz[:1], formants_hz])
    spectrum = np.fft.rfft(frames * window, _N_FFT) / np.fft.rfft(_denominators(centres, burst), _N_FFT)
    spectrum[:, :3] = 0.0  # nothing below 65 Hz: no voice is there, and no offset
    filtered = np.fft.irfft(spectrum, _N_FFT)
    out = np.zeros((n_frames + 3) * hop)
    for part in range(4):
        stretch = filtered[:, part * hop : (part + 1) * hop].reshape(-1)
        out[part * hop : part * hop + len(stretch)] += stretch
    return out[hop:]


def _denominators(formants_hz: npt.NDArray[np.float64], burst: Burst) -> npt.NDArray[np.float64]:
    """(n_frames, n_coefficients): the product of all resonances' polynomials, each 1 at zero frequency."""
    tilt = np.exp(-2 * np.pi * (400 + 5000 * burst.tension**1.5) / RATE_HZ)
    product = np.ones((len(formants_hz), 1))
    product = _times(product, np.array([1.0, -tilt]) / (1 - tilt))
    for k in range(_N_FORMANTS):
        centre = formants_hz[:, k]
        width = 45 + 0.035 * centre + (90 * burst.breath if k == 0 else 0)
        radius = np.exp(-np.pi * width / RATE_HZ)
        cosine = np.cos(2 * np.pi * centre / RATE_HZ)
        section = np.stack([np.ones_like(centre), -2 * radius * cosine, radius**2], axis=1)
        product = _times(product, section / section.sum(axis=1, keepdims=True))
    return product


def _times(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Row by row, the product of two polynomials."""
    b = np.broadcast_to(b, (len(a), b.shape[-1]))
    out = np.zeros((len(a), a.shape[1] + b.shape[1] - 1))
    for k in range(b.shape[1]):
        out[:, k : k + a.shape[1]] += a * b[:, k : k + 1]
    return out
