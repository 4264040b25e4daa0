"""The conversation's own words: its prompts and components, as the team edits them."""

from __future__ import annotations

from typing import TypeVar

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import Select, select

from forum.core.db import db, first_or_404, reading
from forum.core.guards import me
from forum.core.markup import render
from forum.discussion.models import Component, Prompt
from forum.moderation.forms import ComponentForm, PromptForm, TextForm, edited
from forum.moderation.team import bp, done

T = TypeVar("T")


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
        return done("The words of the prompt are saved.", url_for("discussion.prompt", slug=slug))
    return _edit("team/prompt.html", form, prompt, form.introduction.data)


@bp.route("/components/<slug>", methods=["GET", "POST"])
def component(slug: str) -> ResponseReturnValue:
    component = first_or_404(_held(select(Component).where(Component.slug == slug)))
    form = ComponentForm(obj=component, since=edited(component))
    if _to_save(form, component):
        component.describe(me(), form.name.data, form.summary.data)
        return done("The words of the component are saved.", url_for("discussion.component", slug=slug))
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
