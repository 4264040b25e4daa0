"""Telling the people who asked that there is an answer. To publish one costs one row, whoever supports it; the letters
are written after that, page by page, by the worker. Each person is told of each answer once: a key says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ForeignKey, Index, delete, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.accounts.models.letters import Letter, leaving, write
from forum.activity.models import record
from forum.core.db import Instant, after_commit, db, now, see_anew
from forum.core.freshness import versions
from forum.core.markup import extract
from forum.discussion.models import Post, Thread, listed
from forum.discussion.models.words import Moderation, Publication
from forum.suggestions.models.composition import date_label, spoken
from forum.suggestions.models.outcomes import STATUSES
from forum.suggestions.models.steps import Step
from forum.suggestions.models.suggestions import Supporter

PAGE = 100
EXTRACT = 400  # characters of an answer that a letter quotes
DUE = text("due_at IS NOT NULL")


class Telling(db.Model):  # type: ignore[name-defined,misc]
    """The people who support a suggestion are to be told of one step of it. `due_at` is None when that is done;
    `reached` is the last person that was looked at. `stopped` says that it was not shown any more."""

    __tablename__ = "tellings"

    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True, autoincrement=False)
    due_at: Mapped[datetime | None] = mapped_column(Instant, default=now)
    reached: Mapped[int] = mapped_column(default=0)
    told: Mapped[int] = mapped_column(default=0)
    stopped: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index("ix_tellings_due", "due_at", sqlite_where=DUE, postgresql_where=DUE),)

    @classmethod
    def begin(cls, step: int) -> Telling:
        telling = cls(step_id=step)
        db.session.add(telling)
        after_commit(current_app.extensions["worker"].wake)
        return telling

    def go_on(self, by: User | None = None) -> None:
        """Begin at the first person again: whoever has been told is passed over."""
        see_anew(self, lock=True)
        self.due_at, self.reached, self.stopped = now(), 0, False
        after_commit(current_app.extensions["worker"].wake)
        if by is not None:
            thread = db.session.scalar(select(Step.thread_id).where(Step.id == self.step_id))
            record("team.telling-resumed", by=by, thread=thread, detail={"step": self.step_id})


class Told(db.Model):  # type: ignore[name-defined,misc]
    """A letter about this step has been written to this person."""

    __tablename__ = "told"

    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    letter_id: Mapped[int] = mapped_column(index=True)  # the letter itself may be cleared away one day


def tell_page() -> bool:
    """Write to the next PAGE people of what is due first; False where nothing is due. The caller commits: the letters,
    who was told and how far it got go down together, and two at work never have the same page."""
    query = select(Telling).where(Telling.due_at <= now()).order_by(Telling.due_at).limit(1)
    telling: Telling | None = db.session.scalar(query.with_for_update(skip_locked=True))
    if telling is None:
        return False
    step = db.session.execute(SHOWN.where(Step.id == telling.step_id)).first()
    if step is None:
        telling.due_at, telling.stopped = None, True
        return True
    people: Any = db.session.execute(
        select(User.id, User.email)
        .join(Supporter, Supporter.user_id == User.id)
        .where(Supporter.thread_id == step.thread_id, Supporter.user_id > telling.reached)
        .where(User.confirmed_at.is_not(None), User.email.is_not(None))
        .order_by(Supporter.user_id)
        .limit(PAGE)
    ).all()
    telling.told += _write_to(people, step, telling.step_id)
    telling.reached = people[-1].id if people else telling.reached
    telling.due_at = now() if len(people) == PAGE else None  # behind those that wait as long
    return True


def _write_to(people: Any, step: Any, id: int) -> int:
    """Letters to those who have none about this step yet; how many they were."""
    ids = [user for user, _ in people]
    known = set(db.session.scalars(select(Told.user_id).where(Told.step_id == id, Told.user_id.in_(ids))))
    letters: dict[int, Letter] = {}
    for user, email in people:
        if user in known:
            continue
        if not letters:
            letters[user] = write(email, _subject(step), "suggestion_answered", **_values(step))
            continue
        first = next(iter(letters.values()))
        letters[user] = Letter(to=email, subject=first.subject, text=first.text)
        db.session.add(letters[user])
    db.session.flush()
    db.session.add_all(
        Told(step_id=id, user_id=user, letter_id=letter.id) for user, letter in letters.items()
    )
    return len(letters)


def _subject(step: Any) -> str:
    return f"{STATUSES[step.status]}: {step.title}"


def _values(step: Any) -> dict[str, Any]:
    return {
        "title": step.title,
        "path": f"/threads/{step.thread_id}-{step.slug}",
        "post": step.post_id,
        "label": STATUSES[step.status],
        "owner": step.owner,
        "date_label": date_label(step.status),
        "date": spoken(step.due_on) if step.due_on else "",
        "extract": extract(step.note_html, EXTRACT),
    }


SHOWN: Any = (
    select(
        Step.thread_id,
        Step.status,
        Step.owner,
        Step.due_on,
        Step.note_html,
        Step.post_id,
        Thread.title,
        Thread.slug,
    )
    .join(Thread, Thread.id == Step.thread_id)
    .join(Post, Post.id == Step.post_id)
    .where(listed(), Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)
)
IS_SHOWN = """
    SELECT t.step_id, th.publication, th.moderation, p.publication, p.moderation FROM told t
    JOIN steps s ON s.id = t.step_id JOIN threads th ON th.id = s.thread_id JOIN posts p ON p.id = s.post_id
    WHERE t.letter_id = {}
"""


@leaving.connect
def _is_still_shown(letter: Letter) -> bool:
    """Looked at again as a letter leaves. One that is about something that is not shown any more stays here, and
    its reader counts as not told. Read outside of a transaction: a letter takes its time."""
    found = versions().row(IS_SHOWN, (letter.id,))
    if found is None or found[1:] == (Publication.PUBLISHED, Moderation.CLEAR) * 2:
        return True
    step = found[0]
    db.session.execute(delete(Told).where(Told.letter_id == letter.id))
    stopped = {"stopped": True, "told": Telling.told - 1}
    db.session.execute(update(Telling).where(Telling.step_id == step).values(**stopped))
    return False
