"""Answering: one of the team drafts, another reads, and then it is published, once."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.core.characters import version
from forum.core.db import db, first_or_404
from forum.core.errors import Conflict, Refused
from forum.core.guards import me
from forum.core.markup import render
from forum.discussion.models import Post
from forum.suggestions.forms import LONGEST_NOTE, AnswerForm, ButtonForm, VersionForm
from forum.suggestions.models import AnswerDraft, Suggestion
from forum.suggestions.models.outcomes import answers_to
from forum.suggestions.models.steps import shown_posts
from forum.suggestions.team import bp, found_suggestion, posts_of, workbench


@bp.route("/suggestions/<int:id>/answer", methods=["GET", "POST"])
def answer(id: int) -> ResponseReturnValue:
    """Draft an answer, or change the draft that there is."""
    found = found_suggestion(id)
    draft = db.session.scalar(AnswerDraft.open_for(id))
    form = AnswerForm()
    form.offer(answers_to(found.status))
    if request.method == "GET":
        if draft is not None:
            form.begin_from(draft, posts_of(draft))
        else:
            form.posts.data, form.owner.data = "1", found.owner or ""
        return _page(form, found, draft)
    valid = form.validate_on_submit()
    posts = _posts(form, found) if valid else []
    if not valid or form.errors:
        return _page(form, found, draft, 422)
    said = form.outcome(posts)
    if "preview" in request.form:
        shown: dict[int, int] = dict(db.session.execute(shown_posts(found).where(Post.id.in_(posts))).all())
        return _page(form, found, draft, preview=render(said.composed(shown)))
    try:
        if draft is None and not form.since.data:
            AnswerDraft.begin(found, me(), said)
        else:
            (draft or _closed(id)).change(me(), said, version(form.since.data))
    except Conflict as conflict:
        return _conflict(form, id, conflict)
    except Refused as refusal:
        form.form_errors = [str(refusal)]
        return _page(form, found, draft, refusal.status)
    flash("The draft is saved. Somebody else has to read it before it is published.")
    return redirect(f"/team/suggestions/{id}")


@bp.post("/answers/<int:draft>/read")
def read(draft: int) -> ResponseReturnValue:
    found, form = _draft(draft), VersionForm()
    if not form.validate_on_submit():
        abort(400)
    return _do(
        found,
        lambda: found.read(me(), version(form.since.data)),
        "You have read it. It can be published.",
    )


@bp.post("/answers/<int:draft>/publish")
def publish(draft: int) -> ResponseReturnValue:
    """Pressed twice, in two browsers, by two people: it is published once, and all are shown its receipt."""
    found = _draft(draft)
    if not ButtonForm().validate_on_submit():
        abort(400)
    try:
        step = found.publish(me())
    except Refused as refusal:
        return _refused(found.thread_id, refusal)
    flash("The answer is published.")
    return redirect(f"/team/suggestions/{step.thread_id}/receipts/{step.id}")


@bp.post("/answers/<int:draft>/drop")
def drop(draft: int) -> ResponseReturnValue:
    found = _draft(draft)
    if not ButtonForm().validate_on_submit():
        abort(400)
    return _do(found, lambda: found.drop(me()), "The draft is dropped.")


def _do(draft: AnswerDraft, act: Any, words: str) -> ResponseReturnValue:
    thread = draft.thread_id
    try:
        act()
    except Refused as refusal:
        return _refused(thread, refusal)
    flash(words)
    return redirect(f"/team/suggestions/{thread}")


def _refused(thread: int, refusal: Refused) -> ResponseReturnValue:
    db.session.rollback()
    return workbench(found_suggestion(thread), str(refusal), refusal.status)


def _draft(id: int) -> AnswerDraft:
    return first_or_404(AnswerDraft.whole().where(AnswerDraft.id == id))


def _closed(id: int) -> AnswerDraft:
    """The draft that was open as the form was: to change it is a conflict, which says why."""
    query = AnswerDraft.whole().where(AnswerDraft.thread_id == id).order_by(AnswerDraft.id.desc())
    return first_or_404(query)


def _posts(form: AnswerForm, found: Suggestion) -> list[int]:
    """The ids of the posts that were named. One that is not there, or not shown, is said on the form."""
    query = shown_posts(found).where(Post.number.in_(form.numbers)).order_by(Post.number)
    known = {number: id for id, number in db.session.execute(query)}
    missing = [str(number) for number in form.numbers if number not in known]
    if missing:
        form.posts.errors = (f"There is no post {', '.join(missing)} to be seen in this thread",)
    return list(known.values())


def _conflict(form: AnswerForm, id: int, conflict: Conflict) -> ResponseReturnValue:
    """A colleague was quicker. The form keeps its words; sending again counts from what is there now."""
    db.session.rollback()
    found, draft = found_suggestion(id), db.session.scalar(AnswerDraft.open_for(id))
    form.since.data = str(draft.version) if draft else ""
    form.form_errors = [str(conflict)]
    return _page(form, found, draft, conflict.status, other=draft)


def _page(
    form: AnswerForm, found: Suggestion, draft: AnswerDraft | None, status: int = 200, **more: Any
) -> ResponseReturnValue:
    page = render_template(
        "team/answer.html",
        form=form,
        suggestion=found,
        thread=found.thread,
        draft=draft,
        longest=LONGEST_NOTE,
        form_errors=bool(form.errors),
        **more,
    )
    return page, status
