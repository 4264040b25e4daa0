"""Migrations: up, down and equal to the models, on both databases, and no row is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text

from forum import create_app
from forum.accounts.models import User, Visitor
from forum.case_studies.models.files import StudyFile
from forum.core.db import db
from forum.discussion.models import Thread
from forum.discussion.models.merging import merge
from forum.discussion.models.splitting import split
from forum.following.models import Reading
from forum.moderation.models import Appeal, Decision, Report
from forum.moderation.models.bans import Ban, BanKind
from forum.moderation.models.decisions import Act
from forum.search.models import Query, search_posts, upkeep
from forum.search.models.index import is_modelled
from forum.seed.load import load_conversation
from tests.conftest import KINDS, configure
from tests.factories import make_person, make_reply, make_study, make_thread, post_of
from tests.servers import postgresql_server
from tests.test_feeds import let_out


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


def test_what_due_process_decided_outlives_its_tables(empty: Flask) -> None:
    """0010 with data in it, down and up: no post or report of one is lost, each report keeps what came of it, and what
    waited, or was hidden, is not public for lack of a queue."""
    with empty.app_context():
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        thread, tess, ben = make_thread(), make_person("Tess Okafor", role="team"), make_person("Ben Lee")
        for number in range(2, 6):
            make_reply(thread, author=ben, text=f"Words {number}.")
        said = ((2, "spam"), (2, "pupil"), (3, "personal"), (4, "off-topic"), (5, "spam"))
        for number, reason in said:
            Report.of_post(post_of(thread, number), Visitor(), reason, "", key=f"{number} {reason}")
        Report.of_person(ben, Visitor(), "spam", "", key="a")
        for number, act in ((3, Act.HIDE), (4, Act.LEAVE), (5, Act.REMOVE)):
            last = Decision.of_post(post_of(thread, number), tess, act, "spam", note=f"Note {number}")
        Appeal.make(Decision.of_post(post_of(thread, 2), tess, Act.REMOVE, "spam"), ben, "But why?")
        last.undo(tess)
        thread.holds = thread.prompt.holds = True
        db.session.commit()
        for words in ("One that waits.", "Another."):
            thread.reply(ben, words, "named")
        make_thread(author=ben, title="A thread that waits")
        db.session.commit()
        by = tess.id
        db.session.remove()
        was = counts()
        assert read("SELECT count(*) FROM posts WHERE publication = 'held'") == [(3,)]

        flask_migrate.downgrade(revision="0009")
        closed = "SELECT post_id, reason, closed_at IS NOT NULL, closed_by_id, note FROM reports ORDER BY id"
        assert read(closed) == [
            (2, "spam", True, by, ""),
            (2, "pupil", True, by, ""),
            (3, "personal", True, by, "Note 3"),
            (4, "off-topic", True, by, "Note 4"),
            (5, "spam", False, None, ""),
        ]
        shown = "SELECT thread_id, number FROM posts WHERE publication = 'published' AND moderation = 'clear'"
        public = [(1, 1), (1, 4), (1, 5)]
        assert sorted(read(shown)) == public
        places = "SELECT thread_id, number FROM posts ORDER BY thread_id, number"
        assert read(places) == [*((1, number) for number in range(1, 8)), (2, 1)]
        assert read("SELECT posts_count FROM threads ORDER BY id") == [(7,), (1,)]
        assert read("SELECT publication, moderation FROM threads WHERE id = 2") == [("published", "hidden")]

        flask_migrate.upgrade()
        assert counts() == was | {"reports": 5, "queue_items": 5}
        assert sorted(read(shown)) == public
        assert read("SELECT thing FROM queue_items WHERE open_thing IS NOT NULL") == [("post:5",)]
        kept = "SELECT post_id, act, reason, note FROM decisions ORDER BY post_id, reason"
        assert read(kept) == [
            (2, "hide", "pupil", ""),
            (2, "hide", "spam", ""),
            (3, "hide", "personal", "Note 3"),
            (4, "leave", "off-topic", "Note 4"),
        ]


def test_what_has_been_public_has_its_place(empty: Flask) -> None:
    """0015 with data in it, down and up: whatever was public stands where it stood, what waits has no place, and the
    index of the search agrees, also after what waits is let out."""
    with empty.app_context():
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        thread, tess, ben = make_thread(), make_person("Tess Okafor", role="team"), make_person("Ben Lee")
        study = make_study(ben).thread_id
        make_reply(thread, author=ben, text="An aquarium.")
        post_of(thread, 2).withdraw(ben)
        thread.holds = thread.prompt.holds = True
        db.session.commit()
        held = [thread.reply(ben, f"An aquarium {n}.").id for n in range(2)]
        waits = make_thread(author=ben, title="A thread that waits", text="An aquarium.").id
        let_out(held[0], tess)
        team = tess.id
        db.session.remove()
        all_places = (
            "SELECT id, place FROM posts ORDER BY id",
            "SELECT id, place FROM threads ORDER BY id",
            "SELECT thread_id, place FROM thread_components ORDER BY thread_id",
            "SELECT thread_id, place FROM case_studies",
        )
        assert read(all_places[0]) == [(1, 1), (2, 2), (3, 3), (4, 4), (5, None), (6, None)]
        before = [read(each) for each in all_places]
        flask_migrate.downgrade(revision="0014")
        assert read("SELECT id FROM posts WHERE released_at IS NOT NULL") == [(held[0],)]
        assert read("SELECT post_id FROM search_posts ORDER BY post_id") == [(1,), (2,), (4,)]
        flask_migrate.upgrade()
        assert [read(each) for each in all_places] == before
        assert dict(read(all_places[1])) == {1: 1, study: 2, waits: None}
        tess = db.session.get_one(User, team)
        let_out(post_of(db.session.get_one(Thread, waits)).id, tess)
        let_out(held[1], tess)
        assert read(all_places[0])[4:] == [(5, 6), (6, 5)]
        assert read(all_places[1])[2:] == [(waits, 3)] and (waits, 3) in read(all_places[2])
        make_reply(db.session.get_one(Thread, study), author=tess)
        assert read(all_places[0])[6:] == [(7, 7)]
        assert not [fault for half in upkeep.check() for fault in half.faults] and upkeep.words_agree()
        assert search_posts(Query.from_args({"q": "aquarium"})) == [6, 5, 4]


def test_what_was_merged_is_read_in_its_order_or_by_its_numbers(empty: Flask) -> None:
    """0016 with data in it: every post is there, down and up; old places of posts are known from the log."""
    with empty.app_context():
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        kept, other, tess = make_thread(), make_thread(), make_person("Tess Okafor", role="team")
        for _ in range(3):
            make_reply(kept)
            make_reply(other)
        split(kept, [3], tess, "Apart", [])
        reader = make_person("Rea Der")
        Reading.move(reader, kept, 4)
        merge(other, kept, tess)
        make_thread(title="Alone")
        db.session.commit()
        db.session.remove()
        was = counts()
        order = "SELECT number FROM posts WHERE thread_id = 1 ORDER BY position"
        assert read(order) == [(1,), (5,), (2,), (6,), (7,), (4,), (8,)]
        left = "SELECT thread_id, number, post_id FROM moved_posts ORDER BY thread_id, number"
        places = read(left)
        assert len(places) == 5
        flask_migrate.downgrade(revision="0014")
        assert counts() == was and read("SELECT number FROM reading") == [(4,)]
        with db.engine.begin() as connection:  # as a merge from before left it
            connection.execute(text("DELETE FROM moved_posts WHERE thread_id = 2"))
        flask_migrate.upgrade()
        assert counts() == was and read(left) == places
        assert read("SELECT count(*) FROM posts WHERE position <> number OR position IS NULL") == [(0,)]
        assert read("SELECT count(*) FROM moved_posts WHERE position <> number") == [(0,)]
        assert read("SELECT position, missed FROM reading") == [(4, None)]


def read(query: str) -> list[tuple[Any, ...]]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def counts() -> dict[str, int]:
    with db.engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("posts", "reports", "queue_items", "threads")
        }
