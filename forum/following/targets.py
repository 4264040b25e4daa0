"""What can be followed, by the names that people know: found for one address, or for a whole list at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import current_app
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from forum.accounts.models import User
from forum.case_studies.models.facets import Asked
from forum.core.characters import whole_number
from forum.core.db import db
from forum.discussion.models import Thread
from forum.discussion.models.catalogue import catalogue
from forum.following.models import Kind
from forum.resources.models import Resource
from forum.suggestions.models import Suggestion

KINDS = {
    Kind.THREAD: "Threads",
    Kind.PROMPT: "Prompts",
    Kind.COMPONENT: "Components",
    Kind.PERSON: "People",
    Kind.RESOURCE: "Resources",
    Kind.OUTCOME: "Outcomes of suggestions",
    Kind.LIBRARY: "Case studies",
    Kind.SEARCH: "Searches",
    Kind.ANSWERS: "Answers",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that can be followed, in the one spelling of its kind."""

    kind: Kind
    target: str
    title: str
    path: str
    query: str = ""
    thread: int | None = None  # of a resource, whose feed is that of its thread

    @property
    def page(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")

    def feed(self, format: str = "atom") -> str:
        """Where anyone can read it as a feed, without an account."""
        path = {
            Kind.THREAD: f"/threads/{self.target}",
            Kind.OUTCOME: f"/suggestions/{self.target}/outcome",
            Kind.RESOURCE: f"/threads/{self.thread}",
        }.get(self.kind, self.path)
        return f"{path}/feed.{format}" + (f"?{self.query}" if self.query else "")


def find(kind: str, target: str, viewer: Any) -> Target | None:
    """What an address or a form names, where `viewer` may see it."""
    try:
        named = Kind(kind)
    except ValueError:
        return None
    return named_targets([(named, target)], viewer).get((named, target))


def named_targets(wanted: Iterable[tuple[str, str]], viewer: Any) -> dict[tuple[str, str], Target]:
    """All of `wanted` that `viewer` may see now, by kind and target: at most one query for each kind."""
    by_kind: dict[str, list[str]] = {}
    for kind, target in wanted:
        by_kind.setdefault(kind, []).append(target)
    found: dict[tuple[str, str], Target] = {}
    for kind, targets in by_kind.items():
        for asked, named in FINDERS[Kind(kind)](targets, viewer):
            found[kind, asked] = named
    return found


Found = Iterable[tuple[str, Target]]


def _threads(targets: list[str], viewer: Any) -> Found:
    for thread in db.session.scalars(Thread.visible_to(viewer).where(Thread.id.in_(_ids(targets)))):
        id = str(thread.id)
        yield id, Target(Kind.THREAD, id, thread.title, f"/threads/{id}-{thread.slug}")


def _outcomes(targets: list[str], viewer: Any) -> Found:
    query = Thread.visible_to(viewer).join(Suggestion, Suggestion.thread_id == Thread.id)
    for thread in db.session.scalars(query.where(Thread.id.in_(_ids(targets)))):
        id = str(thread.id)
        yield id, Target(Kind.OUTCOME, id, thread.title, f"/suggestions/{id}/trail")


def _people(targets: list[str], viewer: Any) -> Found:
    for user in db.session.scalars(User.visible_to(viewer).where(User.id.in_(_ids(targets)))):
        yield str(user.id), Target(Kind.PERSON, str(user.id), user.name, f"/people/{user.id}")


def _resources(targets: list[str], viewer: Any) -> Found:
    query = select(Resource.slug, Resource.name, Resource.thread_id).where(Resource.slug.in_(targets))
    for slug, name, thread in db.session.execute(query):
        yield slug, Target(Kind.RESOURCE, slug, name, f"/resources/{slug}", thread=thread)


def _prompts(targets: list[str], viewer: Any) -> Found:
    for prompt in catalogue().prompts:
        if prompt.slug in targets:
            yield prompt.slug, Target(Kind.PROMPT, prompt.slug, prompt.title, f"/prompts/{prompt.slug}")


def _components(targets: list[str], viewer: Any) -> Found:
    for each in catalogue().components:
        if each.slug in targets:
            yield each.slug, Target(Kind.COMPONENT, each.slug, each.name, f"/components/{each.slug}")


def _library(targets: list[str], viewer: Any) -> Found:
    for target in targets:
        try:
            asked = Asked.of(MultiDict(parse_qsl(target)))
        except NotFound:  # a choice that there is no more
            continue
        title = ", ".join(asked.words()) if asked.narrows else "All case studies"
        yield target, Target(Kind.LIBRARY, asked.query, title, "/case-studies", asked.query)


def _searches(targets: list[str], viewer: Any) -> Found:
    for target in targets:
        asked = current_app.extensions["searches"](dict(parse_qsl(target)))
        if asked.query:
            yield target, Target(Kind.SEARCH, asked.query, asked.title, "/search", asked.query)


def _answers(targets: list[str], viewer: Any) -> Found:
    if "" in targets:
        yield "", Target(Kind.ANSWERS, "", "All answers to suggestions", "/answers")


def _ids(targets: list[str]) -> list[int]:
    return [number for each in targets if (number := whole_number(each)) is not None]


FINDERS = {
    Kind.THREAD: _threads,
    Kind.OUTCOME: _outcomes,
    Kind.PERSON: _people,
    Kind.RESOURCE: _resources,
    Kind.PROMPT: _prompts,
    Kind.COMPONENT: _components,
    Kind.LIBRARY: _library,
    Kind.SEARCH: _searches,
    Kind.ANSWERS: _answers,
}
