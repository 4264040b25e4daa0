"""What stands beside the threads of resources, and beside those of requests."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from markupsafe import Markup

from forum.core.db import db
from forum.core.freshness import versions
from forum.core.markup import render
from forum.discussion.beside import Beside, Room, furnish
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Kind
from forum.resources.models import (
    Figures,
    RequestStep,
    Resource,
    ResourceChange,
    ResourceRequest,
    Review,
    ReviewCount,
)
from forum.resources.models.scorecard import Group, in_short
from forum.resources.models.words import PROMPT, STATES, THERE, Facts


@dataclass(frozen=True)
class BesideResource:
    """The facts of a resource and its scorecard in short; `whole` is None where too few have answered."""

    slug: str
    facts: Facts
    retired_on: Any
    retired_because: str
    answered: int
    whole: Group | None


@dataclass(frozen=True)
class TrailStep:
    """One answer of the team. `html` is empty where its words are not shown."""

    state: str
    owner: str
    due: Any
    at: datetime
    by: str
    post: int
    html: Markup | str
    gone_because: str | None


@dataclass(frozen=True)
class BesideRequest:
    """What a request asks for, how many support it, and what the team has said, the latest first."""

    thread: int
    author: int
    is_open: bool
    for_whom: str
    supporters: int
    state: str
    state_in_words: str
    steps: tuple[TrailStep, ...]


def init_app(app: Flask) -> None:
    furnish(app, Kind.RESOURCE, Room(beside=_beside_resource, edits=_edits_in_a_talk))
    furnish(app, Kind.DISCUSSION, Room(beside=_beside_request, edits=_edits_of_a_request))


# The thread of a resource


def _beside_resource(thread: Thread) -> Beside | None:
    found = Resource.of_thread(thread.id)
    if found is None:
        return None
    whole = ReviewCount.of_all([found.id]).get(found.id, Figures())
    id = found.id
    record = BesideResource(
        found.slug, found.facts, found.retired_on, found.retired_because, whole.answered, in_short(whole)
    )
    return Beside(
        "resources/beside_resource.html",
        record,
        body=render(found.summary),  # the rest of what the post says stands above it, as facts
        mine=lambda viewer: _reviewed(id, viewer),
    )


def _reviewed(resource: int, viewer: Any) -> Hashable:
    """What the viewer has answered, or None."""
    if not viewer.is_signed_in:
        return None
    query = "SELECT known, helped FROM resource_reviews WHERE resource_id = {} AND author_id = {}"
    return versions().row(query, (resource, viewer.id))


def _edits_in_a_talk(post: Post) -> str | None:
    if (review := Review.of_post(post.id)) is not None:
        found = db.session.get_one(Resource, review.resource_id)
        return f"/resources/{found.slug}/review"
    if (change := ResourceChange.of_post(post.id)) is not None:
        return f"/team/resources/changes/{change.id}"
    return None


# The thread of a request


def _asks(thread: Thread) -> ResourceRequest | None:
    """The request beside `thread`, whose prompt is loaded. No other discussion costs a question."""
    return ResourceRequest.of_thread(thread.id) if thread.prompt.slug == PROMPT else None


def _beside_request(thread: Thread) -> Beside | None:
    found = _asks(thread)
    if found is None:
        return None
    id, author = thread.id, thread.author_id
    steps = tuple(_step(step) for step in db.session.scalars(RequestStep.trail(id)))
    record = BesideRequest(
        thread=id,
        author=author,
        is_open=thread.is_listed and not thread.locked and found.state not in THERE,
        for_whom=found.for_whom,
        supporters=found.supporters,
        state=found.state,
        state_in_words=STATES[found.state],
        steps=steps,
    )
    return Beside("resources/beside_request.html", record, mine=lambda viewer: _stands(id, author, viewer))


def _stands(thread: int, author: int, viewer: Any) -> Hashable:
    """Has the viewer asked for it, or do they support it?"""
    if not viewer.is_signed_in:
        return None
    if viewer.id == author:
        return "asks"
    query = "SELECT 1 FROM request_supporters WHERE thread_id = {} AND user_id = {}"
    return "supports" if versions().row(query, (thread, viewer.id)) else None


def _step(step: RequestStep) -> TrailStep:
    gone = step.post.gone_because
    return TrailStep(
        state=STATES[step.state],
        owner=step.owner,
        due=step.due,
        at=step.at,
        by=step.by.name,
        post=step.post_id,
        html="" if gone else step.post.html,
        gone_because=gone,
    )


def _edits_of_a_request(post: Post) -> str | None:
    if post.opens and _asks(post.thread) is not None:
        return f"/resources/requests/{post.thread_id}/edit"
    return None
