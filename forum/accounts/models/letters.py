"""The letters we send to people."""

from __future__ import annotations

from datetime import datetime

from blinker import Signal
from flask import current_app, render_template
from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, after_commit, db, now

leaving = Signal("a letter is about to leave: sent by the Letter; whoever answers False keeps it here")


class Letter(db.Model):  # type: ignore[name-defined,misc]
    """A mail that is due: a row committed with the act that caused it, so that none is lost."""

    __tablename__ = "letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Instant, default=now)
    due_at: Mapped[datetime | None] = mapped_column(Instant, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index(None, "due_at"),)


def write(to: str, subject: str, template: str, **values: object) -> Letter:
    """A letter from templates/mail/<template>.txt, delivered once this transaction is safely down."""
    letter = Letter(to=to, subject=subject, text=render_template(f"mail/{template}.txt", **values))
    db.session.add(letter)
    after_commit(current_app.extensions["postman"].wake)
    return letter
