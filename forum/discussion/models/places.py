"""Places: what became public, numbered in the order in which it did.

A thread or post takes its place when it is first public: most at once, what waits for the team on the day that it is
let out. It keeps it for good. Feeds, their archives and the search index are in this order, so nothing ever comes in
among what readers have taken already."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class NextPlace(FunctionElement[int]):
    """The next place in `table`, as SQL. SQLite has one writer, so one more than the last is nobody else's; two rows
    in one statement would get the same."""

    type = Integer()
    inherit_cache = True
    table: str


class PlaceOfPost(NextPlace):
    inherit_cache = True
    table = "posts"


class PlaceOfThread(NextPlace):
    inherit_cache = True
    table = "threads"


@compiles(NextPlace, "postgresql")
def _from_sequence(element: NextPlace, compiler: Any, **more: Any) -> str:
    return f"nextval('{element.table}_place_seq')"


@compiles(NextPlace, "sqlite")
def _after_the_last(element: NextPlace, compiler: Any, **more: Any) -> str:
    return f"(SELECT coalesce(max(place), 0) + 1 FROM {element.table})"  # noqa: S608
