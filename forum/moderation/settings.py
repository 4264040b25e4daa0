"""The team's hand on where people talk: a thread's settings, and what is held before it is public."""

from __future__ import annotations

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.core.db import db
from forum.core.guards import me
from forum.discussion.models import Component, Conversation, Prompt
from forum.discussion.models.lists import components_of
from forum.moderation.acts import found_thread, thread_url
from forum.moderation.forms import LONGEST_NOTE, ArrangeForm, SwitchForm
from forum.moderation.team import bp, done


@bp.route("/threads/<int:id>/settings", methods=["GET", "POST"])
def arrange(id: int) -> ResponseReturnValue:
    thread = found_thread(id)
    carried = [component.slug for component in components_of([id]).get(id, [])]
    form = ArrangeForm(
        data={
            "title": thread.title,
            "components": carried,
            "slow": str(thread.slow_seconds),
            "holds": thread.holds,
        }
    )
    every = list(db.session.scalars(Component.in_order()))
    form.offer(every)
    if not form.validate_on_submit():
        page = render_template(
            "team/arrange.html", thread=thread, form=form, longest=LONGEST_NOTE, form_errors=bool(form.errors)
        )
        return page, 422 if form.errors else 200
    wanted = [component for component in every if component.slug in (form.components.data or [])]
    thread.arrange(me(), form.title.data, wanted, int(form.slow.data), form.holds.data, form.note.data)
    return done("The settings of the thread are saved.", thread_url(thread))


@bp.route("/switches", methods=["GET", "POST"])
def switches() -> ResponseReturnValue:
    prompts = list(db.session.scalars(Prompt.in_order()))
    row = db.session.scalars(select(Conversation)).one()
    held = [str(prompt.id) for prompt in prompts if prompt.holds]
    form = SwitchForm(data={"everywhere": row.holds, "under": held})
    form.offer(prompts)
    if not form.validate_on_submit():
        page = render_template("team/switches.html", form=form, form_errors=bool(form.errors))
        return page, 422 if form.errors else 200
    wanted = form.under.data or []
    Conversation.hold_posts(
        me(), form.everywhere.data, {prompt.id: str(prompt.id) in wanted for prompt in prompts}
    )
    return done("What is held is saved.", url_for("team.home"))
