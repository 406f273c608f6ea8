"""Which degradations there are, at which levels, as data; and one function that applies any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from nver.degradations import codecs, noise, rooms, shape
from nver.errors import AudioError, ConfigError
from nver.names import suggest
from nver.types import Samples

Apply: TypeAlias = Callable[[Samples, float, np.random.Generator, Sequence[Samples]], Samples]
"""Wave, level, generator, clips of other speakers -> wave."""


@dataclass(frozen=True)
class Kind:
    """One way to spoil a clip.

    Attributes:
        title: As it is read in a table.
        group: Kinds that are drawn into one panel.
        unit: Of its levels.
        levels: From mild to severe.
        apply: Does it.
        made_of_talkers: Whether clips of other speakers are needed.
    """

    title: str
    group: str
    unit: str
    levels: tuple[float, ...]
    apply: Apply
    made_of_talkers: bool = False


@dataclass(frozen=True)
class Condition:
    """A kind of ``KINDS`` at a level; ``CLEAN`` has neither."""

    kind: str
    level: float = 0.0

    @property
    def slug(self) -> str:
        """Fit for a file name: ``white-10``, ``clean``."""
        return self.kind if self == CLEAN else f"{self.kind}-{self.level:g}"

    @property
    def title(self) -> str:
        """``white noise, 10 dB SNR``."""
        if self == CLEAN:
            return "clean"
        return f"{KINDS[self.kind].title}, {self.level:g} {KINDS[self.kind].unit}"


CLEAN = Condition("clean")
"""The clips as they are, with which all else is compared."""


def _noise(of: Callable[[int, np.random.Generator], noise.Noise]) -> Apply:
    return lambda wave, level, draw, _: noise.mix(wave, of(len(wave), draw), snr_db=level)


def _babble(wave: Samples, level: float, draw: np.random.Generator, talkers: Sequence[Samples]) -> Samples:
    return noise.mix(wave, noise.babble(len(wave), draw, talkers), snr_db=level)


def _room(wave: Samples, level: float, draw: np.random.Generator, _: Sequence[Samples]) -> Samples:
    return rooms.reverberate(wave, rooms.impulse_response(level, draw))


_SNR = partial(Kind, group="noise", unit="dB SNR", levels=(20.0, 10.0, 0.0))
_CODEC = partial(Kind, group="codec", unit="kbit/s")

KINDS: Mapping[str, Kind] = {
    "white": _SNR("white noise", apply=_noise(noise.white)),
    "pink": _SNR("pink noise", apply=_noise(noise.pink)),
    "babble": _SNR("babble", apply=_babble, made_of_talkers=True),
    "reverberation": Kind("reverberation", "room", "s RT60", (0.3, 0.6, 1.2), _room),
    "opus": _CODEC(
        "Opus", levels=(24.0, 12.0, 6.0), apply=lambda wave, level, *_: codecs.opus(wave, kbit_s=level)
    ),
    "mp3": _CODEC(
        "MP3", levels=(32.0, 16.0, 8.0), apply=lambda wave, level, *_: codecs.mp3(wave, kbit_s=level)
    ),
    "telephone": _CODEC("telephone (G.711)", levels=(64.0,), apply=lambda wave, *_: codecs.telephone(wave)),
    "gain": Kind(
        "gain", "level", "dB", (20.0, -20.0, -40.0), lambda wave, level, *_: shape.gain(wave, gain_db=level)
    ),
    "clipping": Kind(
        "clipping",
        "clipping",
        "% of samples",
        (1.0, 5.0, 20.0),
        lambda wave, level, *_: shape.clip_share(wave, share=level / 100),
    ),
    "cut": Kind(
        "cut",
        "length",
        "s",
        (1.0, 0.5, 0.25),
        lambda wave, level, draw, _: shape.stretch(wave, draw, length_s=level),
    ),
    "silence": Kind(
        "silence on both sides",
        "silence",
        "s",
        (0.5, 1.0, 2.0),
        lambda wave, level, *_: shape.surround(wave, silence_s=level),
    ),
}
"""Every kind. A level is what its title says: an SNR, an RT60, a bit rate, a gain, a share, a length."""


def conditions(kinds: Iterable[str] = tuple(KINDS)) -> tuple[Condition, ...]:
    """``CLEAN``, then every level of these kinds.

    Raises:
        ConfigError: There is no such kind.

    >>> [condition.slug for condition in conditions(["reverberation"])]
    ['clean', 'reverberation-0.3', 'reverberation-0.6', 'reverberation-1.2']
    """
    chosen = [CLEAN]
    for kind in kinds:
        if kind not in KINDS:
            raise ConfigError(f"no degradation is called '{kind}'. {suggest(kind, KINDS)}")
        chosen += [Condition(kind, level) for level in KINDS[kind].levels]
    return tuple(chosen)


def generator_for(condition: Condition, clip_id: str, *, seed: int) -> np.random.Generator:
    """What a clip's degradation draws from: the same at all levels of a kind, which can so be compared."""
    digest = hashlib.sha256(f"{seed}\0{condition.kind}\0{clip_id}".encode()).digest()
    return np.random.default_rng(list(digest))


def degrade(
    wave: Samples,
    condition: Condition,
    draw: np.random.Generator,
    *,
    talkers: Sequence[Samples] = (),
) -> Samples:
    """A clip under a condition.

    Args:
        wave: (n_samples,) mono at 16 kHz, one sample or more.
        condition: What befalls it.
        draw: Of all that is random in it.
        talkers: Clips of other speakers, which babble is made of.

    Returns:
        Mono float32 at 16 kHz, finite, in memory of its own; of another length under ``reverberation``,
        ``cut`` and ``silence``.

    Raises:
        AudioError: The condition is not defined for this clip (a silent one has no SNR), or it ran out of
            float32.
    """
    if condition == CLEAN:
        return wave.copy()
    spoilt = KINDS[condition.kind].apply(wave, condition.level, draw, talkers)
    if not np.isfinite(spoilt).all():
        raise AudioError(f"{condition.title}: the clip left what float32 can hold")
    return spoilt
