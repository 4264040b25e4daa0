"""Following: the buttons on pages, and the page of everything that a person follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from forum.core.characters import whole_number
from forum.core.db import db, first_or_404
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.core.paging import Pages, asked_page, pages_of
from forum.core.security import own_path
from forum.discussion.models import Thread
from forum.discussion.models.merging import address, standing
from forum.discussion.models.order import anchor
from forum.following.forms import LEVELS, ChangesForm, FollowForm
from forum.following.models import Follow, Kind, Level, Reading
from forum.following.models.reading import first_unread, read_so_far
from forum.following.targets import KINDS, Target, find, named_targets

bp = Blueprint("following", __name__)

WRITES = "120 per 10 minutes"
LIST = 100  # things on a page
SAID = {
    Level.SITE: "You hear of it under Notifications.",
    Level.MAIL: "You hear of it by email at once.",
    Level.DIGEST: "You hear of it in your digest.",
}


@dataclass(frozen=True, slots=True)
class Followed:
    """A row of the list. `target` is None where the person may not see it any more; `unread` are posts of a thread."""

    follow: Follow
    target: Target | None
    unread: int = 0


@bp.get("/following")
@signed_in
def following() -> ResponseReturnValue:
    number = asked_page(request.args.get("page"))
    count = db.session.scalar(select(func.count()).where(Follow.person_id == me().id)) or 0
    last = pages_of(count, LIST)
    if number is None or number > last:
        abort(404)
    page = Follow.of(me()).limit(LIST).offset((number - 1) * LIST)
    rows = _rows(list(db.session.scalars(page)))
    muted = [row for row in rows if row.follow.level == Level.MUTED]
    groups = [
        (title, [row for row in rows if row.follow.kind == kind and row not in muted])
        for kind, title in KINDS.items()
    ]
    return render_template(
        "following/following.html",
        form=ChangesForm(formdata=None),
        count=count,
        groups=[(title, group) for title, group in groups if group],
        muted=muted,
        unread=sum(row.unread for row in rows),
        levels=LEVELS,
        pages=Pages(number, last, lambda n: "/following" + (f"?page={n}" if n > 1 else "")),
    )


def _rows(follows: list[Follow]) -> list[Followed]:
    """With the name of each, and how much of each thread is unread: two queries for threads, one for other kinds."""
    named = named_targets([(each.kind, each.target) for each in follows], me())
    threads = [int(target) for kind, target in named if kind == Kind.THREAD]
    posts: Any = db.session.execute(select(Thread.id, Thread.posts_count).where(Thread.id.in_(threads)))
    read = read_so_far(me().id, threads)
    unread = {str(id): max(0, count - read.get(id, 0)) for id, count in posts}
    return [
        Followed(
            each,
            named.get((each.kind, each.target)),
            unread.get(each.target, 0) if each.kind == Kind.THREAD and each.level != Level.MUTED else 0,
        )
        for each in follows
    ]


def followed_threads(limit: int) -> list[Followed]:
    """The threads that somebody took up last, for their own page."""
    theirs = Follow.of(me()).where(Follow.kind == Kind.THREAD, Follow.level != Level.MUTED)
    return [row for row in _rows(list(db.session.scalars(theirs.limit(limit)))) if row.target]


@bp.post("/following")
@limiter.limit(WRITES, key_func=person)
@signed_in
def follow() -> ResponseReturnValue:
    """Follow, mute or stop, from whatever page the button stands on; back there."""
    form = FollowForm()
    if not form.validate_on_submit():
        abort(422)
    back = own_path(form.then.data) or "/following"
    if form.act.data == "stop":
        if Follow.end(me(), form.kind.data, form.target.data):
            flash("You do not follow it any more, and it is not muted.")
        return redirect(back)
    target = find(form.kind.data, form.target.data, me()) or abort(404)
    level = Level.MUTED if form.act.data == "mute" else Level(form.level.data) if form.level.data else None
    followed = Follow.begin(me(), target.kind, target.target, level)
    if followed.level == Level.MUTED:
        flash(f"Muted: {target.title}. Nothing of it comes to you any more.")
    else:
        flash(f"You follow {target.title}. {SAID[Level(followed.level)]}")
    return redirect(back)


@bp.post("/following/changes")
@limiter.limit(WRITES, key_func=person)
@signed_in
def changes() -> ResponseReturnValue:
    """One change for all that are ticked."""
    form = ChangesForm()
    if not form.validate_on_submit():
        abort(422)
    ids = [int(id) for id in request.form.getlist("follow") if id.isdecimal() and len(id) < 10]
    if not form.change.data or not ids:
        flash("Nothing is changed: tick what you mean, and choose a change.")
    else:
        level = None if form.change.data == "stop" else Level(form.change.data)
        count = Follow.arrange(me(), ids, level)
        flash(f"Changed: {count} thing{'' if count == 1 else 's'} that you follow.")
    return redirect("/following")


@bp.post("/following/read")
@limiter.limit(WRITES, key_func=person)
@signed_in
def catch_up() -> ResponseReturnValue:
    """All that is followed, or was ever opened, is read."""
    Reading.catch_up(me())
    flash("Everything is marked as read.")
    return redirect(own_path(request.form.get("then")) or "/following")


# How far somebody has read a thread


@bp.post("/threads/<int:id>/read")
@limiter.limit("600 per 10 minutes", key_func=person)
@signed_in
def read(id: int) -> ResponseReturnValue:
    """Read as far as post `number`: told by the page's script as it is read, or by its button. A page from before a
    merge cannot say what is read after it."""
    thread = first_or_404(Thread.visible_to(me()).where(Thread.id == standing(id, lock=True)))
    number, position = (whole_number(request.form.get(name)) for name in ("number", "position"))
    if number is None:
        abort(422)
    done = thread.id == id and Reading.move(me(), thread, number, position)
    if "quiet" in request.form:
        return "", 204
    flash("Marked as read." if done else "Threads have been merged here since. Read on from here.")
    return redirect(own_path(request.form.get("then")) or address(thread))


@bp.get("/threads/<int:id>/unread")
@signed_in
def unread(id: int) -> ResponseReturnValue:
    """To the first post that this person has not read; where there is none, to the last."""
    thread = first_or_404(Thread.visible_to(me()).where(Thread.id == standing(id)))
    return redirect(anchor(address(thread), *first_unread(me().id, thread)))
