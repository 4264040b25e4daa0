"""The site on one kind of database for a whole run, put back to a known state before each test."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar, cast

import flask_migrate
import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, event, inspect, text

from forum.case_studies.models import shelf
from forum.core.db import db
from forum.discussion import fragments
from forum.seed.load import load_conversation

T = TypeVar("T")

# Where nothing else is said, a test runs on each database: queries, plans, verbs, what people do at once, migrations,
# search, feeds, importing, the worker. What stands above them (the words of a form, who may open a page, the text of a
# letter) has its file or its test marked as `one_database`: its variants take the databases by turns.
one_database = pytest.mark.databases("one")
each_database = pytest.mark.databases("each")


class Compiled(BytecodeCache):
    """What Jinja made of the templates, for every site of this worker."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self.kept.get(f"{bucket.key} {bucket.checksum}"):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[f"{bucket.key} {bucket.checksum}"] = bucket.bytecode_to_string()


COMPILED = Compiled()
FIRST_DAY: list[sqlite3.Connection] = []


def fill(app: Flask) -> None:
    """Migrate and seed a new site, in its context; on SQLite once for a worker, and then by copying."""
    app.jinja_env.bytecode_cache = COMPILED
    own_file = db.engine.dialect.name == "sqlite"
    if own_file:
        # No test pulls the plug, so nothing waits for the disk. (PostgreSQL's server is told the same.)
        event.listen(db.engine, "connect", lambda new, record: new.execute("PRAGMA synchronous=OFF") and None)
    if own_file and FIRST_DAY:
        return put(FIRST_DAY[0])
    flask_migrate.upgrade()
    list(load_conversation())
    db.session.commit()
    if own_file:
        FIRST_DAY.append(copied())


def copied() -> sqlite3.Connection:
    """All that is in the database of the site in whose context this is, in memory."""
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(_opened()) as now:
        now.backup(copy)
    return copy


def put(copy: sqlite3.Connection) -> None:
    db.engine.dispose()
    with closing(_opened()) as now:
        copy.backup(now)


def _opened() -> sqlite3.Connection:
    connection = sqlite3.connect(db.engine.url.database or "")
    connection.execute("PRAGMA synchronous=OFF")
    return connection


class Served:
    """A site that can be put back to its first day, or to another that is remembered."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.config["TESTING"] = True
        with app.app_context():
            fill(app)
        self._remembered: dict[Any, tuple[Any, Any]] = {None: (None, self._remember())}

    def reset(self, after: Callable[[], T] | None = None) -> T:
        """Put the site back to its first day, or to just after `after`; answers what that did when it was done."""
        if after not in self._remembered:
            self.reset()
            with self.app.app_context():
                made = after() if after else None
                db.session.commit()
            self._remembered[after] = (made, self._remember())
        made, state = self._remembered[after]
        with self.app.app_context():
            self.put_back(state)
        mail = self.app.config["FORUM"].instance / "mail"
        for letter in mail.glob("*.eml"):
            letter.unlink()
        self.app.wsgi_app.forget()  # type: ignore[attr-defined]
        fragments.init_app(self.app)
        shelf.init_app(self.app)
        return cast(T, made)

    def _remember(self) -> Any:
        with self.app.app_context():
            return self.remember()

    def remember(self) -> Any:
        """All that is in the database now."""

    def put_back(self, remembered: Any) -> None: ...


class SQLite(Served):
    def remember(self) -> sqlite3.Connection:
        return copied()

    def put_back(self, remembered: sqlite3.Connection) -> None:
        put(remembered)


class PostgreSQL(Served):
    """What is remembered is kept in the server, each time in a schema of its own. A test writes to few tables, so only
    what it changed is put back: that costs a tenth of emptying and filling them all."""

    FEW = (
        8 * 8192
    )  # bytes by which deleted rows may swell a table; the planner takes one of this size for empty

    def remember(self) -> Kept:
        kept = Kept(f"kept_{len(getattr(self, '_remembered', ()))}")
        with db.engine.begin() as connection:
            kept.take(connection)
        self._now: Kept | None = None
        return kept

    def put_back(self, remembered: Kept) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            if remembered is not self._now or remembered.swollen(connection, self.FEW):
                remembered.put_all(connection)
            else:
                remembered.put_changed(connection, self._clean)
            self._clean = connection.execute(text("SELECT txid_current()")).scalar_one()
        self._now = remembered


class Kept:
    """A copy of each table in a schema, and where each sequence stood."""

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def take(self, connection: Connection) -> None:
        found = inspect(connection)
        self.tables = [name for name in found.get_table_names() if name != "alembic_version"]
        self.keys = {
            name: ", ".join(found.get_pk_constraint(name)["constrained_columns"]) for name in self.tables
        }
        connection.execute(text(f"CREATE SCHEMA {self.schema}"))
        for name in self.tables:
            connection.execute(text(f'CREATE TABLE {self.schema}."{name}" AS TABLE public."{name}"'))
        self.counts = {name: self._count(connection, name) for name in self.tables}
        self.sequences = self._sequences(connection)
        self.changed = text(" UNION ALL ".join(map(self._changed, self.tables)))

    def put_all(self, connection: Connection) -> None:
        stored = (
            name for name in self.tables if not name.startswith("search_")
        )  # a trigger empties the index
        names = ", ".join(f'public."{name}"' for name in stored)
        connection.execute(text(f"TRUNCATE {names}"))
        for name in self.tables:
            if self.counts[name]:
                connection.execute(text(f'INSERT INTO public."{name}" TABLE {self.schema}."{name}"'))
        connection.execute(self.sequences)

    def put_changed(self, connection: Connection, since: int) -> None:
        """Put back what transactions after `since` changed."""
        for name in connection.execute(self.changed, {"since": since}).scalars().all():
            if self.counts[name]:
                self._mend(connection, name, since)
            else:
                connection.execute(text(f'DELETE FROM public."{name}"'))
        connection.execute(self.sequences)

    def swollen(self, connection: Connection, bytes: int) -> bool:
        """True where a table has grown by that much, or was analysed: a plan must not depend on the test before."""
        return connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM pg_class now JOIN pg_class kept ON kept.relname = now.relname"
                " WHERE now.relnamespace = 'public'::regnamespace AND now.relkind = 'r'"
                " AND kept.relnamespace = CAST(:schema AS regnamespace)"
                " AND (now.reltuples >= 0 OR pg_relation_size(now.oid) > pg_relation_size(kept.oid) + :bytes))"
            ),
            {"schema": self.schema, "bytes": bytes},
        ).scalar_one()

    def _changed(self, name: str) -> str:
        if not (count := self.counts[name]):
            return f"SELECT '{name}' WHERE EXISTS (SELECT FROM public.\"{name}\")"
        newer = "coalesce(bool_or(xmin::text::bigint > :since), true)"
        return f"SELECT '{name}' WHERE (SELECT count(*) <> {count} OR {newer} FROM public.\"{name}\")"

    def _mend(self, connection: Connection, name: str, since: int) -> None:
        connection.execute(
            text(f'DELETE FROM public."{name}" WHERE xmin::text::bigint > :since'), {"since": since}
        )
        connection.execute(
            text(
                f'INSERT INTO public."{name}" SELECT * FROM {self.schema}."{name}"'
                f' WHERE ({self.keys[name]}) NOT IN (SELECT {self.keys[name]} FROM public."{name}")'
            )
        )

    def _count(self, connection: Connection, name: str) -> int:
        found: int = connection.execute(text(f'SELECT count(*) FROM public."{name}"')).scalar_one()
        return found

    def _sequences(self, connection: Connection) -> Any:
        found = connection.execute(
            text(
                "SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL"
                " FROM pg_sequences WHERE schemaname = 'public'"
            )
        )
        each = ", ".join(f"setval('public.\"{name}\"', {value}, {called})" for name, value, called in found)
        return text(f"SELECT {each}")
