"""What people send us as files, before anything of it is kept. The type is told by content; what is to be done with
it is done in a process of its own, with little memory and time, so that nothing that is sent can stop the site."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import puremagic
import structlog

LARGEST = 10 * 1024 * 1024  # bytes, of one file
MEMORY = 1024 * 1024 * 1024  # bytes of address space
SECONDS = 30
AT_ONCE = 2  # in each process of the site

HERE = Path(__file__).parent
TREATED_BY = {
    "image/jpeg": HERE / "pictures.py",
    "image/png": HERE / "pictures.py",
    "image/webp": HERE / "pictures.py",
    "application/pdf": HERE / "papers.py",
}
KNOWN = "must be a JPEG, PNG or WebP picture, or a PDF"
INSTEAD = {
    "image/heif": f"{KNOWN}. Send it from your telephone as a JPEG, or save it as one",
    "image/avif": f"{KNOWN}. Save it as a JPEG",
    "image/gif": f"{KNOWN}. Save it as a PNG",
    "image/svg+xml": f"{KNOWN}. Save the drawing as a PNG",
    "application/msword": f"{KNOWN}. Save the document as a PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
        f"{KNOWN}. Save the document as a PDF"
    ),
}
DAMAGED = "is damaged or not complete. Save it again and try once more"

log = structlog.get_logger("forum.intake")
_turn = threading.BoundedSemaphore(AT_ONCE)


class Unfit(Exception):
    """The file is not taken; the message goes on from its name: "must …" or "is …"."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture in one width, as WebP."""

    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """The narrowest rendition first."""

    renditions: tuple[Rendition, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF written anew."""

    data: bytes


def taken_in(data: bytes) -> Picture | Paper:
    """What may be kept of a file. Raises Unfit with what to tell the person who sent it."""
    if not data:
        raise Unfit("is empty")
    if len(data) > LARGEST:
        raise Unfit(f"must be {LARGEST // 1024**2} MB or smaller")
    type = type_of(data)
    if type not in TREATED_BY:
        raise Unfit(INSTEAD.get(type, KNOWN))
    head, body = _treated(data, type)
    if "unfit" in head:
        raise Unfit(head["unfit"])
    return Picture(tuple(_cut(head["renditions"], body))) if "renditions" in head else Paper(body)


def type_of(data: bytes) -> str:
    """The media type that its first bytes tell; empty where they tell none."""
    try:
        return str(puremagic.magic_string(data[:4096])[0].mime_type)
    except (puremagic.PureError, ValueError):
        return ""


def _treated(data: bytes, type: str) -> tuple[dict[str, Any], bytes]:
    """What the process says of the file, and what it made."""
    command = [sys.executable, "-I", str(TREATED_BY[type]), type]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with _turn, subprocess.Popen(command, env={}, **pipes) as process:  # type: ignore[call-overload]  # noqa: S603
        resource.prlimit(
            process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY)
        )  # it waits for its input until then
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
        try:
            out, said = process.communicate(data, timeout=2 * SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, said = b"", b"out of time"
    if process.returncode:
        log.info(
            "a file could not be read", type=type, size=len(data), why=said.decode(errors="replace")[-200:]
        )
        raise Unfit(DAMAGED)
    head, _, body = out.partition(b"\n")
    return json.loads(head), body


def _cut(sizes: list[tuple[int, int, int]], body: bytes) -> list[Rendition]:
    made, at = [], 0
    for width, height, length in sizes:
        made.append(Rendition(width, height, body[at : at + length]))
        at += length
    return made
