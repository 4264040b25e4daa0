"""Writing a case study, a step at a time: begin, leave, resume, change later. What is whole goes to publishing.py."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.accounts.models import School
from forum.case_studies.drafts import Writing
from forum.case_studies.forms import AskingForm, ButtonForm, asking, facts_named, new_token, token
from forum.case_studies.models.register import in_words, setting_of
from forum.case_studies.steps import STEPS, Step, step_after, step_with
from forum.case_studies.views import bp, compared, found_study, thread_url, wants_json
from forum.core.db import db, reading
from forum.core.dress import when
from forum.core.errors import Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.discussion.models.drafts import Draft

WRITES = "60 per 10 minutes"
SAVES = "120 per minute"
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
    return _tasks(new_one(id))


@bp.route("/case-studies/drafts/<int:id>/<slug>", methods=["GET", "POST"])
@limiter.limit(SAVES, methods=["POST"], key_func=person)
@signed_in
def draft_step(id: int, slug: str) -> ResponseReturnValue:
    return _step(new_one(id), _with_facts(slug))


@bp.get("/case-studies/schools/<int:urn>")
@signed_in
def school(urn: int) -> ResponseReturnValue:
    """What the register says of a school, for the script of the forms that ask for one: values, and a sentence."""
    known = setting_of(School.by_urn(str(urn)) or abort(404))
    return jsonify(values=known, said=in_words(known))


@bp.get("/case-studies/<int:id>/edit")
@signed_in
def edit(id: int) -> ResponseReturnValue:
    return _tasks(changes_of(id))


@bp.route("/case-studies/<int:id>/edit/<slug>", methods=["GET", "POST"])
@limiter.limit(SAVES, methods=["POST"], key_func=person)
@signed_in
def edit_step(id: int, slug: str) -> ResponseReturnValue:
    return _step(changes_of(id), _with_facts(slug))


# What both have in common


def new_one(id: int) -> Writing:
    return Writing.resumed(me(), id, lock=not reading()) or abort(404)


def changes_of(id: int) -> Writing:
    study = found_study(id)
    post = study.opening()
    if not post.editable_by(me()):
        raise Refused("You can change only your own case studies, while they are shown and open.")
    return Writing.changing(me(), study, post, lock=not reading())


def _with_facts(slug: str) -> Step:
    step = step_with(slug)
    return step if step and step.facts else abort(404)


def _tasks(writing: Writing) -> str:
    return render_template("case_studies/tasks.html", writing=writing, groups=grouped(writing))


def _step(writing: Writing, step: Step) -> ResponseReturnValue:
    by_script = wants_json()
    if request.method == "GET":
        return _question(writing, step, _opened(writing, step))
    form: Any = step.form()
    if "find_school" in request.form and "find_school" in form:
        if form.has_good_token():
            form.look()
        return _question(writing, step, form, 422 if form.errors else 200)
    filled = form.settle(writing.answers.get("school"))
    leaving = by_script or "later" in request.form
    if not form.validate_on_submit() and (not leaving or form.is_too_much):
        return _question(writing, step, form, 422)
    if conflicts := writing.conflicts(step, form):
        if by_script:
            return jsonify(error="changed elsewhere"), 409
        form.since.data = writing.stamp(step)
        kept = {fact.name: value for fact, value in conflicts}
        between = compared(kept, form.said, [fact for fact, _ in conflicts])
        return _question(writing, step, form, 409, between=between)
    writing.save(step, form.said, form.hand.data or "")
    if by_script:
        assert writing.draft is not None
        return jsonify(saved_at=when(writing.draft.saved_at).partition(" at ")[2])
    if filled:
        flash(in_words(filled))
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


def grouped(writing: Writing) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for step, state in writing.states:
        groups.setdefault(step.group, []).append((step, state))
    return groups
