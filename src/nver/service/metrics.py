"""What Prometheus is told: requests, batches, audio, memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nver.service.admission import Admission

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_CLIPS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Instruments of one app, in a registry of its own.

    Args:
        admissions: Who knows what is under way.
    """

    def __init__(self, admissions: Sequence[Admission]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "nver_requests", "Requests by route and status.", ("route", "status"), registry=self.registry
        )
        self.request_s = Histogram(
            "nver_request_seconds",
            "From a request's first byte to its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_clips = Histogram(
            "nver_batch_clips", "Clips asked together.", buckets=_CLIPS, registry=self.registry
        )
        self.network_s = Histogram(
            "nver_network_seconds", "A call of the network.", buckets=_SECONDS, registry=self.registry
        )
        self.audio_s = Counter("nver_audio_seconds", "Audio that was decoded.", registry=self.registry)
        under_way = Gauge(
            "nver_under_way", "Let in and not answered, by kind.", ("kind",), registry=self.registry
        )
        for admission in admissions:
            under_way.labels(admission.what).set_function(partial(_count, admission))
        ProcessCollector(registry=self.registry)

    def asked(self, n_clips: int, seconds: float) -> None:
        """A call of the network, as ``Batcher`` tells of it."""
        self.batch_clips.observe(n_clips)
        self.network_s.observe(seconds)

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self.registry)


def _count(admission: Admission) -> float:
    return admission.n_under_way


class Measured:
    """ASGI middleware: counts and times what an app answers over HTTP."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting_the_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_the_status)
        finally:
            # The route's own path, never the request's: those would be a series each.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.request_s.labels(route).observe(time.perf_counter() - began)
