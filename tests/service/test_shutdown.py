"""A real process that is told to end answers what it has taken."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

SLOW = Path(__file__).with_name("toys.py")


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A service whose network takes 0.5 s for every two clips, and its address."""
    process = subprocess.Popen([sys.executable, SLOW, "0.5"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                yield process, found[1]
                break
        else:
            pytest.fail("the service did not start")
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def n_under_way(client: httpx.Client) -> float:
    found = re.search(r'^nver_under_way\{kind="requests"\} (\S+)$', client.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_all_requests_under_way_are_answered_after_sigterm(process, clips):
    running, address = process
    n_requests = 8
    with httpx.Client(base_url=address, timeout=30) as client, ThreadPoolExecutor(n_requests) as pool:
        sent = [
            pool.submit(httpx.post, f"{address}/v1/predict", content=clips[i % 5], timeout=30)
            for i in range(n_requests)
        ]
        deadline = time.monotonic() + 10
        while n_under_way(client) < n_requests // 2:
            assert time.monotonic() < deadline
        running.send_signal(signal.SIGTERM)
        answers = [one.result() for one in sent]
    assert [answer.status_code for answer in answers] == [200] * n_requests
    assert running.wait(10) in (0, -signal.SIGTERM)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/healthz")
