"""The site as tests use it: a real SQLite and a real PostgreSQL, filled anew for each test."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from config import Config
from forum import create_app
from forum.core.db import db
from forum.discussion import fragments
from forum.seed.load import load_conversation
from tests.browser import Site
from tests.servers import postgresql_server

KINDS = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")


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
def app(site: Site) -> Flask:
    return site.app


class Served:
    """A site that can be put back to its first day."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.config["TESTING"] = True
        with app.app_context():
            flask_migrate.upgrade()
            list(load_conversation())
            db.session.commit()
            self.remember()

    def remember(self) -> None: ...

    def put_back(self) -> None: ...

    def reset(self) -> None:
        with self.app.app_context():
            self.put_back()
        mail = self.app.config["FORUM"].instance / "mail"
        for letter in mail.glob("*.eml"):
            letter.unlink()
        self.app.wsgi_app.forget()  # type: ignore[attr-defined]
        fragments.init_app(self.app)


class SQLite(Served):
    def remember(self) -> None:
        self.first = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(db.engine.url.database or "") as now:
            now.backup(self.first)
        now.close()

    def put_back(self) -> None:
        db.engine.dispose()
        with sqlite3.connect(db.engine.url.database or "") as now:
            self.first.backup(now)
        now.close()


class PostgreSQL(Served):
    def remember(self) -> None:
        tables = [table.name for table in db.metadata.sorted_tables]
        self.empty = "TRUNCATE " + ", ".join(f'"{name}"' for name in tables) + " RESTART IDENTITY"
        self.rows: list[tuple[Any, list[dict[str, Any]]]] = []
        for table in db.metadata.sorted_tables:
            rows = [dict(row._mapping) for row in db.session.execute(table.select())]
            if rows:
                self.rows.append((table, rows))

    def put_back(self) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(self.empty))
            for table, rows in self.rows:
                connection.execute(table.insert(), rows)
                if "id" in table.c:
                    last = f"pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name})"
                    connection.execute(text(f"SELECT setval({last})"))
