"""A small service in this process, and clips for it."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from nver.service.app import create_app
from nver.service.auth import Tokens
from nver.service.limits import Limits
from nver.types import Samples

TOYS = Path(__file__).with_name("toys.py")


@pytest.fixture(scope="session")
def toys() -> ModuleType:
    """``toys.py`` beside this file."""
    spec = importlib.util.spec_from_file_location("service_toys", TOYS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def network(toys: ModuleType) -> Any:
    return toys.ToyNetwork()


@pytest.fixture
def serving(toys: ModuleType, network: Any) -> Iterator[Callable[..., TestClient]]:
    """``serving(max_waiting=1, tokens=[...])``: a client of a running service with these limits."""
    with ExitStack() as stack:

        def start(
            *, tokens: tuple[str, ...] = (), names: tuple[str, ...] = ("toy",), **limits: Any
        ) -> TestClient:
            recognisers = [toys.toy(network, name=name) for name in names]
            app = create_app(recognisers, limits=Limits(**limits), tokens=Tokens(tokens))
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            network.sizes.clear()
            return client

        yield start
        network.gate.set()


@pytest.fixture
def client(serving: Callable[..., TestClient]) -> TestClient:
    return serving()


@pytest.fixture(scope="session")
def waves() -> list[Samples]:
    """Loud and quiet tones, noise, silence, one sample."""
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(4000) / 8, dtype=np.float32)
    noise = rng.normal(size=3000).astype(np.float32)
    return [tone, 0.01 * tone, 0.3 * noise, np.zeros(500, np.float32), np.ones(1, np.float32)]


@pytest.fixture(scope="session")
def wav() -> Callable[..., bytes]:
    """A wave as an encoded file."""

    def encode(
        wave: Samples, *, rate_hz: int = 16_000, container: str = "WAV", subtype: str = "FLOAT"
    ) -> bytes:
        sink = io.BytesIO()
        soundfile.write(sink, wave, rate_hz, format=container, subtype=subtype)
        return sink.getvalue()

    return encode


@pytest.fixture(scope="session")
def clips(waves: list[Samples], wav: Callable[..., bytes]) -> list[bytes]:
    """The waves as float WAV files."""
    return [wav(wave) for wave in waves]
