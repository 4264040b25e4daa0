"""The team's rooms, behind one door."""

from __future__ import annotations

from typing import TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import Select, select

from forum.core.db import db, first_or_404, reading
from forum.core.errors import Conflict
from forum.core.guards import me, team_only
from forum.core.markup import extract, render
from forum.core.security import own_path
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.words import REASONS
from forum.moderation.forms import (
    LONGEST_NOTE,
    CloseForm,
    ComponentForm,
    HideForm,
    MoveForm,
    NoteForm,
    PromptForm,
    TextForm,
    edited,
)
from forum.moderation.models import MANY, Line, Report

T = TypeVar("T")
REPORTS = 20
LINES = 50

bp = Blueprint("team", __name__, url_prefix="/team")
bp.before_request(team_only)


@bp.get("")
def home() -> str:
    return render_template(
        "team/home.html", waiting=Report.count_waiting(), many=MANY, lines=Line.log(limit=10)
    )


# Reports


@bp.get("/reports")
def reports() -> str:
    closed = request.args.get("show") == "closed"
    if closed:
        last = _id("before")
        before = first_or_404(select(Report).where(Report.id == last)) if last else None
        query = Report.closed(before)
    else:
        query = Report.waiting(_id("after") or 0)
    found = list(db.session.scalars(query.limit(REPORTS + 1)))
    rows, more = found[:REPORTS], len(found) > REPORTS
    onwards: dict[str, str | int] = {}
    if more:
        onwards = {"show": "closed", "before": rows[-1].id} if closed else {"after": rows[-1].id}
    return render_template(
        "team/reports.html",
        reports=rows,
        counts=Report.count_of(rows),
        reasons=REASONS,
        extract=extract,
        closed=closed,
        onwards=onwards,
    )


@bp.get("/reports/<int:id>")
def report(id: int) -> ResponseReturnValue:
    return _report(_found_report(id), CloseForm())


@bp.post("/reports/<int:id>/close")
def close_report(id: int) -> ResponseReturnValue:
    report, form = _found_report(id), CloseForm()
    if not form.validate_on_submit():
        return _report(report, form, 422)
    try:
        report.close(by=me(), note=form.note.data)
    except Conflict as conflict:
        form.form_errors.append(str(conflict))
        return _report(_found_report(id), form, conflict.status)
    flash(f"Report {report.id} is closed.")
    return redirect(url_for(".reports"))


# The log


@bp.get("/log")
def log() -> str:
    lines, onwards = _page(Line.log(_id("before"), LINES + 1))
    return render_template("team/log.html", lines=lines, onwards=onwards, earlier=bool(_id("before")))


@bp.get("/hidden")
def hidden() -> str:
    lines, onwards = _page(Line.of_what_is_hidden(_id("before"), LINES + 1))
    return render_template("team/hidden.html", lines=lines, onwards=onwards, earlier=bool(_id("before")))


# Posts


@bp.route("/posts/<int:id>/hide", methods=["GET", "POST"])
def hide_post(id: int) -> ResponseReturnValue:
    post, form = _found_post(id), HideForm()
    if not form.validate_on_submit():
        return _ask("team/hide_post.html", form, post=post, words=extract(post.html, 300))
    post.hide(by=me(), reason=form.reason.data, note=form.note.data)
    return _done("The post is hidden.", _post_url(post))


@bp.post("/posts/<int:id>/restore")
def restore_post(id: int) -> ResponseReturnValue:
    post, form = _found_post(id), NoteForm()
    if not form.validate_on_submit():
        return _ask("team/restore.html", form, title=post.thread.title, number=post.number)
    post.restore(by=me(), note=form.note.data)
    return _done("The post is restored.", _post_url(post))


# Threads


@bp.route("/threads/<int:id>/hide", methods=["GET", "POST"])
def hide_thread(id: int) -> ResponseReturnValue:
    thread, form = _found_thread(id), HideForm()
    if not form.validate_on_submit():
        return _ask("team/hide_thread.html", form, thread=thread)
    thread.hide(by=me(), reason=form.reason.data, note=form.note.data)
    return _done("The thread is hidden.", _thread_url(thread))


@bp.post("/threads/<int:id>/restore")
def restore_thread(id: int) -> ResponseReturnValue:
    thread, form = _found_thread(id), NoteForm()
    if not form.validate_on_submit():
        return _ask("team/restore.html", form, title=thread.title, number=None)
    thread.restore(by=me(), note=form.note.data)
    return _done("The thread is restored.", _thread_url(thread))


@bp.post("/threads/<int:id>/lock")
def lock(id: int) -> ResponseReturnValue:
    thread = _found_thread(id)
    thread.lock(by=me())
    return _done("The thread is locked: it takes no new posts.", _thread_url(thread))


@bp.post("/threads/<int:id>/unlock")
def unlock(id: int) -> ResponseReturnValue:
    thread = _found_thread(id)
    thread.unlock(by=me())
    return _done("The thread is open to new posts.", _thread_url(thread))


@bp.post("/threads/<int:id>/pin")
def pin(id: int) -> ResponseReturnValue:
    thread = _found_thread(id)
    thread.pin(by=me())
    return _done("The thread is pinned: it stays at the top of its prompt.", _thread_url(thread))


@bp.post("/threads/<int:id>/unpin")
def unpin(id: int) -> ResponseReturnValue:
    thread = _found_thread(id)
    thread.unpin(by=me())
    return _done("The thread is no longer pinned.", _thread_url(thread))


@bp.route("/threads/<int:id>/move", methods=["GET", "POST"])
def move(id: int) -> ResponseReturnValue:
    thread, prompts = _found_thread(id), list(db.session.scalars(Prompt.in_order()))
    here = next(prompt for prompt in prompts if prompt.id == thread.prompt_id)
    form = MoveForm(prompt=here.slug)
    form.offer(prompts)
    if not form.validate_on_submit():
        return _ask("team/move.html", form, thread=thread, here=here)
    to = next(prompt for prompt in prompts if prompt.slug == form.prompt.data)
    thread.move(by=me(), to=to, note=form.note.data)
    return _done(f"The thread is now under “{to.title}”.", _thread_url(thread))


# The conversation's own words


@bp.get("/texts")
def texts() -> str:
    prompts, components = db.session.scalars(Prompt.in_order()), db.session.scalars(Component.in_order())
    return render_template("team/texts.html", prompts=prompts.all(), components=components.all())


@bp.route("/prompts/<slug>", methods=["GET", "POST"])
def prompt(slug: str) -> ResponseReturnValue:
    prompt = first_or_404(_held(select(Prompt).where(Prompt.slug == slug)))
    form = PromptForm(obj=prompt, since=edited(prompt))
    if _to_save(form, prompt):
        prompt.introduce(me(), form.title.data, form.question.data, form.introduction.data)
        return _done("The words of the prompt are saved.", url_for("discussion.prompt", slug=slug))
    return _edit("team/prompt.html", form, prompt, form.introduction.data)


@bp.route("/components/<slug>", methods=["GET", "POST"])
def component(slug: str) -> ResponseReturnValue:
    component = first_or_404(_held(select(Component).where(Component.slug == slug)))
    form = ComponentForm(obj=component, since=edited(component))
    if _to_save(form, component):
        component.describe(me(), form.name.data, form.summary.data)
        return _done("The words of the component are saved.", url_for("discussion.component", slug=slug))
    return _edit("team/component.html", form, component, form.summary.data)


def _held(query: Select[T]) -> Select[T]:
    """`query` with its row locked where it is about to be changed."""
    return query if reading() else query.with_for_update()


def _to_save(form: TextForm, thing: Prompt | Component) -> bool:
    """True where the form is good, was opened on the words of now, and no preview is asked for."""
    ready = form.validate_on_submit() and "preview" not in request.form
    return ready and form.begins_from(thing)


def _edit(template: str, form: TextForm, thing: Prompt | Component, source: str) -> ResponseReturnValue:
    """The form: at first, as a preview, with its errors, or beside what a colleague has saved since."""
    previewed: Markup | None = None
    status, conflict = 200, False
    if form.errors:
        status = 422
    elif "preview" in request.form:
        previewed = render(source)
    elif form.is_submitted():
        status, conflict = 409, True
        form.form_errors.append("A colleague has changed these words since you opened this page")
    return render_template(
        template,
        form=form,
        thing=thing,
        previewed=previewed,
        conflict=conflict,
        form_errors=bool(form.errors),
    ), status


# What these have in common


def _id(name: str) -> int | None:
    """The id that the URL's `name` holds, if it has one; nonsense is a 404."""
    text = request.args.get(name, "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else abort(404)


def _found_report(id: int) -> Report:
    return first_or_404(Report.whole().where(Report.id == id).execution_options(populate_existing=True))


def _found_post(id: int) -> Post:
    return first_or_404(Post.visible_to(me()).where(Post.id == id))


def _found_thread(id: int) -> Thread:
    return first_or_404(Thread.visible_to(me()).where(Thread.id == id))


def _post_url(post: Post) -> str:
    return url_for("discussion.post", id=post.id)


def _thread_url(thread: Thread) -> str:
    return url_for("discussion.thread", id=thread.id, slug=thread.slug)


def _page(found: list[Line]) -> tuple[list[Line], dict[str, int]]:
    """The lines of this page, and what the URL of the next says."""
    return found[:LINES], {"before": found[LINES - 1].id} if len(found) > LINES else {}


def _report(report: Report, form: CloseForm, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "team/report.html",
        report=report,
        form=form,
        longest=LONGEST_NOTE,
        counts=Report.count_of([report]),
        reasons=REASONS,
        form_errors=bool(form.errors),
    ), status


def _ask(template: str, form: NoteForm, **about: object) -> ResponseReturnValue:
    """The page that asks for the rest of an act, with what was typed so far."""
    page = render_template(template, form=form, longest=LONGEST_NOTE, form_errors=bool(form.errors), **about)
    return page, 422 if form.errors else 200


def _done(message: str, default: str) -> ResponseReturnValue:
    """Say so, and go back to where the person was."""
    flash(message)
    return redirect(own_path(request.values.get("then")) or default)
