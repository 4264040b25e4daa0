"""Finding a school by a few letters of its name, town, postcode or number.

The rarest word of a question is read as a range of the index of words, first those schools that have it whole and
early in their name; the other words are looked for in those schools alone. So a question costs what its rarest word
does, and ends when MOST have been found; these are put in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, literal, or_, select

from forum.accounts.models.schools import School, SchoolWord, shown
from forum.accounts.models.spellings import MOST_TYPED, Term, terms_of, words_of
from forum.core.db import db

BEST = 10
MOST = 400
LOOKED_AT = 6_000  # words of schools, at most: the rarest of a question is nearly always rarer
COUNTED = 20_000  # more is as common as this


@dataclass(frozen=True, slots=True)
class Found:
    """A school as a list of them shows it."""

    urn: int
    name: str
    local_authority: str | None
    type: str | None
    town: str | None
    postcode: str | None
    closed_on: date | None
    words: str

    @property
    def shown(self) -> str:
        return shown(self.name, self.town)

    @property
    def about(self) -> str:
        """What tells it from others of its name."""
        authority = self.local_authority if self.local_authority != self.town else None
        return ", ".join(part for part in (self.town, authority, self.postcode, self.type) if part)

    @property
    def closed(self) -> str:
        on = self.closed_on
        return f"Closed on {on.day} {on:%B %Y}" if on else ""


COLUMNS = tuple(getattr(School, name) for name in Found.__slots__)


def find_schools(text: str, limit: int = BEST) -> list[Found]:
    """The schools that have every word of `text`, or a word that begins so: open ones first, then the closest.
    Any text may be asked."""
    terms = terms_of(text)
    if not terms:
        return []
    asked = f" {' '.join(words_of(text[:MOST_TYPED]))}"
    found: list[Found] = []
    for closed in (False, True):
        if len(found) < limit:
            found += sorted(_having(terms, closed), key=lambda school: _distance(school, terms, asked))
    return found[:limit]


def _having(terms: list[Term], closed: bool) -> list[Found]:
    """The open or the closed schools that have all of `terms`, MOST of them at most."""
    if len(terms) > 1:
        loaded_at = School.last_loaded()
        terms = sorted(terms, key=lambda term: _schools_with(term, loaded_at))
    rows = db.session.execute(_statement(len(terms)), _given(terms) | {"closed": closed})
    return list({row.urn: Found(*row) for row in rows}.values())


@lru_cache(maxsize=5000)
def _schools_with(term: Term, loaded_at: datetime | None) -> int:
    """How many words of open schools begin so, as of the last load."""
    given = _given([term]) | {"closed": False}
    some = select(literal(1)).where(*_range(0)).limit(COUNTED).subquery()
    return db.session.scalar(select(func.count()).select_from(some), given) or 0


def _distance(school: Found, terms: list[Term], asked: str) -> tuple[Any, ...]:
    """What puts the school that was meant before others: it begins as typed, has the words whole and early, and
    few others."""
    parts = early = 0
    for term in terms:
        place = school.words.find(f" {term.word} ")
        if place < 0:
            parts += 1
            place = school.words.find(f" {term.word}")
        early += place
    begins = school.words.startswith(asked)
    return (not begins, parts, early, len(school.name), school.name, school.town or "", school.urn)


def _given(terms: list[Term]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for i, term in enumerate(terms):
        given |= {f"word{i}": term.word, f"last{i}": term.last, f"singular{i}": term.singular}
        end = " " if term.whole else ""
        given[f"like{i}"] = f"% {term.word}{end}%"
        given[f"like_singular{i}"] = f"% {term.singular} %" if term.singular != term.word else None
    return given


@cache
def _statement(terms: int) -> Select[Any]:
    """The schools with the first of so many terms that have the others too. Built for PostgreSQL's planner, which
    would rather read all schools: a limit keeps the range as it is, and a scalar, unlike EXISTS, is no join."""
    word = SchoolWord
    first = select(word.school_id).where(*_range(0)).order_by(word.word, word.place, word.school_id)
    if terms == 1:
        few = first.limit(MOST).subquery()
    else:
        some = first.limit(LOOKED_AT).subquery()
        others = [
            or_(School.words.like(bindparam(f"like{i}")), School.words.like(bindparam(f"like_singular{i}")))
            for i in range(1, terms)
        ]
        has = select(literal(1)).where(School.id == some.c.school_id, *others).scalar_subquery()
        few = select(some.c.school_id).where(has == 1).limit(MOST).subquery()
    return select(*COLUMNS).join(few, few.c.school_id == School.id)


def _range(i: int) -> tuple[Any, ...]:
    """One range of the index: the words that begin with a term, and its singular, which stands before them."""
    word = SchoolWord.word
    return (
        SchoolWord.closed == bindparam("closed"),
        word.between(bindparam(f"singular{i}"), bindparam(f"last{i}")),
        or_(word >= bindparam(f"word{i}"), word == bindparam(f"singular{i}")),
    )
