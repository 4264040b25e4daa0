"""Taking part: starting threads, replying, editing, withdrawing, and what is not finished yet."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from forum.core import differences
from forum.core.characters import one_line, version, whole_number
from forum.core.db import db, first_or_404
from forum.core.errors import Conflict, Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.core.markup import clean_text, render
from forum.core.paging import pages_of
from forum.discussion.beside import edit_address
from forum.discussion.forms import (
    LONGEST_TITLE,
    ButtonForm,
    EditForm,
    EditOpeningForm,
    PostForm,
    ThreadForm,
)
from forum.discussion.fragments import read_leaf, thread_for_viewer
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.drafts import Draft
from forum.discussion.models.gate import look
from forum.discussion.models.lists import ThreadRow, components_of
from forum.discussion.models.mentions import offers, people_named
from forum.discussion.models.merging import standing
from forum.discussion.models.threads import Moved
from forum.discussion.models.words import LONGEST_BODY
from forum.discussion.nearest import nearest
from forum.discussion.views import bp, post_url, thread_page, thread_url

WRITES = "60 per 10 minutes"
WAITS = "The team looks at it first, as a rule within one working day. You are told when it is published."
UNCONFIRMED = "Confirm your email address before you publish. Save your words as a draft until then."


@bp.route("/prompts/<slug>/threads/new", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def new_thread(slug: str) -> ResponseReturnValue:
    prompt = catalogue().prompt(slug) or abort(404)
    key = f"thread:{slug}"
    form = ThreadForm(disclosure=me().disclosure)
    if request.method == "GET":
        form.fresh_submission()
        draft = _into(form, Draft.find(me(), key))
        form.title.data = form.title.data or one_line(request.args.get("title"))[:LONGEST_TITLE]
        return _thread_form(form, prompt, draft=draft)
    if "preview" in request.form:
        said = nearest(form.title.data or "")
        return _thread_form(form, prompt, preview=_preview(form.body.data), nearest=said)
    if not form.validate_on_submit() or not _may_publish(form) or not _passes(form):
        return _thread_form(form, prompt, status=422)
    thread = Thread.start(
        db.session.merge(prompt, load=True),
        me(),
        form.title.data,
        form.body.data,
        _components(form),
        form.disclosure.data,
        (form.submission.data or "")[:64],
    )
    Draft.drop(me(), key)
    if not thread.is_listed:
        flash(WAITS)
    return redirect(thread_url(thread))


@bp.post("/threads/<int:id>/posts")
@limiter.limit(WRITES, key_func=person)
@signed_in
def reply(id: int) -> ResponseReturnValue:
    """A reply to a thread that was merged while it was written goes where the thread goes on."""
    try:
        return _reply(standing(id))
    except Moved as moved:
        db.session.rollback()
        return _reply(moved.to)


def _reply(id: int) -> ResponseReturnValue:
    thread = thread_for_viewer(id)
    form = PostForm(disclosure=me().disclosure)
    if "preview" in request.form:
        return _with_reply(thread, form, preview=_preview(form.body.data, thread.id))
    if not form.validate_on_submit() or not _may_publish(form) or not _passes(form):
        return _with_reply(thread, form), 422
    try:
        post = thread.reply(
            me(),
            form.body.data,
            form.disclosure.data,
            (form.submission.data or "")[:64],
            _answered(thread, form),
        )
    except Moved:
        raise
    except Refused as refusal:
        form.form_errors = [*form.form_errors, str(refusal)]
        return _with_reply(thread, form), 422
    Draft.drop(me(), f"reply:{id}")
    return redirect(post_url(post))


def _with_reply(thread: Thread, form: PostForm, preview: Markup | None = None) -> str:
    """The thread's last page, with the reply that is being written."""
    return thread_page(read_leaf(thread, pages_of(thread.posts_count)), form, preview)


@bp.route("/posts/<int:id>/edit", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def edit(id: int) -> ResponseReturnValue:
    post = first_or_404(Post.visible_to(me()).where(Post.id == id))
    if not post.editable_by(me()):
        raise Refused("You can edit only your own posts, while they are shown and their thread is open.")
    if elsewhere := edit_address(post):
        return redirect(elsewhere)
    form = _edit_form(post)
    if request.method == "GET":
        return _edit_page(form, post, draft=_into(form, Draft.find(me(), f"edit:{id}")))
    if "preview" in request.form:
        return _edit_page(form, post, preview=_preview(form.body.data, post.thread_id))
    if not form.validate_on_submit() or not _passes(form, post.was_public()):
        return _edit_page(form, post, status=422)
    title, components = None, None
    if isinstance(form, EditOpeningForm):
        title, components = form.title.data, _components(form)
    try:
        post.edit(
            me(),
            form.body.data,
            form.disclosure.data,
            since=version(form.since.data),
            title=title,
            components=components,
        )
    except Conflict:
        return _conflict(form, id)
    Draft.drop(me(), f"edit:{id}")
    return redirect(post_url(post))


@bp.route("/posts/<int:id>/delete", methods=["GET", "POST"])
@signed_in
def withdraw(id: int) -> ResponseReturnValue:
    post = first_or_404(Post.visible_to(me()).where(Post.id == id))
    if not post.withdrawable_by(me()):
        raise Refused("You can withdraw only your own posts, while they are shown.")
    form = ButtonForm()
    if not form.validate_on_submit():
        whole = post.opens and post.thread.posts_count == 1
        page = render_template(
            "discussion/withdraw.html", post=post, form=form, whole=whole, address=post_url(post)
        )
        return page, 200 if request.method == "GET" else 422
    post.withdraw(me())
    flash("Your post has been withdrawn. You can restore it for 30 days.")
    return redirect(post_url(post))


@bp.post("/posts/<int:id>/restore")
@signed_in
def bring_back(id: int) -> ResponseReturnValue:
    post = first_or_404(Post.visible_to(me()).where(Post.id == id, Post.author_id == me().id))
    post.bring_back(me())
    flash("Your post has been restored.")
    return redirect(post_url(post))


@bp.post("/preview")
@limiter.limit("120 per minute", key_func=person)
@signed_in
def preview() -> ResponseReturnValue:
    """What the text will look like, as JSON {"html": …}; `body` is the text."""
    return jsonify(html=_preview(request.form.get("body", "")[: 2 * LONGEST_BODY]))


@bp.get("/mentions")
@limiter.limit("300 per minute", key_func=person)
@signed_in
def mentions() -> ResponseReturnValue:
    """Whom an @ may name, as JSON {"people": [{"name", "about", "insert"}]}: `q` is how the name begins, `thread` where
    it is written."""
    thread = whole_number(request.args.get("thread"))
    seen = db.session.scalar(Thread.visible_to(me()).where(Thread.id == thread)) if thread else None
    found = offers(one_line(request.args.get("q"))[:120], seen.id if seen else None, me().id)
    return jsonify(people=[{"name": o.name, "about": o.about, "insert": o.insert} for o in found])


def _preview(text: str | None, thread: int | None = None) -> Markup:
    """As it will read: with the people whom it names."""
    return render(text or "", people_named(text or "", thread))


@bp.post("/check")
@limiter.limit("120 per minute", key_func=person)
@signed_in
def check() -> ResponseReturnValue:
    """What should be looked at in the text `body`, before it is sent, as JSON {"html": …}. Nothing of it is kept."""
    found = look(me(), {"body": clean_text(request.form.get("body", "")[: 2 * LONGEST_BODY])})
    return jsonify(html=render_template("discussion/found.html", found=found) if found else "")


def _passes(form: PostForm, before: str = "") -> bool:
    """Nothing in the words stands against them, or their author has seen what does and goes on."""
    fields = ("title", "body") if isinstance(form, ThreadForm) else ("body",)
    return form.passes(look(me(), form.typed(*fields), before))


def _into(form: PostForm, draft: Draft | None) -> Draft | None:
    """Put what was kept into `form`."""
    if draft is not None:
        for name, value in draft.fields.items():
            if name in form and name not in ("submission", "csrf_token"):
                form[name].data = value
    return draft


def _thread_form(
    form: ThreadForm,
    prompt: Prompt,
    draft: Draft | None = None,
    preview: Markup | None = None,
    status: int = 200,
    nearest: list[ThreadRow] | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "discussion/new_thread.html",
        form=form,
        prompt=prompt,
        draft=draft,
        preview=preview,
        nearest=nearest,
        longest=LONGEST_BODY,
        longest_title=LONGEST_TITLE,
        form_errors=bool(form.errors),
    )
    return page, status


def _may_publish(form: PostForm) -> bool:
    if not me().may_post:
        form.form_errors = [*form.form_errors, UNCONFIRMED]
    return bool(me().may_post)


def _components(form: ThreadForm) -> list[Component]:
    wanted = form.components.data or []
    return list(db.session.scalars(select(Component).where(Component.slug.in_(wanted))))


def _answered(thread: Thread, form: PostForm) -> Post | None:
    """The post of this thread that the reply quotes, if the form names one."""
    id = whole_number(form.in_reply_to.data) or 0
    found: Post | None = db.session.scalar(select(Post).where(Post.id == id, Post.thread_id == thread.id))
    return found


def _edit_form(post: Post) -> EditForm | EditOpeningForm:
    if not post.opens:
        return EditForm(data={"body": post.source, "disclosure": post.disclosure, "since": str(post.version)})
    carried = [component.slug for component in components_of([post.thread_id]).get(post.thread_id, [])]
    return EditOpeningForm(
        data={
            "body": post.source,
            "disclosure": post.disclosure,
            "since": str(post.version),
            "title": post.thread.title,
            "components": carried,
        }
    )


def _edit_page(
    form: EditForm | EditOpeningForm, post: Post, status: int = 200, **more: Any
) -> ResponseReturnValue:
    page = render_template(
        "discussion/edit.html",
        form=form,
        post=post,
        address=post_url(post),
        longest=LONGEST_BODY,
        longest_title=LONGEST_TITLE,
        form_errors=bool(form.errors),
        **more,
    )
    return page, status


def _conflict(form: EditForm | EditOpeningForm, id: int) -> ResponseReturnValue:
    """Both texts, side by side in words; sending again then counts from what is there now."""
    db.session.rollback()
    post = first_or_404(Post.visible_to(me()).where(Post.id == id))
    form.since.data = str(post.version)
    return _edit_page(form, post, status=409, between=differences.words(post.source, form.body.data))
