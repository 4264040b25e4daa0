"""Reviewing a resource: one review a person, made and changed on the same page."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.accounts.models import PHASES, POSITIONS
from forum.core.db import db
from forum.core.errors import Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.discussion.models.gate import Found, look
from forum.resources.forms import LONGEST_BODY, ReviewForm
from forum.resources.models import Resource, Review
from forum.resources.views import bp, found_resource, resource_url

WRITES = "60 per 10 minutes"


@bp.route("/resources/<slug>/review", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def review(slug: str) -> ResponseReturnValue:
    resource, viewer = found_resource(slug), me()
    if viewer.may_post and not resource.reviewable_by(viewer):
        raise Refused(resource.why_not_reviewed_by(viewer))
    earlier, form = Review.by(viewer, resource), ReviewForm(disclosure=viewer.disclosure)
    if request.method == "GET":
        return _page(_begun(form, earlier), resource, earlier)
    if form.validate_on_submit() and form.passes(_looked_at(form, earlier)):
        try:
            given = Review.give(resource, viewer, form.answers, form.disclosure.data, form.sent_as)
        except Refused as refusal:
            db.session.rollback()
            resource = found_resource(slug)
            form.form_errors = [*form.form_errors, str(refusal)]
            return _page(form, resource, Review.by(viewer, resource), 422)
        flash(_thanks(given, earlier is None))
        return redirect(resource_url(resource))
    return _page(form, resource, earlier, 422)


def _looked_at(form: ReviewForm, earlier: Review | None) -> list[Found]:
    """What is found in the words that become a post."""
    before = earlier.post.was_public() if earlier is not None and earlier.post is not None else ""
    return look(me(), form.typed("helped_with", "helped_whom", "missing", "body"), before)


def _begun(form: ReviewForm, earlier: Review | None) -> ReviewForm:
    """The form as it opens: empty, or with what the person said before."""
    form.fresh_submission()
    if earlier is not None:
        form.fill(earlier.answers, with_words=earlier.is_said)
        if earlier.post is not None:
            form.disclosure.data = earlier.post.disclosure
    return form


def _page(
    form: ReviewForm, resource: Resource, earlier: Review | None, status: int = 200
) -> ResponseReturnValue:
    viewer = me()
    page = render_template(
        "resources/review.html",
        form=form,
        resource=resource,
        review=earlier,
        position=POSITIONS.get(viewer.position or ""),
        phase=PHASES.get(viewer.phase or ""),
        longest=LONGEST_BODY,
        form_errors=bool(form.errors),
    )
    return page, status


def _thanks(review: Review, is_new: bool) -> str:
    said = "Thank you. Your review is counted" if is_new else "Your review is changed"
    if review.post is None or not review.is_said:
        return f"{said}."
    if review.post.is_shown:
        return f"{said}, and what you wrote is in the talk."
    return f"{said}. What you wrote is not shown to others now."
