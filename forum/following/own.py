"""What the pages of the packages below show of one reader's own; see forum/core/own.py, which does not know us."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import g
from sqlalchemy import ColumnElement

from forum.core.freshness import versions
from forum.following.models import FeedKey, Follow, MailChoice, Reading
from forum.following.models.counting import news_and_version
from forum.following.models.reading import read_so_far

LEVEL = "SELECT level FROM follows WHERE person_id = {} AND kind = {} AND target = {}"


class OwnThings:
    """Answers with raw reads, each along an index; news and version once for each request."""

    def stamp(self, person: Any) -> str:
        return ".".join(map(str, _news_and_version(person)))

    def news(self, person: Any) -> int:
        return _news_and_version(person)[0]

    def level(self, person: Any, kind: str, target: str) -> str | None:
        row = versions().row(LEVEL, (person.id, kind, target))
        return row[0] if row else None

    def read(self, person: Any, threads: Iterable[int]) -> dict[int, int]:
        return read_so_far(person.id, list(threads))


def _news_and_version(person: Any) -> tuple[int, int]:
    key = f"own {person.id}"
    if key not in g:
        setattr(g, key, news_and_version(person.id))
    found: tuple[int, int] = g.get(key)
    return found


def kept_of(person: int) -> dict[str, tuple[Any, ColumnElement[bool]]]:
    """What is kept here of one person, for their records: names of parts, with a model and which of it."""
    return {
        "follows and mutes": (Follow, Follow.person_id == person),
        "choices of notifications and mail": (MailChoice, MailChoice.person_id == person),
        "private feeds": (FeedKey, FeedKey.person_id == person),
        "how far they have read": (Reading, Reading.person_id == person),
    }
