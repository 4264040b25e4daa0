"""What the team decided about the person who asks, or about what they reported; and their appeals."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.core.db import db, first_or_404
from forum.core.errors import Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.discussion.models import Post
from forum.discussion.models.words import REASONS
from forum.moderation.forms import LONGEST_DETAIL, AppealForm
from forum.moderation.models import Appeal, Decision, Report
from forum.moderation.models.decisions import DONE
from forum.moderation.views import bp

MOST = 200


@bp.get("/account/decisions")
@signed_in
def decisions() -> ResponseReturnValue:
    """Everything that was decided about this person, or left after they reported it."""
    return render_template(
        "moderation/decisions.html",
        decisions=db.session.scalars(Decision.about(me()).limit(MOST)).all(),
        appeals={
            appeal.decision_id: appeal for appeal in db.session.scalars(Appeal.by_person(me()).limit(MOST))
        },
        done=DONE,
        reasons=REASONS,
    )


@bp.get("/account/reports")
@signed_in
def reports() -> ResponseReturnValue:
    """What this person has reported, and what came of each."""
    found = db.session.scalars(Report.made_by(me()).limit(MOST)).all()
    return render_template(
        "moderation/my_reports.html",
        reports=found,
        outcomes=Decision.of_items([report.item_id for report in found]),
        reasons=REASONS,
    )


@bp.get("/account/decisions/<int:id>")
@signed_in
def decision(id: int) -> ResponseReturnValue:
    return _page(_mine(id), AppealForm())


@bp.post("/account/decisions/<int:id>/appeal")
@limiter.limit("20 per hour", key_func=person)
@signed_in
def appeal(id: int) -> ResponseReturnValue:
    found, form = _mine(id), AppealForm()
    if not form.validate_on_submit():
        return _page(found, form, 422)
    try:
        Appeal.make(found, me(), form.text.data)
    except Refused as refusal:
        form.form_errors.append(str(refusal))
        return _page(found, form, refusal.status)
    flash("Your appeal has been sent. Someone other than the person who decided will look at it.")
    return redirect(url_for(".decision", id=id))


def _mine(id: int) -> Decision:
    """A decision that concerns who asks: it is about them, or about what they reported."""
    loaded = select(Decision).where(Decision.id == id, Decision.undone_at.is_(None))
    loaded = loaded.options(joinedload(Decision.post).joinedload(Post.thread), joinedload(Decision.file))
    reported = select(Report.id).where(Report.item_id == Decision.item_id, Report.reporter_id == me().id)
    return first_or_404(loaded.where((Decision.person_id == me().id) | reported.exists()))


def _page(found: Decision, form: AppealForm, status: int = 200) -> ResponseReturnValue:
    mine = select(Appeal).where(Appeal.decision_id == found.id, Appeal.by_id == me().id)
    return render_template(
        "moderation/decision.html",
        decision=found,
        about_me=found.person_id == me().id,
        form=form,
        appeal=db.session.scalar(mine),
        may_appeal=Appeal.open_to(found, me()),
        done=DONE,
        reasons=REASONS,
        longest=LONGEST_DETAIL,
        form_errors=bool(form.errors),
    ), status
