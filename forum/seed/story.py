"""A story to look at: invented people in invented schools, talking about personalised learning.

It is told with the verbs that the site itself uses, in the order in which things happened, from the files in
story/. For development only.
"""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from config import Config
from forum.accounts.models import Role, User
from forum.activity.models import Activity
from forum.core.db import db, now
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent
from forum.moderation.models import Report

FOLDER = Path(__file__).parent / "story"
LONDON = ZoneInfo("Europe/London")
WHEN = re.compile(r"(\d+) days? ago, (\d\d):(\d\d)")
Fields = dict[str, Any]


class Untold(Exception):
    """The story cannot be told, or its sign-ins shown; the message says why and what to do."""


def tell(config: Config) -> list[str]:
    """Tell the story, once; returns what there is to say about it. Raises Untold. The caller commits."""
    _for_development(config)
    people = _read("people")["people"]
    if db.session.scalar(select(User.id).where(User.email_key == _email(people[0]))) is not None:
        return ["The demo is loaded already: nothing was changed.", "flask demo sign-ins shows who you can be."]
    missing = {fields["prompt"] for fields in _threads()} - set(db.session.scalars(select(Prompt.slug)))
    if missing:
        raise Untold(f"The story needs the prompts {', '.join(sorted(missing))}: run flask conversation load first.")
    story = Story(now().astimezone(LONDON))
    for fields in people:
        story.joins(fields)
    for fields in _threads():
        story.opens(fields)
    story.happens()
    _keep(_file(config), story.passwords)
    return [
        f"The demo is loaded: {len(people)} people, {len(story.threads)} threads, {story.posts} posts, all invented.",
        "flask demo sign-ins shows who you can be.",
    ]


def sign_ins(config: Config) -> list[str]:
    """Role, email and password of each person whom one can sign in as. Raises Untold."""
    _for_development(config)
    try:
        return _file(config).read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise Untold(f"{_file(config)} is not there: run flask demo load first.") from None


@dataclass
class Story:
    """What happens and when. `today` is the day the story is told on, in London; it ends the day before."""

    today: datetime
    passwords: list[tuple[str, str, str]] = field(default_factory=list)
    threads: dict[str, Thread] = field(default_factory=dict)
    posts: int = 0
    _people: dict[str, User] = field(default_factory=dict)
    _events: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)

    def joins(self, fields: Fields) -> None:
        """A person registers and confirms; one of the team is then made so."""

        def join(at: datetime) -> None:
            password = secrets.token_urlsafe(15)
            user = User.register(
                name=fields["name"],
                email=_email(fields),
                password=password,
                position=fields["position"],
                phase=fields.get("phase"),
                school=fields.get("school"),
            )
            user.confirm()
            role = Role(fields.get("role", Role.PARTICIPANT))
            if role != Role.PARTICIPANT:
                # The log's line must not be written before it is dated.
                with db.session.no_autoflush:
                    user.make(role, by=None)
            user.created_at = user.confirmed_at = at
            self._people[fields["key"]] = user
            if fields.get("sign_in"):
                self.passwords.append((role, _email(fields), password))

        self._at(fields["when"], join)

    def opens(self, fields: Fields) -> None:
        """A thread with all that happens in it."""

        def start(at: datetime) -> None:
            thread = Thread.start(
                prompt=db.session.scalars(select(Prompt).where(Prompt.slug == fields["prompt"])).one(),
                by=self._people[fields["by"]],
                title=fields["title"],
                text=fields["text"].strip(),
                components=_components(fields["components"]),
                disclosure=fields.get("disclosure", "named"),
            )
            thread.created_at = at
            self._said(fields, thread, _newest(thread), at)

        self._at(fields["when"], start)
        for reply in fields.get("posts", []):
            self._replies(fields, reply)
        for key, verb in (("pinned", Thread.pin), ("locked", Thread.lock)):
            if key in fields:
                self._team_does(verb, fields, fields[key])

    def happens(self) -> None:
        """Everything, in the order in which it happened."""
        for at, _, act in sorted(self._events, key=lambda event: event[:2]):
            act(at)
            _dated(at)

    def _replies(self, thread: Fields, fields: Fields) -> None:
        def reply(at: datetime) -> None:
            to = self.threads[thread["title"]]
            answered = fields.get("in_reply_to")
            post = to.reply(
                by=self._people[fields["by"]],
                text=fields["text"].strip(),
                disclosure=fields.get("disclosure", "named"),
                in_reply_to=_numbered(to, answered) if answered else None,
            )
            self._said(fields, to, post, at)

        self._at(fields["when"], reply)

    def _said(self, fields: Fields, thread: Thread, post: Post, at: datetime) -> None:
        """A post is there: date it and its thread, and foresee what will become of it."""
        self.threads[thread.title] = thread
        self.posts += 1
        thread.last_post_at = post.published_at = post.updated_at = at
        db.session.execute(
            update(ThreadComponent).where(ThreadComponent.thread_id == thread.id).values(last_post_at=at)
        )
        by = self._people[fields["by"]]
        if "edited" in fields:
            self._edits(by, post, fields["edited"])
        if "withdrawn" in fields:
            self._withdraws(by, post, fields["withdrawn"])
        if "reported" in fields:
            self._reports(post, fields["reported"])
        if "hidden" in fields:
            self._hides(post, fields["hidden"])

    def _edits(self, by: User, post: Post, fields: Fields) -> None:
        def edit(at: datetime) -> None:
            post.edit(by=by, text=fields["text"].strip(), disclosure=post.disclosure, since=post.version)
            post.edited_at = post.updated_at = at

        self._at(fields["when"], edit)

    def _withdraws(self, by: User, post: Post, fields: Fields) -> None:
        def withdraw(at: datetime) -> None:
            post.withdraw(by=by)
            post.gone_at = post.updated_at = at

        self._at(fields["when"], withdraw)
