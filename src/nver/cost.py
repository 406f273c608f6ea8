"""What a system costs on this machine: parameters, multiply-adds, time and memory for one clip at a time.

Each system is measured in a fresh process that has one core and one thread from its first import on. A clip's
time is given twice: as the clock shows it, and as the time that the processor spent on it, which other
processes change less; the real-time factor is made of the latter.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nver.config import FrozenModel
from nver.errors import ConfigError, NverError
from nver.experiment import EncoderSpec
from nver.heads.specs import FCNSpec, HeadSpec
from nver.types import RATE_HZ, Samples

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


class System(FrozenModel):
    """What is measured: an encoder with a head behind it, or a recogniser.

    Attributes:
        encoder: None for a recogniser.
        head: On the encoder's embedding.
        n_classes: Of the head.
        bundle: Name or folder of a recogniser; None for an encoder.
    """

    encoder: EncoderSpec | None = None
    head: HeadSpec = FCNSpec()
    n_classes: int = 6
    bundle: str | None = None

    @property
    def name(self) -> str:
        """``burst-mamba + fcn``, or the recogniser's name."""
        return f"{self.encoder.name} + {self.head.kind}" if self.encoder else Path(str(self.bundle)).name


@dataclass(frozen=True)
class Cost:
    """Of one clip.

    Attributes:
        system: Its name.
        encoder: Its encoder; empty for a recogniser.
        head: The kind of its head; empty for a recogniser.
        weights: ``random`` where only the architecture is the true one.
        clip_s: Length of the clip.
        encoder_parameters: Of a recogniser all of them.
        head_parameters: Of the head alone.
        multiply_adds: Of both; None where they cannot be counted.
        latency_ms: Median by the clock.
        cpu_ms: Median of the processor's time.
        real_time_factor: Processor time over the length of the clip.
        peak_mb: Largest resident memory of the process, libraries included.
        own_mb: What of it came after the libraries were loaded.
        n_repeats: Times the clip was asked about, after two that do not count.
        load: Processes that wanted a core when the measuring began, as the system's average over a minute.
    """

    system: str
    encoder: str
    head: str
    weights: str
    clip_s: float
    encoder_parameters: int
    head_parameters: int
    multiply_adds: int | None
    latency_ms: float
    cpu_ms: float
    real_time_factor: float
    peak_mb: float
    own_mb: float
    n_repeats: int
    load: float


def measure(system: System, *, clip_s: float = 2.0, n_repeats: int = 20) -> Cost:
    """What a system costs, measured in a process of its own.

    Args:
        system: Which.
        clip_s: Length of the clip in seconds.
        n_repeats: How often, for the medians.

    Raises:
        ConfigError: There is no such encoder or recogniser, or its weights are not here.
        NverError: The process ended otherwise; the sentence is its last.
    """
    if system.encoder is None and system.bundle is None:
        raise ConfigError("a system is an encoder or a recogniser; name one")
    job = {"system": system.model_dump(mode="json"), "clip_s": clip_s, "n_repeats": n_repeats}
    code = f"import sys; sys.path[:] = {sys.path!r}; from nver.cost import serve; serve()"
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(  # noqa: S603  our own interpreter, our own code
        [sys.executable, "-c", code],
        input=json.dumps(job),
        env=os.environ | dict.fromkeys(_THREADS, "1"),
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
    if "cost" not in answer:
        said = answer.get("error") or " ".join(done.stderr.split()[-40:])
        raise (ConfigError if "error" in answer else NverError)(f"{system.name} cannot be measured: {said}")
    return Cost(**answer["cost"])


def serve() -> None:
    """What the process runs: reads one job from standard input, prints its answer as a line of JSON."""
    job = json.loads(sys.stdin.read())
    try:
        cost = _measured(System(**job["system"]), clip_s=job["clip_s"], n_repeats=job["n_repeats"])
    except NverError as error:
        answer: dict[str, Any] = {"error": str(error)}
    else:
        answer = {"cost": asdict(cost)}
    sys.stdout.write(json.dumps(answer) + "\n")


def _measured(system: System, *, clip_s: float, n_repeats: int) -> Cost:
    import torch

    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    wave = (0.1 * np.random.default_rng(0).standard_normal(round(clip_s * RATE_HZ))).astype(np.float32)
    prepare = _recogniser if system.bundle is not None else _encoder_and_head
    _import_all()
    before_mb = _resident_mb("VmRSS")
    ask, about = prepare(system, wave)
    by_clock, by_processor = [], []
    for i in range(n_repeats + 2):  # the first ones compile kernels and fill caches
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        ask()
        if i >= 2:
            by_processor.append(time.process_time() - began_cpu_s)
            by_clock.append(time.perf_counter() - began_s)
    peak_mb = _resident_mb("VmHWM")
    cpu_s = statistics.median(by_processor)
    return Cost(
        system=system.name,
        clip_s=clip_s,
        multiply_adds=_multiply_adds(system, clip_s),
        latency_ms=1000 * statistics.median(by_clock),
        cpu_ms=1000 * cpu_s,
        real_time_factor=cpu_s / clip_s,
        peak_mb=peak_mb,
        own_mb=max(0.0, peak_mb - before_mb),
        n_repeats=n_repeats,
        load=load,
        **about,
    )


def _import_all() -> None:
    """What every system needs, so that its memory is not counted as the system's own."""
    from nver import encoders, heads, recogniser
    from nver.kernels import numba_scan

    del encoders, heads, recogniser, numba_scan


def _encoder_and_head(system: System, wave: Samples) -> tuple[Callable[[], object], dict[str, Any]]:
    import torch

    from nver.encoders import load_encoder
    from nver.encoders.base import is_random
    from nver.heads.build import build

    assert system.encoder is not None  # noqa: S101  the caller chose by it
    encoder = load_encoder(system.encoder.name, **system.encoder.options)
    head = build(system.head, [encoder.dim], system.n_classes).eval()

    def ask() -> object:
        with torch.inference_mode():
            return head((torch.from_numpy(encoder.embed([wave])),)).logits

    return ask, {
        "encoder": system.encoder.name,
        "head": system.head.kind,
        "weights": "random" if is_random(encoder.fingerprint) else "own",
        "encoder_parameters": encoder.card.parameters,
        "head_parameters": sum(weight.numel() for weight in head.parameters()),
    }


def _recogniser(system: System, wave: Samples) -> tuple[Callable[[], object], dict[str, Any]]:
    from nver.recogniser.bundle import find_bundle, read_card
    from nver.recogniser.recogniser import Recogniser

    recogniser = Recogniser.load(str(system.bundle))
    return lambda: recogniser.logits([wave]), {
        "encoder": "",
        "head": "",
        "weights": "own",
        "encoder_parameters": read_card(find_bundle(str(system.bundle))).weights.n_parameters,
        "head_parameters": 0,
    }


def _multiply_adds(system: System, clip_s: float) -> int | None:
    if system.bundle is not None:
        return _of_bundle(system.bundle, clip_s)
    import torch

    from nver.encoders import load_encoder
    from nver.encoders.macs import counted, n_multiply_adds
    from nver.heads.build import build

    assert system.encoder is not None  # noqa: S101  as above
    of_encoder = n_multiply_adds(system.encoder.name, clip_s=clip_s)
    if of_encoder is None:
        return None
    dim = load_encoder(system.encoder.name, **system.encoder.options).dim
    # In double precision every product is torch's own, and can be seen.
    head = build(system.head, [dim], system.n_classes).double().eval()
    return of_encoder + counted(head, lambda: head((torch.zeros(1, dim, dtype=torch.float64),)))


def _of_bundle(bundle: str, clip_s: float) -> int | None:
    """Of a committee of the family burst; None for other recognisers."""
    import torch

    from nver.encoders.macs import WINDOW_S, counted
    from nver.models.burst import BurstNetwork, BurstShape
    from nver.recogniser.bundle import find_bundle, read_card
    from nver.recogniser.card import NetworkSystem

    card = read_card(find_bundle(bundle)).card
    if not isinstance(card.system, NetworkSystem) or card.system.family != "burst":
        return None
    total = 0
    for shape in card.system.config["shapes"]:
        network = BurstNetwork.random(BurstShape(**shape), seed=0).eval()
        total += counted(network, partial(network, torch.zeros(1, 200, 80)))
        total += network.shape.width * len(card.labels)
    return total * math.ceil(clip_s / WINDOW_S)


def _resident_mb(line: str) -> float:
    """``VmRSS`` (now) or ``VmHWM`` (at most) of this process, in MB."""
    # What getrusage calls the largest is the parent's where that was larger when it started this process.
    for text in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if text.startswith(line):
            return int(text.split()[1]) * 1024 / 1e6
    raise NverError(f"this system's /proc/self/status has no {line}; memory is measured on Linux alone")
