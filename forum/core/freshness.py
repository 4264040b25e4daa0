"""Reading fast. A view says which versions its page rests on; one indexed read of them answers the ETag, and
the porch, a WSGI door in front of Flask, gives a visitor a page that has been rendered before.

Nothing is ever thrown away by hand: a new version is a new key."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, make_response, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine
from werkzeug.http import http_date

from forum.core import own
from forum.core.db import db

VISITORS_MAY_KEEP = "public, max-age=0, s-maxage=10, stale-while-revalidate=30"
PERSONAL = "private, no-store"
GZIPPED = "-gz"

Version = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rests:
    """What a page rests on: a SELECT of one row, its version, whose last column is when it last changed.

    `query` has `{}` where each of `values` goes."""

    query: str
    values: tuple[int | str, ...] = ()


def fresh(
    rests_on: Callable[..., Rests], *, public: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Answer 304 before the view runs where the reader already has this version; else run it and say the ETag.

    `rests_on` takes the view's own arguments. Where its row is missing the view runs, and says 404. What is
    `public` is the same for everyone: nobody asks who reads it."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if not public and "_flashes" in session:  # a notice waits: this answer is for one person, once
                return view(*args, **kwargs)  # type: ignore[no-any-return]
            rests = rests_on(*args, **kwargs)
            version = versions().read(rests)
            if version is None:
                return view(*args, **kwargs)  # type: ignore[no-any-return]
            stamp = "" if public else own.stamp()
            mark = Mark(rests, version, _etag(version, stamp), changed_at(version))
            if mark.known_to(request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")):
                response = Response(status=304)
            else:
                response = make_response(view(*args, **kwargs))
                if response.status_code != 200:
                    return response
            response.headers["ETag"] = f'"{mark.etag}"'
            response.headers["Cache-Control"] = PERSONAL if stamp else VISITORS_MAY_KEEP
            response.headers["Vary"] = "Accept-Encoding"
            if mark.is_settled:
                response.headers["Last-Modified"] = http_date(mark.changed)
            response.mark = mark  # type: ignore[attr-defined]
            return response

        return checked

    return decorate


@dataclass(frozen=True, slots=True)
class Mark:
    """The freshness of one answer: what it rests on, the version read before it was made, and its validators."""

    rests: Rests
    version: Version
    etag: str
    changed: float

    @property
    def is_settled(self) -> bool:
        """A date of whole seconds is safe to compare only once that second is over (RFC 9110 §8.8.2.2)."""
        return time.time() - self.changed >= 1.0

    def known_to(self, none_match: str | None, modified_since: str | None) -> bool:
        """True where the reader holds this very version. An ETag outranks a date (RFC 9110 §13.2.2)."""
        if none_match is not None:
            return self.etag in {
                tag.strip().removeprefix("W/").strip('"').removesuffix(GZIPPED)
                for tag in none_match.split(",")
            }
        return modified_since is not None and self.is_settled and modified_since == http_date(self.changed)


class Versions:
    """Raw reads of single rows: one connection a thread, in autocommit, so each read sees the last commit."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._engine: Engine | None = None
        self._mine = threading.local()
        self._spelled: dict[str, str] = {}

    def read(self, rests: Rests) -> Version | None:
        return self.row(rests.query, rests.values)

    def row(self, query: str, values: tuple[int | str, ...]) -> tuple[Any, ...] | None:
        """The first row of `query`, a SELECT with `{}` where each of `values` goes."""
        cursor = getattr(self._mine, "cursor", None) or self._connect()
        sql = self._spelled.get(query) or self._spell(query)
        try:
            row = cursor.execute(sql, values).fetchone()
        except self._lost:
            row = self._connect().execute(sql, values).fetchone()
        return tuple(row) if row is not None else None

    def _connect(self) -> Any:
        if self._engine is None:
            with self._app.app_context():
                self._engine = db.engine
                self._lost = db.engine.dialect.loaded_dbapi.Error
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        if self._engine.dialect.name == "postgresql":
            connection.autocommit = True
        self._mine.connection = connection
        self._mine.cursor = connection.cursor()
        return self._mine.cursor

    def _spell(self, query: str) -> str:
        assert self._engine is not None
        mark = "?" if self._engine.dialect.name == "sqlite" else "%s"
        self._spelled[query] = query.replace("{}", mark)
        return self._spelled[query]


def versions() -> Versions:
    return current_app.extensions["versions"]  # type: ignore[no-any-return]


def init_app(app: Flask) -> None:
    app.extensions["versions"] = Versions(app)
    app.extensions["release"] = _release(Path(app.root_path).parent)


def changed_at(version: Version) -> float:
    """Seconds since the epoch from the last column of `version`: an aware datetime, or SQLite's naive UTC text."""
    at = version[-1]
    if isinstance(at, str):
        at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return at.timestamp() if isinstance(at, datetime) else 0.0


def _etag(version: Version, stamp: str) -> str:
    parts = (current_app.extensions["release"], request.full_path, stamp, *version)
    return hashlib.blake2b("\0".join(map(str, parts)).encode("utf-8", "replace"), digest_size=12).hexdigest()


def _release(root: Path) -> str:
    """A digest of the code and templates that run, so a new release is a new key too."""
    total = hashlib.blake2b(digest_size=8)
    for folder in ("forum", "templates", "static/build"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                total.update(path.name.encode())
                total.update(path.read_bytes())
    return total.hexdigest()
