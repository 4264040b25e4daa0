"""One worker of the production server, as `flask serve` starts it: for the site, and for the bare Flask."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
PORTS = range(20_000, 32_000)  # below those that the system gives to connections


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]

    def memory(self) -> float:
        """The resident memory of the worker, in MB."""
        status = (self._worker / "status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def cpu(self) -> float:
        """Seconds of processor time that the worker has taken so far."""
        fields = (self._worker / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def _worker(self) -> Path:
        """What Linux tells of granian's one child."""
        pid = self.process.pid
        return Path("/proc") / Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]


@contextlib.contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[Server]:
    """The site, by `flask serve`, with these settings."""
    port = _free_port()
    settings = {
        "FLASK_APP": "wsgi",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": "1",
        "LOG_LEVEL": "WARNING",
        **environment,
    }
    with _started([str(BIN / "flask"), "serve"], port, settings) as server:
        yield server


@contextlib.contextmanager
def hello(threads: int) -> Iterator[Server]:
    """tests/bench/hello.py, with the arguments that `flask serve` gives."""
    port = _free_port()
    arguments = [
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--blocking-threads",
        str(threads),
        "--no-ws",
        "--static-path-route",
        "/static",
        "--static-path-mount",
        str(ROOT / "static"),
        "--log-level",
        "warning",
        "tests.bench.hello:app",
    ]
    with _started([str(BIN / "granian"), *arguments], port, {}) as server:
        yield server


@contextlib.contextmanager
def _started(command: list[str], port: int, settings: Mapping[str, str]) -> Iterator[Server]:
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health", headers={"Host": "conversation.example"})
            connection.getresponse().read()
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}")
