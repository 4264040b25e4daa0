"""What the team watches for: lists of words, patterns and hosts, tried on what was said before they are used."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.core.db import db, first_or_404
from forum.core.errors import Conflict, Refused
from forum.core.guards import me
from forum.discussion.models.gate import Act
from forum.moderation.gatekeeper import extract
from forum.moderation.models.log import ACTS as DID
from forum.moderation.models.watched import ACTS, KINDS, SHOWN, Watched, tried, tried_as, words_of
from forum.moderation.models.watching import Terms
from forum.moderation.team import bp, done
from forum.moderation.watched_forms import ACT_HINTS, KIND_HINTS, LONGEST_NOTE, UseForm, WatchedForm


@bp.get("/watched")
def watched() -> str:
    found = db.session.scalars(Watched.every().limit(500)).all()
    return render_template("team/watched.html", lists=found, kinds=KINDS, acts=ACTS)


@bp.route("/watched/new", methods=["GET", "POST"])
def watch_new() -> ResponseReturnValue:
    form = WatchedForm()
    if not form.validate_on_submit():
        return _form(form, None)
    made = Watched.add(me(), form.name.data, form.kind.data, form.act.data, form.lines, form.note.data)
    return done("The list is kept. It is not used yet: see what it finds first.", _url(made))


@bp.get("/watched/<int:id>")
def watched_list(id: int) -> ResponseReturnValue:
    return _page(_found(id))


@bp.route("/watched/<int:id>/edit", methods=["GET", "POST"])
def watch_edit(id: int) -> ResponseReturnValue:
    """A change is tried too: it is saved once its writer has seen what it would find."""
    found = _found(id)
    before = {name: getattr(found, name) for name in ("name", "kind", "terms", "act", "note")}
    form = WatchedForm(data={**before, "since": str(found.version)})
    form.kind.data = found.kind
    if not form.validate_on_submit():
        return _form(form, found)
    terms = Terms(found.id, found.kind, tuple(form.lines), Act(form.act.data))
    stamp = tried_as(found.kind, form.lines)
    if form.tried.data != stamp:
        form.tried.data = stamp
        return _form(form, found, trial=_trial(terms))
    try:
        found.change(me(), form.name.data, form.act.data, form.lines, form.note.data, form.began_from)
    except Refused as refused:
        form.form_errors = [*form.form_errors, str(refused)]
        db.session.rollback()
        form.since.data = str(_found(id).version)
        return _form(form, _found(id), refused.status)
    return done("The list is saved.", _url(found))


@bp.post("/watched/<int:id>/use")
def watch_use(id: int) -> ResponseReturnValue:
    found, form = _found(id), UseForm()
    if not form.validate_on_submit():
        return _page(found, 422, form)
    try:
        found.use(me(), form.began_from)
    except Conflict as conflict:
        db.session.rollback()
        form.form_errors = [f"{conflict} This is what it finds now."]
        return _page(_found(id), conflict.status, form)
    return done("From now on it is looked for in everything that is sent.", _url(found))


@bp.post("/watched/<int:id>/stop")
def watch_stop(id: int) -> ResponseReturnValue:
    found, form = _found(id), UseForm()
    if not form.validate_on_submit():
        return _page(found, 422, form)
    found.stop(me())
    return done("It is no longer looked for.", _url(found))


def _found(id: int) -> Watched:
    return first_or_404(select(Watched).where(Watched.id == id).options(joinedload(Watched.by)))


def _url(found: Watched) -> str:
    return url_for(".watched_list", id=found.id)


def _trial(terms: Terms) -> dict[str, Any]:
    """What the terms would have found, as a page shows it."""
    many, caught = tried(terms)
    shown = []
    for post, hits in caught[:SHOWN]:
        words = words_of(post)
        parts = [extract(words, hit.start, hit.end) if hit.end else ("", hit.words, "") for hit in hits[:3]]
        shown.append((post, parts))
    return {"many": many, "caught": len(caught), "shown": shown}


def _page(found: Watched, status: int = 200, form: UseForm | None = None) -> ResponseReturnValue:
    form = form or UseForm(formdata=None)
    form.since.data = str(found.version)
    page = render_template(
        "team/watched_list.html",
        watched=found,
        form=form,
        trial=_trial(found.as_terms),
        history=Watched.history(found.id),
        did=DID,
        kinds=KINDS,
        acts=ACTS,
        form_errors=bool(form.errors),
    )
    return page, status


def _form(
    form: WatchedForm, found: Watched | None, status: int = 200, trial: dict[str, Any] | None = None
) -> ResponseReturnValue:
    page = render_template(
        "team/watch.html",
        form=form,
        watched=found,
        trial=trial,
        kind_hints=KIND_HINTS,
        act_hints=ACT_HINTS,
        longest=LONGEST_NOTE,
        kinds=KINDS,
        form_errors=bool(form.errors),
    )
    return page, 422 if form.errors and status == 200 else status
