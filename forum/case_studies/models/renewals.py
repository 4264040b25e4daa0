"""Is it still true? After two years (a setting) the author of a study is asked, and it is marked until they say so."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select

from forum.case_studies.models.studies import CaseStudy
from forum.case_studies.models.telling import ask_author
from forum.core.db import db, now, see_anew

ONCE_A = timedelta(days=365)


def due(lasts: timedelta, at: datetime) -> Select[int]:
    """The studies to ask about at `at`, by their threads: not confirmed for `lasts`, nor asked about for a year."""
    asked = or_(CaseStudy.renewal_asked_at.is_(None), CaseStudy.renewal_asked_at < at - ONCE_A)
    old = CaseStudy.confirmed_at < at - lasts
    return select(CaseStudy.thread_id).where(CaseStudy.listed, old, asked).order_by(CaseStudy.confirmed_at)


def ask_about(thread: int, lasts: timedelta) -> bool | None:
    """Mark one study and write to its author: True where a letter went, False where nobody can be written to, None
    where it was no longer due. The caller commits."""
    study = db.session.get_one(CaseStudy, thread)
    opening = study.opening()
    opening.thread.hold()
    see_anew(study)
    if db.session.scalar(due(lasts, now()).where(CaseStudy.thread_id == thread)) is None:
        return None
    study.ask_to_renew()
    return ask_author(opening.thread, study)
