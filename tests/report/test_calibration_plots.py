import numpy as np
from matplotlib.image import imread

from nver.evaluation.calibration import reliability, softmax
from nver.report.calibration_plots import draw_reliability


def curves(seed):
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(300, 4))
    truth = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return {
        "before": reliability(softmax(logits), truth),
        "after": reliability(softmax(logits, temperature=2), truth),
    }


def test_equal_curves_give_equal_bytes_and_others_another_picture(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        draw_reliability(curves(seed), title="toy", path=tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_both_curves_are_drawn_in_their_colours(tmp_path):
    draw_reliability(curves(0), title="toy", path=tmp_path / "plot.png")
    pixels = np.round(imread(tmp_path / "plot.png")[..., :3] * 255).astype(int).reshape(-1, 3)
    for colour in ((0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)):
        assert (pixels == colour).all(axis=1).sum() > 100
