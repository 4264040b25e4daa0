"""`python -m tests.bench.queue`: 50,000 things wait, on both databases; how long the team's pages take, and how many
questions they ask at 500 and at 50,000."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles

import flask_migrate
from flask import Flask
from sqlalchemy import insert, select, text, update

from config import Config
from forum import create_app
from forum.core.db import db, now
from forum.discussion.models import Post
from forum.moderation.models import Item
from forum.moderation.models.items import Urgency, Why
from forum.seed.load import load_conversation
from tests.browser import Site
from tests.factories import make_person, make_reply, make_thread
from tests.queries import counted
from tests.servers import postgresql_server

ITEMS, ROUNDS = 50_000, 40
POSTS = 200
REASONS = ("spam", "off-topic", "other", "personal", "harassment", "new", "switch", "child")
PAGES = {
    "the first page": "/team/queue",
    "a page in the middle": "/team/queue?after={middle}",
    "one kind (held posts)": "/team/queue?why=held",
    "one reason (personal)": "/team/queue?reason=personal",
    "one prompt": "/team/queue?prompt=1",
    "what I hold": "/team/queue?mine=claimed",
    "what I was asked about": "/team/queue?mine=passed",
    "the team’s home": "/team",
    "an item": "/team/queue/{middle}",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    found: dict[str, list[str]] = {name: [] for name in PAGES}
    for kind in ("sqlite", "postgresql"):
        with _site(kind) as app, app.app_context():
            for name, cells in _measured(app, options.items, options.rounds).items():
                found[name] += cells
    print(f"| {options.items:,} wait | SQLite p50 | p95 | queries | PostgreSQL p50 | p95 | queries |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, cells in found.items():
        print(f"| {name} | {' | '.join(cells)} |")


@contextlib.contextmanager
def _site(kind: str) -> Iterator[Flask]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-queue-")))
        url = ""
        if kind == "postgresql":
            url = stack.enter_context(stack.enter_context(postgresql_server()).database())
        env = {
            "FORUM_ENV": "development",
            "INSTANCE": str(folder),
            "DATABASE_URL": url,
            "FIRST_POSTS_HELD": "0",
        }
        app = create_app(Config.from_environment(env))
        app.config["TESTING"] = True
        with app.app_context():
            flask_migrate.upgrade()
            list(load_conversation())
            db.session.commit()
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _measured(app: Flask, items: int, rounds: int) -> dict[str, list[str]]:
    """For each page its median and 95th percentile, and its queries with a few things waiting and with all."""
    thread, team = make_thread(), make_person("Tess Okafor", role="team")
    for number in range(POSTS):
        make_reply(thread, text=f"Words number {number} about marking in pairs.")
    browser = Site(app).browser(team)
    few = items // 100
    _fill(0, few)
    _give(team.id)
    before = {name: _queries(browser, path.format(middle=few // 2)) for name, path in PAGES.items()}
    _fill(few, items)
    found = {}
    for name, path in PAGES.items():
        address = path.format(middle=items // 2)
        asked = _queries(browser, address)
        took = [_time(browser, address) for _ in range(rounds)]
        queries = str(asked) if asked == before[name] else f"{before[name]} to {asked}"
        found[name] = [f"{median(took):.1f} ms", f"{quantiles(took, n=20)[-1]:.1f} ms", queries]
    return found


def _fill(first: int, last: int) -> None:
    """Items first + 1 to last: each a post that waits, of every kind, reason and age."""
    random, at = Random(first), now()
    posts = db.session.execute(select(Post.id, Post.author_id, Post.prompt_id)).all()
    for start in range(first, last, 5_000):
        rows = []
        for number in range(start + 1, min(start + 5_000, last) + 1):
            post, author, prompt = random.choice(posts)
            opened = at - timedelta(minutes=random.randrange(60 * 24 * 30))
            rows.append(
                {
                    "thing": f"bench:{number}",
                    "open_thing": f"bench:{number}",
                    "why": random.choice([Why.REPORT, Why.HELD]),
                    "reason": random.choice(REASONS),
                    "urgency": random.choice(list(Urgency)),
                    "post_id": post,
                    "person_id": author,
                    "prompt_id": prompt,
                    "reports_count": 1,
                    "opened_at": opened,
                    "due_at": opened + timedelta(hours=8),
                }
            )
        db.session.execute(insert(Item), rows)
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def _give(to: int) -> None:
    """The team member holds 20 things, and was asked about 20."""
    for first, column in ((1, Item.claimed_by_id), (21, Item.passed_to_id)):
        db.session.execute(update(Item).where(Item.id.between(first, first + 19)).values({column: to}))
    db.session.commit()


def _queries(browser: object, address: str) -> int:
    browser.get(address)  # type: ignore[attr-defined]  # what is kept is there from now on
    with counted() as statements:
        browser.get(address)  # type: ignore[attr-defined]
    return len(statements)


def _time(browser: object, address: str) -> float:
    start = time.perf_counter()
    browser.get(address)  # type: ignore[attr-defined]
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
