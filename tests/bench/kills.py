"""Is each delivery made once, when workers are killed at any moment? `python -m tests.bench.kills`

Posts are written while `flask worker` sends what follows from them to a real SMTP server in this process; the worker is
killed (SIGKILL) at random moments and started anew. A delivery is one person told of one post. At the end all must have
come once; one that came twice must be in a letter that a worker had in hand when it was killed, with the same
Message-ID. Mail is gathered for seconds, not minutes, and a lease is short, so that many kills find work going on."""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import flask_migrate
from aiosmtpd.controller import Controller
from sqlalchemy import func, insert, select

from forum import create_app
from forum.accounts import letters
from forum.accounts.models import Letter, User
from forum.core.db import db, now
from forum.discussion.models import Post, Thread
from forum.following.models import Fanout, Follow, MailChoice, Notice, audience
from forum.seed.load import load_conversation
from forum.worker import rounds
from tests.conftest import configure
from tests.factories import make_person, make_thread
from tests.servers import free_port, postgresql_server

LEASE = 2  # seconds


@dataclass
class Server:
    """Takes mail, and counts of whom it told what."""

    mails: int = 0
    told: Counter[tuple[str, int]] = field(default_factory=Counter)
    ids: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        for post in {int(found) for found in re.findall(r"https?://\S+/posts/(\d+)\b", body.get_content())}:
            self.told[envelope.rcpt_tos[0], post] += 1
            self.ids[envelope.rcpt_tos[0], post].add(str(message["Message-ID"]))
        self.mails += 1
        return "250 OK"


@dataclass
class Outcome:
    """What came of it."""

    kills: int
    wanted: int
    mails: int
    missing: int
    twice: int
    unlike: int  # of those, with another Message-ID: a mail program could not tell that they are one
    lost: int  # letters that a worker had in hand when it was killed
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.wanted:,} deliveries in {self.mails:,} mails, {self.seconds:.0f} s: "
            f"{self.missing} missing, {self.twice} came twice ({self.unlike} with another Message-ID); "
            f"{self.lost} letters were in hand at a kill"
        )


def run(
    kills: int,
    posts: int,
    followers: int,
    url: str = "",
    seed: int = 1,
    pause: float = 1.2,
    gather: float = 0.0,
) -> Outcome:
    """Everything once, on SQLite or the PostgreSQL of `url`."""
    chance, began = random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        handler = Server()
        server = Controller(handler, hostname="127.0.0.1", port=free_port())
        server.start()
        stack.callback(server.stop)
        env = {
            "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
            "WORKER": "apart",
            "LOG_LEVEL": "ERROR",
            "KILLS_GATHER": str(gather),
        }
        app = create_app(configure(Path(folder), url, **env))
        stack.enter_context(app.app_context())
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        threads, readers, writer = _world(followers)
        written = _write(threads, writer, posts)
        environment = {
            **os.environ,
            **env,
            "FORUM_ENV": "development",
            "INSTANCE": folder,
            "DATABASE_URL": url,
        }
        done = 0
        ids: list[int] = []
        worker = _start(environment)
        try:
            while done < kills or len(ids) < posts or not _is_done():
                for _ in range(max(1, posts // max(kills, 1))):
                    ids += [id for id in [next(written, 0)] if id]
                time.sleep(chance.uniform(0.05, 2 * pause))
                if done < kills:
                    worker.send_signal(signal.SIGKILL)
                    worker.wait()
                    done += 1
                    worker = _start(environment)
        finally:
            worker.terminate()
            worker.wait()
        wanted = {(reader, id) for reader in readers for id in ids}
        lost = db.session.scalar(select(func.coalesce(func.sum(Letter.lost), 0)))
        twice = [pair for pair in wanted if handler.told[pair] > 1]
        outcome = Outcome(
            kills=done,
            wanted=len(wanted),
            mails=handler.mails,
            missing=sum(handler.told[pair] == 0 for pair in wanted),
            twice=len(twice),
            unlike=sum(len(handler.ids[pair]) > 1 for pair in twice),
            lost=lost or 0,
            seconds=time.monotonic() - began,
        )
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()
    return outcome


def _world(followers: int) -> tuple[list[int], list[str], int]:
    """Two threads, and people who follow both by mail."""
    writer = make_person("Writer").id
    threads = [make_thread(title=f"Thread {n}").id for n in range(2)]
    people = [
        {
            "name": f"Reader {n}",
            "email": f"r{n}@example.org",
            "email_key": f"r{n}@example.org",
            "confirmed_at": now(),
        }
        for n in range(followers)
    ]
    ids = db.session.scalars(insert(User).returning(User.id), people).all()
    for thread in threads:
        row = {"kind": "thread", "target": str(thread), "level": "mail"}
        db.session.execute(insert(Follow), [{**row, "person_id": id} for id in ids])
    silent = {"pace": "never", "follow_on_reply": False}
    db.session.merge(MailChoice(person_id=writer, **silent))
    db.session.commit()
    return threads, [str(person["email"]) for person in people], writer


def _write(threads: list[int], writer: int, posts: int) -> Iterator[int]:
    """One post after the other, each in a transaction of its own, as on the site."""
    for n in range(posts):
        thread = db.session.get_one(Thread, threads[n % len(threads)])
        post: Post = thread.reply(db.session.get_one(User, writer), f"Post {n}.")
        id = post.id
        db.session.commit()
        yield id


def _is_done() -> bool:
    """Nothing waits: nobody to be told, no letter to be written, none to be sent."""
    waits = (
        select(Fanout.id).limit(1),
        select(Notice.id).where(Notice.mail_due_at.is_not(None)).limit(1),
        select(Letter.id).where(Letter.due_at.is_not(None), Letter.person_id.is_not(None)).limit(1),
    )
    done = all(db.session.scalar(query) is None for query in waits)
    db.session.rollback()
    return done


def _start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.bench.kills", "--as-worker"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _work() -> None:
    """The worker as `flask worker` has it, but in a hurry."""
    letters.LEASE = timedelta(seconds=LEASE)
    letters.PAUSES = [timedelta(seconds=1)] * 100
    audience.GATHERED = timedelta(seconds=float(os.environ["KILLS_GATHER"]))
    rounds.IDLE = 0.1
    app = create_app()
    app.extensions["worker"].work_until_told()


@contextmanager
def _database(name: str) -> Iterator[str]:
    if name == "sqlite":
        yield ""
        return
    with postgresql_server() as server, server.database() as url:
        yield url


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--posts", type=int, default=1000)
    options.add_argument("--followers", type=int, default=200)
    options.add_argument("--pause", type=float, default=1.2, help="seconds between kills, on average")
    options.add_argument("--gather", type=float, default=15, help="seconds for which mail is gathered")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options.add_argument("--as-worker", action="store_true", help=argparse.SUPPRESS)
    said = options.parse_args()
    if said.as_worker:
        _work()
        return
    with _database(said.database) as url:
        outcome = run(said.kills, said.posts, said.followers, url, said.seed, said.pause, said.gather)
    print(outcome)
    sys.exit(1 if outcome.missing or outcome.unlike else 0)


if __name__ == "__main__":
    main()
