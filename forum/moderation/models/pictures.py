"""Pictures and papers in the one queue: each that waits has an item, and each look of the team is a decision."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, inspect, select, update
from sqlalchemy.orm import Mapper, object_session

from forum.accounts.models import User
from forum.case_studies.models.files import State, StudyFile, looked
from forum.core.db import Session, db
from forum.core.errors import Refused
from forum.discussion.models import Post, Thread
from forum.moderation.models.decisions import Act, Before, Decision, decided
from forum.moderation.models.items import Item, Why
from forum.moderation.models.reports import Report

ITEMS: Any = Item.__table__
REPORTS: Any = Report.__table__
DECISIONS: Any = Decision.__table__
FILES, STUDIES = "files in the queue", "studies in the queue"


@looked.connect
def _decide(file: StudyFile, by: User, was: str) -> None:
    """Wherever the team looked, it is a decision: on record, told, and open to appeal."""
    if file.sender_id == by.id:
        raise Refused("You cannot decide about your own picture or paper.")
    item = _open_about(file.id)
    if item is not None:
        item.begin_deciding(by)
    act = Act.PUBLISH if file.state == State.SHOWN else Act.REFUSE
    before = Before.SHOWN if was == State.SHOWN else Before.HELD
    if item is not None and item.why == Why.REPORT and was == State.WAITING:
        before = Before.CHECKED
    decision = Decision.about_file(file, by, act, before, item)
    if item is not None:
        item.close()
    db.session.flush()
    decided.send(decision)


@event.listens_for(StudyFile, "after_insert")
@event.listens_for(StudyFile, "after_update")
@event.listens_for(StudyFile, "after_delete")
def _file_changed(mapper: Mapper[StudyFile], connection: Connection, file: StudyFile) -> None:
    _remember(file, FILES, file.id)


@event.listens_for(Thread, "after_update")
@event.listens_for(Post, "after_update")
def _study_changed(mapper: Mapper[Any], connection: Connection, thing: Thread | Post) -> None:
    """A study that comes or goes brings its pictures with it."""
    state: Any = inspect(thing).attrs
    if state.publication.history.has_changes() or state.moderation.history.has_changes():
        _remember(thing, STUDIES, thing.thread_id if isinstance(thing, Post) else thing.id)


@event.listens_for(StudyFile, "before_delete")
def _file_goes(mapper: Mapper[StudyFile], connection: Connection, file: StudyFile) -> None:
    """Its author takes it away: what was reported and decided stays, and no longer names it."""
    items = ITEMS.c.thing == f"file:{file.id}"
    of_them = select(ITEMS.c.id).where(items)
    connection.execute(update(ITEMS).where(items).values(file_id=None))
    connection.execute(update(REPORTS).where(REPORTS.c.item_id.in_(of_them)).values(file_id=None))
    connection.execute(update(DECISIONS).where(DECISIONS.c.file_id == file.id).values(file_id=None))


def _remember(thing: Any, under: str, id: int) -> None:
    session = object_session(thing)
    if session is not None:
        session.info.setdefault(under, set()).add(id)


@event.listens_for(Session, "before_commit")
def into_the_queue(session: Session) -> None:
    """What the team has to look at is in the queue, and nothing else of these files is."""
    session.flush()
    files, studies = session.info.pop(FILES, set()), session.info.pop(STUDIES, set())
    if not (files or studies):
        return
    if studies:
        files |= set(session.scalars(select(StudyFile.id).where(StudyFile.thread_id.in_(studies))))
    waits = {file.id: file for file in session.scalars(StudyFile.waiting_among(files, studies))}
    for id in sorted(files):
        item = _open_about(id)
        if id in waits and item is None:
            Item.about_file(waits[id], Why.PICTURE, "picture")
        elif id not in waits and item is not None and (item.why == Why.PICTURE or item.file_id is None):
            item.close()


def _open_about(file: int) -> Item | None:
    found: Item | None = db.session.scalar(select(Item).where(Item.open_thing == f"file:{file}"))
    return found
