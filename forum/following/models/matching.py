"""The searches and views of the library that somebody follows: which of them find this?"""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import current_app
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from forum.case_studies.models import CaseStudy
from forum.case_studies.models.facets import Asked
from forum.core.db import db
from forum.following.models.acts import Act
from forum.following.models.follows import Follow, Kind, Level


def targets_after(kind: str, target: str, limit: int) -> list[str]:
    """The next `limit` queries that are followed, each once: the index is read along its own order."""
    query = select(Follow.target).where(
        Follow.kind == kind, Follow.target > target, Follow.level != Level.MUTED
    )
    return list(db.session.scalars(query.distinct().order_by(Follow.target).limit(limit)))


def finds(kind: str, target: str, act: Act) -> bool:
    """True where this search, or this view of the library, has what the act is about."""
    return _library_finds(target, act) if kind == Kind.LIBRARY else _search_finds(target, act)


def _library_finds(target: str, act: Act) -> bool:
    if act.thread is None:
        return False
    try:
        conditions = Asked.of(MultiDict(parse_qsl(target))).conditions()
    except NotFound:  # a choice that there is no more
        return False
    study = select(CaseStudy.thread_id).where(CaseStudy.thread_id == act.thread.id, CaseStudy.listed)
    return db.session.scalar(study.where(*conditions)) is not None


def _search_finds(target: str, act: Act) -> bool:
    """The newest post that it finds, of this one and all before it, is this one."""
    if act.post is None:
        return False
    search = current_app.extensions["searches"](dict(parse_qsl(target)))
    found: list[int] = search.posts(1, act.post.id + 1)
    return found == [act.post.id]
