"""The site as tests use it: a real SQLite and a real PostgreSQL, filled anew for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar
from zlib import crc32

import pytest
from flask import Flask

from config import Config
from forum import create_app
from forum.core.db import db
from tests.browser import Site
from tests.served import PostgreSQL, Served, SQLite
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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test that is `one_database`, each variant runs on the database whose turn it is, always the same."""
    left_out = [item for item in items if not _has_its_turn(item)]
    items[:] = [item for item in items if _has_its_turn(item)]
    config.hook.pytest_deselected(items=left_out)


def _has_its_turn(item: pytest.Item) -> bool:
    mark, call = item.get_closest_marker("databases"), getattr(item, "callspec", None)
    kind = call.params.get("served") if call else None
    if kind is None or mark is None or mark.args == ("each",):
        return True
    name = item.nodeid.replace(kind, "", 1)
    return bool(KINDS[crc32(name.encode()) % len(KINDS)] == kind)


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
def site(request: pytest.FixtureRequest, served: Served) -> Iterator[Site]:
    """The site as it is just after set-up, with an app context for the test's own queries. A test that asks for
    `after` puts it where it wants it."""
    parameters = getattr(request.node, "callspec", None)
    if "after" not in set(request.fixturenames) - set(parameters.params if parameters else ()):
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
