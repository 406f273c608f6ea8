import base64
import html
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from nver.report import write_report
from nver.report.comparison import compare
from nver.report.maps import Sources, clip_sets
from nver.report.page import report_page
from nver.report.page.payload import packed

EVIL = "</script><img src=x onerror=alert(1)>&'\"\u2028"


def page_of(*results, audio=None):
    comparisons = compare(results)
    return report_page(comparisons, (), clip_sets(comparisons, Sources()), audio or {})


def data_of(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    )


class Elements(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_asks_for_nothing_from_elsewhere(make_result, tmp_path):
    page = write_report([make_result()], tmp_path, with_figures=False).page.read_text()
    elements = Elements(page).found
    assert {"script", "style", "main"} <= {tag for tag, _ in elements}
    addresses = [value for _, attrs in elements for name, value in attrs.items() if name in ("src", "href")]
    assert all(value.startswith(("#", "data:")) for value in addresses)
    (policy,) = [attrs["content"] for tag, attrs in elements if "http-equiv" in attrs]
    assert policy.startswith("default-src 'none'")
    assert "url(" not in page
    assert "@import" not in page


def test_nothing_in_the_data_becomes_an_element(make_result):
    said = {"warnings": [EVIL], "machine": {"cpu": EVIL}}
    page = page_of(make_result(labels=(EVIL, "b"), provenance=said))
    assert "img" not in {tag for tag, _ in Elements(page).found}
    assert f"Warning: {html.escape(EVIL, quote=True)}." in page.replace("&#34;", "&quot;").replace(
        "&#39;", "&#x27;"
    )
    data = data_of(page)
    assert data["clipSets"][0]["labels"] == [EVIL, "b"]
    assert ["machine.cpu", EVIL] in data["comparisons"][0]["provenance"]


def test_the_page_holds_every_guess_and_fold(make_result):
    result = make_result()
    data = data_of(page_of(result))
    (cell,) = data["cells"]
    read = lambda text, dtype="<u2": np.frombuffer(base64.b64decode(text), dtype)  # noqa: E731
    assert read(cell["guess"]).tolist() == result.predictions.guess.tolist()
    assert read(data["folds"][cell["fold"]]).tolist() == result.predictions.fold.tolist()
    assert read(data["clipSets"][0]["truth"]).tolist() == result.predictions.truth.tolist()
    assert (
        np.abs(read(cell["sure"], "u1") / 255 - result.predictions.probabilities.max(axis=1)).max()
        < 0.5 / 255 + 1e-6
    )
    assert cell["scores"]["macro F1"]["mean"] == result.scores().macro_f1.mean


def test_figures_that_are_undefined_are_null(make_result):
    (cell,) = data_of(page_of(make_result(n_folds=1)))["cells"]
    assert cell["scores"]["accuracy"]["sd"] is None


def test_comparisons_of_the_same_clips_share_them(make_result):
    data = data_of(page_of(make_result(), make_result(protocol="paper"), make_result(n_clips=60)))
    assert [comparison["clipSet"] for comparison in data["comparisons"]] == [0, 0, 1]


def test_random_weights_are_said_before_everything(make_result):
    said = {"encoders": [{"fingerprint": "random-1", "weights": "RANDOM, seed 1"}]}
    page = page_of(make_result(system="a", provenance=said), make_result(system="b"))
    notice = "RANDOM WEIGHTS in a (vivae, 6 classes, protocol speaker): logmel-stats (RANDOM, seed 1)"
    assert -1 < page.index(notice) < page.index('id="data"')
    assert data_of(page)["cells"][0]["random"] == ["logmel-stats (RANDOM, seed 1)"]


@pytest.mark.parametrize("n", [1, 70000])
def test_indices_survive_packing(n):
    indices = np.arange(n) % 65536
    assert np.frombuffer(base64.b64decode(packed(indices)), "<u2").tolist() == indices.tolist()
