"""What need not be kept for ever is cleared away, a little at a time."""

from __future__ import annotations

import time
from datetime import timedelta

from flask import Flask
from sqlalchemy import delete, select

from forum.accounts.models import EmailedLink, Letter, Tally
from forum.core.db import db, now
from forum.feeds.models import Announcement
from forum.following.models.mailing import Mailing
from forum.postbox.models import Received
from forum.search.models.empty import EmptySearch
from forum.worker.models import Heartbeat

OFTEN = timedelta(hours=1)
LETTERS = timedelta(days=90)  # their texts go as soon as they are sent
RECEIVED = timedelta(days=180)
LINKS = timedelta(days=30)
SEARCHES = timedelta(days=365)
A_BIT = 2_000  # rows in one transaction


def clear_away() -> bool:
    """One bit of each. Each commits its own."""
    at = now()
    old = db.session.scalars(
        select(Letter.id).where(Letter.sent_at < at - LETTERS).order_by(Letter.sent_at).limit(A_BIT)
    ).all()
    Mailing.forget(old)
    db.session.execute(delete(Letter).where(Letter.id.in_(old)))
    db.session.commit()
    Received.forget(at - RECEIVED, A_BIT)
    gone_by = select(EmailedLink.id).where(EmailedLink.expires_at < at - LINKS).order_by(EmailedLink.id)
    db.session.execute(delete(EmailedLink).where(EmailedLink.id.in_(gone_by.limit(A_BIT))))
    db.session.execute(delete(Tally).where(Tally.expires < time.time()))
    db.session.execute(delete(EmptySearch).where(EmptySearch.asked_on < (at - SEARCHES).date()))
    forgotten = select(Announcement.id).where(Announcement.due_at.is_(None)).order_by(Announcement.id.desc())
    db.session.execute(delete(Announcement).where(Announcement.id.in_(forgotten.offset(A_BIT))))
    Heartbeat.forget()
    db.session.commit()
    return False


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(clear_away, "retention", every=OFTEN)
