"""Asking for a resource that is missing, and supporting what others ask for."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.accounts.models import User
from forum.core import differences
from forum.core.characters import version
from forum.core.db import db, first_or_404
from forum.core.errors import Conflict, Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.discussion.models import Component, Post, Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.gate import Found, look
from forum.discussion.models.lists import components_of
from forum.resources.forms import LONGEST_WHY, ButtonForm, RequestForm
from forum.resources.models import ResourceRequest
from forum.resources.models.requests import Requests, Wish
from forum.resources.models.words import PROMPT, request_as_post
from forum.resources.reviewing import WRITES
from forum.resources.views import bp, request_rows

ALREADY_ASKED = 5
UNCONFIRMED = "Confirm your email address before you publish"


@bp.route("/resources/requests/new", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def new_request() -> ResponseReturnValue:
    if catalogue().prompt(PROMPT) is None:
        abort(404)
    form = RequestForm(disclosure=me().disclosure)
    if request.method == "GET":
        form.fresh_submission()
        return _page(
            "resources/new_request.html", form, already=request_rows(Requests().page(1, ALREADY_ASKED))
        )
    good = form.validate_on_submit()
    if good and not me().may_post:
        form.form_errors = [*form.form_errors, UNCONFIRMED]
        good = False
    if not good or not form.passes(_looked_at(form)):
        return _page("resources/new_request.html", form, 422, already=[])
    made = ResourceRequest.make(me(), _wish(form), form.disclosure.data, form.sent_as)
    return redirect(request_url(made.thread))


@bp.route("/resources/requests/<int:id>/edit", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def edit_request(id: int) -> ResponseReturnValue:
    """`id` is the thread's, as in every address of a request."""
    found, post = _with_opening(id)
    if not post.editable_by(me()):
        raise Refused("You can edit only what you asked for, while it is shown and its thread is open.")
    form = RequestForm(data=_before(found, post))
    if not form.validate_on_submit() or not form.passes(_looked_at(form, post.was_public())):
        status = 200 if request.method == "GET" else 422
        return _page(
            "resources/edit_request.html", form, status, post=post, address=request_url(found.thread)
        )
    wish = _wish(form)
    try:
        found.edit(me(), post, wish, form.disclosure.data, since=version(form.since.data))
    except Conflict:
        db.session.rollback()
        found, post = _with_opening(id)
        form.since.data = str(post.version)
        between = differences.words(post.source, request_as_post(wish.for_whom, wish.why))
        address = request_url(found.thread)
        return _page("resources/edit_request.html", form, 409, post=post, address=address, between=between)
    return redirect(request_url(found.thread))


@bp.post("/resources/requests/<int:id>/support")
@limiter.limit(WRITES, key_func=person)
@signed_in
def support(id: int) -> ResponseReturnValue:
    return _supported(id, ResourceRequest.support, "You support this request.")


@bp.post("/resources/requests/<int:id>/take-back")
@limiter.limit(WRITES, key_func=person)
@signed_in
def take_back(id: int) -> ResponseReturnValue:
    return _supported(id, ResourceRequest.take_back, "You no longer support this request.")


def found_request(id: int) -> ResourceRequest:
    return first_or_404(ResourceRequest.visible_to(me()).where(ResourceRequest.thread_id == id))


def request_url(thread: Thread) -> str:
    return f"/threads/{thread.id}-{thread.slug}"


def _supported(id: int, verb: Callable[[ResourceRequest, User], None], message: str) -> ResponseReturnValue:
    found, form = found_request(id), ButtonForm()
    if not form.validate_on_submit():
        abort(422)
    verb(found, me())
    flash(message)
    return redirect(request_url(found.thread))


def _page(template: str, form: RequestForm, status: int = 200, **more: object) -> ResponseReturnValue:
    page = render_template(template, form=form, longest=LONGEST_WHY, form_errors=bool(form.errors), **more)
    return page, status


def _looked_at(form: RequestForm, before: str = "") -> list[Found]:
    return look(me(), form.typed("title", "for_whom", "body"), before)


def _wish(form: RequestForm) -> Wish:
    wanted = form.components.data or []
    components = list(db.session.scalars(select(Component).where(Component.slug.in_(wanted))))
    return Wish(what=form.title.data, for_whom=form.for_whom.data, why=form.body.data, components=components)


def _with_opening(id: int) -> tuple[ResourceRequest, Post]:
    """The request, and the post that opens its thread."""
    found = found_request(id)
    query = Post.visible_to(me()).where(Post.thread_id == id, Post.number == 1)
    return found, first_or_404(query.options(joinedload(Post.author)))


def _before(found: ResourceRequest, post: Post) -> dict[str, object]:
    carried = components_of([found.thread_id]).get(found.thread_id, [])
    return {
        "title": found.thread.title,
        "for_whom": found.for_whom,
        "body": found.why,
        "components": [component.slug for component in carried],
        "disclosure": post.disclosure,
        "since": str(post.version),
    }
