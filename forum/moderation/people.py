"""The team and a person: what is known of them, notes, warnings, holds, suspensions, and all they wrote."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import db, first_or_404, now
from forum.core.guards import me
from forum.core.markup import extract
from forum.discussion.models import Post
from forum.discussion.models.words import REASONS
from forum.moderation.forms import LONGEST_DETAIL, LONGEST_NOTE, ReverseForm, SanctionForm, SweepForm
from forum.moderation.models import Decision, Item
from forum.moderation.models.decisions import DONE
from forum.moderation.models.sanctions import KINDS, Kind, Sanction, sweep
from forum.moderation.team import bp, done

POSTS = 20


@bp.get("/people/<int:id>")
def person(id: int) -> ResponseReturnValue:
    return _page(_found(id), SanctionForm(formdata=None))


@bp.post("/people/<int:id>/sanctions")
def impose(id: int) -> ResponseReturnValue:
    found, form = _found(id), SanctionForm()
    if not form.validate_on_submit():
        return _page(found, form)
    Sanction.impose(
        found,
        me(),
        Kind(form.kind.data),
        reason=form.reason.data or None,
        words=form.words.data,
        note=form.note.data,
        until=_until(form.days.data),
    )
    return done(f"Done: {KINDS[Kind(form.kind.data)].lower()}.", _url(found))


@bp.route("/sanctions/<int:id>/lift", methods=["GET", "POST"])
def lift(id: int) -> ResponseReturnValue:
    sanction, form = first_or_404(select(Sanction).where(Sanction.id == id)), ReverseForm()
    found = _found(sanction.person_id)
    if not form.validate_on_submit():
        page = render_template(
            "team/lift.html",
            sanction=sanction,
            person=found,
            form=form,
            kinds=KINDS,
            longest=LONGEST_NOTE,
            form_errors=bool(form.errors),
        )
        return page, 422 if form.errors else 200
    sanction.lift(me(), form.why.data)
    return done("It is lifted.", _url(found))


@bp.route("/people/<int:id>/sweep", methods=["GET", "POST"])
def sweep_person(id: int) -> ResponseReturnValue:
    """Hide all they wrote; reversing the decision brings it all back."""
    found, form = _found(id), SweepForm()
    if not form.validate_on_submit():
        page = render_template(
            "team/sweep.html", person=found, form=form, longest=LONGEST_NOTE, form_errors=bool(form.errors)
        )
        return page, 422 if form.errors else 200
    sweep(found, me(), form.reason.data, form.words.data, form.note.data)
    return done(f"All that {found.name} wrote is hidden.", _url(found))


@bp.post("/people/<int:id>/vouch")
def vouch(id: int) -> ResponseReturnValue:
    found = _found(id)
    found.vouch(me())
    return done(f"What {found.name} writes no longer waits because they are new.", _url(found))


def _found(id: int) -> User:
    return first_or_404(User.visible_to(me()).where(User.id == id))


def _url(person: User) -> str:
    return url_for("team.person", id=person.id)


def _until(days: str) -> datetime | None:
    return now() + timedelta(days=int(days)) if days else None


def _page(found: User, form: SanctionForm) -> ResponseReturnValue:
    said = Post.visible_to(me()).where(Post.author_id == found.id).order_by(Post.id.desc())
    page = render_template(
        "team/person.html",
        person=found,
        sanctions=db.session.scalars(Sanction.of(found).limit(100)).all(),
        decisions=db.session.scalars(Decision.about(found).limit(100)).all(),
        items=db.session.scalars(
            Item.whole(Item.waiting().where(Item.person_id == found.id)).limit(20)
        ).all(),
        posts=db.session.scalars(said.limit(POSTS)).all(),
        own=found.id == me().id,
        form=form,
        done=DONE,
        kinds=KINDS,
        reasons=REASONS,
        extract=extract,
        longest=LONGEST_DETAIL,
        longest_note=LONGEST_NOTE,
        form_errors=bool(form.errors),
    )
    return page, 422 if form.errors else 200
