"""Letters: written in the transaction of their cause, delivered after it, tried again on failure."""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from email.message import EmailMessage

import structlog
from flask import Flask, current_app
from sqlalchemy import select, update

from forum.accounts.models import LASTS, DeadAddress, EmailedLink, Letter, Purpose, User
from forum.accounts.models.addresses import Why
from forum.accounts.models.letters import Maker, leaving, write
from forum.core.db import db, now, only_reading
from forum.core.mail import Line, compose
from forum.core.plus import Plus, plus_address

log = structlog.get_logger("forum.letters")
PAUSES = [timedelta(minutes=m) for m in (1, 5, 30, 120, 720)]
LEASE = timedelta(minutes=5)  # longer than any delivery: each step of SMTP may take twenty seconds
ROUND = 100  # letters
A_TURN = 20  # letters: what the worker sends before it looks at its other work
SETTLED = update(Letter)
ALONE = {"synchronize_session": False}
DEAD = re.compile(r"\b5\.(1\.[1236]|1\.10|2\.1)\b")  # RFC 3463: there is no such mailbox


def write_link(user: User, purpose: Purpose, to: str, subject: str, template: str) -> Letter:
    """A letter with a fresh link for `user`; the template gets its `token`, and `until` when it works."""
    token = EmailedLink.make(user, purpose, to)
    return write(to, subject, template, always=True, token=token, until=now() + LASTS[purpose])


def deliver_due(limit: int = ROUND) -> int:
    """Send what is due; returns how many went. Each is claimed in a transaction of its own before it is sent,
    so two at work never send one twice; a claim that its holder did not survive runs out in five minutes. Where the
    mail server is away the rest waits for the next round."""
    sent = 0
    with Line(current_app.config["FORUM"]) as line:
        while sent < limit and (letter := _claim()) is not None:
            outcome = _deliver(line, letter)
            if outcome is None:
                break
            sent += outcome
    return sent


def deliver_a_turn() -> bool:
    """What the worker does of it in each round; True where more waits."""
    return deliver_due(A_TURN) == A_TURN


def _deliver(line: Line, letter: Letter) -> bool | None:
    """True where it went, False where it did not, None where nothing can go now."""
    message = _composed(letter)
    if message is None:
        _settle(letter.id, due_at=None, text="")
        return False
    config = current_app.config["FORUM"]
    back_to = plus_address(config, Plus.BOUNCE, letter.id)
    db.session.rollback()  # nothing of the database is held while the mail server takes its time
    try:
        line.send(message, back_to)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        _failed(letter, error)
        refused = isinstance(
            error, (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, ValueError)
        )
        return False if refused else None
    _settle(letter.id, due_at=None, sent_at=now(), text="")
    return True


def _composed(letter: Letter) -> EmailMessage | None:
    """The mail as it is to leave now, or None where it is to stay."""
    with only_reading():
        dead = None if letter.always else DeadAddress.of(letter.to)
        if dead is not None and (dead.why == Why.BOUNCED or letter.kind):
            return None
        makers: dict[str, Maker] = current_app.extensions["letter_makers"]
        message = makers[letter.kind](letter) if letter.kind else _plain(letter)
    if not letter.kind and not all(answer for _, answer in leaving.send(letter)):
        return None
    if message is not None and letter.answers:
        message["In-Reply-To"] = message["References"] = letter.answers
        message.replace_header("Auto-Submitted", "auto-replied")
    return message


def _plain(letter: Letter) -> EmailMessage:
    config = current_app.config["FORUM"]
    return compose(config, letter.to, letter.subject, letter.text, name=f"letter-{letter.id}")


def _failed(letter: Letter, error: Exception) -> None:
    """Later again, with growing pauses; after the last, or where there is no such mailbox, the team is told."""
    why = " ".join(str(error).split())[:300]
    log.warning("mail not sent", letter=letter.id, tries=letter.tries, error=why)
    if isinstance(error, (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)) and DEAD.search(why):
        DeadAddress.note(letter.to, Why.BOUNCED, "smtp", why)
        _settle(letter.id, due_at=None, given_up_at=now(), error=why)
    elif letter.tries > len(PAUSES):
        _settle(letter.id, due_at=None, given_up_at=now(), error=why)
    else:
        _settle(letter.id, due_at=now() + PAUSES[letter.tries - 1], error=why)


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
    if found.held_at is not None:  # whoever had it in hand did not survive that: it may have gone
        found.lost += 1
        log.warning("a letter was in hand when its worker died", letter=found.id, lost=found.lost)
    found.held_at, found.due_at, found.tries = now(), now() + LEASE, found.tries + 1
    db.session.flush()
    db.session.expunge(found)
    db.session.commit()
    return found


def _settle(letter: int, **values: object) -> None:
    """What came of it, in a transaction of its own, at once and with nothing else in it: whoever is killed before it
    is down has sent a letter that goes again."""
    db.session.execute(
        SETTLED.where(Letter.id == letter).values(held_at=None, **values), execution_options=ALONE
    )
    db.session.commit()


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(deliver_a_turn, "letters")
