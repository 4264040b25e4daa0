"""Someone who is suspended and signed in sees why, until when, what the site holds of them, and how to appeal; they
read what everyone reads, and no more."""

from __future__ import annotations

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forum.core.db import SAFE_METHODS
from forum.core.guards import me, signed_in
from forum.moderation.models.sanctions import FOR_GOOD, Kind, Sanction
from forum.moderation.views import bp

OPEN = {
    "moderation.suspended",
    "moderation.decisions",
    "moderation.decision",
    "moderation.appeal",
    "moderation.reports",
    "accounts.sign_out",
    "discussion.drafts",
    "postbox.events",
    "unsubscribing.stop",
    "static",
}


@bp.get("/account/suspended")
@signed_in
def suspended() -> ResponseReturnValue:
    if not me().is_suspended:
        return redirect(url_for("pages.home"))
    return render_template(
        "moderation/suspended.html", sanction=Sanction.in_force(me(), Kind.SUSPENSION), for_good=FOR_GOOD
    )


def init_app(app: Flask) -> None:
    app.before_request(_only_that)


def _only_that() -> ResponseReturnValue | None:
    """Where a person who is suspended would do something, or look at what is theirs alone."""
    if request.endpoint in OPEN or not me().is_suspended:
        return None
    personal = request.path.startswith(("/account/", "/drafts", "/team"))
    if request.method in SAFE_METHODS and not personal:
        return None
    return redirect(url_for("moderation.suspended"), 303)
