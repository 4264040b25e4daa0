"""The team acts on posts and threads: hide, restore, lock, pin and move."""

from __future__ import annotations

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from forum.core.db import db, first_or_404
from forum.core.guards import me
from forum.core.markup import extract
from forum.discussion.models import Post, Prompt, Thread
from forum.moderation.forms import LONGEST_NOTE, HideForm, MoveForm, NoteForm
from forum.moderation.models import Act, Decision
from forum.moderation.team import bp, done


@bp.route("/posts/<int:id>/hide", methods=["GET", "POST"])
def hide_post(id: int) -> ResponseReturnValue:
    post, form = _found_post(id), HideForm()
    if not form.validate_on_submit():
        return _ask("team/hide_post.html", form, post=post, words=extract(post.html, 300))
    Decision.of_post(post, me(), Act.HIDE, form.reason.data, form.words.data, form.note.data)
    return done("The post is hidden.", _post_url(post))


@bp.post("/posts/<int:id>/restore")
def restore_post(id: int) -> ResponseReturnValue:
    post, form = _found_post(id), NoteForm()
    if not form.validate_on_submit():
        return _ask("team/restore.html", form, title=post.thread.title, number=post.number)
    standing = db.session.scalar(Decision.standing_against(post))
    if standing is not None:
        standing.reverse(me(), form.note.data)
    else:
        post.publish(me(), form.note.data)
    return done("The post is restored.", _post_url(post))


@bp.route("/threads/<int:id>/hide", methods=["GET", "POST"])
def hide_thread(id: int) -> ResponseReturnValue:
    thread, form = found_thread(id), HideForm()
    if not form.validate_on_submit():
        return _ask("team/hide_thread.html", form, thread=thread)
    thread.hide(by=me(), reason=form.reason.data, note=form.note.data)
    return done("The thread is hidden.", thread_url(thread))


@bp.post("/threads/<int:id>/restore")
def restore_thread(id: int) -> ResponseReturnValue:
    thread, form = found_thread(id), NoteForm()
    if not form.validate_on_submit():
        return _ask("team/restore.html", form, title=thread.title, number=None)
    thread.restore(by=me(), note=form.note.data)
    return done("The thread is restored.", thread_url(thread))


@bp.post("/threads/<int:id>/lock")
def lock(id: int) -> ResponseReturnValue:
    thread = found_thread(id)
    thread.lock(by=me())
    return done("The thread is locked: it takes no new posts.", thread_url(thread))


@bp.post("/threads/<int:id>/unlock")
def unlock(id: int) -> ResponseReturnValue:
    thread = found_thread(id)
    thread.unlock(by=me())
    return done("The thread is open to new posts.", thread_url(thread))


@bp.post("/threads/<int:id>/pin")
def pin(id: int) -> ResponseReturnValue:
    thread = found_thread(id)
    thread.pin(by=me())
    return done("The thread is pinned: it stays at the top of its prompt.", thread_url(thread))


@bp.post("/threads/<int:id>/unpin")
def unpin(id: int) -> ResponseReturnValue:
    thread = found_thread(id)
    thread.unpin(by=me())
    return done("The thread is no longer pinned.", thread_url(thread))


@bp.route("/threads/<int:id>/move", methods=["GET", "POST"])
def move(id: int) -> ResponseReturnValue:
    thread, prompts = found_thread(id), list(db.session.scalars(Prompt.in_order()))
    here = next(prompt for prompt in prompts if prompt.id == thread.prompt_id)
    form = MoveForm(prompt=here.slug)
    form.offer(prompts)
    if not form.validate_on_submit():
        return _ask("team/move.html", form, thread=thread, here=here)
    to = next(prompt for prompt in prompts if prompt.slug == form.prompt.data)
    thread.move(by=me(), to=to, note=form.note.data)
    return done(f"The thread is now under “{to.title}”.", thread_url(thread))


def _ask(template: str, form: NoteForm, **about: object) -> ResponseReturnValue:
    """The page that asks for the rest of an act, with what was typed so far."""
    page = render_template(template, form=form, longest=LONGEST_NOTE, form_errors=bool(form.errors), **about)
    return page, 422 if form.errors else 200


def _found_post(id: int) -> Post:
    return first_or_404(Post.visible_to(me()).where(Post.id == id))


def found_thread(id: int) -> Thread:
    return first_or_404(Thread.visible_to(me()).where(Thread.id == id))


def _post_url(post: Post) -> str:
    return url_for("discussion.post", id=post.id)


def thread_url(thread: Thread) -> str:
    return url_for("discussion.thread", id=thread.id, slug=thread.slug)
