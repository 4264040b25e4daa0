"""Working days and hours in England, by London's clocks: Monday to Friday, 9 to 5, no bank holidays."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache

from holidays.countries.united_kingdom import UnitedKingdom

from forum.core.db import now
from forum.core.dress import LONDON

OPENS, CLOSES = time(9), time(17)
ONE = timedelta(days=1)


def today() -> date:
    return london(now())


def london(at: datetime) -> date:
    """The day that it is in London at this moment."""
    return at.astimezone(LONDON).date()


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in bank_holidays(day.year)


def is_school_day(day: date) -> bool:
    """A working day on which some school in England may be open: not in August, nor from 24 December to 1 January.
    Other holidays differ from school to school, and nobody tells us theirs."""
    at_home = day.month == 8 or (day.month, day.day) >= (12, 24)
    return is_working_day(day) and not at_home


def days_after(day: date, count: int) -> date:
    """The `count`th working day after `day`, which is not counted itself."""
    while count > 0:
        day += ONE
        count -= is_working_day(day)
    return day


def between(first: date, last: date) -> int:
    """How many working days lie after `first`, up to `last`; 0 where `last` is not later. Counted day by day, so not
    for centuries."""
    return sum(is_working_day(first + ONE * n) for n in range(1, (last - first).days + 1))


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
        at = datetime.combine(at.date() + ONE, time(0), LONDON)


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """England's, with the days that stand in for those at a weekend."""
    return frozenset(UnitedKingdom(subdiv="ENG", years=year, expand=False))
