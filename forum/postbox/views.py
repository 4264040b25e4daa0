"""What the mail provider calls, and what a person sees of their own address."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forum.accounts.models import DeadAddress, EmailedLink, Purpose
from forum.accounts.models.addresses import Why
from forum.accounts.models.letters import write
from forum.accounts.models.links import LASTS
from forum.core.db import db, now
from forum.core.forms import Form
from forum.core.guards import me, proven, proves_itself, signed_in
from forum.core.limits import limiter, person

bp = Blueprint("postbox", __name__)
MOST = 500  # events in one call
KINDS = {"bounce": Why.BOUNCED, "complaint": Why.COMPLAINED}


@bp.post("/mail/events")
@limiter.limit("600 per minute")
@proves_itself
def events() -> ResponseReturnValue:
    """{"events": [{"type": "bounce" or "complaint", "address": …, "permanent": true, "detail": …}]}, with the secret as
    a bearer token. Twice is harmless. Without a secret there is nothing here."""
    secret = current_app.config["FORUM"].mail_secret
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not secret:
        abort(404)
    if not hmac.compare_digest(given.encode(), secret.encode()):
        return {"error": "The secret is wrong."}, 401
    said = request.get_json(silent=True)
    found = said.get("events") if isinstance(said, dict) else None
    if not isinstance(found, list) or len(found) > MOST or not all(_is_event(each) for each in found):
        return {"error": 'Send {"events": [{"type": "bounce" or "complaint", "address": "…"}]}.'}, 422
    proven()
    for each in found:
        if each["type"] == "complaint" or each.get("permanent", True):
            DeadAddress.note(each["address"], KINDS[each["type"]], "provider", str(each.get("detail", "")))
            db.session.flush()
    return {"taken": len(found)}


def _is_event(said: Any) -> bool:
    """An object of a kind that we know, about an address that is short enough to be one."""
    if not isinstance(said, dict) or said.get("type") not in KINDS:
        return False
    address = said.get("address")
    return isinstance(address, str) and "@" in address and len(address) <= 320


@bp.route("/account/settings/address", methods=["GET", "POST"])
@limiter.limit("10 per hour", methods=["POST"], key_func=person)
@signed_in
def address() -> ResponseReturnValue:
    """Whether our mail reaches them; where it does not, a letter with a link to show that it does again."""
    form, dead = Form(), DeadAddress.of(me().email)
    if form.validate_on_submit():
        if dead is not None:
            token = EmailedLink.make(me(), Purpose.REVIVE, me().email)
            until = now() + LASTS[Purpose.REVIVE]
            subject = "Confirm that our mail reaches you"
            write(me().email, subject, "address_again", always=True, token=token, until=until)
        return redirect(url_for("postbox.address", sent=1))
    sent = "sent" in request.args and dead is not None
    status = 422 if form.errors else 200
    return render_template("accounts/address.html", form=form, dead=dead, sent=sent), status


@bp.route("/account/settings/address/<token>", methods=["GET", "POST"])
def address_again(token: str) -> ResponseReturnValue:
    """Only a press of the button changes anything: scanners of mail open each link."""
    link = EmailedLink.sent(token, Purpose.REVIVE)
    if link is None or not link.is_good or link.person.email != link.email:
        return render_template("accounts/address_gone.html"), 410
    form = Form()
    if form.validate_on_submit():
        if link.spend():
            DeadAddress.revive(link.person)
        return render_template("accounts/address_again.html", form=form, done=True)
    return render_template("accounts/address_again.html", form=form, done=False), 422 if form.errors else 200
