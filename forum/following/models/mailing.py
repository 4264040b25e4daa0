"""From notices to letters: which notice goes in which letter, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import Letter, User
from forum.core.db import Instant, db, now
from forum.following.models.choices import MailChoice, Pace
from forum.following.models.notices import IN_DIGEST, MAIL_DUE, Notice
from forum.following.models.pacing import last_slot

PEOPLE = 20  # in one transaction: on SQLite nobody else writes meanwhile
IN_A_LETTER = 50  # notices; the rest goes in the next
APART = 3  # threads: more than these are gathered in one letter


class Mailing(db.Model):  # type: ignore[name-defined,misc]
    """This notice goes in this letter, and in no other: the key says so. The letter may be cleared away one day."""

    __tablename__ = "mailings"

    notice_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    letter_id: Mapped[int] = mapped_column(index=True)

    @classmethod
    def forget(cls, letters: Sequence[int]) -> None:
        db.session.execute(delete(cls).where(cls.letter_id.in_(letters)))


class DigestWalk(db.Model):  # type: ignore[name-defined,misc]
    """Once an hour everyone for whom something waits is looked at; `reached` is the last person of that walk."""

    __tablename__ = "digest_walks"

    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    reached: Mapped[int] = mapped_column(default=0)
    done: Mapped[bool] = mapped_column(default=False)


def gather() -> bool:
    """Write letters to the people whose next mail is due, with all that waits for them; True where more may wait. The
    caller commits: letters and what goes in them are down together, or not at all."""
    due = (
        select(Notice.person_id)
        .where(MAIL_DUE, Notice.mail_due_at <= now())
        .order_by(Notice.mail_due_at, Notice.id)
        .limit(PEOPLE)
        .with_for_update(skip_locked=True)
    )
    people = list(dict.fromkeys(db.session.scalars(due)))
    for person in sorted(people):
        waiting = (
            select(Notice)
            .where(MAIL_DUE, Notice.person_id == person)
            .order_by(Notice.mail_due_at, Notice.id)
            .limit(IN_A_LETTER)
            .with_for_update(skip_locked=True)
        )
        _write_at_once(person, db.session.scalars(waiting).all())
    return bool(people)


def _write_at_once(person: int, notices: Sequence[Notice]) -> None:
    choice = MailChoice.of(person)
    wanted = [notice for notice in notices if goes_at_once(choice, notice)]
    for notice in notices:
        notice.mail_due_at, notice.mailed_at = None, now()
    by_thread: dict[int | None, list[Notice]] = defaultdict(list)
    for notice in wanted:
        by_thread[notice.thread_id].append(notice)
    if len(by_thread) > APART:
        by_thread = defaultdict(list, {None: wanted})
    for these in by_thread.values():
        _letter(person, "notices", these)


def goes_at_once(choice: MailChoice, notice: Notice) -> bool:
    """What the person wants by now; they may have changed their mind since it was written down."""
    stopped = choice.pace == Pace.NEVER or (notice.via is None and choice.personal_stopped)
    return notice.level == "mail" and not stopped


def gather_digests() -> bool:
    """The next people of this hour's walk; True where more wait. One worker walks at a time. The caller commits."""
    walk = _walk(now().replace(minute=0, second=0, microsecond=0))
    if walk is None or walk.done:
        return False
    waiting = select(Notice.person_id).where(IN_DIGEST, Notice.person_id > walk.reached).distinct()
    people = db.session.scalars(waiting.order_by(Notice.person_id).limit(PEOPLE)).all()
    for person in people:
        _write_digest(person)
    walk.reached = people[-1] if people else walk.reached
    walk.done = len(people) < PEOPLE
    return not walk.done


def _walk(hour: datetime) -> DigestWalk | None:
    """This hour's walk, in our hand; None where another worker has it."""
    mine = select(DigestWalk).where(DigestWalk.hour == hour)
    if db.session.scalar(mine) is None:
        try:
            with db.session.begin_nested():
                db.session.execute(delete(DigestWalk).where(DigestWalk.hour < hour))
                db.session.add(DigestWalk(hour=hour))
        except IntegrityError:
            return None
    found: DigestWalk | None = db.session.scalar(
        mine.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    )
    return found


def _write_digest(person: int) -> None:
    choice = MailChoice.of(person)
    waiting = select(Notice).where(IN_DIGEST, Notice.person_id == person)
    if choice.pace == Pace.NEVER or choice.digest_stopped:
        db.session.execute(update(Notice).where(IN_DIGEST, Notice.person_id == person).values(level="site"))
        return
    slot = last_slot(choice, now())
    first = db.session.scalar(waiting.order_by(Notice.id).limit(1))
    if slot is None or first is None or first.at > slot:
        return
    notices = db.session.scalars(waiting.order_by(Notice.id).limit(IN_A_LETTER).with_for_update()).all()
    for notice in notices:
        notice.mailed_at = now()
    _letter(person, "digest", notices)


def _letter(person: int, kind: str, notices: Sequence[Notice]) -> None:
    user = db.session.get(User, person)
    if user is None or user.email is None or not user.is_confirmed or not notices:
        return
    key = f"{kind}:{min(notice.id for notice in notices)}"
    letter = Letter(to=user.email, subject="", text="", kind=kind, person_id=person, key=key)
    db.session.add(letter)
    db.session.flush()
    db.session.add_all(Mailing(notice_id=notice.id, letter_id=letter.id) for notice in notices)


def notices_of(letter: Any) -> Any:
    """The notices that go in a letter, as a condition."""
    return Notice.id.in_(select(Mailing.notice_id).where(Mailing.letter_id == letter))
