"""Numbers for Prometheus: how many requests, how they ended, how long they took.

The process counts what Flask answers. What the porch answers never comes as far as this, so it costs nothing.
"""

from __future__ import annotations

from ipaddress import ip_address
from time import perf_counter
from typing import Any

from flask import Flask, Request, Response, g, request, request_finished, request_started
from flask.blueprints import BlueprintSetupState
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


class Metrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "forum_requests",
            "Requests that Flask answered.",
            ("endpoint", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "forum_request_seconds",
            "How long Flask took to answer.",
            ("endpoint",),
            buckets=SECONDS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def start(self, app: Flask, **_: Any) -> None:
        g.started = perf_counter()

    def finish(self, app: Flask, response: Response, **_: Any) -> None:
        endpoint = request.endpoint or "none"
        method = request.method if request.method in METHODS else "other"
        self.requests.labels(endpoint, method, response.status_code).inc()
        self.seconds.labels(endpoint).observe(perf_counter() - g.get("started", perf_counter()))


def follow(state: BlueprintSetupState) -> None:
    """Count every request of the app that the blueprint is registered with."""
    counts = Metrics()
    state.app.extensions["metrics"] = counts
    request_started.connect(counts.start, state.app)
    request_finished.connect(counts.finish, state.app)


def asked_on_this_machine(request: Request) -> bool:
    """True for a program on this machine. A proxy on this machine is not one: it speaks for someone else."""
    if any(name in request.headers for name in FORWARDED):
        return False
    return request.remote_addr is not None and ip_address(request.remote_addr).is_loopback


def answer(app: Flask) -> Response:
    counts: Metrics = app.extensions["metrics"]
    response = Response(generate_latest(counts.registry), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response
