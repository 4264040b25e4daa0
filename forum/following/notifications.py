"""What is new for a person, by itself and among what they said and follow."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.core.characters import whole_number
from forum.core.db import db
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.core.paging import id_asked
from forum.discussion.models import Post, Thread
from forum.discussion.models.drafts import Draft
from forum.following.forms import ChoicesForm
from forum.following.models import MailChoice, Notice
from forum.following.models.news import bundled, newest
from forum.following.views import LIST, WRITES, bp, followed_threads

SHOWN = 6  # of each list of "your conversation"


@bp.get("/notifications")
@signed_in
def notifications() -> ResponseReturnValue:
    before = id_asked("before")
    news = newest(me().id, LIST + 1, before)
    shown = news[:LIST]
    return render_template(
        "following/notifications.html",
        bundles=bundled(shown),
        new=sum(not each.seen for each in shown),
        upto=shown[0].id if shown else 0,
        older=shown[-1].id if len(news) > LIST else None,
        before=before,
    )


@bp.post("/notifications/read")
@limiter.limit(WRITES, key_func=person)
@signed_in
def seen() -> ResponseReturnValue:
    """All that was on the page when the button was pressed, and all before it: not what has come since."""
    Notice.see(me(), Notice.id <= (whole_number(request.form.get("upto")) or 0))
    flash("Your notifications are marked as read.")
    return redirect("/notifications")


@bp.get("/account/conversation")
@signed_in
def conversation() -> ResponseReturnValue:
    """Everything of one's own in one place: what is new, what one said, drafts and what one follows."""
    said = (
        select(Post)
        .join(Post.thread)
        .where(Post.author_id == me().id, Thread.merged_into.is_(None))
        .options(joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
        .order_by(Post.id.desc())
        .limit(SHOWN)
    )
    return render_template(
        "following/conversation.html",
        bundles=bundled(newest(me().id, LIST))[:SHOWN],
        said=db.session.scalars(said).all(),
        drafts=db.session.scalars(Draft.of(me()).limit(SHOWN)).all(),
        threads=followed_threads(SHOWN),
    )


@bp.route("/account/notifications", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def choices() -> ResponseReturnValue:
    form = ChoicesForm(obj=MailChoice.of(me().id))
    if form.validate_on_submit():
        MailChoice.choose(me(), **{name: value for name, value in form.data.items() if name != "csrf_token"})
        flash("Your choices are saved.")
        return redirect("/account/notifications")
    page = render_template("following/choices.html", form=form, form_errors=bool(form.errors))
    return page, 422 if form.errors else 200
