"""The porch: a WSGI door in front of Flask. A visitor's GET of a page that has been rendered before is answered
here, with one raw indexed read of its version. It knows no page: `fresh` says what an answer rests on."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
import redis
import structlog
from flask import Flask, Response, request, session
from werkzeug.http import http_date

from forum.core.freshness import GZIPPED, Mark, Rests, Versions

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

V = TypeVar("V")
log = structlog.get_logger("forum.porch")
_ENCODER = msgspec.msgpack.Encoder()
_PACKED = tuple[str, tuple[Any, ...], tuple[Any, ...], str, float, tuple[tuple[str, str], ...], bytes]


class Kept(Generic[V]):
    """A bounded map, least recently used out first; `size` and weights in bytes. Safe between threads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self._lock = threading.Lock()
        self._things: OrderedDict[Any, tuple[V, int]] = OrderedDict()

    def get(self, key: Any) -> V | None:
        with self._lock:
            found = self._things.get(key)
            if found is None:
                return None
            self._things.move_to_end(key)
            return found[0]

    def put(self, key: Any, thing: V, weight: int) -> None:
        if weight > self.size // 8:
            return
        with self._lock:
            old = self._things.pop(key, None)
            self.used += weight - (old[1] if old else 0)
            self._things[key] = (thing, weight)
            while self.used > self.size:
                self.used -= self._things.popitem(last=False)[1][1]


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as the porch keeps it; `body` is gzipped."""

    mark: Mark
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Shelf:
    """Kept pages that several machines share, in Redis. The same pages under the same keys; a page's own version
    says whether it is still true, so nothing here is ever wrong, only old, and goes after an hour."""

    LASTS = 3600

    def __init__(self, url: str, release: str) -> None:
        self.redis = redis.Redis.from_url(url, socket_timeout=0.2, socket_connect_timeout=0.2)
        self.prefix = f"kept:{release}:"

    def get(self, key: tuple[str, str]) -> Page | None:
        try:
            found = self.redis.get(self._name(key))
        except redis.RedisError as error:
            log.warning("the shared shelf does not answer", error=str(error))
            return None
        return _unpack(found) if isinstance(found, bytes) else None

    def put(self, key: tuple[str, str], page: Page) -> None:
        try:
            self.redis.set(self._name(key), _pack(page), ex=self.LASTS)
        except redis.RedisError as error:
            log.warning("the shared shelf does not answer", error=str(error))

    def _name(self, key: tuple[str, str]) -> str:
        return (
            self.prefix
            + hashlib.blake2b("?".join(key).encode("utf-8", "replace"), digest_size=16).hexdigest()
        )


class Porch:
    def __init__(self, app: Flask) -> None:
        self.inside = app.wsgi_app
        url = app.config["FORUM"].redis_url
        self.shelf = Shelf(url, app.extensions["release"]) if url else None
        self.pages: Kept[Page] = Kept(app.config["FORUM"].kept_bytes)
        self.versions: Versions = app.extensions["versions"]
        self.cookies = (app.config["SESSION_COOKIE_NAME"] + "=", "remember_token=")
        app.after_request(self.keep)
        app.wsgi_app = self  # type: ignore[method-assign]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and not self.has_session(environ):
            page = self.pages.get(_key(environ)) or self.shared(_key(environ))
            if page is not None and self.versions.read(page.mark.rests) == page.mark.version:
                return _answer(page, environ, start_response)
        return self.inside(environ, start_response)

    def shared(self, key: tuple[str, str]) -> Page | None:
        """What another machine has rendered, where machines share a shelf."""
        page = self.shelf.get(key) if self.shelf else None
        if page is not None:
            self.pages.put(key, page, len(page.body) + 2000)
        return page

    def forget(self) -> None:
        """Start with nothing kept."""
        self.pages = Kept(self.pages.size)

    def has_session(self, environ: WSGIEnvironment) -> bool:
        cookies: str = environ.get("HTTP_COOKIE", "")
        return cookies != "" and any(name in cookies for name in self.cookies)

    def keep(self, response: Response) -> Response:
        """After each request: keep what a visitor was given, where it says what it rests on."""
        mark: Mark | None = getattr(response, "mark", None)
        if mark is None or response.status_code != 200 or request.method != "GET":
            return response
        if self.has_session(request.environ) or session.modified:
            return response
        body = gzip.compress(response.get_data(), compresslevel=4, mtime=0)
        headers = tuple(
            (name, value)
            for name, value in response.headers
            if name not in ("Content-Length", "ETag", "Last-Modified")
        )
        page = Page(mark, headers, body)
        self.pages.put(_key(request.environ), page, len(body) + 2000)
        if self.shelf:
            self.shelf.put(_key(request.environ), page)
        if _takes_gzip(request.environ):
            response.set_data(body)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["ETag"] = f'"{mark.etag}{GZIPPED}"'
        return response


def _pack(page: Page) -> bytes:
    mark = page.mark
    return _ENCODER.encode(
        (mark.rests.query, mark.rests.values, mark.version, mark.etag, mark.changed, page.headers, page.body)
    )


def _unpack(packed: bytes) -> Page:
    query, values, version, etag, changed, headers, body = msgspec.msgpack.decode(packed, type=_PACKED)
    return Page(Mark(Rests(query, values), version, etag, changed), headers, body)


def _answer(page: Page, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    mark = page.mark
    gzipped = _takes_gzip(environ)
    headers = [*page.headers, ("ETag", f'"{mark.etag}{GZIPPED if gzipped else ""}"')]
    if mark.is_settled:
        headers.append(("Last-Modified", http_date(mark.changed)))
    if mark.known_to(environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MODIFIED_SINCE")):
        start_response("304 Not Modified", [pair for pair in headers if pair[0] != "Content-Type"])
        return []
    body = page.body
    if gzipped:
        headers.append(("Content-Encoding", "gzip"))
    else:
        body = gzip.decompress(body)
    headers.append(("Content-Length", str(len(body))))
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _key(environ: WSGIEnvironment) -> tuple[str, str]:
    return environ["PATH_INFO"], environ.get("QUERY_STRING", "")


def _takes_gzip(environ: WSGIEnvironment) -> bool:
    return "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
