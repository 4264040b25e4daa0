"""`python -m tests.bench.fanout`: one post reaches 100,000 followers on PostgreSQL, while others go on posting.

People are told in a process of their own, as by a worker. What is measured of posting is the verb and its commit, for
people of another thread: with nobody to tell, and while the many are being told."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import flask_migrate
from sqlalchemy import func, insert, select, text

from config import Config
from forum import create_app
from forum.accounts.models import User
from forum.core.db import db, now
from forum.discussion.models import Post, Thread
from forum.following import rounds
from forum.following.models import Fanout, Follow, Notice
from forum.following.models.fanning import Came
from forum.seed.load import load_conversation
from tests.factories import make_person, make_thread
from tests.servers import postgresql_server

FOLLOWERS = 100_000
POSTS = 400
PAUSE = 0.05  # seconds between two posts while people are told: twenty a second
AT_ONCE = 10_000  # rows of one INSERT, while the world is made


def main() -> None:
    options = _options()
    if options.work:
        _work(options.work, options.instance)
        return
    with postgresql_server() as server, server.database() as url, tempfile.TemporaryDirectory() as folder:
        app = create_app(_config(url, folder))
        with app.app_context():
            flask_migrate.upgrade()
            list(load_conversation())
            db.session.commit()
            busy, quiet = _world(options.followers)
            _post(quiet, options.posts // 4)  # warm
            rounds.finish()
            _say("posting, nobody to tell", _post(quiet, options.posts, PAUSE))
            rounds.finish()
            _say(f"posting to {options.followers:,} followers", _post(busy, 1))
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.fanout", "--work", url, "--instance", folder]
            )
            times: list[float] = []
            while worker.poll() is None:
                times += _post(quiet, 1)
                time.sleep(PAUSE)
            _say("posting, while they are told", times)
            told = db.session.scalar(
                select(func.count()).where(Notice.thread_id == busy, Notice.reason == "followed")
            )
            print(f"told: {told:,} of {options.followers:,}, each once")
            db.session.remove()
            db.engine.dispose()


def _work(url: str, instance: str) -> None:
    """Tell everyone, as a worker does, until the many have been told."""
    app = create_app(_config(url, instance))
    with app.app_context():
        first = db.session.scalars(select(Fanout.activity_id).order_by(Fanout.id).limit(1)).one()
        batches: list[float] = []
        rounds.tell = _timed(rounds.tell, batches)
        began = time.perf_counter()
        while db.session.scalar(select(Fanout.id).where(Fanout.activity_id == first)):
            rounds.go_round()
        seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    many, longest = len(batches), max(batches)
    print(f"told all in {seconds:.1f} s, {many} batches, the longest {longest:.2f} s, {memory} MB at most")


def _timed(tell: Callable[[], Came], into: list[float]) -> Callable[[], Came]:
    def timed() -> Came:
        began = time.perf_counter()
        came = tell()
        into.append(time.perf_counter() - began)
        return came

    return timed


def _world(followers: int) -> tuple[int, int]:
    """A thread that so many follow, and one that hardly anybody does."""
    author = make_person("Ada Obi")
    busy, quiet = make_thread(author, title="Busy").id, make_thread(author, title="Quiet").id
    first = (db.session.scalar(select(func.max(User.id))) or 0) + 1
    for start in range(0, followers, AT_ONCE):
        ids = range(first + start, first + min(start + AT_ONCE, followers))
        db.session.execute(
            insert(User),
            [
                {
                    "id": id,
                    "name": f"Follower {id}",
                    "email": f"f{id}@example.org",
                    "email_key": f"f{id}@example.org",
                }
                | {"position": "teacher", "confirmed_at": now()}
                for id in ids
            ],
        )
        db.session.execute(
            insert(Follow),
            [
                {
                    "person_id": id,
                    "kind": "thread",
                    "target": str(busy),
                    "level": ("digest", "mail", "site")[id % 3],
                }
                for id in ids
            ],
        )
        db.session.commit()
    db.session.execute(
        text("SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users))")
    )
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    return busy, quiet


def _post(thread: int, count: int, pause: float = 0) -> list[float]:
    """So many replies, one after the other; how long each took with its commit, in seconds."""
    times = []
    for n in range(count):
        author = db.session.scalars(select(User).where(User.name == "Ada Obi")).one()
        found = db.session.get_one(Thread, thread)
        began = time.perf_counter()
        found.reply(author, f"And number {n}, said at {time.time()}.")
        db.session.commit()
        times.append(time.perf_counter() - began)
        db.session.expunge_all()
        time.sleep(pause)
    assert db.session.scalar(select(func.count(Post.id)).where(Post.thread_id == thread))
    return times


def _say(what: str, times: list[float]) -> None:
    ordered = sorted(times)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 for part in (0.5, 0.99))
    print(f"{what}: {len(times)} posts, median {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)


def _config(url: str, instance: str) -> Config:
    return Config.from_environment(
        {
            "FORUM_ENV": "development",
            "INSTANCE": str(Path(instance)),
            "DATABASE_URL": url,
            "FIRST_POSTS_HELD": "0",
        }
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fanout", description=__doc__)
    parser.add_argument("--followers", type=int, default=FOLLOWERS)
    parser.add_argument("--posts", type=int, default=POSTS)
    parser.add_argument("--work", default="", help=argparse.SUPPRESS)
    parser.add_argument("--instance", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
