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
from forum.accounts.models import Visitor
from forum.case_studies.models.files import StudyFile
from forum.core.db import db
from forum.discussion.models.splitting import split
from forum.moderation.models import Report
from forum.moderation.models.bans import Ban, BanKind
from forum.search.models.index import is_modelled
from forum.seed.load import load_conversation
from tests.conftest import KINDS, configure
from tests.factories import make_person, make_reply, make_study, make_thread, post_of
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


def test_pictures_that_wait_come_into_the_queue_and_go_with_it(empty: Flask) -> None:
    """0012 with data in it, down and up: no post or report of one is lost, and what waits is there again."""
    with empty.app_context():
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        study, thread, tess = make_study(), make_thread(), make_person("Tess Okafor", role="team")
        for number in range(3):
            make_reply(thread, text=f"Words {number}.")
        facts = {"kind": "picture", "position": 1, "name": "a.png", "source_hash": "a", "hash": "b"}
        said = {"alt": "A wall", "statement": "nobody"}
        file = StudyFile(thread_id=study.thread_id, sender_id=tess.id, **facts, **said)
        db.session.add(file)
        db.session.commit()
        Report.of_file(file, Visitor(), "spam", "", key="a")
        Report.of_post(post_of(thread, 2), Visitor(), "spam", "", key="a")
        Report.of_person(make_person("Ben Lee"), Visitor(), "spam", "", key="a")
        Ban.make(tess, BanKind.NETWORK, "192.0.2.0/24")
        split(thread, [3, 4], tess, "Apart", [])
        db.session.commit()
        db.session.remove()
        flask_migrate.downgrade(revision="0010")
        assert counts() == {"posts": 5, "reports": 2, "queue_items": 2, "threads": 3}
        flask_migrate.upgrade()
        assert counts() == {"posts": 5, "reports": 2, "queue_items": 3, "threads": 3}
        with db.engine.connect() as connection:
            found = connection.execute(text("SELECT why, file_id FROM queue_items WHERE thing LIKE 'file:%'"))
            assert found.all() == [("picture", 1)]


def counts() -> dict[str, int]:
    with db.engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("posts", "reports", "queue_items", "threads")
        }
