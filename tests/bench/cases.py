"""What is asked of the site, and how often more than of a bare Flask it should be answered."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from forum.accounts import sessions
from forum.accounts.models import User
from forum.core.db import db
from forum.core.freshness import Rests, Version
from forum.core.paging import PER_PAGE
from forum.discussion.models import Conversation, Post, Thread
from forum.discussion.views import thread_url
from tests.bench.fill import full_pages
from tests.bench.load import HOST, Request
from tests.queries import counted

PROMPT = "/prompts/your-practice"
GZIP = {"Accept-Encoding": "gzip"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}"}
MOST = 3_000  # requests prepared for a run in which each is sent only once
A_PERSON_MAY_POST = 55  # in ten minutes, with a margin: the limit stays on


@dataclass(frozen=True)
class Case:
    """One row of the table. Without `again` each request is a new one and is sent only once."""

    name: str
    requests: Callable[[], list[Request]]
    wanted: float | None = None
    status: int = 200
    again: bool = True


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's session: its cookie, and a token for its forms."""

    cookie: str
    token: str


def signed_in(app: Flask, user: User) -> SignedIn:
    """A session in which `user` is signed in."""
    with app.test_request_context(base_url=f"https://{HOST}"):
        sessions.begin(user, remember=False)
        token: str = generate_csrf()
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        cookie = f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(dict(session))}"
    return SignedIn(cookie, token)


class Site:
    """One filled site: its addresses, people who are signed in, and the app in this process for counting."""

    def __init__(self, app: Flask, rounds: int) -> None:
        self.app = app
        self.client = app.test_client(use_cookies=False)
        self.numbers = itertools.count(1)
        self.chance = Random(14)
        with app.app_context():
            found = db.session.scalars(select(Thread).order_by(Thread.posts_count.desc(), Thread.id)).all()
            self.longest = thread_url(found[0])
            self.last = f"{self.longest}?page={-(-found[0].posts_count // PER_PAGE)}"
            self.feed = f"/threads/{found[0].id}/feed.atom"
            self.others = [thread.id for thread in found[1:]]
            self.pages = list(full_pages(PER_PAGE))
            self.text = db.session.scalars(select(Post.source).limit(1)).one()
            self.people = [
                signed_in(app, user) for user in db.session.scalars(select(User).order_by(User.id))
            ]
        self.posts_left = A_PERSON_MAY_POST * len(self.people)
        self.posts_a_run = self.posts_left // (rounds + 1)

    def cases(self) -> list[Case]:
        return [
            Case("Home, kept", self._kept("/"), 3.0),
            Case("Prompt page, kept", self._kept(PROMPT), 3.0),
            Case("Thread page, first, kept", self._kept(self.longest), 3.0),
            Case("Thread page, last, kept", self._kept(self.last), 3.0),
            Case("Thread feed, kept", self._kept(self.feed), 3.0),
            Case("Prompt feed, kept", self._kept(f"{PROMPT}/feed.atom"), 3.0),
            Case("Thread page, not modified", self._known(self.longest), 4.0, 304),
            Case("Thread feed, not modified", self._known(self.feed), 4.0, 304),
            Case("Thread page, first, signed in", self._personal(self.longest), 0.25),
            Case("Thread page, last, signed in", self._personal(self.last), 0.25),
            Case("Thread page, first rendering", self._first, 0.10, again=False),
            Case("Posting a reply", self._replies, 0.05, 302, again=False),
            Case("Thread page, first, made again", self._new(self.longest), again=False),
            Case("Thread page, last, made again", self._new(self.last), again=False),
            Case("Home, made again", self._new("/"), again=False),
            Case("Prompt page, made again", self._new(PROMPT), again=False),
            Case("Thread feed, made again", self._new(self.feed), again=False),
            Case("Prompt feed, made again", self._new(f"{PROMPT}/feed.atom"), again=False),
        ]

    def answer(self, request: Request) -> TestResponse:
        """The answer of the app in this process."""
        return contextvars.Context().run(
            self.client.open,
            request.path,
            method=request.method,
            base_url=f"https://{HOST}",
            headers=dict(request.headers),
            data=request.body,
        )

    def statements(self, case: Case) -> int:
        """How many SQL statements the answer takes, after one like it; the raw reads of versions are among them."""
        requests = case.requests()
        self.answer(requests[0])
        with self.app.app_context(), counted() as statements, _counted_reads(self.app, statements):
            answer = self.answer(requests[0] if case.again else requests[1])
        assert answer.status_code == case.status, f"{case.name} answered {answer.status}"
        return len(statements)

    # Requests

    def _kept(self, path: str) -> Callable[[], list[Request]]:
        return lambda: [Request("GET", path, GZIP)]

    def _known(self, path: str) -> Callable[[], list[Request]]:
        """With the ETag that the reader was last given."""

        def asked() -> list[Request]:
            etag = self.answer(Request("GET", path, GZIP)).headers["ETag"]
            return [Request("GET", path, {**GZIP, "If-None-Match": etag})]

        return asked

    def _personal(self, path: str) -> Callable[[], list[Request]]:
        return lambda: [Request("GET", path, {**GZIP, "Cookie": each.cookie}) for each in self.people]

    def _new(self, path: str) -> Callable[[], list[Request]]:
        """An address that nobody has asked for: the page is made, its posts and entries are kept ones."""
        join = "&" if "?" in path else "?"
        return lambda: [Request("GET", f"{path}{join}n={next(self.numbers)}", GZIP) for _ in range(MOST)]

    def _first(self) -> list[Request]:
        """Many thread pages, each with all its posts, of which nothing is kept: neither the page nor a post."""
        with self.app.app_context():
            db.session.execute(update(User).values(version=User.version + 1))
            Conversation.touch()
            db.session.commit()
        return [
            Request("GET", path, GZIP) for path in self.chance.sample(self.pages, min(MOST, len(self.pages)))
        ]

    def _replies(self) -> list[Request]:
        """Replies in many threads by all the people in turn, no two the same."""
        count = min(self.posts_a_run, self.posts_left)
        self.posts_left -= count
        return [self._reply(next(self.numbers)) for _ in range(count)]

    def _reply(self, number: int) -> Request:
        who = self.people[number % len(self.people)]
        fields = {
            "csrf_token": who.token,
            "body": f"{self.text}\n\nThis is reply {number}.",
            "disclosure": "named",
            "submission": f"bench-reply-{number}",
            "in_reply_to": "",
        }
        path = f"/threads/{self.chance.choice(self.others)}/posts"
        return Request("POST", path, {**GZIP, **FORM, "Cookie": who.cookie}, urlencode(fields).encode())


@contextlib.contextmanager
def _counted_reads(app: Flask, statements: list[str]) -> Iterator[None]:
    """Notes the reads of versions, which go past SQLAlchemy."""
    versions = app.extensions["versions"]
    read = versions.read

    def noted(rests: Rests) -> Version | None:
        statements.append(rests.query)
        found: Version | None = read(rests)
        return found

    versions.read = noted
    try:
        yield
    finally:
        del versions.read
