"""What every recogniser is held to: those that are shipped, where they are here, and a head on an encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nver
from nver import Recogniser
from nver.recogniser.bundle import PAGE_FILE, SHIPPED, find_bundle, read_card

PACKAGE = Path(nver.__file__).parent
HERE = [name for name, folder in SHIPPED.items() if (PACKAGE / folder).is_dir()]
N_BYTES = 8 << 20


@pytest.fixture(scope="module", params=["a head", *HERE])
def recogniser(request: pytest.FixtureRequest) -> Recogniser:
    if request.param == "a head":
        return Recogniser.load(request.getfixturevalue("trained")[0])
    return Recogniser.load(request.param)


@pytest.fixture(scope="module")
def sounds() -> list[np.ndarray]:
    """Noise that swells, of many lengths; silence, one sample, and a click."""
    rng = np.random.default_rng(0)
    swelling = [
        (np.linspace(0, 0.3, n) * rng.normal(size=n)).astype(np.float32) for n in (400, 7_001, 16_000, 33_333)
    ]
    click = np.zeros(8_000, np.float32)
    click[4_000] = 1.0
    return [*swelling, np.zeros(16_000, np.float32), np.ones(1, np.float32), click]


def test_a_clip_in_any_company_and_order_has_the_logits_that_it_has_alone(recogniser, sounds):
    alone = np.concatenate([recogniser.logits([sound]) for sound in sounds])
    np.testing.assert_allclose(recogniser.logits(sounds), alone, atol=1e-4)
    np.testing.assert_allclose(recogniser.logits(sounds[::-1]), alone[::-1], atol=1e-4)


def test_asking_twice_gives_the_same(recogniser, sounds):
    np.testing.assert_array_equal(recogniser.logits(sounds), recogniser.logits(sounds))


def test_clips_that_differ_get_logits_that_differ(recogniser, sounds):
    logits = recogniser.logits(sounds)
    assert np.ptp(logits, axis=0).min() > 1e-3


def test_waves_are_not_written_to(recogniser, sounds):
    before = [sound.copy() for sound in sounds]
    recogniser.logits(sounds)
    for sound, copy in zip(sounds, before, strict=True):
        np.testing.assert_array_equal(sound, copy)


@pytest.mark.parametrize("name", HERE)
def test_what_is_shipped_is_small_and_was_trained_on_nobody_of_the_test_set(name):
    directory = find_bundle(name)
    file = read_card(directory)
    assert file.card.name == name
    assert file.weights.n_bytes <= N_BYTES
    assert (directory / PAGE_FILE).is_file()
    speakers = {int(who) for seen in file.card.seen if seen.corpus == "emogator" for who in seen.speakers}
    assert speakers
    assert max(speakers) <= 300
