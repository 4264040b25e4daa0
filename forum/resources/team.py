"""The team's rooms for resources: their facts, their end, what changed because of people, answers to requests."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.core.characters import version
from forum.core.db import db, first_or_404, now
from forum.core.dress import LONDON
from forum.core.errors import Conflict, Refused
from forum.core.forms import Form
from forum.core.guards import me, team_room
from forum.discussion.models import Post
from forum.resources.asking import found_request, request_url
from forum.resources.forms import ButtonForm
from forum.resources.models import Resource, ResourceChange
from forum.resources.models.changes import readable_posts
from forum.resources.models.requests import Requests
from forum.resources.models.words import ASKED, STATES
from forum.resources.team_forms import LONGEST_NOTE, AnswerForm, ChangeForm, ResourceForm, RetireForm
from forum.resources.views import found_resource, request_rows, resource_url

bp = team_room("resources_team", __name__)

WAITING = 20


@bp.get("/resources")
def resources() -> str:
    return render_template(
        "resources/team/resources.html",
        resources=db.session.scalars(Resource.in_order()).all(),
        waiting=request_rows(Requests(ASKED).page(1, WAITING)),
        states=STATES,
    )


# Facts


@bp.route("/resources/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    form = ResourceForm()
    if form.validate_on_submit():
        try:
            added = Resource.add(me(), form.facts)
        except Conflict as conflict:
            db.session.rollback()
            form.name.errors = (str(conflict),)
        else:
            flash(f"{added.name} is on the list, and has a thread of its own.")
            return redirect(resource_url(added))
    return _ask("resources/team/resource.html", form, groups=_groups(), resource=None, conflict=None)


@bp.route("/resources/<slug>/edit", methods=["GET", "POST"])
def edit(slug: str) -> ResponseReturnValue:
    found, conflict = found_resource(slug), None
    form = ResourceForm(data={**found.facts.__dict__, "since": _edited(found)})
    if form.validate_on_submit():
        try:
            found.edit(me(), form.facts, _moment(form.since.data))
        except Conflict:
            db.session.rollback()
            found = conflict = found_resource(slug)
            form.since.data = _edited(found)
            form.form_errors = [
                *form.form_errors,
                "A colleague has changed this resource since you opened this page",
            ]
        else:
            flash("The resource is saved.")
            return redirect(resource_url(found))
    return _ask(
        "resources/team/resource.html",
        form,
        409 if conflict else 422,
        groups=_groups(),
        resource=found,
        conflict=conflict,
    )


@bp.route("/resources/<slug>/retire", methods=["GET", "POST"])
def retire(slug: str) -> ResponseReturnValue:
    found = found_resource(slug)
    form = RetireForm(data={"on": found.retired_on, "because": found.retired_because})
    if form.validate_on_submit():
        found.retire(me(), form.on.data, form.because.data)
        flash("The resource is retired: its page and its talk stay, and it takes no new reviews.")
        return redirect(resource_url(found))
    return _ask("resources/team/retire.html", form, resource=found)


@bp.post("/resources/<slug>/bring-back")
def bring_back(slug: str) -> ResponseReturnValue:
    found, form = found_resource(slug), ButtonForm()
    if form.validate_on_submit():
        found.bring_back(me())
        flash("The resource is no longer retired.")
    return redirect(resource_url(found))


# What changed because of people


@bp.route("/resources/<slug>/changes/new", methods=["GET", "POST"])
def new_change(slug: str) -> ResponseReturnValue:
    found = found_resource(slug)
    form = ChangeForm(data={"on": now().astimezone(LONDON).date()})
    if request.method == "GET":
        form.submission.data = secrets.token_urlsafe(16)
    if form.validate_on_submit() and (posts := _posts(form, found)) is not None:
        try:
            ResourceChange.tell(
                found, me(), form.on.data, form.what.data, posts, (form.submission.data or "")[:64]
            )
        except Refused as refusal:
            db.session.rollback()
            found = found_resource(slug)
            form.form_errors = [*form.form_errors, str(refusal)]
        else:
            flash("What changed is on the page, and in the talk.")
            return redirect(resource_url(found) + "#changes")
    return _ask("resources/team/change.html", form, resource=found, change=None)


@bp.route("/resources/changes/<int:id>", methods=["GET", "POST"])
def edit_change(id: int) -> ResponseReturnValue:
    change = first_or_404(ResourceChange.whole().where(ResourceChange.id == id))
    if not change.post.editable_by(me()):
        raise Refused(
            "You can change only what you wrote yourself, while it is shown. Write what is new as another."
        )
    named = " ".join(f"/posts/{post.id}" for post in change.rests_on())
    form = ChangeForm(
        data={
            "on": change.changed_on,
            "what": change.what,
            "rests_on": named,
            "since": str(change.post.version),
        }
    )
    conflict = None
    if form.validate_on_submit() and (posts := _posts(form, change.resource)) is not None:
        try:
            change.edit(me(), form.on.data, form.what.data, posts, version(form.since.data))
        except Conflict:
            db.session.rollback()
            conflict = change = first_or_404(ResourceChange.whole().where(ResourceChange.id == id))
            form.since.data = str(change.post.version)
            form.form_errors = [*form.form_errors, "This has changed since you opened this page"]
        else:
            flash("What changed is saved.")
            return redirect(resource_url(change.resource) + "#changes")
    status = 409 if conflict else 422
    return _ask(
        "resources/team/change.html", form, status, resource=change.resource, change=change, conflict=conflict
    )


def _posts(form: ChangeForm, resource: Resource) -> list[Post] | None:
    """The posts that the form names, or None, with an error, where one of them is not for everyone to read."""
    ids, numbers = form.posts
    found = readable_posts(ids, resource.talk().id, numbers)
    there = (
        {post.id for post in found},
        {post.number for post in found if post.thread_id == resource.thread_id},
    )
    for missing, spelled in ((ids - there[0], "/posts/{}"), (numbers - there[1], "#{}")):
        if missing:
            name = spelled.format(min(missing))
            form.rests_on.errors = (f"There is no post {name} that everyone can read",)
            return None
    return found


# Requests


@bp.route("/resources/requests/<int:id>", methods=["GET", "POST"])
def answer(id: int) -> ResponseReturnValue:
    found = found_request(id)
    form = AnswerForm(since=str(found.steps_count))
    if request.method == "GET":
        form.submission.data = secrets.token_urlsafe(16)
    status = 422
    if form.validate_on_submit():
        try:
            found.answer(
                me(),
                form.state.data,
                form.owner.data,
                form.due.data,
                form.note.data,
                since=version(form.since.data),
                submission=(form.submission.data or "")[:64],
            )
        except Refused as refusal:
            status = refusal.status
            db.session.rollback()
            found = found_request(id)
            form.since.data = str(found.steps_count)
            form.form_errors = [*form.form_errors, str(refusal)]
        else:
            flash("The answer is published.")
            return redirect(request_url(found.thread))
    return _ask(
        "resources/team/answer.html",
        form,
        status,
        asked=found,
        states=STATES,
        address=request_url(found.thread),
    )


# What these have in common


def _ask(template: str, form: Form, status: int = 422, **more: Any) -> ResponseReturnValue:
    """The page that asks for the rest, with what was typed so far; `status` where something is wrong with it."""
    page = render_template(template, form=form, longest=LONGEST_NOTE, form_errors=bool(form.errors), **more)
    return page, status if form.errors else 200


def _groups() -> list[str]:
    return list(dict.fromkeys(row.group for row in db.session.scalars(Resource.in_order())))


def _edited(resource: Resource) -> str:
    """When it was last edited, as a form carries it; empty where it never was."""
    return resource.edited_at.isoformat() if resource.edited_at else ""


def _moment(typed: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(typed) if typed else None
    except ValueError:
        return None
