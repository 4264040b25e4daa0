"""Who is told, as statements: each writes the notices of one batch, along an index, and passes over whoever has heard
of the act already, or has muted where it happened or who said it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from forum.accounts.models import User
from forum.core.db import Instant, db, now
from forum.following.models.acts import Act, Place
from forum.following.models.choices import MailChoice, Pace, level_of_pace
from forum.following.models.follows import Follow, Kind, Level
from forum.following.models.notices import Notice, Reason
from forum.suggestions.models import Supporter

GATHERED = timedelta(minutes=10)  # what goes by mail at once waits for more of its kind
STALE = timedelta(
    days=7
)  # what is told later than this after the act stays on the site: it is no news any more
NOTICES: Any = Notice.__table__
INSERT: dict[str, Any] = {"sqlite": sqlite.insert(NOTICES), "postgresql": postgresql.insert(NOTICES)}
COLUMNS = (
    "person_id",
    "activity_id",
    "reason",
    "via",
    "follow_id",
    "thread_id",
    "post_id",
    "level",
    "at",
    "mail_due_at",
)
BY_LEVEL = {Level.MAIL: 0, Level.DIGEST: 1, Level.SITE: 2}  # whoever follows twice hears by the quicker way
A_KIND = 2**32  # more follows than there will be
BY_KIND = {kind: n for n, kind in enumerate((*(k for k in Kind if k != Kind.PERSON), Kind.PERSON))}


def tell_directly(act: Act) -> None:
    """Those whom it is about. A decision has a letter of its own already, so it stays on the site."""
    found = act.direct()
    if not found:
        return
    reason = case({person: literal(str(why)) for person, why in found.items()}, value=User.id)
    pace = level_of_pace(MailChoice.pace)
    decided = [person for person, why in found.items() if why == Reason.DECISION]
    level = case((User.id.in_(decided), literal(str(Level.SITE))), else_=pace)
    rows = (
        select(User.id, reason, literal(None, String), literal(None, Integer), level)
        .outerjoin(MailChoice, MailChoice.person_id == User.id)
        .where(User.id.in_(found), or_(User.id.in_(decided), ~_muted(act, User.id)))
    )
    _insert(act, rows)


def tell_supporters(act: Act, after: int, limit: int) -> tuple[int, bool]:
    """Those who support the suggestion that it answers. They have a letter already, so it stays on the site."""
    assert act.thread is not None
    theirs = select(Supporter.user_id).where(Supporter.thread_id == act.thread.id, Supporter.user_id > after)
    upper, more = _end(theirs.order_by(Supporter.user_id).limit(limit), limit)
    if upper:
        rows = select(
            Supporter.user_id,
            literal(str(Reason.ANSWERED)),
            literal(None, String),
            literal(None, Integer),
            literal(str(Level.SITE)),
        ).where(
            Supporter.thread_id == act.thread.id,
            Supporter.user_id.between(after + 1, upper),
            Supporter.user_id != act.author,
            ~_muted(act, Supporter.user_id),
        )
        _insert(act, rows)
    return upper or after, more


def tell_followers(act: Act, places: Sequence[Place], after: int, limit: int) -> tuple[int, bool]:
    """Those who follow one of `places`, from the person after `after`, at most `limit`: the last person that was
    looked at, and whether there may be more."""
    if not places:
        return after, False
    ids = union_all(*(_after(act, place, after, limit) for place in places)).subquery()
    upper, more = _end(select(ids.c.person_id).distinct().order_by(ids.c.person_id).limit(limit), limit)
    if not upper:
        return after, False
    every = union_all(*(_between(act, place, after, upper) for place in places)).subquery()
    told = (
        select(
            every.c.person_id,
            func.min(every.c.level).label("level"),
            func.min(every.c.behind).label("behind"),
        )
        .group_by(every.c.person_id)
        .subquery()
    )
    opener = act.thread.author_id if act.thread and not act.opens and not act.is_answer else None
    reason = case((told.c.person_id == opener, str(Reason.REPLY)), else_=str(Reason.FOLLOWED))
    rows = (
        select(
            told.c.person_id,
            reason if opener else literal(str(Reason.FOLLOWED)),
            _named(BY_KIND, told.c.behind // A_KIND),
            told.c.behind % A_KIND,
            _unless_never(_named(BY_LEVEL, told.c.level)),
        )
        .select_from(told)
        .outerjoin(MailChoice, MailChoice.person_id == told.c.person_id)
        .where(told.c.person_id != act.author, ~_muted(act, told.c.person_id))
    )
    _insert(act, rows)
    return upper, more


def _after(act: Act, place: Place, after: int, limit: int) -> Any:
    """The next people who follow this, by the index: each branch is bounded of its own."""
    found = select(Follow.person_id).where(*_of(act, place), Follow.person_id > after)
    return select(found.order_by(Follow.person_id).limit(limit).subquery())


def _between(act: Act, place: Place, after: int, upper: int) -> Select[Any]:
    """Who of them follow it, by numbers whose smallest says the most."""
    return select(
        Follow.person_id,
        _number(BY_LEVEL, Follow.level).label("level"),
        (literal(BY_KIND[Kind(place[0])] * A_KIND, BigInteger) + Follow.id).label("behind"),
    ).where(*_of(act, place), Follow.person_id > after, Follow.person_id <= upper)


def _of(act: Act, place: Place) -> tuple[ColumnElement[bool], ...]:
    """Those who followed it when it happened."""
    kind, target = place
    return (
        Follow.kind == kind,
        Follow.target == target,
        Follow.level != Level.MUTED,
        Follow.since <= act.at,
    )


def _end(people: Select[Any], limit: int) -> tuple[int | None, bool]:
    found = people.subquery()
    last, count = db.session.execute(select(func.max(found.c[0]), func.count()).select_from(found)).one()
    return last, count == limit


def _muted(act: Act, person: Any) -> ColumnElement[bool]:
    """A mute of the thread; or of who said it, as far as it can be seen who did."""
    places = [(Kind.THREAD, str(act.thread.id))] if act.thread else []
    places += [(Kind.PERSON, str(act.author))] if act.is_named else []
    found: list[ColumnElement[bool]] = [
        select(Follow.id)
        .where(
            Follow.person_id == person,
            Follow.kind == kind,
            Follow.target == target,
            Follow.level == Level.MUTED,
        )
        .exists()
        for kind, target in places
    ]
    return or_(false(), *found)


def _insert(act: Act, rows: Any) -> None:
    """`rows` are person, reason, via, follow and level. Who has been told at an earlier stage hears no second time, but
    by this way where it is the quicker."""
    told = rows.subquery()
    person, reason, via, follow, level = told.c
    if now() - act.at > STALE:
        level = literal(str(Level.SITE))
    due = literal(_gathered(act.at), Instant)
    whole = select(
        person,
        literal(act.id),
        reason,
        via,
        cast(follow, Integer),
        literal(act.thread.id if act.thread else None, Integer),
        literal(act.post.id if act.post else None, Integer),
        level,
        literal(act.at, Instant),
        case((level == str(Level.MAIL), due), else_=None),
    ).where(literal(1) == literal(1))  # SQLite: before ON CONFLICT a SELECT ends in a WHERE
    connection = db.session.connection()
    add = INSERT[connection.dialect.name].from_select(COLUMNS, whole)
    connection.execute(
        add.on_conflict_do_update(
            index_elements=["person_id", "activity_id"],
            set_={name: add.excluded[name] for name in ("via", "follow_id", "level", "mail_due_at")},
            where=and_(
                NOTICES.c.reason == str(Reason.FOLLOWED),
                add.excluded.reason == str(Reason.FOLLOWED),
                NOTICES.c.mailed_at.is_(None),
                _number(BY_LEVEL, add.excluded.level) < _number(BY_LEVEL, NOTICES.c.level),
            ),
        )
    )


def _gathered(at: datetime) -> datetime:
    return at + GATHERED


def _number(order: dict[Any, int], name: Any) -> Any:
    return case({str(key): number for key, number in order.items()}, value=name)


def _named(order: dict[Any, int], number: Any) -> Any:
    return case({n: literal(str(key)) for key, n in order.items()}, value=number)


def _unless_never(level: Any) -> Any:
    """At this level, or on the site alone for those who want no mail at all."""
    return case((MailChoice.pace == str(Pace.NEVER), literal(str(Level.SITE))), else_=level)
