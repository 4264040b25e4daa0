"""Is each delivery made once, when workers are killed at any moment? `python -m tests.bench.kills`

Posts are written while a worker sends what follows from them to a real SMTP server in this process; the worker is
killed (SIGKILL) at random moments and started anew. A delivery is one person told of one post. At the end each must
have come in one letter. A letter may have come twice only where a worker had it in hand when it was killed: with the
same Message-ID, and no oftener than the letter's own row counts. Mail is gathered for seconds, not minutes, and a lease
is short, so that many kills find work going on."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import flask_migrate
from aiosmtpd.controller import Controller
from sqlalchemy import func, insert, select

from config import Config
from forum import create_app
from forum.accounts import letters
from forum.accounts.models import Letter, User
from forum.core.db import db, now, only_reading
from forum.core.mail import named_in
from forum.discussion.models import Post, Thread
from forum.following.models import Fanout, Follow, MailChoice, Notice, audience
from forum.seed.load import load_conversation
from forum.worker import rounds
from tests.conftest import configure
from tests.factories import make_person, make_thread
from tests.servers import free_port, postgresql_server

LEASE = 2  # seconds
QUICKEST = 0.05  # seconds from a start to a kill


@dataclass
class Server:
    """Takes mail, and counts which came how often, and whom it told what."""

    mails: Counter[str] = field(default_factory=Counter)
    told: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content)
        plain = next(part for part in message.walk() if part.get_content_type() == "text/plain")
        id, body = sys.intern(str(message["Message-ID"])), plain.get_payload(decode=True)
        assert isinstance(body, bytes)
        for post in re.findall(rb"https?://\S+/posts/(\d+)\b", body):
            self.told[sys.intern(envelope.rcpt_tos[0]), int(post)].add(id)
        self.mails[id] += 1
        return "250 OK"


@dataclass
class Outcome:
    """What came of it."""

    kills: int
    at_work: int  # kills that came while something waited to be done
    wanted: int  # deliveries
    untold: int  # of those, with no notice on the site
    missing: int  # in no mail
    doubled: int  # in two letters: a mail program could not tell that they are one
    letters: int
    again: int  # mails that came once more, with their letter's Message-ID
    uncounted: int  # of those, more than their letter says that a worker had it in hand when it was killed
    in_hand: int  # how often a letter was in hand at a kill
    seconds: float

    @property
    def is_good(self) -> bool:
        return not (self.untold or self.missing or self.doubled or self.uncounted)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills ({self.at_work} while something waited), {self.wanted:,} deliveries in "
            f"{self.letters:,} letters, {self.seconds:.0f} s: {self.untold + self.missing} lost, {self.doubled} in two "
            f"letters; {self.again} letters came twice, {self.uncounted} of them not counted as in hand "
            f"({self.in_hand} were in hand at a kill)"
        )


def run(
    kills: int,
    posts: int,
    followers: int,
    url: str = "",
    seed: int = 1,
    pause: float = 1.2,
    gather: float = 0.0,
    tell: bool = False,
) -> Outcome:
    """Everything once, on SQLite or the PostgreSQL of `url`."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        nursery = multiprocessing.get_context("forkserver")  # a start costs no imports
        nursery.set_forkserver_preload(["aiosmtpd.controller", "tests.conftest", "tests.factories"])
        received = Server()
        server = Controller(received, hostname="127.0.0.1", port=free_port())
        server.start()
        stack.callback(server.stop)
        env = {"SMTP_URL": f"smtp://127.0.0.1:{server.port}", "WORKER": "apart", "LOG_LEVEL": "ERROR"}
        config = configure(Path(folder), url, **env)
        app = create_app(config)
        stack.enter_context(app.app_context())
        flask_migrate.upgrade()
        list(load_conversation())
        db.session.commit()
        threads, readers, writer = _world(followers)
        hunt = Hunt(nursery, config, gather, kills, random.Random(seed), pause, tell)  # noqa: S311
        ids = hunt.go(_write(threads, writer, posts), posts)
        outcome = _outcome(hunt, received, readers, ids, time.monotonic() - began)
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()
    return outcome


@dataclass
class Hunt:
    """Starts a worker and kills it, again and again, while posts are written."""

    nursery: Any
    config: Config
    gather: float
    kills: int
    chance: random.Random
    pause: float
    tell: bool
    done: int = 0
    at_work: int = 0

    def go(self, written: Iterator[int], posts: int) -> list[int]:
        """The ids of the posts, when nothing waits any more."""
        ids: list[int] = []
        worker = self._start()
        try:
            while self.done < self.kills or len(ids) < posts or not _is_done():
                while len(ids) < posts and len(ids) * max(self.kills, 1) <= posts * self.done:
                    ids.append(next(written))
                time.sleep(self.chance.uniform(QUICKEST, 2 * self.pause))
                if self.done < self.kills:
                    self._kill(worker)
                    worker = self._start()
        finally:
            worker.terminate()
            worker.join()
        return ids

    def _kill(self, worker: ForkServerProcess) -> None:
        self.at_work += not _is_done()
        worker.kill()
        worker.join()
        self.done += 1
        if self.tell and self.done % 20 == 0:
            sent = db.session.scalar(select(func.count(Letter.sent_at)))
            db.session.rollback()
            print(f"{time.strftime('%H:%M:%S')} {self.done} kills, {sent:,} letters sent", flush=True)

    def _start(self) -> ForkServerProcess:
        worker: ForkServerProcess = self.nursery.Process(target=_work, args=(self.config, self.gather))
        worker.start()
        return worker


def _work(config: Config, gather: float) -> None:
    """The worker as `flask worker` has it, but in a hurry."""
    letters.LEASE = timedelta(seconds=LEASE)
    letters.PAUSES = [timedelta(seconds=1)] * 100
    audience.GATHERED = timedelta(seconds=gather)
    rounds.IDLE = 0.1
    create_app(config).extensions["worker"].work_until_told()


def _outcome(
    hunt: Hunt, received: Server, readers: dict[int, str], ids: list[int], seconds: float
) -> Outcome:
    wanted = {(address, post) for address in readers.values() for post in ids}
    noticed = db.session.execute(select(Notice.person_id, Notice.post_id).where(Notice.post_id.in_(ids)))
    told = {(readers[person], post) for person, post in noticed if person in readers}
    lost = {f"letter-{id}": times for id, times in db.session.execute(select(Letter.id, Letter.lost))}
    again = {id: times - 1 for id, times in received.mails.items() if times > 1}
    return Outcome(
        kills=hunt.done,
        at_work=hunt.at_work,
        wanted=len(wanted),
        untold=len(wanted - told),
        missing=sum(not received.told[pair] for pair in wanted),
        doubled=sum(len(received.told[pair]) > 1 for pair in wanted),
        letters=len(received.mails),
        again=sum(again.values()),
        uncounted=sum(
            max(0, times - lost.get(named_in(hunt.config, id) or "", 0)) for id, times in again.items()
        ),
        in_hand=sum(lost.values()),
        seconds=seconds,
    )


def _world(followers: int) -> tuple[list[int], dict[int, str], int]:
    """Two threads, people who follow both by mail (their addresses by their ids), and who writes."""
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
    db.session.execute(insert(User), people)
    found = db.session.execute(select(User.id, User.email).where(User.name.like("Reader %")))
    readers = {id: str(email) for id, email in found}
    for thread in threads:
        row = {"kind": "thread", "target": str(thread), "level": "mail"}
        db.session.execute(insert(Follow), [{**row, "person_id": id} for id in readers])
    silent = {"pace": "never", "follow_on_reply": False}
    db.session.merge(MailChoice(person_id=writer, **silent))
    db.session.commit()
    return threads, readers, writer


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
    with only_reading():
        return all(db.session.scalar(query) is None for query in waits)


@contextmanager
def _database(name: str) -> Iterator[str]:
    if name == "sqlite":
        yield ""
        return
    with postgresql_server() as server, server.database() as url:
        yield url


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench.kills", description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--posts", type=int, default=1000)
    options.add_argument("--followers", type=int, default=200)
    options.add_argument("--pause", type=float, default=1.2, help="seconds between kills, on average")
    options.add_argument("--gather", type=float, default=15, help="seconds for which mail is gathered")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    said = options.parse_args()
    with _database(said.database) as url:
        outcome = run(
            said.kills, said.posts, said.followers, url, said.seed, said.pause, said.gather, tell=True
        )
    print(outcome)
    sys.exit(0 if outcome.is_good else 1)


if __name__ == "__main__":
    main()
