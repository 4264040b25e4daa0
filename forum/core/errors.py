"""Errors are raised where they are known and shown here, in one place."""

from __future__ import annotations

import math
import time

from flask import Flask, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from forum.core.limits import limiter


class Refused(Exception):
    """A person asked for something the rules of the site do not allow; the message is shown to them."""

    status = 403


class Conflict(Refused):
    """Someone else changed the thing in the meantime."""

    status = 409


HEARD_OUT = 256 * 1024 * 1024  # bytes of a request that is too large
PAGES = {400, 403, 404, 405, 410, 413, 422, 429, 500}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RateLimitExceeded, _too_many)
    app.register_error_handler(Refused, _refused)


def again(action: str, fields: list[tuple[str, str]], status: int) -> Response:
    """A page that offers once more what a person sent to `action`, with a fresh token, so no word is lost. Files no
    browser keeps; it asks for them again."""
    names = sorted({name for name, file in request.files.items(multi=True) if file.filename})
    page = render_template("errors/again.html", action=action, fields=fields, files=names)
    return make_response(page, status)


def typed_fields() -> list[tuple[str, str]]:
    """The fields of this request's form that may be shown again: no token, no secret."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and "password" not in name
    ]


def _http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if isinstance(error, SecurityError):  # a host name that is not ours: no page of ours can be built for it
        return (
            "This site is not served under that name.\n",
            400,
            {"Content-Type": "text/plain; charset=utf-8"},
        )
    if error.response is not None or code < 400:
        return error.get_response()
    g.failed = code >= 500
    name = f"errors/{code}.html" if code in PAGES else "errors/500.html"
    limit = f"{(request.max_content_length or 0) // (1024 * 1024)} MB"
    if isinstance(error, RequestEntityTooLarge):
        _hear_out()
        return render_template(name, limit=limit, error=error), code
    response = make_response(render_template(name, error=error), code)
    if code == 405 and error.get_headers():
        response.headers["Allow"] = dict(error.get_headers()).get("Allow", "")
    return response


def _hear_out() -> None:
    """Take in and forget what is still being sent, within reason: until then a browser reads no answer, and where the
    connection ends first it shows none."""
    left = min(request.content_length or 0, HEARD_OUT)
    while left > 0 and (piece := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
        left -= len(piece)


def _too_many(error: RateLimitExceeded) -> ResponseReturnValue:
    current = limiter.current_limit
    wait = max(1, math.ceil(current.reset_at - time.time())) if current else 60
    response = make_response(render_template("errors/429.html", retry_after=wait), 429)
    response.headers["Retry-After"] = str(wait)
    return response


def _refused(error: Refused) -> ResponseReturnValue:
    return render_template("errors/403.html", reason=str(error)), error.status
