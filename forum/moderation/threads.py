"""The team divides and unites what people talk about: posts into a new thread, or one thread into another."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.core.db import db
from forum.core.errors import Conflict, Refused
from forum.core.guards import me
from forum.core.markup import extract
from forum.core.paging import id_asked
from forum.discussion.models import Component, Post, Thread
from forum.discussion.models.lists import components_of
from forum.discussion.models.merging import merge
from forum.discussion.models.splitting import split
from forum.moderation.acts import found_thread, thread_url
from forum.moderation.forms import LONGEST_NOTE, MergeForm, SplitForm
from forum.moderation.team import bp, done
from forum.resources.models import ResourceRequest

AT_ONCE = 100  # posts that are offered on one page; others are chosen by their numbers


@bp.route("/threads/<int:id>/split", methods=["GET", "POST"])
def split_thread(id: int) -> ResponseReturnValue:
    thread = found_thread(id)
    every = list(db.session.scalars(Component.in_order()))
    carried = [component.slug for component in components_of([id]).get(id, [])]
    form = SplitForm(data={"components": carried})
    form.offer(every)
    after = id_asked("after") or 1

    def page() -> str:
        posts = _posts(thread, after)
        return render_template(
            "team/split.html",
            thread=thread,
            form=form,
            posts=posts[:AT_ONCE],
            chosen=set(form.posts.data or []),
            onwards={"id": id, "after": posts[AT_ONCE - 1].position} if len(posts) > AT_ONCE else None,
            longest=LONGEST_NOTE,
            extract=extract,
            form_errors=bool(form.errors),
        )

    if not form.validate_on_submit():
        return page(), 422 if form.errors else 200
    wanted = [component for component in every if component.slug in (form.components.data or [])]
    return _or_say_why(
        form,
        page,
        lambda: split(thread, form.chosen, me(), form.title.data, wanted, form.note.data),
        "The posts are a thread of their own now.",
    )


@bp.route("/threads/<int:id>/merge", methods=["GET", "POST"])
def merge_thread(id: int) -> ResponseReturnValue:
    thread, form = found_thread(id), MergeForm()

    def page() -> str:
        return render_template(
            "team/merge_thread.html",
            thread=thread,
            form=form,
            longest=LONGEST_NOTE,
            form_errors=bool(form.errors),
        )

    if not form.validate_on_submit():
        return page(), 422 if form.errors else 200
    into = _named(form.into.data)
    if into is None:
        form.into.errors = ("There is no thread with that address or number",)
        return page(), 422

    def unite() -> Thread:
        if any(ResourceRequest.of_thread(each.id) for each in (thread, into)):
            raise Refused("A request for a resource stays by itself.")
        merge(thread, into, me(), form.note.data)
        return into

    return _or_say_why(form, page, unite, f"“{thread.title}” goes on here.")


def _or_say_why(
    form: SplitForm | MergeForm, page: Callable[[], str], act: Callable[[], Thread], said: str
) -> ResponseReturnValue:
    """Do it and go where it goes on; or the form back, with why it was refused."""
    try:
        thread = act()
    except Conflict:
        raise
    except Refused as refused:
        form.form_errors.append(str(refused))
        return page(), 422
    return done(said, thread_url(thread))


def _named(typed: str) -> Thread | None:
    """The thread whose address or number was typed."""
    found = re.search(r"(?:/threads/|^#?)(\d{1,9})", typed)
    if found is None:
        return None
    query = Thread.visible_to(me()).where(Thread.id == int(found[1])).options(joinedload(Thread.prompt))
    return db.session.scalars(query).first()


def _posts(thread: Thread, after: int) -> list[Post]:
    query = select(Post).where(Post.thread_id == thread.id, Post.position > after)
    whole = query.order_by(Post.position).limit(AT_ONCE + 1).options(joinedload(Post.author))
    return list(db.session.scalars(whole))
