"""Letters about decisions: to the person whom one is about, to those who had reported, and to who appealed."""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.accounts.models import User
from forum.accounts.models.letters import write
from forum.case_studies.models.files import StudyFile
from forum.core.db import db, now
from forum.discussion.models import Post
from forum.discussion.models.words import REASONS
from forum.moderation.models import Act, Appeal, Decision, Report
from forum.moderation.models.appeals import REVERSED
from forum.moderation.models.decisions import LEFT, decided
from forum.moderation.models.reports import alarming

SUBJECTS = {
    Act.PUBLISH: "Your post is public",
    Act.CHANGE: "Please change your post",
    Act.HIDE: "Your post has been hidden",
    Act.REMOVE: "Your post has been removed",
    Act.REFUSE: "Your picture or paper is not shown",
    Act.WARN: "A warning from the team",
    Act.LIMIT: "Your posts will be looked at first",
    Act.SUSPEND: "Your account is suspended",
}


@decided.connect
def _tell(decision: Decision, appeal: Appeal | None = None) -> None:
    if appeal is not None:
        _tell_appellant(decision, appeal)
    elif decision.stands:
        _tell_person(decision)
        _tell_reporters(decision)
    else:
        _tell_taken_back(decision)


@alarming.connect
def _tell_safeguarding(report: Report) -> None:
    """What may harm a child is not left for someone to find in a queue."""
    config = current_app.config["FORUM"]
    to = config.safeguarding or config.contact
    reason = REASONS[report.reason]
    write(to, f"Urgent report: {reason.lower()}", "urgent_report", always=True, report=report, reason=reason)


def _tell_person(decision: Decision) -> None:
    act = Act(decision.act)
    if act not in SUBJECTS or not (decision.is_against or decision.was_held):
        return
    _write(decision.person_id, SUBJECTS[act], "decision", decision, reason=REASONS.get(decision.reason or ""))


def _tell_reporters(decision: Decision) -> None:
    """Each once; never who else reported it, nor what was said to its author."""
    if decision.item_id is None or decision.was_held:
        return
    waiting = select(Report).where(Report.item_id == decision.item_id, Report.told_at.is_(None))
    for report in db.session.scalars(waiting.options(joinedload(Report.reporter))):
        report.told_at = now()
        to = _address(report.reporter) or report.email
        if to:
            left = decision.act in LEFT
            write(
                to, f"Your report {report.id}", "report_outcome", report=report, left=left, decision=decision
            )
        report.email = None  # it was left for this alone


def _tell_taken_back(decision: Decision) -> None:
    if decision.is_against:
        _write(decision.person_id, "We have taken back a decision", "decision_back", decision)


def _tell_appellant(decision: Decision, appeal: Appeal) -> None:
    won = appeal.outcome == REVERSED
    subject = "Your appeal succeeded" if won else "Your appeal was not successful"
    _write(appeal.by_id, subject, "appeal_outcome", decision, appeal=appeal, won=won)


def _write(person: int | None, subject: str, template: str, decision: Decision, **more: Any) -> None:
    to = _address(db.session.get(User, person) if person else None)
    if to:
        post = (
            db.session.get(Post, decision.post_id, options=[joinedload(Post.thread)])
            if decision.post_id
            else None
        )
        file = db.session.get(StudyFile, decision.file_id) if decision.file_id else None
        if file is not None and decision.act == Act.PUBLISH:
            subject = f"Everyone can see your {file.kind}"
        write(to, subject, template, decision=decision, post=post, file=file, **more)


def _address(user: User | None) -> str | None:
    return user.email if user is not None and user.is_confirmed else None
