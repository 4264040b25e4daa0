"""What people are still writing: saved while they type or by a button, listed, thrown away."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.core.characters import whole_number
from forum.core.db import db, first_or_404
from forum.core.dress import when
from forum.core.guards import me, sign_in_first, signed_in
from forum.core.limits import limiter, person
from forum.discussion.forms import DraftForm
from forum.discussion.models import Post, Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.drafts import Draft
from forum.discussion.models.merging import standing
from forum.discussion.models.words import LONGEST_BODY
from forum.discussion.views import bp, thread_url

KEPT = ("title", "body", "disclosure", "in_reply_to", "since", "submission")


@bp.get("/drafts")
@signed_in
def drafts() -> ResponseReturnValue:
    return render_template(
        "discussion/drafts.html", drafts=db.session.scalars(Draft.of(me()).limit(200)).all()
    )


@bp.post("/drafts")
@limiter.limit("120 per minute", key_func=person)
def save_draft() -> ResponseReturnValue:
    """Keep what is being written: by a button, or by the page's script, which asks for JSON."""
    by_script = request.accept_mimetypes.best == "application/json"
    if not me().is_signed_in:
        return (jsonify(error="signed out"), 401) if by_script else sign_in_first()
    form = DraftForm()
    if not form.validate_on_submit():
        return (jsonify(error="not saved"), 422) if by_script else abort(422)
    key, about, path = _about(form.key.data)
    fields: dict[str, Any] = {
        name: request.form[name][: LONGEST_BODY * 2] for name in KEPT if name in request.form
    }
    fields["components"] = request.form.getlist("components")[:20]
    draft = Draft.save(me(), key, about, path, fields)
    if by_script:
        return jsonify(saved_at=when(draft.saved_at).partition(" at ")[2])
    flash("Your draft has been saved.")
    return redirect("/drafts")


@bp.post("/drafts/<int:id>/discard")
@signed_in
def discard_draft(id: int) -> ResponseReturnValue:
    draft = first_or_404(Draft.of(me()).where(Draft.id == id))
    db.session.delete(draft)
    flash("The draft has been discarded.")
    return redirect("/drafts")


def _about(key: str) -> tuple[str, str, str]:
    """The key of a draft, what it is about, and where to go on with it. A reply to a thread that was merged
    meanwhile is one to the other. A key of nothing this person may write is a 404."""
    kind, _, name = key.partition(":")
    if kind == "thread":
        prompt = catalogue().prompt(name) or abort(404)
        return key, f"A new thread: {prompt.title}", f"/prompts/{prompt.slug}/threads/new"
    number = whole_number(name)
    if number is None:
        abort(404)
    if kind == "reply":
        here = standing(number, lock=True)
        thread = first_or_404(Thread.visible_to(me()).where(Thread.id == here))
        return f"reply:{here}", f"A reply: {thread.title}", thread_url(thread) + "#reply"
    if kind == "edit":
        post = first_or_404(Post.visible_to(me()).where(Post.id == number, Post.author_id == me().id))
        return key, f"An edit: {post.thread.title}", f"/posts/{post.id}/edit"
    return abort(404)
