"""What was looked for and not found: words and a count, nobody's. The team grows the synonyms by it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, Select, String, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.characters import clean_text
from forum.core.db import db

LONGEST = 80
MOST = 1000
WORD = re.compile(r"\w")
# What looks like a person's own is not kept: an address for mail or the web, a number long enough to be for a
# telephone or a pupil, a postcode, a name with its title.
PERSONAL = re.compile(
    r"@|://|\bwww\.|(?:\d[\s().+/-]*){7,}|\b[a-z]{1,2}\d[a-z\d]?\s*\d[a-z]{2}\b|\b(?:mr|mrs|ms|dr)\b\.?\s+\w"
)


class EmptySearch(db.Model):  # type: ignore[name-defined,misc]
    """Words that found nothing: how often they were asked, and the last day. Who asked is not known."""

    __tablename__ = "empty_searches"

    words: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    count: Mapped[int] = mapped_column(default=1, server_default="1")
    asked_on: Mapped[date] = mapped_column(Date)

    @classmethod
    def note(cls, text: str) -> None:
        """Count `text` as asked today, in a transaction of its own: what is asked is a GET, and that never writes
        in its own. What the request has read is let go first, since on SQLite there is one writer at a time.
        Beyond MOST texts the one asked the longest ago goes."""
        words = plain(text)
        if words is None:
            return
        db.session.rollback()
        with db.engine.begin() as connection:
            values = {"words": words, "today": datetime.now(UTC).date()}
            if connection.execute(ADD[connection.dialect.name], values).scalar_one() == 1:
                connection.execute(DROP_OLDEST)

    @classmethod
    def remove(cls, by: User, words: str) -> None:
        """The team has taught the search what they mean, or should not have them. The log does not repeat them."""
        gone = db.session.execute(delete(cls).where(cls.words == words).returning(cls.words)).first()
        if gone is not None:
            record("team.search-removed", by=by)

    @classmethod
    def asked_most(cls) -> Select[EmptySearch]:
        return select(cls).order_by(cls.count.desc(), cls.words)

    @classmethod
    def asked_last(cls) -> Select[EmptySearch]:
        return select(cls).order_by(cls.asked_on.desc(), cls.count.desc(), cls.words)


def plain(text: str) -> str | None:
    """`text` as it is kept: in lower case, spaces folded; None where it is too long, or could be about a person."""
    words = " ".join(clean_text(text).lower().split())
    if len(words) > LONGEST or not WORD.search(words) or PERSONAL.search(words):
        return None
    return words


def _add(dialect: Any) -> Any:
    add = dialect.insert(SEARCHES).values(words=bindparam("words"), count=1, asked_on=bindparam("today"))
    again = {"count": SEARCHES.c.count + 1, "asked_on": bindparam("today")}
    return add.on_conflict_do_update(index_elements=["words"], set_=again).returning(SEARCHES.c.count)


SEARCHES: Any = EmptySearch.__table__
ADD = {"sqlite": _add(sqlite), "postgresql": _add(postgresql)}
OLDEST = select(SEARCHES.c.words).order_by(SEARCHES.c.asked_on.desc(), SEARCHES.c.words).offset(MOST)
DROP_OLDEST = delete(SEARCHES).where(SEARCHES.c.words.in_(OLDEST))
