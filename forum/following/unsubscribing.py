"""One press stops just that (RFC 8058): by the mail program, or by the button on the page. No sign-in."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forum.core.guards import proven, proves_itself
from forum.core.limits import limiter
from forum.following.models.stopping import Stop

bp = Blueprint("unsubscribing", __name__)


@bp.get("/unsubscribe/<token>")
def unsubscribe(token: str) -> ResponseReturnValue:
    """Only a press of the button changes anything: scanners of mail open each link."""
    stop = Stop.of(token) or abort(404)
    return render_template("following/unsubscribe.html", stop=stop, rest=stop.for_all(), token=token)


@bp.post("/unsubscribe/<token>", endpoint="stop")
@limiter.limit("60 per minute")
@proves_itself
def stop(token: str) -> ResponseReturnValue:
    """A mail program sends "List-Unsubscribe=One-Click" and no cookie; the token is the proof."""
    found = Stop.of(token) or abort(404)
    proven()
    found.do()
    if request.form.get("List-Unsubscribe") == "One-Click":
        return "Stopped.\n", 200, {"Content-Type": "text/plain; charset=utf-8"}
    return redirect(url_for("unsubscribing.unsubscribe", token=token))
