"""The page in a browser: a microphone that plays a file, dropped files, downloads, a phone."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page needs the extra 'app'")
uvicorn = pytest.importorskip("uvicorn")
api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium on the path: the page is not tried in a browser"
    ),
    # Gradio, and what it brings, warn of one another.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from nver.app.server import application

    with application(["burst-recogniser"]) as app, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """Three bursts of the synthesiser; the fake microphone plays it again and again."""
    from nver.app.examples import make

    return make(tmp_path_factory.mktemp("sounds") / "examples")[0]


@pytest.fixture(scope="module")
def browser(recording):
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={recording}",
            ],
        )
        yield started
        started.close()


@pytest.fixture
def page(browser, address):
    context = browser.new_context(permissions=["microphone"], accept_downloads=True)
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(address)
    opened.get_by_role("tab", name="One recording").wait_for()
    yield opened
    strangers = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert not strangers, "the page asked another host"
    context.close()


def upload(page, recording: Path) -> None:
    page.locator("#recording").get_by_label("Upload file").click()
    page.locator("#recording input[type=file]").set_input_files(recording)


def drop(page, recording: Path) -> None:
    upload(page, recording)
    page.locator(".burst").first.wait_for(timeout=60_000)


def rows(page) -> list[list[str]]:
    found = page.locator("#bursts tbody tr")
    return [row.locator("td").all_inner_texts() for row in found.all() if row.is_visible()]


def test_what_the_microphone_hears_is_marked_named_and_saved(page, tmp_path):
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(4000)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator(".burst").first.wait_for(timeout=60_000)
    n_bursts = page.locator(".burst").count()
    assert n_bursts >= 1
    assert f"{n_bursts} burst" in page.locator("#said").inner_text()
    with page.expect_download() as saved:
        page.locator("#save-csv").click()
    saved.value.save_as(tmp_path / "bursts.csv")
    with (tmp_path / "bursts.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == n_bursts


def test_a_click_on_a_burst_plays_it_and_shows_its_bars(page, recording):
    drop(page, recording)
    assert page.locator(".burst").count() == 3
    second = page.locator(".burst").nth(1)
    second.click()
    page.get_by_text("Burst 2:").wait_for()
    page.wait_for_function("!document.querySelector('#waveform audio').paused")
    page.wait_for_function("document.querySelector('#waveform audio').paused")
    stopped_s = page.evaluate("document.querySelector('#waveform audio').currentTime")
    assert abs(stopped_s - float(second.get_attribute("data-end"))) < 0.3
    assert len(page.locator("#bars").inner_text().split("%")) > 5


def test_coarser_classes_and_a_threshold_change_what_is_said(page, recording):
    drop(page, recording)
    page.get_by_label("“Not sure” below (%)").first.fill("100")
    page.get_by_label("“Not sure” below (%)").first.press("Enter")
    page.wait_for_function("document.querySelectorAll('.burst.unsure').length == 3", timeout=20_000)
    page.get_by_label("Categories").click()
    page.get_by_role("option", name="arousal").click()
    page.wait_for_function("/high|low/i.test(document.querySelector('#bars').innerText)", timeout=60_000)


def test_what_is_no_audio_is_said_in_one_sentence(page, tmp_path):
    bad = tmp_path / "notes.wav"
    bad.write_bytes(b"these are words")
    upload(page, bad)
    said = page.locator(".toast-wrap")
    said.get_by_text("cannot decode notes.wav: ").wait_for(timeout=30_000)
    assert "expected WAV, FLAC, MP3" in said.inner_text()


def test_nothing_is_wider_than_a_phone(page, recording):
    page.set_viewport_size({"width": 390, "height": 844})
    drop(page, recording)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_many_files_are_named_in_one_table(page, recording, tmp_path):
    page.get_by_role("tab", name="Many files").click()
    clips = sorted(path for path in recording.parent.iterdir() if path != recording)
    page.locator("#clips input[type=file]").set_input_files(clips)
    for clip in clips:
        shown = "name => document.querySelector('#files').innerText.includes(name)"
        page.wait_for_function(shown, arg=clip.name, timeout=60_000)
    with page.expect_download() as saved:
        page.locator("#save-files").click()
    saved.value.save_as(tmp_path / "clips.csv")
    with (tmp_path / "clips.csv").open(newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == [clip.name for clip in clips]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_recordings_go_when_the_page_is_stopped(number, tmp_path):
    running = subprocess.Popen(
        [sys.executable, "-m", "nver", "app", "--port", "0"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("nver-app-*/downloads")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(3)  # the page is built, the server listens
    running.send_signal(number)
    running.wait(60)
    assert not list(tmp_path.glob("nver-app-*"))
