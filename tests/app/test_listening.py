from __future__ import annotations

import numpy as np
import pytest
import soundfile

from nver.app.listening import envelope
from nver.types import RATE_HZ

pytest.importorskip("gradio", reason="the page needs the extra 'app'")


def test_every_bin_holds_the_lowest_and_the_highest_of_its_samples(tmp_path):
    wave = np.random.default_rng(0).uniform(-1, 1, 3 * RATE_HZ).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", wave, RATE_HZ, subtype="FLOAT")
    bins = envelope(tmp_path / "noise.wav", duration_s=3.0, n_bins=1_200)
    parts = wave.reshape(1_200, 40)
    np.testing.assert_array_equal(bins, np.stack([parts.min(axis=1), parts.max(axis=1)], axis=1))


def test_the_picture_has_a_button_a_burst_and_no_markup_of_labels():
    from nver.app.listening import Heard
    from nver.app.waveform import draw
    from nver.recogniser.prediction import Prediction
    from nver.recordings import Curve, Event, Timeline

    said = Prediction({"<b>hum</b>": 0.7, "hiss": 0.3})
    events = (Event(1.0, 2.0, said), Event(3.0, 3.5, Prediction({"<b>hum</b>": 0.55, "hiss": 0.45})))
    found = Timeline(4.0, ("<b>hum</b>", "hiss"), events)
    curve = Curve(np.array([2.0]), np.array([[0.7, 0.3]]), 4.0)
    html = draw(Heard(found, False, curve, np.zeros((5, 2), np.float32)), audio="/x/a b.wav", threshold=0.6)
    assert html.count("<button") == 2
    assert html.count("burst unsure") == 1
    assert "<b>" not in html
    assert 'style="left:25.000%;width:25.000%"' in html
    assert "/gradio_api/file=/x/a%20b.wav" in html
