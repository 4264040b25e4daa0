"""Where spam came from: the team's page of bans, and what those who meet one are shown."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import SAFE_METHODS, db, first_or_404, now
from forum.core.errors import Refused, typed_fields
from forum.core.guards import me
from forum.core.paging import id_asked
from forum.discussion.models.words import REASONS
from forum.moderation.forms import LONGEST_NOTE, BanForm, ButtonForm
from forum.moderation.models.bans import KINDS, Ban, BanKind, Banned
from forum.moderation.team import bp, done

SHOWN = 50
ADDRESSES = {"accounts.register", "accounts.change_email"}  # forms that give us an address


@bp.route("/bans", methods=["GET", "POST"])
def bans() -> ResponseReturnValue:
    form = BanForm()
    person = db.session.get(User, id_asked("person") or 0)
    if person is not None and not form.value.data:
        form.kind.data = BanKind.ADDRESS
        form.value.data = (person.email or "") if form.is_submitted() else ""
    if not form.validate_on_submit():
        return _page(form, 422 if form.errors else 200, person)
    until = now() + timedelta(days=int(form.days.data)) if form.days.data else None
    said = {"reason": form.reason.data, "note": form.note.data, "until": until}
    try:
        Ban.make(me(), BanKind(form.kind.data), form.value.data, here=request.remote_addr, **said)
    except Refused as refused:
        form.value.errors = (str(refused),)
        return _page(form, 422, person)
    return done("Nothing is taken from there any more.", url_for(".bans"))


@bp.post("/bans/<int:id>/lift")
def lift_ban(id: int) -> ResponseReturnValue:
    ban = first_or_404(select(Ban).where(Ban.id == id))
    if not ButtonForm().validate_on_submit():
        return _page(BanForm(formdata=None), 422)
    ban.lift(me())
    return done("The ban is lifted.", url_for(".bans"))


def _page(form: BanForm, status: int, person: User | None = None) -> ResponseReturnValue:
    if person is not None and form.value.data == person.email:
        form.value.data = ""  # it need not be read to be banned
    found = list(db.session.scalars(Ban.newest(id_asked("before")).limit(SHOWN + 1)))
    return render_template(
        "team/bans.html",
        form=form,
        person=person,
        bans=found[:SHOWN],
        onwards={"before": found[SHOWN - 1].id} if len(found) > SHOWN else {},
        kinds=KINDS,
        reasons=REASONS,
        longest=LONGEST_NOTE,
        form_errors=bool(form.errors),
    ), status


def init_app(app: Flask) -> None:
    app.before_request(_no_account_from_there)
    app.register_error_handler(Banned, _say_so)


def _no_account_from_there() -> ResponseReturnValue | None:
    """Who asks for an account, or wants another address, from where spam came."""
    if request.endpoint not in ADDRESSES or request.method in SAFE_METHODS:
        return None
    network = request.remote_addr if request.endpoint == "accounts.register" else None
    ban = Ban.against((request.form.get("email") or "")[:320].strip(), network)
    return _say_so(Banned(ban)) if ban is not None else None


def _say_so(banned: Banned) -> ResponseReturnValue:
    """What was typed is there to copy: it may be a mistake of ours."""
    words = [(name, value) for name, value in typed_fields() if name in ("title", "body", "text") and value]
    return render_template("moderation/banned.html", banned=banned, words=words), banned.status
