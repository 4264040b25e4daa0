"""Making a suggestion, changing it, and supporting one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.accounts.models import User
from forum.core import differences
from forum.core.characters import version, whole_number
from forum.core.db import db, first_or_404
from forum.core.dress import when
from forum.core.errors import Conflict, Refused
from forum.core.guards import me, sign_in_first, signed_in
from forum.core.limits import limiter, person
from forum.core.markup import render
from forum.core.security import own_path
from forum.discussion.models import Component, Post, Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.drafts import Draft
from forum.discussion.models.gate import Found, look
from forum.discussion.models.lists import components_of
from forum.discussion.models.merging import address, standing
from forum.discussion.models.threads import Moved
from forum.discussion.nearest import nearest
from forum.suggestions.forms import (
    LONGEST_BODY,
    LONGEST_PART,
    ButtonForm,
    EditSuggestionForm,
    SuggestionForm,
)
from forum.suggestions.models import Suggestion
from forum.suggestions.models.lists import suggestion_rows
from forum.suggestions.models.suggestions import Supporter
from forum.suggestions.views import PROMPT, bp, suggestion_for_viewer

WRITES = "60 per 10 minutes"
NEW = "suggestion:new"
NEAREST = 5
BEGINS = 150  # characters of a suggestion that the nearest are looked for by, besides its title
UNCONFIRMED = "Confirm your email address before you publish. Save your words as a draft until then."


@bp.route("/suggestions/new", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def new() -> ResponseReturnValue:
    """Step one asks; before it is published, the nearest that others have made are shown: the way to support them."""
    prompt, form = catalogue().prompt(PROMPT) or abort(404), SuggestionForm(disclosure=me().disclosure)
    if request.method == "GET":
        draft = Draft.find(me(), NEW)
        form.take(draft.fields if draft else {})
        form.fresh_submission()
        return _page("suggestions/new.html", form, prompt=prompt, draft=draft)
    if "change" in request.form or "preview" in request.form:
        shown = render(form.words.composed()) if "preview" in request.form else None
        form.seen.data = ""
        return _page("suggestions/new.html", form, prompt=prompt, preview=shown)
    if not form.validate_on_submit() or not _may_publish(form) or not form.passes(_looked_at(form)):
        return _page("suggestions/new.html", form, 422, prompt=prompt)
    if not form.seen.data and (found := _nearest(form)):
        Draft.save(me(), NEW, "A suggestion", "/suggestions/new", form.kept())
        supported = Supporter.among([row.id for row in found], me().id)
        return _page("suggestions/nearest.html", form, prompt=prompt, rows=found, supported=supported)
    made = Suggestion.make(
        db.session.merge(prompt, load=True),
        me(),
        form.words,
        _components(form),
        form.disclosure.data,
        (form.submission.data or "")[:64],
    )
    Draft.drop(me(), NEW)
    return redirect(address(made.thread))


@bp.post("/suggestions/draft")
@limiter.limit("120 per minute", key_func=person)
def save_draft() -> ResponseReturnValue:
    """Keep what is being written: by a button, or by the page's script, which asks for JSON. `about` is the id of a
    suggestion that is being changed."""
    by_script = request.accept_mimetypes.best == "application/json"
    if not me().is_signed_in:
        return (jsonify(error="signed out"), 401) if by_script else sign_in_first()
    form, about = SuggestionForm(), request.form.get("about", "")
    key, what, path = NEW, "A suggestion", "/suggestions/new"
    if about:
        post = _opening(whole_number(about) or abort(404))
        key, what = f"suggestion:{post.thread_id}", f"An edit: {post.thread.title}"
        path = f"/suggestions/{post.thread_id}/edit"
    draft = Draft.save(me(), key, what, path, form.kept())
    if by_script:
        return jsonify(saved_at=when(draft.saved_at).partition(" at ")[2])
    flash("Your draft has been saved.")
    return redirect("/drafts")


@bp.route("/suggestions/<int:id>/edit", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def edit(id: int) -> ResponseReturnValue:
    if (here := standing(id)) != id:
        return _merged(here)
    post = _opening(id)
    if not post.editable_by(me()):
        raise Refused(
            "You can edit only your own suggestions, while they are shown and their thread is open."
        )
    suggestion, key = suggestion_for_viewer(id, "/edit"), f"suggestion:{id}"
    form = EditSuggestionForm(disclosure=post.disclosure)
    if request.method == "GET":
        draft = Draft.find(me(), key)
        carried = [each.slug for each in components_of([id]).get(id, [])]
        form.take({**suggestion.words.__dict__, "components": carried, **(draft.fields if draft else {})})
        form.since.data = str(post.version)
        return _page("suggestions/edit.html", form, thread=post.thread, draft=draft)
    if "preview" in request.form:
        return _page("suggestions/edit.html", form, thread=post.thread, preview=render(form.words.composed()))
    if not form.validate_on_submit() or not form.passes(_looked_at(form, post.was_public())):
        return _page("suggestions/edit.html", form, 422, thread=post.thread)
    try:
        suggestion.edit(
            me(),
            form.words,
            _components(form),
            form.disclosure.data,
            post,
            version(form.since.data),
        )
    except Conflict:
        return _conflict(form, id)
    Draft.drop(me(), key)
    return redirect(address(post.thread))


@bp.post("/suggestions/<int:id>/support")
@limiter.limit(WRITES, key_func=person)
@signed_in
def support(id: int) -> ResponseReturnValue:
    return _say(id, Suggestion.support, "You support this suggestion.")


@bp.post("/suggestions/<int:id>/take-back")
@limiter.limit(WRITES, key_func=person)
@signed_in
def take_back(id: int) -> ResponseReturnValue:
    return _say(id, Suggestion.take_back, "You have taken back your support.")


def _say(id: int, verb: Callable[[Suggestion, User], None], words: str) -> ResponseReturnValue:
    """Do it to the suggestion, or to the one it was merged into, be it at this moment."""
    if not ButtonForm().validate_on_submit():
        abort(400)
    try:
        found = suggestion_for_viewer(standing(id), "")
        verb(found, me())
    except Moved as moved:
        db.session.rollback()
        found = suggestion_for_viewer(moved.to, "")
        verb(found, me())
    flash(words)
    return redirect(own_path(request.form.get("then")) or address(found.thread))


def _nearest(form: SuggestionForm) -> list[Any]:
    """What others have suggested that is like it: by its title first, then by how it begins."""
    begins = form.body.data[:BEGINS]
    found = [row.id for words in (form.title.data, begins) for row in nearest(words, NEAREST, "suggestion")]
    return suggestion_rows(list(dict.fromkeys(found))[:NEAREST])


def _looked_at(form: SuggestionForm, before: str = "") -> list[Found]:
    return look(me(), form.typed("title", "body", "why", "helps"), before)


def _opening(id: int) -> Post:
    query = Post.visible_to(me()).where(Post.thread_id == id, Post.number == 1)
    return first_or_404(query.options(joinedload(Post.thread).joinedload(Thread.author)))


def _may_publish(form: SuggestionForm) -> bool:
    if not me().may_post:
        form.form_errors = [*form.form_errors, UNCONFIRMED]
    return bool(me().may_post)


def _components(form: SuggestionForm) -> list[Component]:
    wanted = form.components.data or []
    return list(db.session.scalars(select(Component).where(Component.slug.in_(wanted))))


def _page(template: str, form: SuggestionForm, status: int = 200, **more: Any) -> ResponseReturnValue:
    page = render_template(
        template,
        form=form,
        longest=LONGEST_BODY,
        longest_part=LONGEST_PART,
        form_errors=bool(form.errors),
        **more,
    )
    return page, status


def _conflict(form: EditSuggestionForm, id: int) -> ResponseReturnValue:
    """Somebody changed it meanwhile: both texts, side by side in words; sending again then counts from what is there
    now. One that was merged meanwhile is edited where it stands."""
    db.session.rollback()
    if (here := standing(id)) != id:
        return _merged(here)
    post = _opening(id)
    form.since.data = str(post.version)
    between = differences.words(post.source, form.words.composed())
    return _page("suggestions/edit.html", form, 409, thread=post.thread, between=between)


def _merged(into: int) -> ResponseReturnValue:
    """It is a post of another suggestion by now. Words that were sent are offered as a reply there."""
    found = suggestion_for_viewer(into, "")
    if request.method == "GET":
        return redirect(address(found.thread))
    form = EditSuggestionForm(disclosure=me().disclosure)
    form.fresh_submission()
    return _page("suggestions/merged.html", form, 409, thread=found.thread, words=form.words.composed())
