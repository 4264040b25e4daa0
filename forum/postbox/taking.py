"""Taking in a mail: an answer becomes a post by the same verb as on the site, so that whatever holds there holds here;
what cannot be taken goes back to its writer with their words."""

from __future__ import annotations

import structlog
from flask import current_app
from limits import parse
from sqlalchemy.exc import IntegrityError

from forum.accounts.models import User, email_key
from forum.core.db import db
from forum.core.errors import Refused
from forum.core.limits import limiter
from forum.core.markup import clean_text
from forum.core.plus import About, Plus
from forum.discussion.models import Post
from forum.discussion.models.gate import Act, look
from forum.discussion.models.threads import Moved
from forum.discussion.models.words import LONGEST_BODY
from forum.postbox.answers import answer
from forum.postbox.models import Outcome, Received
from forum.postbox.reading import LARGEST, Mail
from forum.postbox.reports import take_report
from forum.postbox.stripping import Unreadable

log = structlog.get_logger("forum.postbox")
WRITES = parse("60 per 10 minutes")  # as on the site, and counted together with what is written there
SENT_BACK = parse("10 per day")  # letters to one person: two machines must not write to each other for ever


class Back(Exception):
    """It goes back to its writer, who is told why."""


class Dropped(Exception):
    """Nobody is told but the team."""


def take(raw: bytes, to: str = "") -> Received:
    """Take one mail in, and commit what became of it. The same mail again changes nothing. `to` is the address that
    the mail server delivered it to, where it tells."""
    mail = Mail.of(raw)
    if (known := Received.known(mail.digest)) is not None:
        return known
    received = Received(digest=mail.digest, sender=mail.sender, subject=clean_text(mail.subject))
    try:
        for _ in range(2):
            try:
                _decide(received, mail, to)
                break
            except Moved:  # merged at this moment: its posts are elsewhere now
                db.session.rollback()
        db.session.add(received)
        db.session.commit()
    except IntegrityError:  # the same mail, taken by two at once
        db.session.rollback()
        if (known := Received.known(mail.digest)) is None:
            raise
        return known
    log.info("mail taken", outcome=received.outcome, reason=received.reason)
    return received


def _decide(received: Received, mail: Mail, to: str) -> None:
    about = mail.about(current_app.config["FORUM"], to)
    if about is None or about.kind == Plus.BOUNCE:
        received.outcome, received.reason = _not_an_answer(mail, about)
        return
    person = db.session.get(User, about.one)
    try:
        writer = _writer(mail, person)
        received.person_id = writer.id
    except Dropped as why:
        received.outcome, received.reason = Outcome.DROPPED, str(why)
        return
    words = ""
    try:
        words = mail.words()
        post = _answer(mail, about, writer, words)
    except Moved:
        raise
    except (Back, Refused, Unreadable) as why:
        reason = str(why) or "We could not tell what you wrote. Send it as plain text, or answer on the site."
        received.outcome, received.reason = Outcome.REFUSED, reason[:300]
        _send_back(writer, mail, reason, words, about)
        return
    received.post_id = post.id
    received.outcome = Outcome.HELD if post.is_held else Outcome.POSTED
    if post.is_held:
        answer(mail, writer, f"Received: {post.thread.title}", "reply_held", thread=post.thread)


def _not_an_answer(mail: Mail, about: About | None) -> tuple[Outcome, str]:
    if about is not None or mail.message.get_content_type() == "multipart/report":
        return take_report(mail, about.one if about else None)
    return Outcome.DROPPED, mail.by_machine or "to no address of ours that we gave out"


def _writer(mail: Mail, person: User | None) -> User:
    """Who wrote it: the person whom the address was given to, and nobody else."""
    if len(mail.raw) > LARGEST:
        raise Dropped("too large")
    if why := mail.by_machine or mail.forged:
        raise Dropped(why)
    if person is None or person.email_key is None or email_key(mail.sender) != person.email_key:
        raise Dropped("from another address than the one that was asked")
    return person


def _answer(mail: Mail, about: About, by: User, words: str) -> Post:
    """The post that it becomes. Raises Back or Refused."""
    by_id = by.id
    if not limiter.limiter.hit(WRITES, f"person {by_id}", "discussion.reply"):
        raise Back("You have written very much in a short time. Try again in ten minutes.")
    by = db.session.get_one(User, by_id)
    if about.is_old:
        raise Back("The address that you answered to no longer works: they last for 60 days.")
    if files := mail.attachments:
        raise Back(f"Your mail has {_named(files)} with it, and we cannot take files by mail.")
    text = clean_text(words).strip()
    if not any(c.isalnum() for c in text):
        raise Back("We found no words of your own in it, above or below what it quotes.")
    if len(text) > LONGEST_BODY:
        raise Back(f"It is longer than {LONGEST_BODY:,} characters.")
    found: Post | None = db.session.scalar(Post.visible_to(by).where(Post.id == about.other))
    if found is None:
        raise Back("What you answered is no longer on the site.")
    for each in look(by, {"body": text}):
        if each.act == Act.NUDGE:  # on the site its author would be asked once
            raise Back(f"Please look again at “{each.words}”. {each.why} {each.instead}".strip())
    return found.thread.reply(by, text, by.disclosure, mail.digest, found)


def _named(files: list[str]) -> str:
    return f"a file ({clean_text(files[0])[:60]})" if len(files) == 1 else f"{len(files)} files"


def _send_back(writer: User, mail: Mail, why: str, words: str, about: About) -> None:
    writer_id = writer.id
    if not limiter.limiter.hit(SENT_BACK, "sent back", str(writer_id)):
        return
    person = db.session.get_one(User, writer_id)
    post: Post | None = db.session.scalar(Post.visible_to(person).where(Post.id == about.other))
    subject, said = f"Not published: {mail.subject}"[:200], clean_text(words).strip()
    answer(mail, person, subject, "reply_refused", always=True, why=why, words=said, post=post)
