"""Requests by the thousand, from connections that each send the next request once they have the last answer.

wrk where this machine has it. Without it a loop in Python, which itself takes as long as the fastest answers.
"""

from __future__ import annotations

import http.client
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 8
SCRIPT = Path(__file__).with_name("load.lua")
HOST = "conversation.example"


class Wrong(RuntimeError):
    """The site answered otherwise than it should; a figure would mean nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def raw(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Run:
    """One run; latencies in milliseconds, the rest in seconds. `cpu` is the worker's."""

    requests: int
    seconds: float
    p50: float
    p99: float
    bytes: int
    wrong: int
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    return (
        "wrk" if shutil.which("wrk") else "a loop in Python (wrk is not installed: fast answers look slower)"
    )


def ask(port: int, request: Request, status: int) -> bytes:
    """Send one request and look at the answer. Raises Wrong where it is not `status`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(request.method, request.path, request.body, {"Host": HOST, **request.headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != status:
        raise Wrong(f"{request.method} {request.path} answered {answer.status}, not {status}: {body[:500]!r}")
    return body


def drive(port: int, requests: Sequence[Request], seconds: int, again: bool) -> Run:
    """Send `requests` for as long as `seconds`: over and over, or, without `again`, each only once."""
    raw = [request.raw for request in requests]
    run = _wrk(port, raw, seconds, again) if shutil.which("wrk") else _loop(port, raw, seconds, again)
    if run.wrong or not run.requests:
        raise Wrong(f"{run.wrong} of {run.requests} answers to {requests[0].path} and its like were errors")
    return run


def _wrk(port: int, raw: Sequence[bytes], seconds: int, again: bool) -> Run:
    with tempfile.NamedTemporaryFile(prefix="bench-requests-") as file:
        for one in raw:
            file.write(b"%d\n" % len(one) + one)
        file.flush()
        done = subprocess.run(
            [
                "wrk",
                "-t1",
                f"-c{CONNECTIONS}",
                f"-d{seconds}s",
                "--timeout",
                "30s",
                "-s",
                str(SCRIPT),
                f"http://127.0.0.1:{port}/",
                "--",
                file.name,
                "again" if again else "once",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RUN "))
    count, length, p50, p99, size, wrong = line.split()[1:]
    return Run(int(count), float(length), float(p50), float(p99), int(size), int(wrong))


def _loop(port: int, raw: Sequence[bytes], seconds: int, again: bool) -> Run:
    with selectors.DefaultSelector() as ready:
        return _Loop(port, raw, again, ready).run(seconds)


class _Loop:
    """Everything in one thread. An answer has a Content-Length, or is a 304, which has no body."""

    def __init__(self, port: int, raw: Sequence[bytes], again: bool, ready: selectors.BaseSelector) -> None:
        self.raw, self.again, self.ready = raw, again, ready
        self.next, self.bytes, self.wrong = 0, 0, 0
        self.times: list[float] = []
        self.sockets = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(CONNECTIONS)]
        self.sent: dict[socket.socket, float] = {}
        self.got: dict[socket.socket, bytes] = {}

    def run(self, seconds: int) -> Run:
        began = time.perf_counter()
        for each in self.sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.ready.register(each, selectors.EVENT_READ)
            self._send(each)
        while self.sent and time.perf_counter() - began < seconds:
            for key, _ in self.ready.select(timeout=1):
                self._read(key.fileobj)  # type: ignore[arg-type]
        length = time.perf_counter() - began
        for each in self.sockets:
            each.close()
        times = sorted(self.times)
        p50, p99 = (times[int(len(times) * part)] * 1000 for part in (0.5, 0.99))
        return Run(len(times), length, p50, p99, self.bytes, self.wrong)

    def _send(self, each: socket.socket) -> None:
        if self.next == len(self.raw):
            if not self.again:
                return
            self.next = 0
        self.got[each], self.sent[each] = b"", time.perf_counter()
        each.sendall(self.raw[self.next])
        self.next += 1

    def _read(self, each: socket.socket) -> None:
        got = self.got[each] = self.got[each] + each.recv(262_144)
        head, end, body = got.partition(b"\r\n\r\n")
        if not end or (length := _length(head.lower())) > len(body):
            return
        self.times.append(time.perf_counter() - self.sent.pop(each))
        self.bytes += len(head) + 4 + length
        self.wrong += head[9:10] not in b"23"
        self._send(each)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found and b" 304 " not in head[:16] else 0
