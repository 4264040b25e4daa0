"""Telling everyone who wants to hear, batch by batch, after the act and never in its way.

An act goes through stages: those whom it is about, one by one (`direct`); those who support what it answers
(`supporters`); those who follow where it happened (`follows`); and those who follow a view of the library or a search
that it belongs to (`library`, `search`). Each batch is one INSERT … SELECT along an index, and says in its row how far
it has come, so that it may be cut off anywhere: a person is told of an act once, by a key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import IntEnum

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from forum.core.db import db, now
from forum.following.models import matching
from forum.following.models.acts import Act
from forum.following.models.audience import tell_directly, tell_followers, tell_supporters
from forum.following.models.fanouts import Fanout

BATCH = 2_000  # people
QUESTIONS = 50  # searches or views that are asked whether they find it, in one batch
WAITS = timedelta(minutes=10)  # what is out of sight is looked at again after this,
GIVEN_UP = timedelta(days=1)  # and after this no more
PAUSES = [timedelta(minutes=m) for m in (1, 5, 30, 120, 720)]
log = structlog.get_logger("forum.following")


class Came(IntEnum):
    """How far a batch came: nothing waited, an act is done with, or more people wait to hear of it."""

    TO_NOTHING = 0
    TO_AN_END = 1
    HALF_WAY = 2


def fan_out(limit: int = BATCH) -> Came:
    """One bounded batch of what is due first: at most `limit` people are told. The caller commits; what it has told and
    how far it has come go down together, and two at work never have the same act."""
    query = select(Fanout).where(Fanout.due_at <= now()).order_by(Fanout.due_at, Fanout.id).limit(1)
    due: Fanout | None = db.session.scalar(query.with_for_update(skip_locked=True))
    if due is None:
        return Came.TO_NOTHING
    more = False
    try:
        with db.session.begin_nested():
            more = _go_on(due, limit)
    except SQLAlchemyError as error:
        log.error("people wait to be told", activity=due.activity_id, tries=due.tries, error=str(error))
        due.due_at = now() + PAUSES[min(due.tries, len(PAUSES) - 1)]
        due.tries += 1
    db.session.flush()
    return Came.HALF_WAY if more else Came.TO_AN_END


def _go_on(due: Fanout, limit: int) -> bool:
    """True where the same stage has more to do."""
    act = Act.of(due.activity_id)
    if act is None:
        db.session.delete(due)
        return False
    if not act.is_shown and not act.is_decision:
        _wait(due, act)
        return False
    stages = _stages(act)
    for stage in stages[stages.index(due.stage) :]:
        if stage != due.stage:
            due.stage, due.target, due.after_person = stage, "", 0
        if STAGES[stage](act, due, limit):
            due.due_at = now()  # behind those that wait as long
            return True
    db.session.delete(due)
    return False


def _wait(due: Fanout, act: Act) -> None:
    """It is hidden or withdrawn: nobody hears of that. It may come back."""
    if now() - act.at > GIVEN_UP:
        db.session.delete(due)
    else:
        due.due_at = now() + WAITS


def _stages(act: Act) -> list[str]:
    if act.is_decision:
        return ["direct"]
    return [
        "direct",
        *(["supporters"] if act.is_answer else []),
        "follows",
        *(["library"] if act.opens_study else []),
        "search",
    ]


def _direct(act: Act, due: Fanout, limit: int) -> bool:
    tell_directly(act)
    return False


def _supporters(act: Act, due: Fanout, limit: int) -> bool:
    due.after_person, more = tell_supporters(act, due.after_person, limit)
    return more


def _follows(act: Act, due: Fanout, limit: int) -> bool:
    due.after_person, more = tell_followers(act, act.places(), due.after_person, limit)
    return more


def _matching(kind: str) -> Callable[[Act, Fanout, int], bool]:
    """The followers of each search or view that finds it, in the order of their queries. With `after_person` the
    last one looked at has found it, and its followers are being told."""

    def stage(act: Act, due: Fanout, limit: int) -> bool:
        if due.after_person:
            due.after_person, more = tell_followers(act, [(kind, due.target)], due.after_person, limit)
            due.after_person = due.after_person if more else 0
            return True
        targets = matching.targets_after(kind, due.target, QUESTIONS)
        for target in targets:
            due.target = target
            if matching.finds(kind, target, act):
                due.after_person, more = tell_followers(act, [(kind, target)], 0, limit)
                due.after_person = due.after_person if more else 0
                return True
        return len(targets) == QUESTIONS

    return stage


STAGES: dict[str, Callable[[Act, Fanout, int], bool]] = {
    "direct": _direct,
    "supporters": _supporters,
    "follows": _follows,
    "library": _matching("library"),
    "search": _matching("search"),
}
