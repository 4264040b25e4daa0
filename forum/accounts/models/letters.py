"""The letters we send to people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from blinker import Signal
from flask import Flask, current_app, render_template
from sqlalchemy import Index, Select, String, Text, delete, false, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, after_commit, db, now

leaving = Signal("a letter is about to leave: sent by the Letter; whoever answers False keeps it here")
GIVEN_UP = text("given_up_at IS NOT NULL")


class Letter(db.Model):  # type: ignore[name-defined,misc]
    """A mail that is due: a row committed with the act that caused it, so that none is lost.

    A letter of a `kind` is composed when it is sent, by whoever makes that kind; others carry their `text`. `key`
    names what must go only once. What goes `always` goes to an address that is taken for dead, too: somebody waits for
    it at a browser, or it is urgent. `answers` is the Message-ID of a mail that it answers. `held_at` is set while a
    worker has it in hand; `lost` counts the workers that did not survive that, each of which may have sent it."""

    __tablename__ = "letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Instant, default=now)
    due_at: Mapped[datetime | None] = mapped_column(Instant, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(10), default="", server_default="")
    person_id: Mapped[int | None] = mapped_column()
    key: Mapped[str | None] = mapped_column(String(80))
    always: Mapped[bool] = mapped_column(default=False, server_default=false())
    held_at: Mapped[datetime | None] = mapped_column(Instant)
    lost: Mapped[int] = mapped_column(default=0, server_default="0")
    given_up_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str] = mapped_column(String(300), default="", server_default="")
    answers: Mapped[str] = mapped_column(String(300), default="", server_default="")

    __table_args__ = (
        Index(None, "due_at"),
        Index(None, "sent_at"),
        Index(None, "key", unique=True),
        Index("ix_letters_given_up", "given_up_at", sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP),
    )

    # Queries

    @classmethod
    def given_up(cls) -> Select[Letter]:
        """What could not be delivered, the latest first."""
        return select(cls).where(cls.given_up_at.is_not(None)).order_by(cls.given_up_at.desc(), cls.id.desc())

    @classmethod
    def overdue(cls, before: datetime) -> int:
        """How many letters should have gone before then, and have not; more than a thousand are not counted."""
        waiting = select(cls.id).where(cls.due_at < before).limit(1001).subquery()
        return db.session.scalar(select(func.count()).select_from(waiting)) or 0

    @classmethod
    def forget(cls, before: datetime, limit: int) -> int:
        """Clear away letters that went before then, at most `limit`; how many they were."""
        old = select(cls.id).where(cls.sent_at < before).order_by(cls.sent_at).limit(limit)
        done = db.session.execute(delete(cls).where(cls.id.in_(old)))
        return int(done.rowcount)  # type: ignore[attr-defined]


Maker = Callable[[Letter], EmailMessage | None]


def made_by(app: Flask, kind: str, maker: Maker) -> None:
    """Let `maker` compose the letters of this kind when they leave; None keeps one here."""
    app.extensions.setdefault("letter_makers", {})[kind] = maker


def write(to: str, subject: str, template: str, *, always: bool = False, **values: object) -> Letter:
    """A letter from templates/mail/<template>.txt, delivered once this transaction is safely down."""
    return post(to, subject, render_template(f"mail/{template}.txt", **values), always=always)


def post(to: str, subject: str, text: str, **more: object) -> Letter:
    """A letter with this text."""
    letter = Letter(to=to, subject=subject[:200], text=text, **more)
    db.session.add(letter)
    after_commit(current_app.extensions["worker"].wake)
    return letter
