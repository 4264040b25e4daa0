"""Working days and hours in England: Monday to Friday, 9 to 5 in London, without bank holidays."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache

from holidays.countries.united_kingdom import UnitedKingdom

from forum.core.dress import LONDON

OPENS, CLOSES = time(9), time(17)


@cache
def _bank_holidays() -> UnitedKingdom:
    return UnitedKingdom(subdiv="ENG")


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _bank_holidays()


def hours_after(start: datetime, hours: float) -> datetime:
    """The moment when so many working hours have passed since `start` (both aware)."""
    left, at = timedelta(hours=hours), start.astimezone(LONDON)
    while True:
        opens, closes = (datetime.combine(at.date(), clock, LONDON) for clock in (OPENS, CLOSES))
        if is_working_day(at.date()) and at < closes:
            at = max(at, opens)
            if at + left <= closes:
                return (at + left).astimezone(start.tzinfo)
            left -= closes - at
        at = datetime.combine(at.date() + timedelta(days=1), time(0), LONDON)


def days_after(start: date, days: int) -> date:
    """The working day that is so many working days after `start`."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day
