"""A conversation of a given size: people, threads and posts over the time that they would have taken.

Each thread is started by its own verb, under a clock that is moved. Replies are the bulk, and written as rows:
what Thread.reply would leave, a line of the log included, without the ten minutes that it would take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import flask_migrate
import time_machine
from flask import Flask
from sqlalchemy import insert, select, text, update

from forum.accounts.models import PHASES, POSITIONS, User
from forum.activity.models import Activity
from forum.core.db import db, now
from forum.core.markup import render
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent
from forum.seed.load import load_conversation
from tests.bench import words
from tests.bench.places import next_places
from tests.factories import make_person

PEOPLE = 200
TEXTS = 2_000
PACE = timedelta(days=730) / 100_000  # a smaller conversation is as lively, and younger
BATCH = 500


@dataclass(frozen=True)
class Size:
    """How much there is: of `posts`, one in ten is in one long thread, and one in twenty opens a thread."""

    posts: int

    @property
    def threads(self) -> int:
        return self.posts // 20

    @property
    def longest(self) -> int:
        return self.posts // 10


class Due(NamedTuple):
    """A post that is to be written; `thread` counts from 0, which is the long one."""

    at: datetime
    thread: int
    opens: bool


def fill(app: Flask, size: Size) -> None:
    """An empty database becomes a conversation of `size`."""
    with app.app_context():
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        Conversation(size).write()
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("ANALYZE"))
            db.session.commit()
        db.session.remove()


@dataclass
class Conversation:
    size: Size
    chance: Random = field(default_factory=lambda: Random(2004))
    counts: Counter[int] = field(default_factory=Counter)
    last: dict[int, datetime] = field(default_factory=dict)
    ids: dict[int, tuple[int, int]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def write(self) -> None:
        chance = self.chance
        sources = [words.text(chance) for _ in range(TEXTS)]
        self.texts = [(source, render(source)) for source in sources]
        self.people = [self._person(number) for number in range(PEOPLE)]
        with time_machine.travel(now(), tick=False) as clock:
            for done, due in enumerate(schedule(self.size, chance)):
                if due.opens:
                    self._flush()
                    clock.move_to(due.at)
                    self._start(due.thread)
                else:
                    self._reply(due)
                if done % BATCH == 0:
                    self._flush()
                    db.session.commit()
        self._flush()
        self._settle()
        db.session.commit()

    def _person(self, number: int) -> int:
        chance = self.chance
        return make_person(
            name=f"{chance.choice(('Ada', 'Ben', 'Chidi', 'Dilys', 'Esther', 'Farah'))} Example {number}",
            position=chance.choice(list(POSITIONS)),
            phase=chance.choice(list(PHASES)),
            school=f"Example School {number % 60}",
        ).id

    def _start(self, number: int) -> None:
        chance = self.chance
        prompts = db.session.scalars(select(Prompt).order_by(Prompt.order)).all()
        components = db.session.scalars(select(Component).order_by(Component.order)).all()
        thread = Thread.start(
            chance.choices(prompts, (5, 2, 3))[0],
            db.session.get_one(User, chance.choice(self.people)),
            words.title(chance, number),
            chance.choice(self.texts)[0],
            chance.sample(list(components), chance.randrange(4)),
        )
        self.ids[number] = (thread.id, thread.prompt_id)
        self.counts[number], self.last[number] = 1, thread.created_at

    def _reply(self, due: Due) -> None:
        source, html = self.chance.choice(self.texts)
        thread, prompt = self.ids[due.thread]
        self.counts[due.thread] += 1
        self.last[due.thread] = due.at
        self.rows.append(
            {
                "thread_id": thread,
                "prompt_id": prompt,
                "author_id": self.chance.choice(self.people),
                "number": self.counts[due.thread],
                "source": source,
                "html": html,
                "disclosure": "named",
                "published_at": due.at,
                "updated_at": due.at,
                "submission": f"bench-{thread}-{self.counts[due.thread]}",
            }
        )

    def _flush(self) -> None:
        """Write the replies that wait, each with its line in the log."""
        if not self.rows:
            return
        places = next_places("posts", len(self.rows))
        ids = db.session.scalars(
            insert(Post).returning(Post.id, sort_by_parameter_order=True),
            [{**row, "place": place} for row, place in zip(self.rows, places, strict=True)],
        ).all()
        db.session.execute(
            insert(Activity),
            [
                {
                    "verb": "post.published",
                    "public": True,
                    "actor": row["author_id"],
                    "prompt": row["prompt_id"],
                    "thread": row["thread_id"],
                    "post": id,
                    "at": row["published_at"],
                }
                for id, row in zip(ids, self.rows, strict=True)
            ],
        )
        self.rows.clear()

    def _settle(self) -> None:
        """Counts and versions of the threads and prompts, as the replies would have left them."""
        replies: Counter[int] = Counter()
        for number, (thread, prompt) in self.ids.items():
            count, at = self.counts[number], self.last[number]
            replies[prompt] += count - 1
            db.session.execute(
                update(Thread)
                .where(Thread.id == thread)
                .values(posts_count=count, version=Thread.version + count - 1, last_post_at=at, changed_at=at)
            )
            db.session.execute(
                update(ThreadComponent).where(ThreadComponent.thread_id == thread).values(last_post_at=at)
            )
        for prompt, count in replies.items():
            db.session.execute(
                update(Prompt)
                .where(Prompt.id == prompt)
                .values(version=Prompt.version + count, changed_at=now() - timedelta(seconds=5))
            )


def schedule(size: Size, chance: Random) -> list[Due]:
    """Every post in the order of writing. Few threads are long, many are short; talk dies down in weeks."""
    end = now() - timedelta(minutes=5)
    begin = end - PACE * size.posts
    whole = (end - begin).total_seconds()
    opened = [0.0, *sorted(chance.uniform(0, whole) for _ in range(size.threads - 1))]
    weights = [min(100.0, chance.paretovariate(1.2)) for _ in opened[1:]]
    replies = size.posts - size.longest - (size.threads - 1)
    due = [Due(begin + timedelta(seconds=at), number, True) for number, at in enumerate(opened)]
    due += [
        Due(begin + timedelta(seconds=chance.uniform(1, whole)), 0, False) for _ in range(size.longest - 1)
    ]
    for number in chance.choices(range(1, size.threads), weights, k=replies):
        due.append(Due(begin + timedelta(seconds=_later(opened[number], whole, chance)), number, False))
    return sorted(due)


def _later(opened: float, whole: float, chance: Random) -> float:
    at = opened + 60 + chance.expovariate(1 / timedelta(days=10).total_seconds())
    return at if at < whole else chance.uniform(opened + 1, whole + 1)


def full_pages(size: int) -> Iterator[str]:
    """Addresses of thread pages that have all their posts, one of each thread after the other."""
    found = db.session.execute(
        select(Thread.id, Thread.slug, Thread.posts_count)
        .where(Thread.posts_count >= size)
        .order_by(Thread.id)
    ).all()
    most = max(count for _, _, count in found) // size
    for page in range(1, most + 1):
        for id, slug, count in found:
            if count >= page * size:
                yield f"/threads/{id}-{slug}" + (f"?page={page}" if page > 1 else "")
