"""Where the index is: in the database of the site, whichever that is."""

from __future__ import annotations

from forum.core.db import db
from forum.search.models.index import Index
from forum.search.models.postgresql import PostgreSQL
from forum.search.models.sqlite import SQLite

HOMES: dict[str, Index] = {"sqlite": SQLite(), "postgresql": PostgreSQL()}


def home() -> Index:
    return HOMES[db.engine.dialect.name]
