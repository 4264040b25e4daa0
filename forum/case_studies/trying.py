"""“We tried this”: what came of a study in another school, reported and changed."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.case_studies.forms import REPORT, new_token, token
from forum.case_studies.models import CaseStudy, Trial
from forum.case_studies.models.facts import TRIED, Answers
from forum.case_studies.models.telling import tell_author
from forum.case_studies.views import AWAITS, bp, compared, found_study, thread_url, wants_json
from forum.case_studies.writing import SAVES
from forum.core.characters import version
from forum.core.db import db
from forum.core.dress import when
from forum.core.errors import Conflict, Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.discussion.models import Post
from forum.discussion.models.drafts import Draft
from forum.discussion.models.gate import look
from forum.discussion.models.words import Publication

OWN = "This is your own case study. To say what has happened since, change it."


@bp.route("/case-studies/<int:id>/tried", methods=["GET", "POST"])
@limiter.limit(SAVES, methods=["POST"], key_func=person)
@signed_in
def tried(id: int) -> ResponseReturnValue:
    study = found_study(id)
    if study.thread.author_id == me().id:
        raise Refused(OWN)
    trial = _current(study)
    if trial is None and me().may_post and not study.thread.open_to(me()):
        raise Refused(study.thread.why_closed_to(me()))
    if request.method == "GET":
        return _page(study, trial, *_opened(study, trial))
    form: Any = REPORT()
    if "find_school" in request.form:
        if form.has_good_token():
            form.look()
        return _page(study, trial, form, status=422 if form.errors else 200)
    form.settle(_kept(study, trial)[0].get("school"))
    leaving = wants_json() or "later" in request.form
    if not form.validate_on_submit() and (not leaving or form.is_too_much):
        return _page(study, trial, form, status=422)
    if leaving:
        return _kept_for_later(study, form)
    before = trial.post.was_public() if trial is not None else ""
    told = {name: said for name, said in form.said.items() if isinstance(said, str)}
    if not form.passes(look(me(), told, before)):
        return _page(study, trial, form, status=422)
    try:
        shown = _published(study, trial, form)
    except Conflict:
        return _changed_meanwhile(id, form)
    except Refused as refusal:
        form.form_errors = [*form.form_errors, str(refusal)]
        return _page(study, trial, form, status=422)
    Draft.drop(me(), _key(study))
    if not shown.is_shown:
        flash(AWAITS)
    return redirect(f"/posts/{shown.id}")


def _published(study: CaseStudy, trial: Trial | None, form: Any) -> Post:
    """The post of the report, once however often it is sent; the author of the study is told of a new one."""
    sent = token(form.submission.data)
    if trial is not None and trial.post.submission == sent and trial.says(form.said):
        return trial.post
    if trial is not None:
        trial.revise(me(), form.said, version(form.since.data))
        return trial.post
    made, new = Trial.report(study, me(), form.said, sent)
    post = db.session.get_one(Post, made.post_id)
    if new and post.is_shown:
        tell_author(study.thread, made)
    return post


def _current(study: CaseStudy) -> Trial | None:
    """This person's own report, unless they have taken it back."""
    found = db.session.scalar(Trial.of(me(), study))
    return found if found is not None and found.post.publication != Publication.WITHDRAWN else None


def _opened(study: CaseStudy, trial: Trial | None) -> tuple[Any, Draft | None]:
    said, draft = _kept(study, trial)
    form: Any = REPORT(formdata=None, data=said)
    since = str(trial.post.version) if trial is not None else ""
    form.since.data = str(draft.fields.get("since") or since) if draft is not None else since
    form.submission.data = new_token()
    return form, draft


def _kept(study: CaseStudy, trial: Trial | None) -> tuple[Answers, Draft | None]:
    """What was kept for later, else what was said, else what the person's settings say."""
    draft = Draft.find(me(), _key(study))
    if draft is not None:
        return dict(draft.fields.get("answers", {})), draft
    if trial is not None:
        said = {fact.name: getattr(trial, fact.name) for fact in TRIED}
        return said | {"disclosure": trial.post.disclosure}, None
    return {"phase": me().phase, "disclosure": me().disclosure}, None


def _page(
    study: CaseStudy,
    trial: Trial | None,
    form: Any,
    draft: Draft | None = None,
    status: int = 200,
    **more: Any,
) -> ResponseReturnValue:
    page = render_template(
        "case_studies/tried.html",
        study=study,
        trial=trial,
        form=form,
        draft=draft,
        address=thread_url(study.thread),
        form_errors=bool(form.errors or more),
        **more,
    )
    return page, status


def _kept_for_later(study: CaseStudy, form: Any) -> ResponseReturnValue:
    about = f"What came of it for us: {study.thread.title}"
    path = f"/case-studies/{study.thread_id}/tried"
    draft = Draft.save(me(), _key(study), about, path, {"answers": form.said, "since": form.since.data})
    if wants_json():
        return jsonify(saved_at=when(draft.saved_at).partition(" at ")[2])
    flash("Your draft has been saved.")
    return redirect("/drafts")


def _changed_meanwhile(id: int, form: Any) -> ResponseReturnValue:
    """Both reports, side by side in words; sending again then counts from what is there now."""
    db.session.rollback()
    study = found_study(id)
    trial = _current(study)
    assert trial is not None
    form.since.data = str(trial.post.version)
    between = compared({fact.name: getattr(trial, fact.name) for fact in TRIED}, form.said, TRIED)
    return _page(study, trial, form, status=409, between=between)


def _key(study: CaseStudy) -> str:
    return f"case-study:tried:{study.thread_id}"
