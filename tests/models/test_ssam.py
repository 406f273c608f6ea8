"""Audio-Mamba: against the release, and its fast path against its definition."""

from __future__ import annotations

import pytest
import torch

from nver.errors import WeightsError
from nver.models.checkpoint import find_file, read_tensors
from nver.models.logmel import log_mel
from nver.models.patches import frames_of, n_frames_kept, windows_of
from nver.models.ssam import SSAM, Shape
from nver.models.ssam_cpu import CpuSSAM

GOLDEN = 1e-5
FAST = 2e-6
"""Relative L2 in float32; the table of docs/numerics.md."""


def relative(guess: torch.Tensor, truth: torch.Tensor) -> float:
    return float((guess - truth).norm() / truth.norm())


def windows(n: int = 2) -> torch.Tensor:
    return torch.randn(n, 200, 80, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network() -> SSAM:
    return SSAM.random(Shape(width=32, n_blocks=2, state=5), seed=0).requires_grad_(False)


@pytest.fixture(scope="module")
def released(golden_checkpoint) -> SSAM:
    return SSAM.with_weights(read_tensors(find_file(golden_checkpoint)))


def test_the_shape_is_read_off_the_tensors(released):
    assert released.shape == Shape(width=48, n_blocks=3, inner=144, state=24, step_rank=3, kernel_size=4)


def test_the_golden_patches_and_first_block_are_met(released, golden):
    window = windows_of(log_mel(golden["wave_16000"]))
    assert relative(released.embed_patches(window)[0], golden["patch_embed_16000"]) < GOLDEN
    start, block = released.start(window), released.blocks[0]
    assert relative(start[0], golden["block0_residual_16000"]) < GOLDEN
    assert relative(block.mixer(block.norm(start))[0], golden["block0_hidden_16000"]) < GOLDEN


@pytest.mark.parametrize("path", ["reference", "numba", "fused"])
def test_the_golden_frames_are_met(released, golden, path):
    run = CpuSSAM(released) if path == "fused" else lambda windows: released(windows, path)
    cases = [name.removeprefix("frames_") for name in golden if name.startswith("frames_")]
    for case in cases if path == "fused" else ["16000", "31840"]:
        spectrogram = log_mel(golden[f"wave_{case}"])
        frames = frames_of(run(windows_of(spectrogram)), layout="release")[: n_frames_kept(len(spectrogram))]
        assert relative(frames, golden[f"frames_{case}"]) < GOLDEN, case


@pytest.mark.parametrize(("width", "parameters"), [(192, 4_808_704), (384, 17_985_472), (768, 69_443_392)])
def test_published_parameter_counts(width, parameters):
    with torch.device("meta"):
        network = SSAM(Shape(width), with_head=True)
    assert sum(p.numel() for p in network.parameters()) == parameters


def test_the_fused_path_is_the_definition(network):
    assert relative(CpuSSAM(network)(windows()), network(windows(), "reference")) < FAST


def test_bfloat16_products_stay_close(network):
    fused = CpuSSAM(network, matrices=torch.bfloat16)(windows())
    exact = CpuSSAM(network)(windows())
    assert not torch.equal(fused, exact)
    assert torch.cosine_similarity(fused.flatten(), exact.flatten(), dim=0) > 0.9999


@pytest.mark.parametrize("matrices", [torch.float32, torch.bfloat16])
def test_a_window_is_the_same_bits_whoever_its_neighbours_are(network, matrices):
    run = CpuSSAM(network, matrices=matrices)
    together = run(windows(3))
    for i in range(3):
        assert torch.equal(run(windows(3)[i : i + 1])[0], together[i])


@pytest.fixture
def cores():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("matrices", [torch.float32, torch.bfloat16])
def test_tokens_are_the_same_bits_on_any_number_of_cores(network, cores, matrices):
    """With 1 core a window's halves go one after the other, with 2 and more side by side."""
    run = CpuSSAM(network, matrices=matrices)
    found = []
    for n in (1, 2, 3, 4):
        cores(n)
        found.append((run(windows(1)), run(windows(2))))
    for alone, pair in found[1:]:
        assert torch.equal(alone, found[0][0])
        assert torch.equal(pair, found[0][1])


def test_a_failure_in_the_earlier_half_ends_the_later_one(network, cores, monkeypatch):
    """And is raised, whichever core it happened on; the next window is computed as ever."""
    cores(2)
    run = CpuSSAM(network)
    expected = run(windows(1))

    def fail(self):
        raise MemoryError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(type(run._blocks[0]), "nothing_before", fail)
        with pytest.raises(MemoryError, match="no room"):
            run(windows(1))
    assert torch.equal(run(windows(1)), expected)


def test_the_network_can_be_trained(network):
    trained = SSAM.random(Shape(width=32, n_blocks=2, state=5), seed=0)
    trained(windows(1)).square().mean().backward()
    without = [name for name, p in trained.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []


def test_random_weights_are_a_matter_of_the_seed_alone():
    state = torch.get_rng_state()
    first, second, other = (SSAM.random(Shape(width=16, n_blocks=1), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.cls_token, other.cls_token)


def test_step_sizes_start_between_a_thousandth_and_a_tenth():
    bias = SSAM.random(Shape(width=64, n_blocks=1), seed=0).blocks[0].mixer.dt_proj.bias
    steps = torch.nn.functional.softplus(bias)
    assert 0.00099 < steps.min() < 0.002
    assert 0.05 < steps.max() < 0.101


def test_weights_that_do_not_fit_are_refused(network):
    tensors = network.state_dict()
    with pytest.raises(
        WeightsError, match=r"not the weights of an Audio-Mamba: 'blocks.0.mixer.A_log' is missing"
    ):
        SSAM.with_weights({"weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match=r"do not fit an Audio-Mamba of .*encoder_norm.bias"):
        SSAM.with_weights({name: t for name, t in tensors.items() if name != "encoder_norm.bias"})
    with pytest.raises(WeightsError, match="do not fit"):
        SSAM.with_weights({**tensors, "blocks.1.mixer.D": torch.zeros(3)})
