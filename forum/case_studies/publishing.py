"""Checking all answers, and publishing them: once, however often and from wherever it is asked for."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from forum.case_studies.drafts import Writing
from forum.case_studies.forms import PublishForm, token
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.bundles import Bundle
from forum.case_studies.models.facts import ASKED
from forum.case_studies.steps import STEPS, Step
from forum.case_studies.views import AWAITS, bp, compared, found_study, in_words, thread_url
from forum.case_studies.writing import WRITES, changes_of, grouped
from forum.core.characters import version
from forum.core.db import db, first_or_404, reading
from forum.core.errors import Conflict, Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.core.markup import render
from forum.discussion.models import Post
from forum.discussion.models.gate import Found, look


@bp.route("/case-studies/drafts/<int:id>/check", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def draft_check(id: int) -> ResponseReturnValue:
    form = PublishForm()
    writing = Writing.resumed(me(), id, lock=not reading())
    if writing is None:
        return redirect(thread_url(_published(form).thread))
    if not form.validate_on_submit():
        form.token.data = writing.token
        return _check(writing, form)
    if writing.unfinished or not form.passes(_looked_at(writing)):
        return _check(writing, form, 422)
    try:
        study = CaseStudy.publish(me(), writing.answers, writing.token, writing.adapted_from)
        Bundle.of(writing.draft, None).publish_to(study, me())
    except Refused as refusal:
        form.form_errors = [str(refusal)]
        return _check(writing, form, 422)
    return _done(writing, study, "Your case study is published.")


@bp.route("/case-studies/<int:id>/edit/check", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def edit_check(id: int) -> ResponseReturnValue:
    writing, form = changes_of(id), PublishForm()
    if not form.validate_on_submit():
        form.since.data = str(writing.since)
        return _check(writing, form)
    if writing.unfinished:
        return _check(writing, form, 422)
    study = writing.study
    assert study is not None
    if writing.draft is None:  # pressed twice, or nothing was changed
        return redirect(thread_url(study.thread))
    if not form.passes(_looked_at(writing, study.opening().was_public())):
        return _check(writing, form, 422)
    try:
        study.revise(me(), writing.answers, version(form.since.data))
    except Conflict:
        return _changed_meanwhile(id, form)
    return _done(writing, study, "Your changes are published.")


def _looked_at(writing: Writing, before: str = "") -> list[Found]:
    """What is found in the answers, each with the address where it is changed."""
    found = []
    for step in STEPS:
        for fact in step.facts:
            said = writing.answers.get(fact.name)
            if isinstance(said, str):
                found += look(me(), {f"{writing.url(step.slug)}?then=check#{fact.name}": said}, before)
    return found


def _check(writing: Writing, form: PublishForm, status: int = 200, **more: Any) -> ResponseReturnValue:
    """All answers at once, as they will be read."""
    missing = writing.unfinished if status == 422 else []
    page = render_template(
        "case_studies/check.html",
        writing=writing,
        form=form,
        groups=grouped(writing),
        rows=lambda step: _rows(writing, step),
        missing=missing,
        form_errors=bool(form.errors or missing or more),
        **more,
    )
    return page, 422 if form.errors else status


def _rows(writing: Writing, step: Step) -> list[tuple[str, Any, str]]:
    """What the check shows of a step: label, words or rendered Markdown, and where they are changed."""
    if step.shown is not None:
        return [(label, text, writing.url(step.slug)) for label, text in step.shown(writing)]
    rows = []
    for fact in step.facts:
        said = in_words(fact, writing.answers.get(fact.name))
        rows.append(
            (
                fact.label,
                render(said) if fact.told else said,
                f"{writing.url(step.slug)}?then=check#{fact.name}",
            )
        )
    return rows


def _done(writing: Writing, study: CaseStudy, message: str) -> ResponseReturnValue:
    thread = study.opening().thread
    writing.discard()
    flash(message if thread.is_listed else AWAITS)
    return redirect(thread_url(thread))


def _published(form: PublishForm) -> Post:
    """The opening post of the study that a second press of the same button finds."""
    mine = Post.visible_to(me()).where(Post.author_id == me().id, Post.submission == token(form.token.data))
    post: Post = first_or_404(mine)
    return post


def _changed_meanwhile(id: int, form: PublishForm) -> ResponseReturnValue:
    """Someone else's changes, or one's own from another device, are there by now: what differs, field by field.
    Sending again then counts from what is there."""
    db.session.rollback()
    study = found_study(id)
    post = study.opening()
    writing = Writing.changing(me(), study, post)
    form.since.data = str(post.version)
    return _check(writing, form, 409, between=compared(study.answers(post), writing.answers, ASKED))
