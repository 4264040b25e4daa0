"""The lines of a file of posts: a JSON object each, with thread, author, subject, body and date."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from forum.core.characters import clean_text
from forum.seed.digest import digest
from forum.seed.encodings import decoded, mended
from forum.seed.headers import name_and_key

LONGEST_LINE = 1024 * 1024
LONGEST_BODY = 100_000


class BadLine(ValueError):
    """A line that cannot be a post; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says. `thread` and `author` are what Thread and User keep as imported_as; `submission` is
    what Post keeps, and the line is known by."""

    thread: str
    author: str
    name: str
    subject: str
    body: str
    date: Any
    submission: str


class Reader:
    """Reads the lines of one run, which become threads under the prompt with that slug."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        # On disk, and gone when closed: what has been seen does not stay in memory.
        self._seen = sqlite3.connect("")
        self._seen.execute("CREATE TABLE seen (line TEXT PRIMARY KEY, times INTEGER) WITHOUT ROWID")

    def read(self, raw: bytes) -> Line:
        """What `raw` says. Raises BadLine."""
        if len(raw) > LONGEST_LINE:
            raise BadLine(f"longer than {LONGEST_LINE:,} bytes")
        try:
            found = json.loads(decoded(raw))
        except (ValueError, RecursionError):
            raise BadLine("not JSON") from None
        if not isinstance(found, dict):
            raise BadLine("not a JSON object")
        key = found.get("thread")
        if isinstance(key, int) and not isinstance(key, bool):
            key = str(key)
        if key is None or key == "":
            raise BadLine("no thread")
        if not isinstance(key, str):
            raise BadLine("thread is not text")
        texts: dict[str, str | None] = {}
        for name in ("author", "subject", "body"):
            texts[name] = found.get(name)
            if not isinstance(texts[name], str | None):
                raise BadLine(f"{name} is not text")
        body = mended(texts["body"] or "")
        if not body.strip():
            raise BadLine("empty body")
        if len(body) > LONGEST_BODY:
            raise BadLine(f"body longer than {LONGEST_BODY:,} characters")
        thread = _thread_key(self._prompt, key)
        name, author = name_and_key(texts["author"] or "")
        content = digest(thread, texts["author"], texts["subject"], texts["body"], found.get("date"))
        return Line(
            thread=thread,
            author=author,
            name=name,
            subject=texts["subject"] or "",
            body=body,
            date=found.get("date"),
            submission="import:" + digest(content, self._times(content)),
        )

    def _times(self, content: str) -> int:
        """How many times this run has met this very line, this one included."""
        return int(
            self._seen.execute(
                "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
                (content,),
            ).fetchone()[0]
        )


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of `file`, blank ones too; of a line that is far too long only the beginning."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE + 1)


def _thread_key(prompt: str, key: str) -> str:
    """What Thread keeps of the file's own name for a thread."""
    whole = f"{prompt}:{key}"
    return whole if len(whole) <= 200 and clean_text(key) == key else f"{prompt}:{digest(key)}"
