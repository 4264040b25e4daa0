"""Where files are kept, by what they are: the name of each is the SHA-256 of its bytes, in hexadecimal. A folder
outside the web root, or a bucket that speaks S3; FILES_URL says which."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import obstore
from flask import Flask, current_app
from obstore.store import S3Store

PIECE = 64 * 1024  # bytes handed on at a time


class Storage(Protocol):
    """One small interface for both. What is not there raises FileNotFoundError."""

    def put(self, data: bytes) -> str:
        """Keep `data` for good before returning, and return its name. Again is no harm, and makes it new."""

    def get(self, name: str) -> Iterator[bytes]:
        """The bytes, in pieces."""

    def exists(self, name: str) -> bool: ...

    def delete(self, name: str, before: datetime | None = None) -> bool:
        """Forget it; with `before`, only where it was last put before then. True where it has gone."""

    def older_than(self, at: datetime) -> Iterator[str]:
        """The names of all that were last put before `at`."""


class Folder:
    """Files in a folder of this machine, spread over 256 folders by the first two letters of their names."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        name = name_of(data)
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, place)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
            raise
        _sync(place.parent)
        return name

    def get(self, name: str) -> Iterator[bytes]:
        file = self._place(name).open("rb")

        def pieces() -> Iterator[bytes]:
            with file:
                while piece := file.read(PIECE):
                    yield piece

        return pieces()

    def exists(self, name: str) -> bool:
        return self._place(name).is_file()

    def delete(self, name: str, before: datetime | None = None) -> bool:
        place = self._place(name)
        try:
            if before is not None and _put_at(place) >= before:
                return False
            place.unlink()
        except FileNotFoundError:
            return True
        return True

    def older_than(self, at: datetime) -> Iterator[str]:
        for place in self.root.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                if _put_at(place) >= at:
                    continue
                if is_name(place.name):
                    yield place.name
                elif place.name.startswith("."):  # half written when the machine stopped
                    place.unlink()

    def _place(self, name: str) -> Path:
        return self.root / name[:2] / _checked(name)


class Bucket:
    """Objects in a bucket; `s3://[KEY:SECRET@]bucket[/prefix][?endpoint=https://…&region=…]`. Without a key, the
    machine's own: its role, or AWS_ACCESS_KEY_ID and what belongs to it."""

    PATIENCE = timedelta(seconds=15)
    ASKED = ("endpoint", "region")

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        said = {
            "access_key_id": unquote(parts.username or ""),
            "secret_access_key": unquote(parts.password or ""),
            **{name: values[0] for name, values in parse_qs(parts.query).items() if name in self.ASKED},
        }
        self.store = S3Store(
            parts.hostname,
            prefix=parts.path.strip("/") or None,
            config={name: value for name, value in said.items() if value},  # type: ignore[arg-type]
            client_options={
                "allow_http": said.get("endpoint", "").startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": self.PATIENCE,
            },
            retry_config={"max_retries": 3, "retry_timeout": self.PATIENCE},
        )

    def put(self, data: bytes) -> str:
        name = name_of(data)
        obstore.put(self.store, name, data)
        return name

    def get(self, name: str) -> Iterator[bytes]:
        found = obstore.get(self.store, _checked(name))
        return (bytes(piece) for piece in found.stream(min_chunk_size=PIECE))

    def exists(self, name: str) -> bool:
        try:
            obstore.head(self.store, _checked(name))
        except FileNotFoundError:
            return False
        return True

    def delete(self, name: str, before: datetime | None = None) -> bool:
        try:
            if before is not None and obstore.head(self.store, _checked(name))["last_modified"] >= before:
                return False
            obstore.delete(self.store, _checked(name))
        except FileNotFoundError:
            return True
        return True

    def older_than(self, at: datetime) -> Iterator[str]:
        for some in obstore.list(self.store):
            for each in some:
                if each["last_modified"] < at and is_name(each["path"]):
                    yield each["path"]


def storage() -> Storage:
    found: Storage = current_app.extensions["storage"]
    return found


def made(url: str) -> Storage:
    """The storage that a FILES_URL names: `s3://…` or `file:///…`."""
    return Bucket(url) if url.startswith("s3://") else Folder(Path(unquote(urlsplit(url).path)))


def name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_name(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def init_app(app: Flask) -> None:
    app.extensions["storage"] = made(app.config["FORUM"].files_url)


def _checked(name: str) -> str:
    """`name`, which never leads out of the folder. Raises FileNotFoundError for what is no name of ours."""
    if not is_name(name):
        raise FileNotFoundError(name)
    return name


def _put_at(place: Path) -> datetime:
    return datetime.fromtimestamp(place.stat().st_mtime, UTC)


def _sync(folder: Path) -> None:
    """Have the folder itself written down, so that a new name in it outlives a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
