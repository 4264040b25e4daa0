"""Letters: written in the transaction of their cause, delivered after it, tried again on failure."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from flask import Flask, current_app
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from forum.accounts.models import LASTS, EmailedLink, Letter, Purpose, User
from forum.accounts.models.letters import leaving, write
from forum.core.db import db, now
from forum.core.mail import compose, send

log = structlog.get_logger("forum.letters")
PAUSES = [timedelta(minutes=m) for m in (1, 5, 30, 120, 720)]
LEASE = timedelta(minutes=5)
ROUND = 100  # letters


def write_link(user: User, purpose: Purpose, to: str, subject: str, template: str) -> Letter:
    """A letter with a fresh link for `user`; the template gets its `token`, and `until` when it works."""
    token = EmailedLink.make(user, purpose, to)
    return write(to, subject, template, token=token, until=now() + LASTS[purpose])


def deliver_due(limit: int = ROUND) -> int:
    """Send what is due; returns how many went. Each is claimed in a transaction of its own before it is sent,
    so two at work never send one twice; a claim that its holder did not survive runs out in five minutes."""
    sent = 0
    while sent < limit and (letter := _claim()) is not None:
        if not all(answer for _, answer in leaving.send(letter)):
            _settle(letter.id, due_at=None, text="")
            continue
        config = current_app.config["FORUM"]
        try:
            send(config, compose(config, letter.to, letter.subject, letter.text))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            log.warning("mail not sent", letter=letter.id, tries=letter.tries, error=str(error))
            again = now() + PAUSES[letter.tries - 1] if letter.tries <= len(PAUSES) else None
            _settle(letter.id, due_at=again)
        else:
            _settle(letter.id, due_at=None, sent_at=now(), text="")
            sent += 1
    return sent


def _claim() -> Letter | None:
    found: Letter | None = db.session.scalar(
        select(Letter)
        .where(Letter.due_at <= now())
        .order_by(Letter.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if found is None:
        db.session.rollback()
        return None
    found.due_at, found.tries = now() + LEASE, found.tries + 1
    db.session.flush()
    db.session.expunge(found)
    db.session.commit()
    return found


def _settle(letter: int, **values: object) -> None:
    db.session.execute(update(Letter).where(Letter.id == letter).values(**values))
    db.session.commit()


class Postman:
    """A thread that delivers letters while the site serves; it wakes at each commit that wrote one, and every
    minute for those that are to be tried again."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._bell = threading.Event()
        self._off_duty = threading.Event()
        self._thread: threading.Thread | None = None
        self._chores: list[Callable[[], bool]] = []

    def also(self, chore: Callable[[], bool]) -> None:
        """Let the postman see to `chore` on each round; it commits its own work, and says whether more waits."""
        self._chores.append(chore)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._rounds, name="postman", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the round under way and go home."""
        self._off_duty.set()
        self._bell.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        self._bell.set()

    def go_round(self) -> bool:
        """Each chore once, and a round of letters; True where more waits."""
        more = [chore() for chore in self._chores]
        return deliver_due() == ROUND or any(more)

    def _rounds(self) -> None:
        while not self._off_duty.is_set():
            more = False
            with self._app.app_context():
                try:
                    more = self.go_round()
                except SQLAlchemyError as error:
                    log.error("letters wait: the database did not answer", error=str(error))
            if not more:
                self._bell.wait(timeout=60)
            self._bell.clear()
