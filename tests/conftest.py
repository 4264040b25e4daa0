"""The site as tests use it: a real SQLite and a real PostgreSQL, filled anew for each test."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import MetaData, text

from config import Config
from forum import create_app
from forum.case_studies.models import shelf
from forum.core.db import db
from forum.discussion import fragments
from forum.seed.load import load_conversation
from tests.browser import Site
from tests.servers import postgresql_server

T = TypeVar("T")
KINDS = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")


class After(Protocol):
    def __call__(self, make: Callable[[], T]) -> T: ...


def configure(instance: Path, url: str = "", **more: str) -> Config:
    """The settings of a test site: like development, with a database of its own."""
    env = {
        "FORUM_ENV": "development",
        "INSTANCE": str(instance),
        "DATABASE_URL": url,
        "SITE_URL": "https://conversation.example.org",
        "FIRST_POSTS_HELD": "0",
        **more,
    }
    return Config.from_environment(env)


@pytest.fixture(scope="session", params=KINDS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A migrated, seeded site on one kind of database, for the whole run of this worker."""
    instance = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        yield SQLite(create_app(configure(instance)))
    else:
        with postgresql_server() as server, server.database() as url:
            yield PostgreSQL(create_app(configure(instance, url)))


@pytest.fixture
def site(served: Served) -> Iterator[Site]:
    """The site as it is just after set-up, with an app context for the test's own queries."""
    served.reset()
    with served.app.app_context():
        yield Site(served.app)
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def after(served: Served, site: Site) -> After:
    """Puts the site to where it is after something that is slow to do, which is done once for the whole run."""

    def go(make: Callable[[], T]) -> T:
        db.session.remove()
        return served.reset(make)

    return go


@pytest.fixture
def app(site: Site) -> Flask:
    return site.app


class Served:
    """A site that can be put back to its first day, or to another that is remembered."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.config["TESTING"] = True
        with app.app_context():
            flask_migrate.upgrade()
            list(load_conversation())
            db.session.commit()
        self._remembered: dict[Any, tuple[Any, Any]] = {None: (None, self._remember())}

    def reset(self, after: Callable[[], T] | None = None) -> T:
        """Put the site back to its first day, or to just after `after`; answers what that did when it was done."""
        if after not in self._remembered:
            self.reset()
            with self.app.app_context():
                made = after() if after else None
                db.session.commit()
            self._remembered[after] = (made, self._remember())
        made, rows = self._remembered[after]
        with self.app.app_context():
            self.put_back(rows)
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
        remembered = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(db.engine.url.database or "") as now:
            now.backup(remembered)
        now.close()
        return remembered

    def put_back(self, remembered: sqlite3.Connection) -> None:
        db.engine.dispose()
        with sqlite3.connect(db.engine.url.database or "") as now:
            remembered.backup(now)
        now.close()


class PostgreSQL(Served):
    def remember(self) -> list[tuple[Any, list[dict[str, Any]]]]:
        names = ", ".join(f'"{table.name}"' for table in db.metadata.sorted_tables)
        self.empty = f"TRUNCATE {names} RESTART IDENTITY"  # a trigger empties the index
        index = MetaData()
        index.reflect(db.engine, only=lambda name, _: name.startswith("search_"))
        tables = [*db.metadata.sorted_tables, *index.sorted_tables]
        found = [(table, db.session.execute(table.select()).mappings()) for table in tables]
        return [(table, kept) for table, rows in found if (kept := [dict(row) for row in rows])]

    def put_back(self, remembered: list[tuple[Any, list[dict[str, Any]]]]) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(self.empty))
            for table, rows in remembered:
                connection.execute(table.insert(), rows)
                for column in {"id", "place"} & set(table.c.keys()):
                    own = f"pg_get_serial_sequence('{table.name}', '{column}')"
                    last = f"{own}, (SELECT max({column}) FROM {table.name})"
                    connection.execute(text(f"SELECT setval({last})"))
