"""Audio-Mamba as an encoder: rows, refusals, fingerprints, the release's embeddings."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from nver.encoders import load_encoder
from nver.encoders.base import Encoder
from nver.encoders.ssam import CARDS, folder_of, load
from nver.encoders.ssam.encoder import SSAMEncoder, Weights
from nver.errors import ConfigError, EncoderError, KernelError, WeightsError
from nver.models.checkpoint import convert
from nver.models.ssam import SSAM, Shape
from nver.types import Samples

TINY = CARDS["audio-mamba-tiny"]
LENGTHS = (1, 200, 201, 8_000, 31_840, 32_000, 70_001)


def noise(n_samples: int) -> Samples:
    return np.random.default_rng(n_samples).uniform(-0.5, 0.5, n_samples).astype(np.float32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of no published size, as the release stores it."""
    folder = tmp_path_factory.mktemp("ssam") / "ssam_micro"
    path = folder / "checkpoints" / "checkpoint-3.pth"
    path.parent.mkdir(parents=True)
    torch.save({"model": SSAM.random(Shape(width=16, n_blocks=2, state=4), seed=0).state_dict()}, path)
    return folder


@pytest.fixture(scope="module")
def encoder(weights: Path) -> SSAMEncoder:
    return load(TINY, weights=weights)


@pytest.fixture(scope="module")
def waves() -> list[Samples]:
    return [noise(n) for n in LENGTHS]


def test_it_is_an_encoder(encoder, waves):
    assert isinstance(encoder, Encoder)
    rows = encoder.embed(waves)
    assert rows.shape == (len(waves), encoder.dim) == (7, 80)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_the_golden_embeddings_are_met(shared_dir):
    golden = load_file(shared_dir / "golden" / "ssam" / "expected.safetensors")
    encoder = load_encoder("audio-mamba-tiny", weights=shared_dir / "golden" / "ssam" / "ssam_mini_200_16x4")
    cases = [name.removeprefix("wave_") for name in golden if name.startswith("wave_")]
    waves = [golden[f"wave_{case}"] for case in cases]
    for case, row in zip(cases, encoder.embed(waves), strict=True):
        truth = golden[f"scene_{case}"]
        assert np.linalg.norm(row - truth) < 1e-5 * np.linalg.norm(truth), case
    for case, (frames, times_s) in zip(cases, encoder.embed_frames(waves), strict=True):
        if case != "silence":
            truth = golden[f"frames_{case}"]
            assert np.linalg.norm(frames - truth) < 1e-5 * np.linalg.norm(truth), case
            np.testing.assert_allclose(1000 * times_s, golden[f"timestamps_ms_{case}"], rtol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_row_is_the_same_bits_alone_and_in_any_company(weights, waves, precision):
    encoder = load(TINY, weights=weights, precision=precision)
    together = encoder.embed(waves)
    for wave, row in zip(waves, together, strict=True):
        np.testing.assert_array_equal(encoder.embed([wave])[0], row)
    np.testing.assert_array_equal(encoder.embed(waves[::-1])[::-1], together)


def test_every_kernel_gives_the_same_row(weights, waves):
    numba, reference = (load(TINY, weights=weights, kernel=kernel) for kernel in ("numba", "reference"))
    assert numba.fingerprint == reference.fingerprint
    assert [e.provenance["kernel"] for e in (numba, reference)] == ["numba", "reference"]
    np.testing.assert_allclose(numba.embed(waves), reference.embed(waves), rtol=0, atol=3e-6)


def test_the_definition_can_use_bfloat16_products_too(weights, waves):
    rows = [
        load(TINY, weights=weights, precision="bfloat16", kernel=k).embed(waves)
        for k in ("numba", "reference")
    ]
    np.testing.assert_allclose(*rows, rtol=0, atol=0.05)


def test_the_mean_of_the_frames_is_the_row(encoder, waves):
    for (frames, times_s), row in zip(encoder.embed_frames(waves), encoder.embed(waves), strict=True):
        np.testing.assert_allclose(frames.mean(0), row, rtol=0, atol=1e-6)
        assert len(times_s) == len(frames)


def test_both_layouts_hold_the_same_tokens(weights, waves):
    """Over a whole window the mean of all parts is the mean of all tokens, in any order."""
    release, time = (load(TINY, weights=weights, layout=layout) for layout in ("release", "time"))
    rows = [e.embed([noise(31_999)]).reshape(5, 16).mean(0) for e in (release, time)]
    np.testing.assert_allclose(*rows, rtol=0, atol=1e-6)
    assert release.fingerprint != time.fingerprint


def test_true_frames_are_forty_milliseconds(weights):
    times_s = load(TINY, weights=weights, layout="time").frame_times_s(16_000)
    np.testing.assert_allclose(times_s, 0.04 * np.arange(26), rtol=1e-6)


def test_silence_has_an_embedding(encoder):
    assert np.isfinite(encoder.embed([np.zeros(n, np.float32) for n in LENGTHS])).all()


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (np.zeros(0, np.float32), r"wave 1 has shape \(0,\); expected one sample or more"),
        (np.zeros((2, 9), np.float32), r"wave 1 has shape \(2, 9\)"),
        (np.full(999, np.nan, np.float32), "wave 1 holds NaN"),
        (np.full(999, np.inf, np.float32), "wave 1 holds NaN, infinity"),
    ],
)
def test_what_is_no_wave_is_refused(encoder, wave, message):
    with pytest.raises(EncoderError, match=message):
        encoder.embed([noise(500), wave])


def test_no_waves_give_no_rows(encoder):
    assert encoder.embed([]).shape == (0, encoder.dim)


def test_the_card_tells_what_the_weights_turned_out_to_be(encoder):
    assert encoder.card.title == "Audio-Mamba of width 16 with 2 blocks"
    assert encoder.card.dim == encoder.dim == 80
    assert encoder.provenance["architecture"] == "width 16, 2 blocks, state 4"


def test_a_converted_file_has_the_fingerprint_of_its_source(weights, encoder, tmp_path, waves):
    target = tmp_path / "micro.safetensors"
    convert(weights, target)
    converted = load(TINY, weights=target)
    assert converted.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(converted.embed(waves[:3]), encoder.embed(waves[:3]))


def test_everything_that_decides_a_row_is_in_the_fingerprint(weights, encoder, tmp_path):
    torch.save(SSAM.random(Shape(width=16, n_blocks=2, state=4), seed=1).state_dict(), tmp_path / "other.pth")
    others = [
        load(TINY, weights=tmp_path / "other.pth"),
        load(TINY, weights=weights, layout="time"),
        load(TINY, weights=weights, precision="bfloat16"),
    ]
    assert len({encoder.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_random_weights_say_so_and_never_pass_for_real_ones():
    first, again, other = (load(TINY, random_weights=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.fingerprint.startswith("random-")
    assert first.provenance["weights"] == "RANDOM, seed 0: these embeddings mean nothing"


def test_cards_state_the_true_dimension_and_size():
    for card in CARDS.values():
        with torch.device("meta"):
            network = SSAM(Shape(card.dim // 5))
        assert sum(p.numel() for p in network.parameters()) == card.parameters, card.name


def test_weights_are_found_under_the_names_of_the_release(weights, encoder):
    shutil.copytree(weights, folder_of(TINY))
    assert load_encoder("audio-mamba-tiny").fingerprint == encoder.fingerprint


def test_missing_weights_are_one_sentence_that_says_where_to_get_them(tmp_path):
    with pytest.raises(WeightsError) as missing:
        load_encoder("audio-mamba-base")
    assert "get the folder ssam_base_200_16x4_4x256_fp16_r1 from https://" in str(missing.value)
    assert str(folder_of(CARDS["audio-mamba-base"]).parent) in str(missing.value)
    with pytest.raises(
        WeightsError, match=r"no weights at .*: expected a \.pth or \.safetensors file, or a folder"
    ):
        load(TINY, weights=tmp_path)


def test_weights_of_another_published_size_are_refused(tmp_path):
    torch.save(SSAM.random(Shape(width=192), seed=0).state_dict(), tmp_path / "tiny.pth")
    with pytest.raises(
        WeightsError, match=r"holds the weights of audio-mamba-tiny; expected those of audio-mamba-base"
    ):
        Weights.read(CARDS["audio-mamba-base"], tmp_path / "tiny.pth")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"precision": "int8"}, ConfigError, "computes in float32 or bfloat16; got precision 'int8'"),
        ({"layout": "bands"}, ConfigError, "has the layouts release and time; got 'bands'"),
        ({"kernel": "triton"}, KernelError, "the triton kernel cannot run"),
        ({"random_weights": 0}, ConfigError, "give weights or random_weights, not both"),
        ({"pooling": "max"}, ConfigError, "does not take 'pooling'; it takes weights, device"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(weights, options, error, message):
    with pytest.raises(error, match=message):
        load_encoder("audio-mamba-tiny", weights=weights, **options)


def test_global_state_is_left_as_it_was(encoder, waves):
    before = (torch.get_num_threads(), torch.is_grad_enabled(), torch.get_rng_state().tolist())
    encoder.embed(waves[:2])
    assert (torch.get_num_threads(), torch.is_grad_enabled(), torch.get_rng_state().tolist()) == before
