"""Every encoder that needs nothing from elsewhere keeps the laws of the Encoder protocol."""

from __future__ import annotations

import numpy as np
import pytest

from nver.encoders import ENCODERS, Encoder, load_encoder
from nver.errors import EncoderError
from nver.types import Samples

SELF_CONTAINED = ("logmel-stats", "mfcc-stats", "shortcut-stats", "burst-mamba", "burst-attention")
"""A literal, so that adding a name is a decision; families with weights to fetch have tests of their own."""

LENGTHS = (1, 2, 399, 400, 401, 559, 560, 8_000, 16_001)


def noise(n_samples: int, *, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, n_samples).astype(np.float32)


@pytest.fixture(params=SELF_CONTAINED, scope="module")
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return load_encoder(request.param)


@pytest.fixture(scope="module")
def waves() -> list[Samples]:
    return [noise(n, seed=n) for n in LENGTHS]


def test_every_self_contained_name_is_an_encoder(encoder: Encoder) -> None:
    assert isinstance(encoder, Encoder)
    assert encoder.card.name in ENCODERS


def test_rows_are_finite_float32_of_the_stated_dimension(encoder: Encoder, waves: list[Samples]) -> None:
    rows = encoder.embed(waves)
    assert rows.shape == (len(waves), encoder.dim)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_a_row_depends_on_its_own_wave_alone(encoder: Encoder, waves: list[Samples]) -> None:
    together = encoder.embed(waves)
    for wave, row in zip(waves, together, strict=True):
        np.testing.assert_array_equal(encoder.embed([wave])[0], row)


def test_the_order_of_waves_does_not_matter(encoder: Encoder, waves: list[Samples]) -> None:
    np.testing.assert_array_equal(encoder.embed(waves[::-1])[::-1], encoder.embed(waves))


def test_embedding_twice_gives_the_same(encoder: Encoder, waves: list[Samples]) -> None:
    np.testing.assert_array_equal(encoder.embed(waves), encoder.embed(waves))


def test_embedding_leaves_its_input_as_it_was(encoder: Encoder) -> None:
    wave = noise(4_000)
    encoder.embed([wave])
    np.testing.assert_array_equal(wave, noise(4_000))


def test_different_waves_give_different_rows(encoder: Encoder) -> None:
    rows = encoder.embed([noise(16_000, seed=1), noise(16_000, seed=2)])
    assert not np.allclose(rows[0], rows[1])


def test_silence_has_a_finite_row_at_every_length(encoder: Encoder) -> None:
    """Encoders that divide by a clip's spread see rounding in silence: a row means nothing, and is finite."""
    rows = encoder.embed([np.zeros(n, np.float32) for n in LENGTHS])
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("name", ["logmel-stats", "mfcc-stats"])
def test_silence_is_one_row_for_statistics(name: str) -> None:
    rows = load_encoder(name).embed([np.zeros(n, np.float32) for n in LENGTHS])
    np.testing.assert_allclose(rows, np.broadcast_to(rows[:1], rows.shape), atol=1e-3)


def test_no_waves_give_no_rows(encoder: Encoder) -> None:
    assert encoder.embed([]).shape == (0, encoder.dim)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_wave_that_is_not_finite_is_refused(encoder: Encoder, bad: float) -> None:
    wave = noise(4_000)
    wave[2_000] = bad
    with pytest.raises(EncoderError, match="wave 1 holds NaN"):
        encoder.embed([noise(4_000), wave])


@pytest.mark.parametrize("shape", [(0,), (2, 800)])
def test_a_wave_that_is_empty_or_not_mono_is_refused(encoder: Encoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(EncoderError, match="expected one sample or more, mono"):
        encoder.embed([np.zeros(shape, np.float32)])


def test_the_card_is_complete(encoder: Encoder) -> None:
    card = encoder.card
    assert card.title
    assert card.licence
    assert card.citation
    assert card.rate_hz == 16_000
    assert encoder.dim % card.dim == 0


def test_the_fingerprint_is_the_same_for_each_load_and_differs_between_encoders(encoder: Encoder) -> None:
    assert load_encoder(encoder.card.name).fingerprint == encoder.fingerprint
    assert len({load_encoder(name).fingerprint for name in SELF_CONTAINED}) == len(SELF_CONTAINED)


def test_provenance_is_plain_text(encoder: Encoder) -> None:
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in encoder.provenance.items())
