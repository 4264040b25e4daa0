"""The letter about the team's week: written by the clock, once, by whichever worker goes round first."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forum.accounts.models import Role, User
from forum.accounts.models.letters import write
from forum.activity.models import record
from forum.core.db import db, now
from forum.core.dress import LONDON
from forum.moderation.models.days import MANY, Week, WeeklyLetter

LETTER_LEAVES = time(7)  # on Mondays, in London


def write_weekly() -> bool:
    """The letter of this week to everyone on the team, once, whoever goes round; commits its own work. Always False:
    nothing more waits."""
    here = now().astimezone(LONDON)
    monday = here.date() - timedelta(days=here.weekday())
    written = db.session.get(WeeklyLetter, monday) is not None
    if written or here < datetime.combine(monday, LETTER_LEAVES, LONDON):
        db.session.rollback()
        return False
    try:
        db.session.add(WeeklyLetter(week=monday))
        db.session.flush()
    except IntegrityError:  # a colleague of ours was quicker
        db.session.rollback()
        return False
    team = select(User).where(User.role.in_((Role.TEAM, Role.ADMINISTRATOR)), User.confirmed_at.is_not(None))
    colleagues = [user for user in db.session.scalars(team) if user.email]
    week = Week.before(monday) if colleagues else None
    for user in colleagues:
        write(user.email or "", "The team’s week", "team_week", week=week, many=MANY)
    record("team-week.written", detail={"week": monday.isoformat(), "letters": len(colleagues)})
    db.session.commit()
    return False


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(write_weekly, "weekly", timedelta(minutes=10))
