"""Headers that hold a browser to what we mean."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from werkzeug.routing import IntegerConverter, Map

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


class Id(IntegerConverter):
    """A number in a URL that can be a row's id; a larger one is no page of ours, so a 404."""

    def __init__(self, map: Map, **options: Any) -> None:
        super().__init__(map, **{"max": 2**31 - 1, **options})


class QuietSessions(SecureCookieSessionInterface):
    """Flask's sessions in a signed cookie, but silent where they change nothing: no `Vary: Cookie` on a page that
    is the same for everyone who may be given it."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        public = response.headers.get("Cache-Control", "").startswith("public")
        if session.modified or (session and not public):
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    app.url_map.converters["int"] = Id
    app.session_interface = QuietSessions()
    headers = HEADERS + ((HSTS,) if app.config["FORUM"].in_production else ())

    @app.after_request
    def hold(response: Response) -> Response:
        for name, value in headers:
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def own_path(target: str | None) -> str | None:
    """`target` if it is a path on this site, else None: a redirect never leaves."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    if any(ord(c) < 33 for c in target):
        return None
    return target


def address() -> str:
    """The network address of this request, for limits. Behind a proxy, TRUSTED_PROXIES makes it the client's."""
    return request.remote_addr or "unknown"
