"""Multiply-adds against sizes worked by hand, and what a process of its own measures."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from nver.cost import System, measure
from nver.encoders.macs import counted, n_multiply_adds
from nver.errors import ConfigError
from nver.heads.build import build
from nver.heads.specs import CNNSpec, FCNSpec


def test_a_matrix_and_a_convolution_cost_the_product_of_their_sizes():
    layer = nn.Linear(10, 20)
    assert counted(layer, lambda: layer(torch.zeros(5, 10))) == 5 * 10 * 20
    conv = nn.Conv1d(4, 6, 3, padding=1, groups=2)
    assert counted(conv, lambda: conv(torch.zeros(1, 4, 100))) == 100 * 6 * (4 // 2) * 3


def test_heads_cost_what_their_layers_do():
    fcn = build(FCNSpec(), [640], 6).double().eval()
    view = (torch.zeros(1, 640, dtype=torch.float64),)
    assert counted(fcn, lambda: fcn(view)) == 640 * 512 + 512 * 128 + 128 * 6
    cnn = build(CNNSpec(), [640], 6).double().eval()
    convolutions = 640 * 32 * 3 + 320 * 64 * 32 * 3
    assert counted(cnn, lambda: cnn(view)) == convolutions + 28 * 64 * 512 + 512 * 128 + 128 * 6


def test_the_matched_pair_costs_what_was_worked_by_hand():
    steps, width, blocks = 50, 192, 6
    stem = 100 * 40 * 16 * 9 + 50 * 20 * 32 * 16 * 9 + steps * 640 * width
    inner, state, rank = 576, 8, 12
    mixer = steps * (width * 2 * inner + inner * (rank + 2 * state) + rank * inner + inner * width)
    scan = steps * inner * (2 * state + 4)  # state update and read-out, and a convolution over four steps
    assert n_multiply_adds("burst-mamba", clip_s=2.0) == stem + blocks * (mixer + scan)
    hidden = 576
    attention = steps * width * 3 * width + 2 * steps * steps * width + steps * width * width
    block = attention + 2 * steps * width * hidden
    assert n_multiply_adds("burst-attention", clip_s=2.0) == stem + blocks * block


@pytest.mark.parametrize(("clip_s", "n_windows"), [(0.3, 1), (2.0, 1), (2.1, 2), (6.0, 3)])
def test_networks_over_windows_cost_a_multiple_of_one(clip_s, n_windows):
    one = n_multiply_adds("audio-mamba-tiny", clip_s=2.0)
    assert one == 251 * 12 * _ssam_token(192) + 250 * 192 * 64
    assert n_multiply_adds("audio-mamba-tiny", clip_s=clip_s) == n_windows * one


def _ssam_token(width: int) -> int:
    inner, state, rank = 3 * width, 24, math.ceil(width / 16)
    matrices = width * 2 * inner + inner * (rank + 2 * state) + rank * inner + inner * width
    return matrices + inner * (2 * state + 4)


def test_an_encoder_without_a_network_costs_nothing():
    assert n_multiply_adds("logmel-stats", clip_s=2.0) == 0


def test_a_process_of_its_own_measures_time_memory_and_size():
    system = System.model_validate({"encoder": {"name": "logmel-stats"}})
    cost = measure(system, clip_s=0.5, n_repeats=2)
    assert cost.system == "logmel-stats + fcn"
    assert cost.head_parameters == 640 * 512 + 512 + 512 * 128 + 128 + 128 * 6 + 6
    assert cost.multiply_adds == 640 * 512 + 512 * 128 + 128 * 6
    assert cost.real_time_factor == pytest.approx(cost.cpu_ms / 500)
    assert cost.cpu_ms > 0
    assert 50 < cost.peak_mb < 4_000
    assert 0 <= cost.own_mb < cost.peak_mb


def test_what_cannot_be_measured_says_why():
    with pytest.raises(ConfigError, match=r"nothing-such cannot be measured: .*nothing-such"):
        measure(System(bundle="nothing-such"), n_repeats=1)
    with pytest.raises(ConfigError, match="an encoder or a recogniser; name one"):
        measure(System())
