"""Migrations: up, down and equal to the models, on both databases, and no row is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text

from forum import create_app
from forum.core.db import db
from forum.search.models.index import is_modelled
from forum.seed.load import load_conversation
from tests.conftest import KINDS, configure
from tests.factories import make_reply, make_thread
from tests.servers import postgresql_server


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A site whose database has no table yet."""
    if request.param == "sqlite":
        yield create_app(configure(tmp_path))
    else:
        with postgresql_server() as server, server.database() as url:
            app = create_app(configure(tmp_path, url))
            yield app
            with app.app_context():
                db.engine.dispose()


def test_what_migrations_make_is_what_the_models_say(empty: Flask) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            options = {"compare_type": True, "include_name": is_modelled}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, db.metadata) == []


def test_down_and_up_again(empty: Flask) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        make_reply(make_thread())
        db.session.remove()
        flask_migrate.downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == 0


def test_running_it_twice_changes_nothing(empty: Flask) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        thread = make_thread().id
        db.session.remove()
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT max(id) FROM threads")).scalar() == thread
