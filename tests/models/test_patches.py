"""Windows, positions and the two orders of frames."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.models.patches import frames_of, n_frames_kept, position_table, windows_of


def test_the_golden_position_table_is_met(golden):
    table = position_table(golden["pos_embed"].shape[1])
    assert (table - golden["pos_embed"]).norm() / golden["pos_embed"].norm() < 1e-6


@given(n_frames=st.integers(1, 1001))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_windows_hold_the_spectrogram_and_then_zeros(n_frames):
    spectrogram = torch.rand(n_frames, 80) + 1
    laid = windows_of(spectrogram).reshape(-1, 80)
    assert torch.equal(laid[:n_frames], spectrogram)
    assert laid[n_frames:].eq(0).all()
    assert 0 < len(laid) - n_frames <= 200


@given(n_frames=st.integers(1, 1001))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_frames_that_are_kept_cover_the_clip_and_no_more_than_one_step_beyond(n_frames):
    assert n_frames <= 4 * n_frames_kept(n_frames) < n_frames + 4


def test_an_exact_multiple_of_a_window_gets_a_window_of_zeros_which_is_dropped():
    assert len(windows_of(torch.ones(400, 80))) == 3
    assert n_frames_kept(400) == 100


def test_the_layout_time_puts_the_bands_of_a_step_side_by_side():
    tokens = torch.arange(250.0)[None, :, None]
    assert frames_of(tokens, layout="time")[7].tolist() == [35, 36, 37, 38, 39]


def test_the_layout_release_puts_five_stretches_of_time_side_by_side():
    tokens = torch.arange(250.0)[None, :, None]
    assert frames_of(tokens, layout="release")[7].tolist() == [7, 57, 107, 157, 207]


def test_windows_follow_each_other_in_both_layouts():
    tokens = torch.arange(500.0).reshape(2, 250, 1)
    for layout in ("time", "release"):
        first = frames_of(tokens[:1], layout=layout)
        assert torch.equal(frames_of(tokens, layout=layout), torch.cat([first, first + 250]))
