"""How a person wants their mail."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, case, false, func, literal, true
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.core.db import db, see_anew


class Pace(StrEnum):
    """How what concerns a person themselves goes to them (replies, mentions, what others tried). A follow has a level
    of its own. Digests go weekly where the pace is weekly, else daily; where it is never, no mail goes at all."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


LEVELS = {Pace.AT_ONCE: "mail", Pace.DAILY: "digest", Pace.WEEKLY: "digest", Pace.NEVER: "site"}
DEFAULT = Pace.DAILY


def level_of_pace(pace: Any) -> Any:
    """The level at which somebody of this pace hears of what concerns themselves, and follows what they do not choose
    a level for. Of a column, in SQL: NULL is the default pace."""
    if isinstance(pace, str):
        return LEVELS[Pace(pace)]
    spelled = {str(each): literal(level) for each, level in LEVELS.items()}
    return case(spelled, value=func.coalesce(pace, str(DEFAULT)))


class MailChoice(db.Model):  # type: ignore[name-defined,misc]
    """One person's choices; who has chosen nothing has the defaults, and no row. `hour` is Europe/London's, `weekday`
    counts from 0, Monday; `whole_content` sends whole posts where else there is an extract. One press of "unsubscribe"
    in a mail sets `personal_stopped` (mail at once about what concerns them) or `digest_stopped`; to choose anew takes
    both back."""

    __tablename__ = "mail_choices"

    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    pace: Mapped[str] = mapped_column(String(8), default=DEFAULT, server_default="daily")
    hour: Mapped[int] = mapped_column(default=16, server_default="16")
    weekday: Mapped[int] = mapped_column(default=0, server_default="0")
    school_days_only: Mapped[bool] = mapped_column(default=True, server_default=true())
    whole_content: Mapped[bool] = mapped_column(default=False, server_default=false())
    follow_on_start: Mapped[bool] = mapped_column(default=True, server_default=true())
    follow_on_reply: Mapped[bool] = mapped_column(default=True, server_default=true())

    personal_stopped: Mapped[bool] = mapped_column(default=False, server_default=false())
    digest_stopped: Mapped[bool] = mapped_column(default=False, server_default=false())

    __table_args__ = (
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("pace IN ('at_once', 'daily', 'weekly', 'never')", name="pace"),
    )

    @classmethod
    def of(cls, person_id: int) -> MailChoice:
        """What this person has chosen, or the defaults: then a new row, which is nowhere kept."""
        found: MailChoice | None = db.session.get(cls, person_id)
        return found or cls(
            person_id=person_id,
            pace=DEFAULT,
            hour=16,
            weekday=0,
            school_days_only=True,
            whole_content=False,
            follow_on_start=True,
            follow_on_reply=True,
            personal_stopped=False,
            digest_stopped=False,
        )

    @classmethod
    def choose(cls, by: User, **chosen: Any) -> MailChoice:
        """What `by` wants from now on: names and values of this table's columns."""
        see_anew(by, lock=True)  # one at a time: a double click waits here
        found = cls.of(by.id)
        found.personal_stopped = found.digest_stopped = False
        for name, value in chosen.items():
            setattr(found, name, value)
        db.session.add(found)
        return found
