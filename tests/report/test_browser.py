"""The page in a real browser: it opens, sorts, tells, filters and plays."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from nver.report import page
from nver.report.audio import encode
from nver.report.comparison import compare
from nver.report.maps import ClipSet, EmbeddingMap
from nver.report.repeats import find_repeats
from nver.types import AudioFile, Clip

CHROMIUM = shutil.which("chromium")
N_CLIPS = 24

PLAYS = """player => new Promise((done) => {
    const look = () => { if (player.currentTime > 0) done(true); };
    player.addEventListener("timeupdate", look);
    look();
    setTimeout(() => done(false), 10000);
})"""

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium on the path: the page is not tried in a browser"
    ),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(make_result, tmp_path_factory):
    """A page of two systems under two protocols, with a map on a grid of five columns, and sound."""
    results = [
        make_result(n_clips=N_CLIPS, system=system, hit_rate=rate, protocol=protocol, head={"kind": head})
        for protocol in ("paper", "speaker")
        for system, rate, head in (("weak", 0.2, "fcn"), ("strong", 0.9, "cnn"))
    ]
    comparisons = compare(results)
    made = results[0].predictions
    places = np.array([(i % 5, i // 5) for i in range(N_CLIPS)], np.float32)

    clip_set = ClipSet(
        slug="vivae",
        corpus="vivae",
        labels=results[0].labels,
        clip_ids=made.clip_ids,
        truth=made.truth,
        clips={
            clip_id: Clip(clip_id, AudioFile(Path(clip_id)), "anger", f"S{i % 3}")
            for i, clip_id in enumerate(made.clip_ids)
        },
        maps=(EmbeddingMap("logmel-stats", places),),
        missing=(),
    )
    tone = np.sin(np.arange(8000) / 8).astype(np.float32) / 4
    sounds = [encode(tone, rate_bps=12_000)] * (N_CLIPS - 1) + [None]
    text = page.report_page(
        comparisons, (), dict.fromkeys((c.slug for c in comparisons), clip_set), {"vivae": sounds}
    )
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desktop", "phone"])
def opened(browser, address, request):
    """The page; whatever it complains of, or asks the network for, fails the test."""
    width, height = request.param
    tab = browser.new_page(viewport={"width": width, "height": height})
    complaints, asked = [], []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda sent: asked.append(sent.url))
    tab.goto(address)
    yield tab
    assert complaints == []
    assert [url[:80] for url in asked if not url.startswith(("file:", "data:"))] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()


def turn(tab, act):
    """Do what changes the address, and wait for the view: it comes when the browser tells of the change."""
    tab.evaluate(
        """() => { window.turned = new Promise((done) => {
            addEventListener("hashchange", () => setTimeout(done), { once: true });
        }); }"""
    )
    act()
    tab.evaluate("() => window.turned")


def follow(tab, link):
    """Click a link to another view."""
    turn(tab, link.click)


def systems(tab):
    return tab.locator("#leaderboard tbody tr td:first-child").all_inner_texts()


def point(tab, i):
    """Where clip ``i`` is on the screen: the map fills its stage from edge to edge of the shorter side."""
    box = tab.locator("canvas").bounding_box()
    places = np.array([(k % 5, k // 5) for k in range(N_CLIPS)], float)
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    step = min(box["width"], box["height"]) / 2 * (30_000 / 31_500) / np.abs(places - middle).max()
    x, y = (places[i] - middle) * step
    return box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 - y


def test_a_heading_sorts_and_sorts_the_other_way(opened):
    assert systems(opened) == ["strong", "strong", "weak", "weak"]
    heading = opened.get_by_role("button", name="macro F1")
    heading.click()
    assert systems(opened) == ["weak", "weak", "strong", "strong"]
    heading.click()
    assert systems(opened) == ["strong", "strong", "weak", "weak"]
    assert opened.locator("th[aria-sort=descending]").count() == 1


def test_systems_are_found_by_protocol_and_by_name(opened):
    opened.select_option("#which", "0")
    assert systems(opened) == ["strong", "weak"]
    opened.fill("#find", "wea")
    assert systems(opened) == ["weak"]


def test_a_system_has_a_page_with_its_matrix_curves_classes_and_origin(opened):
    follow(opened, opened.locator("#leaderboard a").first)
    assert opened.locator("h1").inner_text() == "strong"
    counts = opened.locator("svg[aria-label='confusion matrix']")
    opened.locator("#confusion-unit").get_by_text("clips").click()
    shown = [int(text) for text in counts.locator("g text").all_text_contents()]
    assert sum(shown) == N_CLIPS
    learning = opened.locator("section", has_text="How it learned").locator("svg circle")
    assert learning.count() == 2 * 3  # the best epoch of three folds, on two charts
    assert (
        opened.get_by_role("img", name="reliability").locator("circle").count() == 1
    )  # all are equally sure
    assert opened.get_by_role("img", name="risk by coverage").is_visible()
    assert opened.get_by_text("achievement", exact=True).count() >= 1
    assert opened.get_by_text("machine.cpu").is_visible()
    assert "speaker" in opened.locator("pre").first.inner_text() + opened.locator("main").first.inner_text()


def test_systems_are_set_against_each_other_by_any_score(opened):
    follow(opened, opened.locator("nav").get_by_text("Comparisons"))
    (verdict,) = opened.locator("#verdicts li").all_inner_texts()
    assert "strong is better than weak by" in verdict
    assert opened.locator("tbody tr").count() == 1
    before = opened.locator("tbody tr").inner_text()
    opened.select_option("#score", "accuracy")
    assert opened.locator("th", has_text="McNemar").count() == 1
    assert opened.locator("tbody tr").inner_text() != before
    opened.select_option("#pairs-of", "1")
    assert "protocol speaker" in opened.locator("main").first.inner_text()


def test_the_map_tells_filters_and_plays(opened):
    follow(opened, opened.locator("nav").get_by_text("Embedding map"))
    opened.locator("canvas").scroll_into_view_if_needed()
    assert opened.locator("#count").inner_text() == f"{N_CLIPS} of {N_CLIPS} clips"
    opened.mouse.move(*point(opened, 7))
    told = opened.locator("#tip").inner_text()
    assert told.splitlines()[0] == "clip_0007.wav"
    assert "true: anger" in told
    assert "speaker: S1" in told
    assert "guess: " in told
    opened.mouse.click(*point(opened, 7))
    assert opened.locator("#chosen b").inner_text() == "clip_0007.wav"
    assert opened.locator("#player").evaluate(PLAYS)
    assert opened.evaluate("document.getElementById('player').duration") == pytest.approx(0.5, abs=0.05)

    opened.mouse.click(*point(opened, N_CLIPS - 1))
    assert "No copy of this clip" in opened.locator("#chosen").inner_text()

    opened.select_option("#filter-emotion", "1")
    assert opened.locator("#count").inner_text() == f"{N_CLIPS // 6} of {N_CLIPS} clips"
    opened.select_option("#filter-speaker", "0")
    assert opened.locator("#count").inner_text() == f"0 of {N_CLIPS} clips"
    opened.locator("canvas").scroll_into_view_if_needed()
    opened.mouse.move(*point(opened, 6))
    assert opened.locator("#tip").is_hidden()
    opened.select_option("#filter-speaker", "all")
    opened.select_option("#filter-emotion", "all")
    parts = []
    for value in ("0", "1"):
        opened.select_option("#filter-right-or-wrong", value)
        parts.append(int(opened.locator("#count").inner_text().split()[0]))
    assert sum(parts) == N_CLIPS
    assert min(parts) > 0
    opened.select_option("#filter-right-or-wrong", "all")
    opened.select_option("#filter-fold", "2")
    assert opened.locator("#count").inner_text() == f"{N_CLIPS // 3} of {N_CLIPS} clips"


def test_the_map_is_coloured_by_what_is_asked_for(opened):
    turn(opened, lambda: opened.goto(opened.url.partition("#")[0] + "#/map/0/1"))
    assert opened.locator("#legend li").count() == 6
    opened.select_option("#colour", "speaker")
    assert opened.locator("#legend li").all_inner_texts() == ["S0 (8)", "S1 (8)", "S2 (8)"]


def test_the_map_can_be_walked_by_keys(opened):
    turn(opened, lambda: opened.goto(opened.url.partition("#")[0] + "#/map/0"))
    opened.locator("canvas").focus()
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("Enter")
    assert opened.locator("#chosen b").inner_text() == "clip_0001.wav"


def test_seeds_of_a_system_are_one_row_that_opens_to_its_seeds(browser, make_result, tmp_path):
    results = [
        make_result(n_clips=N_CLIPS, system=f"{system}-seed{seed}", hit_rate=rate, seed=seed)
        for system, rate in (("weak", 0.2), ("strong", 0.9))
        for seed in range(3)
    ]
    comparisons = compare(results)
    sets = {
        comparison.slug: ClipSet(
            slug="vivae",
            corpus="vivae",
            labels=comparison.labels,
            clip_ids=results[0].predictions.clip_ids,
            truth=results[0].predictions.truth,
            clips={},
            maps=(),
            missing=(),
        )
        for comparison in comparisons
    }
    repeats = find_repeats(comparisons[0])
    path = tmp_path / "report.html"
    path.write_text(page.report_page(comparisons, (), sets, {}, repeats=[repeats]), encoding="utf-8")
    tab = browser.new_page()
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(path.as_uri())
    rows = tab.locator("#leaderboard tbody tr")
    assert rows.count() == 2
    tab.locator("#seeds").select_option("apart")
    assert rows.count() == 6
    tab.locator("#seeds").select_option("together")
    follow(tab, tab.get_by_role("link", name="strong", exact=True))
    assert tab.locator("tbody tr").count() == 3
    follow(tab, tab.get_by_role("link", name="Over seeds", exact=True))
    assert tab.locator("#intervals svg").count() == 1
    assert tab.locator("tbody tr").count() == 2
    tab.locator("#score").select_option("accuracy")
    assert "accuracy (percent)" in tab.locator("#intervals").inner_text()
    assert not errors
    tab.close()
