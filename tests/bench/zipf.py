"""A forum of any size whose words are as common and as rare as those of a language (Zipf's law).

It is written as rows by the driver, before the migration that makes the search index; the migration then indexes it in
bulk, as it would a forum that is there already."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import flask_migrate
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import text

from forum.accounts.models import PHASES, POSITIONS
from forum.core.db import db
from forum.discussion.models import slug_of
from forum.seed.load import load_conversation

INDEX = "0004"  # the migration that makes the search index
VOCABULARY = 60_000
PEOPLE = 2_000
BATCH = 10_000
SHORTEST, LONGEST = 40, 160  # words of a post
SAID = 0.2  # of the posts have one of these
NAMES = (
    "SEN",
    "SEND",
    "special educational needs",
    "special needs",
    "TA",
    "TAs",
    "teaching assistant",
    "send",
    "sending",
)
CONSONANTS, VOWELS, ENDS = "bcdfghjklmnprstvw", "aeiou", ("", "n", "t", "r", "m")
Row = dict[str, Any]

INSERTS = {
    "users": "INSERT INTO users (id, name, position, phase, role, disclosure, created_at, session_stamp, version,"
    " confirmed_at) VALUES (:id, :name, :position, :phase, 'participant', 'named', :at, 'bench', 1, :at)",
    "threads": "INSERT INTO threads (id, prompt_id, author_id, kind, title, slug, created_at, publication, moderation,"
    " locked, pinned, posts_count, last_post_at, version, changed_at, answered_at)"
    " VALUES (:id, :prompt, :author, :kind, :title, :slug, :at, 'published', 'clear', :no, :no, :posts, :at, 1, :at,"
    " :answered)",
    "posts": "INSERT INTO posts (id, thread_id, prompt_id, author_id, number, publication, moderation, disclosure,"
    " source, html, published_at, updated_at, version) VALUES (:id, :thread, :prompt, :author, :number, 'published',"
    " 'clear', :disclosure, :source, :html, :at, :at, 1)",
    "thread_components": "INSERT INTO thread_components (thread_id, component_id, last_post_at)"
    " VALUES (:thread, :component, :at)",
}

COUNTED = "UPDATE threads SET posts_count = (SELECT max(number) FROM posts WHERE thread_id = threads.id)"


def fill(app: Flask, posts: int) -> Forum:
    """An empty database becomes a forum of so many posts, indexed. The same posts every time."""
    forum = Forum(posts)
    with app.app_context():
        before = (
            ScriptDirectory(str(app.config["FORUM"].root / "migrations")).get_revision(INDEX).down_revision
        )
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        db.session.remove()
        flask_migrate.downgrade(revision=str(before))
        forum.write()
        flask_migrate.upgrade()
        _settle()
        db.session.remove()
    return forum


@dataclass
class Forum:
    """Its words are in the order of how common they are."""

    posts: int
    chance: Random = field(default_factory=lambda: Random(2004))

    def __post_init__(self) -> None:
        self.words = vocabulary(Random(1))
        weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
        self._said = self.chance.choices(self.words, cum_weights=weights, k=1_500_000)
        self.threads = max(1, self.posts // 20)
        self._counts = [0] * (self.threads + 1)

    def write(self) -> None:
        """People, threads and posts, in the order of their time, which ends now."""
        self._insert("users", self._people())
        started = [self._thread(number) for number in range(1, self.threads + 1)]
        self._insert("threads", iter(started))
        carried = [
            {"thread": row["id"], "component": component, "at": row["at"]}
            for row in started
            for component in self.chance.sample(range(1, 6), self.chance.randrange(3))
        ]
        self._insert("thread_components", iter(carried))
        self._insert("posts", (self._post(number, started) for number in range(1, self.posts + 1)))
        db.session.execute(text(COUNTED))
        for table in ("users", "threads", "posts"):
            if db.engine.dialect.name == "postgresql":
                db.session.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                    )
                )
        db.session.commit()

    def _insert(self, table: str, rows: Iterator[Row]) -> None:
        statement = text(INSERTS[table])
        while batch := list(itertools.islice(rows, BATCH)):
            db.session.connection().execute(statement, batch)
            db.session.commit()

    def _people(self) -> Iterator[Row]:
        first = ("Ada", "Ben", "Chidi", "Dilys", "Esther", "Farah")
        for number in range(1, PEOPLE + 1):
            yield {
                "id": number,
                "name": f"{first[number % 6]} {self.words[1000 + number].capitalize()}",
                "position": self.chance.choice(list(POSITIONS)),
                "phase": self.chance.choice(list(PHASES)),
                "at": self._at(1),
            }

    def _thread(self, number: int) -> Row:
        title = " ".join(self.some(3, 9)).capitalize()
        at = self._at(1 + (number - 1) * self.posts // self.threads)
        return {
            "id": number,
            "prompt": self.chance.choices((1, 2, 3), (5, 2, 3))[0],
            "author": self.chance.randint(1, PEOPLE),
            "kind": self.chance.choices(("discussion", "case-study", "suggestion"), (8, 1, 1))[0],
            "title": title,
            "slug": slug_of(title),
            "at": at,
            "posts": 1,
            "answered": at if self.chance.random() < 0.1 else None,
            "no": False,
        }

    def _post(self, number: int, threads: list[Row]) -> Row:
        """One in twenty opens a thread; the others reply, one in ten of them in the one long thread."""
        opened = 1 + (number - 1) * self.threads // self.posts
        opens = self._counts[opened] == 0
        if opens:
            thread = opened
        else:
            long = self.chance.random() < 0.1
            thread = 1 if long else max(1, opened - int(self.chance.expovariate(1 / 50)))
        self._counts[thread] += 1
        row = threads[thread - 1]
        said = self.some(SHORTEST, LONGEST)
        if self.chance.random() < SAID:
            said.insert(SHORTEST // 2, self.chance.choice(NAMES))
        source = " ".join(said)
        return {
            "id": number,
            "thread": thread,
            "prompt": row["prompt"],
            "author": row["author"] if opens else self.chance.randint(1, PEOPLE),
            "number": self._counts[thread],
            "disclosure": "role-only" if self.chance.random() < 0.1 else "named",
            "source": source,
            "html": f"<p>{source}</p>",
            "at": self._at(number),
        }

    def some(self, least: int, most: int) -> list[str]:
        many = self.chance.randint(least, most)
        start = self.chance.randrange(len(self._said) - many)
        return self._said[start : start + many]

    def _at(self, number: int) -> Any:
        """Two years of posts, evenly."""
        at = (
            datetime.now(UTC).replace(microsecond=0)
            - timedelta(days=730) * (self.posts - number) / self.posts
        )
        return at.replace(tzinfo=None, microsecond=0).isoformat(" ") + ".000000" if _on_sqlite() else at


def vocabulary(chance: Random) -> list[str]:
    """Words that can be said aloud, none twice, and no two with one stem."""
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        parts = (chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in range(chance.randint(1, 4)))
        found.setdefault("".join(parts) + chance.choice(ENDS), None)
    return list(found)


def _on_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def _settle() -> None:
    db.session.remove()
    if _on_sqlite():
        connection = db.engine.raw_connection()
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    else:
        with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
