"""What people say of the resources in the story, what they miss, and what the team makes of it."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from forum.accounts.models import User
from forum.core.db import db
from forum.core.dress import LONDON
from forum.discussion.models import Component, Post, Thread, ThreadComponent
from forum.resources.models import (
    Answers,
    RequestStep,
    RequestSupporter,
    Resource,
    ResourceChange,
    ResourceRequest,
    Review,
)
from forum.resources.models.lists import open_talks
from forum.resources.models.requests import Wish

FILE = Path(__file__).parent / "reviews.toml"
BEGAN = "61 days ago, 09:10"  # the threads of the resources are open from then on
JOINED = "60 days ago, 12:00"
FIRST, LAST = 57, 3  # days ago between which people choose answers
USED = ("great-deal", "somewhat", "not-much", "not-at-all")

Fields = dict[str, Any]
Act = Callable[[datetime], None]


@dataclass
class Reviews:
    """Reviews in the making. `at` lets an act happen at a time like "3 days ago, 14:05"; `people` are those of the
    story, by their keys; those who only review come to them by name."""

    people: dict[str, User]
    at: Callable[[str, Act], None]
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("reviews", "changes", "requests"), 0)
    )
    _told: Fields = field(default_factory=lambda: tomllib.loads(FILE.read_text("utf-8")))
    _requests: dict[str, ResourceRequest] = field(default_factory=dict)

    def foresee(self) -> None:
        self.at(BEGAN, self._open)
        self.at(JOINED, self._join)
        for fields in self._told["silent"]:
            self._choose(fields)
        for fields in self._told["said"]:
            self._say(fields)
        for fields in self._told["changes"]:
            self._change(fields)
        for fields in self._told["requests"]:
            self._ask(fields)

    def summary(self) -> str:
        said = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return f"Of the resources: {said}, by {len(self._told['people'])} people more, all invented."

    # Who is there

    def _open(self, at: datetime) -> None:
        """The threads of the resources, from the days of the story."""
        open_talks()
        db.session.flush()
        for post in db.session.scalars(
            select(Post).join(Resource, Resource.thread_id == Post.thread_id).where(Post.number == 1)
        ):
            thread = db.session.get_one(Thread, post.thread_id)
            voice = db.session.get_one(User, post.author_id)
            voice.created_at = voice.confirmed_at = thread.created_at = at
            _date(post, thread, at)

    def _join(self, at: datetime) -> None:
        for name, position, phase, school in self._told["people"]:
            person = User(
                name=name,
                position=position,
                phase=phase or None,
                school=school or None,
                imported_as=f"story:{name}",
                created_at=at,
                confirmed_at=at,
            )
            db.session.add(person)
            self.people[name] = person

    def _named(self) -> list[str]:
        return [name for name, *_ in self._told["people"]]

    # Reviews

    def _choose(self, fields: Fields) -> None:
        """Those who only chose answers, the same on every day that the story is told."""
        dice = random.Random(fields["resource"])  # noqa: S311
        told = {said["by"] for said in self._told["said"] if said["resource"] == fields["resource"]}
        groups = {name: (position, phase) for name, position, phase, _ in self._told["people"]}
        names = sorted(groups.keys() - told)
        dice.shuffle(names)
        names.sort(key=lambda name: not set(groups[name]) & set(fields["likely"]))
        answers = [answer for answer in (*USED, "heard", "never") for _ in range(fields["counts"][answer])]
        for name, answer in zip(names, answers, strict=False):
            when = f"{dice.randint(LAST, FIRST)} days ago, {dice.randint(7, 22):02}:{dice.randint(0, 59):02}"
            self._give(fields["resource"], name, when, {"answer": answer})

    def _say(self, fields: Fields) -> None:
        self._give(fields["resource"], fields["by"], fields["when"], fields)
        if "changed" in fields:
            later = {**fields, **fields["changed"]}
            self._give(fields["resource"], fields["by"], later["when"], later)

    def _give(self, slug: str, name: str, when: str, fields: Fields) -> None:
        def give(at: datetime) -> None:
            resource, by = _resource(slug), self.people[name]
            before = Review.by(by, resource)
            review = Review.give(resource, by, _answers(fields), fields.get("disclosure", "named"), at=at)
            if before is None:
                self.counts["reviews"] += 1
            if review.post is None:
                return
            if before is None:
                _date(review.post, resource.talk(), at)
            else:
                review.post.edited_at = review.post.updated_at = at

        self.at(when, give)

    # What changed

    def _change(self, fields: Fields) -> None:
        def tell(at: datetime) -> None:
            resource = _resource(fields["resource"])
            ids = [Review.by(self.people[name], resource) for name in fields["rests_on"]]
            posts = [
                db.session.scalars(select(Post).where(Post.id == review.post_id)).one()
                for review in ids
                if review
            ]
            by, what = self.people[fields["by"]], fields["text"].strip()
            change = ResourceChange.tell(resource, by, _day(fields, at), what, posts)
            _date(change.post, resource.talk(), at)
            self.counts["changes"] += 1

        self.at(fields["when"], tell)

    # What people miss

    def _ask(self, fields: Fields) -> None:
        def ask(at: datetime) -> None:
            wish = Wish(
                what=fields["title"],
                for_whom=fields["for_whom"],
                why=fields["text"].strip(),
                components=_components(fields["components"]),
            )
            request = ResourceRequest.make(self.people[fields["by"]], wish)
            request.thread.created_at = at
            _date(_opening(request.thread), request.thread, at)
            self._requests[fields["title"]] = request
            self.counts["requests"] += 1

        self.at(fields["when"], ask)
        self._support(fields)
        for step in fields.get("steps", []):
            self._answer(fields["title"], step)

    def _support(self, fields: Fields) -> None:
        dice = random.Random(fields["title"])  # noqa: S311
        asked = int(fields["when"].split()[0])
        answered = min((int(step["when"].split()[0]) for step in fields.get("steps", [])), default=1)
        names = [name for name in self._named() if name != fields["by"]]
        for name in dice.sample(names, fields["supporters"]):
            ago, hour, minute = (
                dice.randint(answered + 1, asked - 1),
                dice.randint(7, 22),
                dice.randint(0, 59),
            )
            when = f"{ago} days ago, {hour:02}:{minute:02}"
            self._supports(fields["title"], name, when)

    def _supports(self, title: str, name: str, when: str) -> None:
        def support(at: datetime) -> None:
            request, by = self._requests[title], self.people[name]
            request.support(by)
            db.session.flush()
            db.session.get_one(RequestSupporter, (request.thread_id, by.id)).at = at

        self.at(when, support)

    def _answer(self, title: str, fields: Fields) -> None:
        def answer(at: datetime) -> None:
            request = self._requests[title]
            due = at.astimezone(LONDON).date() + timedelta(fields["due_in"]) if "due_in" in fields else None
            step: RequestStep = request.answer(
                self.people[fields["by"]],
                fields["state"],
                fields["owner"],
                due,
                fields["text"].strip(),
                since=request.steps_count,
            )
            step.at = at
            if request.steps_count == 1:
                request.thread.answered_at = at
            _date(step.post, request.thread, at)

        self.at(fields["when"], answer)


def _resource(slug: str) -> Resource:
    found: Resource = db.session.scalars(Resource.named(slug)).one()
    return found


def _answers(fields: Fields) -> Answers:
    used = fields["answer"] in USED
    return Answers(
        known="used" if used else fields["answer"],
        helped=fields["answer"] if used else None,
        helped_with=fields.get("with", ""),
        helped_whom=fields.get("whom", ""),
        missing=fields.get("missing", ""),
        body=fields.get("text", "").strip(),
    )


def _day(fields: Fields, at: datetime) -> Any:
    """The day on which it changed: as many days before it was told as the story says."""
    told, changed = (int(fields[key].split()[0]) for key in ("when", "on"))
    return at.astimezone(LONDON).date() - timedelta(changed - told)


def _components(slugs: list[str]) -> list[Component]:
    return list(db.session.scalars(Component.in_order().where(Component.slug.in_(slugs))))


def _opening(thread: Thread) -> Post:
    post: Post = db.session.scalars(select(Post).where(Post.thread_id == thread.id, Post.number == 1)).one()
    return post


def _date(post: Post, thread: Thread, at: datetime) -> None:
    """The post was written then, and is the last in its thread."""
    thread.last_post_at = post.published_at = post.updated_at = at
    db.session.execute(
        update(ThreadComponent).where(ThreadComponent.thread_id == thread.id).values(last_post_at=at)
    )
