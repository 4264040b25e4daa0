"""The part of the story in which people suggest things and the team answers, told with the domain's own verbs.

Each act happens at its own moment: `as_at` is the clock by which dates, promises and working days are reckoned.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import as_at, db
from forum.core.working_time import today
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.suggestions.models import AnswerDraft, Outcome, Suggestion, Telling, Wording, unite
from forum.suggestions.models.steps import take_up

Fields = dict[str, Any]
PROMPT = "what-more"


class Teller(Protocol):
    """What a story is for those who add to it."""

    threads: dict[str, Thread]
    posts: int

    def person(self, key: str) -> User: ...

    def plan(self, when: str, act: Callable[[datetime], None]) -> None: ...

    def replies(self, thread: Fields, fields: Fields) -> None: ...


def suggests(story: Teller, fields: Fields, crowd: list[str]) -> None:
    """A suggestion with all that comes of it; `crowd` are the keys of people who may support it."""

    def make(at: datetime) -> None:
        by = story.person(fields["by"])
        words = Wording(fields["title"], *(fields[name].strip() for name in ("body", "why", "helps")))
        prompt = db.session.scalars(select(Prompt).where(Prompt.slug == PROMPT)).one()
        components = Component.in_order().where(Component.slug.in_(fields["components"]))
        carried, disclosure = list(db.session.scalars(components)), fields.get("disclosure", "named")
        with as_at(at):
            made = Suggestion.make(prompt, by, words, carried, disclosure)
        story.threads[fields["title"]] = made.thread
        story.posts += 1

    story.plan(fields["when"], make)
    for post in fields.get("posts", []):
        story.replies(fields, post)
    if "supported" in fields:
        _is_supported(story, fields, [key for key in crowd if key != fields["by"]])
    for step in fields.get("steps", []):
        _is_answered(story, fields["title"], step)
    if "merged" in fields:
        _is_merged(story, fields["title"], fields["merged"])


def _is_supported(story: Teller, fields: Fields, crowd: list[str]) -> None:
    """By `count` people, one after the other, from `first` days ago to `last` days ago."""
    supported, title = fields["supported"], fields["title"]
    count, first, last = (supported[name] for name in ("count", "first", "last"))
    start = len(title) % len(crowd)  # not always the same people
    for number, key in enumerate((crowd[start:] + crowd[:start])[:count]):
        days, minute = first - (first - last) * number // count, 7 * 60 + number * 23 % 900

        def support(at: datetime, key: str = key) -> None:
            with as_at(at):
                _found(story, title).support(story.person(key))

        story.plan(f"{days} days ago, {minute // 60:02}:{minute % 60:02}", support)


def _is_answered(story: Teller, title: str, fields: Fields) -> None:
    """A step: taken up by one, or drafted by one and read by another. `due` is in days from the day of the story."""
    due = today() + timedelta(days=fields["due"]) if "due" in fields else None

    def step(at: datetime) -> None:
        by, found = story.person(fields["by"]), _found(story, title)
        owner, note = fields["owner"], fields["note"].strip()
        numbers = fields.get("posts", [1])
        posts = select(Post.id).where(Post.thread_id == found.thread_id, Post.number.in_(numbers))
        rests = tuple(db.session.scalars(posts.order_by(Post.number)))
        with as_at(at):
            if fields["status"] == "considered":
                take_up(found, by, owner, note)
            else:
                said = Outcome(fields["status"], owner, note, due, fields.get("reason"), rests)
                draft = AnswerDraft.begin(found, by, said)
                draft.read(story.person(fields["read"]), draft.version)
                _has_been_told(draft.publish(by).id, found.supporters)
        story.posts += 1

    story.plan(fields["when"], step)


def _is_merged(story: Teller, title: str, fields: Fields) -> None:
    def merge(at: datetime) -> None:
        by = story.person(fields["by"])
        with as_at(at):
            unite(_found(story, title), _found(story, fields["into"]), by, fields["note"])

    story.plan(fields["when"], merge)


def _has_been_told(step: int, people: int) -> None:
    """The people of the story have no letter box: that they were told is part of the story."""
    telling = db.session.get_one(Telling, step)
    telling.due_at, telling.told = None, people


def _found(story: Teller, title: str) -> Suggestion:
    query = Suggestion.every().where(Suggestion.thread_id == story.threads[title].id)
    return db.session.scalars(query).one()
