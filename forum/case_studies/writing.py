"""Writing a case study, a step at a time: begin, leave, resume, check all answers, publish once, change later."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.case_studies.drafts import Writing
from forum.case_studies.forms import AskingForm, ButtonForm, PublishForm, asking, facts_named, new_token
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.bundles import Bundle
from forum.case_studies.steps import STEPS, Step, step_after, step_with
from forum.case_studies.views import bp, compared, found_study, in_words, thread_url
from forum.core import differences
from forum.core.db import SAFE_METHODS, db, first_or_404
from forum.core.dress import when
from forum.core.errors import Conflict, Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.core.markup import render
from forum.discussion.models import Post
from forum.discussion.models.drafts import Draft

WRITES = "60 per 10 minutes"
SAVES = "120 per minute"
AWAITS = "What you wrote is with the team, who look at it before it is public."
LEFT = "Your case study is saved. You can come back to it from your drafts, on any device."
TITLE = asking(facts_named("title"))


@bp.route("/case-studies/new", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def new() -> ResponseReturnValue:
    """What one is asked for, and the first question."""
    form = TITLE()
    if request.method == "GET":
        form.hand.data = new_token()
    elif form.validate_on_submit():
        writing = Writing.begin(me(), token(form.hand.data), form.said)
        return redirect(writing.url(STEPS[1].slug))
    begun = db.session.scalars(Draft.of(me()).where(Draft.key.startswith("case-study:new:")).limit(20)).all()
    page = render_template(
        "case_studies/new.html", form=form, begun=begun, steps=STEPS, form_errors=bool(form.errors)
    )
    return page, 422 if form.errors else 200


@bp.route("/case-studies/<int:id>/adapt", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def adapt(id: int) -> ResponseReturnValue:
    """Begin a study that grows from another: its aims, never its results."""
    study = found_study(id)
    if not study.listed:
        raise Refused("A case study that is not shown cannot be adapted.")
    form = ButtonForm()
    if form.validate_on_submit():
        writing = Writing.begin(me(), token(form.token.data), study.to_adapt(), study.thread_id)
        return redirect(writing.url())
    form.token.data = new_token()
    page = render_template(
        "case_studies/adapt.html", study=study, form=form, address=thread_url(study.thread)
    )
    return page, 200 if request.method == "GET" else 422


@bp.get("/case-studies/drafts/<int:id>")
@signed_in
def draft(id: int) -> ResponseReturnValue:
    return _tasks(_new(id))


@bp.route("/case-studies/drafts/<int:id>/<slug>", methods=["GET", "POST"])
@limiter.limit(SAVES, methods=["POST"], key_func=person)
@signed_in
def draft_step(id: int, slug: str) -> ResponseReturnValue:
    return _step(_new(id), _with_facts(slug))


@bp.route("/case-studies/drafts/<int:id>/check", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def draft_check(id: int) -> ResponseReturnValue:
    form = PublishForm()
    writing = Writing.resumed(me(), id, lock=not _reading())
    if writing is None:
        return redirect(thread_url(_published(form).thread))
    if not form.validate_on_submit():
        form.token.data = writing.token
        return _check(writing, form)
    if writing.unfinished:
        return _check(writing, form, 422)
    try:
        study = CaseStudy.publish(me(), writing.answers, writing.token, writing.adapted_from)
        Bundle.of(writing.draft, None).publish_to(study, me())
    except Refused as refusal:
        form.form_errors = [str(refusal)]
        return _check(writing, form, 422)
    return _done(writing, study, "Your case study is published.")


@bp.get("/case-studies/<int:id>/edit")
@signed_in
def edit(id: int) -> ResponseReturnValue:
    return _tasks(_changing(id))


@bp.route("/case-studies/<int:id>/edit/<slug>", methods=["GET", "POST"])
@limiter.limit(SAVES, methods=["POST"], key_func=person)
@signed_in
def edit_step(id: int, slug: str) -> ResponseReturnValue:
    return _step(_changing(id), _with_facts(slug))


@bp.route("/case-studies/<int:id>/edit/check", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def edit_check(id: int) -> ResponseReturnValue:
    writing, form = _changing(id), PublishForm()
    if not form.validate_on_submit():
        form.since.data = str(writing.since)
        return _check(writing, form)
    if writing.unfinished:
        return _check(writing, form, 422)
    study = writing.study
    assert study is not None
    if writing.draft is None:  # pressed twice, or nothing was changed
        return redirect(thread_url(study.thread))
    try:
        study.revise(me(), writing.answers, number(form.since.data))
    except Conflict:
        return _changed_meanwhile(id, form)
    return _done(writing, study, "Your changes are published.")


# What both have in common


def _new(id: int) -> Writing:
    return Writing.resumed(me(), id, lock=not _reading()) or abort(404)


def _changing(id: int) -> Writing:
    study = found_study(id)
    post = study.opening()
    if not post.editable_by(me()):
        raise Refused("You can change only your own case studies, while they are shown and open.")
    return Writing.changing(me(), study, post, lock=not _reading())


def _with_facts(slug: str) -> Step:
    step = step_with(slug)
    return step if step and step.facts else abort(404)


def _tasks(writing: Writing) -> str:
    return render_template("case_studies/tasks.html", writing=writing, groups=_grouped(writing))


def _step(writing: Writing, step: Step) -> ResponseReturnValue:
    by_script = wants_json()
    if request.method == "GET":
        return _question(writing, step, _opened(writing, step))
    form = step.form()
    leaving = by_script or "later" in request.form
    if not form.validate_on_submit() and not leaving:
        return _question(writing, step, form, 422)
    if conflicts := writing.conflicts(step, form):
        if by_script:
            return jsonify(error="changed elsewhere"), 409
        form.since.data = writing.stamp(step)
        between = [
            (fact, differences.words(in_words(fact, kept), in_words(fact, form.said[fact.name])))
            for fact, kept in conflicts
        ]
        return _question(writing, step, form, 409, between=between)
    writing.save(step, form.said, form.hand.data or "")
    if by_script:
        assert writing.draft is not None
        return jsonify(saved_at=when(writing.draft.saved_at).partition(" at ")[2])
    if leaving:
        flash(LEFT)
        return redirect(writing.url())
    onwards = None if request.args.get("then") == "check" else step_after(step)
    return redirect(writing.url(onwards.slug if onwards else "check"))


def _opened(writing: Writing, step: Step) -> AskingForm:
    """The form of a step with what is kept; what the person's own settings say where nothing is yet."""
    kept = {fact.name: writing.answers.get(fact.name) for fact in step.facts}
    if not any(kept.values()):
        mine = {"phase": me().phase, "disclosure": me().disclosure}
        kept |= {name: value for name, value in mine.items() if name in kept}
    form = step.form(formdata=None, data=kept)
    form.since.data, form.hand.data = writing.stamp(step), new_token()
    return form


def _question(
    writing: Writing, step: Step, form: AskingForm, status: int = 200, **more: Any
) -> ResponseReturnValue:
    page = render_template(
        "case_studies/step.html",
        writing=writing,
        step=step,
        form=form,
        place=STEPS.index(step),
        steps=STEPS,
        then=request.args.get("then") == "check",
        form_errors=bool(form.errors or more),
        **more,
    )
    return page, status


def _check(writing: Writing, form: PublishForm, status: int = 200, **more: Any) -> ResponseReturnValue:
    """All answers at once, as they will be read."""
    missing = writing.unfinished if status == 422 else []
    page = render_template(
        "case_studies/check.html",
        writing=writing,
        form=form,
        groups=_grouped(writing),
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


def _grouped(writing: Writing) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for step, state in writing.states:
        groups.setdefault(step.group, []).append((step, state))
    return groups


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
    return _check(writing, form, 409, between=compared(study.answers(post), writing.answers))


def token(text: str | None) -> str:
    """A token of one of our forms; a fresh one in place of what is none."""
    kept = (text or "")[:60]
    return kept if kept.isascii() and kept.replace("-", "").replace("_", "").isalnum() else new_token()


def number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def wants_json() -> bool:
    """Asked by the page's script, which saves while one types."""
    return request.accept_mimetypes.best == "application/json"


def _reading() -> bool:
    return request.method in SAFE_METHODS
