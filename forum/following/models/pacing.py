"""When a person's digest goes: at the hour of London's clocks that they chose, on days that they want it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from forum.core.dress import LONDON
from forum.core.working_time import ONE, is_school_day
from forum.following.models.choices import MailChoice, Pace

FURTHEST = 60  # days: longer than any holiday


def last_slot(choice: MailChoice, at: datetime) -> datetime | None:
    """The latest moment up to `at` when this person's digest was to go. An hour that a change of clocks leaves out or
    has twice is still one moment. A weekly digest whose day is no school day goes on the next that is one."""
    today = at.astimezone(LONDON).date()
    for back in range(FURTHEST):
        day = today - ONE * back
        if _goes_on(choice, day):
            slot = datetime.combine(day, time(choice.hour), LONDON)
            if (
                slot.timestamp() <= at.timestamp()
            ):  # as moments: on one clock Python compares what the hands say
                return slot
    return None


def _goes_on(choice: MailChoice, day: date) -> bool:
    if choice.school_days_only and not is_school_day(day):
        return False
    if choice.pace != Pace.WEEKLY:
        return True
    while day.weekday() != choice.weekday:
        day -= timedelta(days=1)
        if not choice.school_days_only or is_school_day(day):
            return False  # it went that day, or the day has not come
    return True
