"""The service under load: batches against one by one, memory over many requests, malformed bodies.

    python benchmarks/service.py data/EmoGator/data/mp3 [--rounds 5] [--requests 200] [--at-once 16]
        [--memory 10000] [--malformed 1000] [--model burst-recogniser] [--json FILE]

``--rounds 0`` and ``--memory 0 --malformed 0`` leave a part out. ``--model small`` is a head on log-mel
statistics, fitted for the occasion: the service is then what works, and 10,000 requests take minutes.

Two services run in processes of their own, one that asks clips together and one that asks them one by one;
this process sends the same clips to both in turns, so that a busy machine slows both. Medians over rounds.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

import numpy as np


class Service:
    """A service in a process of its own, and connections to it that are kept."""

    def __init__(self, model: str, *limits: str) -> None:
        command = [sys.executable, "-m", "nver", "serve", "--port", "0", "--no-access-log", "--model", model]
        for limit in ("max_waiting=256", "max_waiting_per_client=256", *limits):
            command += ["--limit", limit]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"running on http://([\d.]+):(\d+)", line):
                self.host, self.port = found[1], int(found[2])
                break
        else:
            sys.exit("the service did not start")
        self._connections = local()
        self._drained = ThreadPoolExecutor(1).submit(self.process.stderr.read)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body; one connection a thread."""
        if not hasattr(self._connections, "one"):
            self._connections.one = http.client.HTTPConnection(self.host, self.port, timeout=120)
        connection = self._connections.one
        connection.request(method, path, body, {"Content-Type": "application/octet-stream"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def memory_mb(self) -> float:
        """What the process holds, as /metrics has it."""
        self._connections = local()  # the one from before has been idle for too long
        text = self.ask("GET", "/metrics")[1].decode()
        found = re.search(r"^process_resident_memory_bytes (\S+)$", text, re.MULTILINE)
        assert found is not None
        return float(found[1]) / 1e6


@contextmanager
def running(model: str, *limits: str) -> Iterator[Service]:
    """A service that is told to end at the end."""
    service = Service(model, *limits)
    try:
        yield service
    finally:
        service.process.terminate()
        service.process.wait(60)


@dataclass(frozen=True)
class Load:
    """What a number of requests took."""

    per_s: float
    p50_ms: float
    p99_ms: float
    answers: list[dict[str, Any]]


def load(service: Service, clips: Sequence[bytes], *, n: int, at_once: int) -> Load:
    """Send ``n`` requests, so many of them at once."""

    def one(i: int) -> tuple[float, dict[str, Any]]:
        began = time.perf_counter()
        status, body = service.ask("POST", "/v1/predict", clips[i % len(clips)])
        assert status == 200, body
        return time.perf_counter() - began, json.loads(body)

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        seconds, answers = zip(*pool.map(one, range(n)), strict=True)
    took = time.perf_counter() - began
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e3
    return Load(n / took, float(p50), float(p99), list(answers))


def malformed(clips: Sequence[bytes], *, n: int) -> Iterator[bytes]:
    """Clips that were cut, changed, or go on as noise or as another clip."""
    rng = random.Random(0)  # noqa: S311 - bodies to break things with, no secrets
    for _ in range(n):
        body = bytearray(rng.choice(clips))
        at = rng.randrange(len(body))
        match rng.randrange(4):
            case 0:
                del body[at:]
            case 1:
                for _ in range(rng.randrange(1, 40)):
                    body[rng.randrange(min(rng.choice((64, 10**9)), len(body)))] = rng.randrange(256)
            case 2:
                body[at:] = rng.randbytes(5_000)
            case _:
                body[at:] = rng.choice(clips)
        yield bytes(body)


def in_turns(clips: Sequence[bytes], options: argparse.Namespace) -> dict[str, Any]:
    """Together against one by one."""
    with running(options.model) as together, running(options.model, "max_batch_clips=1") as alone:
        ways = {"together": together, "one by one": alone}
        loads: dict[str, list[Load]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, service in ways.items():
                loads[name].append(load(service, clips, n=options.requests, at_once=options.at_once))
        assert loads["together"][0].answers == loads["one by one"][0].answers, "a batch changed an answer"
        sizes = together.ask("GET", "/metrics")[1].decode()
    table: dict[str, Any] = {
        name: {
            key: round(statistics.median(getattr(one, key) for one in of), 1)
            for key in ("per_s", "p50_ms", "p99_ms")
        }
        for name, of in loads.items()
    }
    pairs = list(zip(loads["together"], loads["one by one"], strict=True))
    table["ratio"] = {
        key: round(statistics.median(getattr(a, key) / getattr(b, key) for a, b in pairs), 2)
        for key in ("per_s", "p50_ms", "p99_ms")
    }
    n_clips, n_calls = (float(re.search(rf"nver_batch_clips_{x} (\S+)", sizes)[1]) for x in ("sum", "count"))  # type: ignore[index]
    table["clips a call"] = round(n_clips / n_calls, 1)
    return table


def over_time(clips: Sequence[bytes], options: argparse.Namespace) -> dict[str, Any]:
    """Memory after every tenth of many requests, and of malformed bodies."""
    with running(options.model) as service:
        step = max(1, options.memory // 10)
        memory_mb = [service.memory_mb()]
        for _ in range(10 if options.memory else 0):
            load(service, clips, n=step, at_once=options.at_once)
            memory_mb.append(service.memory_mb())
            print(f"{memory_mb[-1]:.0f} MB", file=sys.stderr, flush=True)
        bodies = list(malformed(clips, n=options.malformed))
        with ThreadPoolExecutor(options.at_once) as pool:
            statuses = Counter(pool.map(lambda body: service.ask("POST", "/v1/predict", body)[0], bodies))
        assert not any(status >= 500 for status in statuses), statuses
        after_mb = service.memory_mb()
    return {
        "memory, MB, after every tenth": [round(mb) for mb in memory_mb],
        "malformed, by status": dict(statuses),
        "memory, MB, after malformed bodies": round(after_mb),
    }


def small_bundle(folder: Path) -> str:
    """A head on log-mel statistics of synthetic clips."""
    from nver import extract, load_encoder, open_corpus
    from nver.corpora.synthetic import synthesise
    from nver.embeddings.store import Store
    from nver.experiment import Experiment
    from nver.training.bundle import fit_bundle

    root = synthesise(folder / "clips", n_clips=66)
    corpus, encoder = open_corpus("vivae", root), load_encoder("logmel-stats")
    table = extract(corpus.clips, encoder, store=Store(folder / "store"), workers=0).table
    experiment = Experiment.model_validate(
        {
            "name": "small",
            "corpus": {"name": "vivae", "root": str(root)},
            "encoders": ["logmel-stats"],
            "head": {"kind": "fcn"},
            "training": {"max_epochs": 3},
        }
    )
    fit_bundle(experiment, corpus, [table], folder / "bundle", encoders=[encoder])
    return str(folder / "bundle")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--memory", type=int, default=10_000)
    parser.add_argument("--malformed", type=int, default=1_000)
    parser.add_argument("--model", default="burst-recogniser")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    paths = sorted(
        path for path in options.clips.rglob("*") if path.suffix in {".mp3", ".wav", ".flac", ".ogg"}
    )
    clips = [path.read_bytes() for path in paths[:: max(1, len(paths) // 64)]]
    assert clips, f"no clips below {options.clips}"
    found: dict[str, Any] = {
        "model": options.model,
        "clips": len(clips),
        "requests": {"a round": options.requests, "for memory": options.memory, "at once": options.at_once},
    }
    with tempfile.TemporaryDirectory() as folder:
        if options.model == "small":
            options.model = small_bundle(Path(folder))
        parts = [in_turns] * bool(options.rounds) + [over_time] * bool(options.memory or options.malformed)
        for part in parts:
            found |= part(clips, options)
    print(json.dumps(found, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
