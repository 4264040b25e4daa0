"""The resources for progress: all of them, each with its scorecard, and those that people miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import bindparam, select

from forum.core.db import db, first_or_404
from forum.core.freshness import fresh
from forum.core.guards import me
from forum.core.markup import extract
from forum.core.paging import PER_PAGE, Pages, asked_page, pages_of
from forum.discussion.models import Post, Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.lists import (
    LAST_PAGE,
    POSTS,
    PostRow,
    ThreadRow,
    post_row,
    prompt_version,
    thread_rows,
)
from forum.discussion.models.words import Moderation, Publication
from forum.resources.models import (
    Figures,
    Resource,
    ResourceChange,
    ResourceRequest,
    Review,
    ReviewCount,
    Scorecard,
)
from forum.resources.models.lists import resource_version, resources_version
from forum.resources.models.requests import SORTS, Requests
from forum.resources.models.scorecard import Group, in_short
from forum.resources.models.words import PROMPT, STATES

bp = Blueprint("resources", __name__)

MOST_MISSED = 3
LATEST = 3


@bp.get("/resources")
@fresh(resources_version)
def index() -> ResponseReturnValue:
    resources = db.session.scalars(Resource.in_order()).all()
    figures = ReviewCount.of_all(resource.id for resource in resources)
    groups: dict[str, list[InShort]] = {}
    for resource in resources:
        whole = figures.get(resource.id, Figures())
        groups.setdefault(resource.group, []).append(InShort(resource, whole.answered, in_short(whole)))
    return render_template(
        "resources/index.html",
        groups=groups,
        prompt=catalogue().prompt(PROMPT),
        component_names={row.slug: row.name for row in catalogue().components},
        missed=request_rows(Requests().page(1, MOST_MISSED)),
        states=STATES,
    )


@bp.get("/resources/<slug>")
@fresh(resource_version)
def resource(slug: str) -> ResponseReturnValue:
    found = found_resource(slug)
    viewer = me()
    review = Review.by(viewer, found) if viewer.is_signed_in else None
    thread = _talk(found)
    return render_template(
        "resources/resource.html",
        resource=found,
        components=[row for row in catalogue().components if row.slug in found.components],
        scorecard=Scorecard.of(found.id),
        changes=ResourceChange.told_of(found.id),
        thread=thread,
        said=latest_posts(thread.id) if thread else [],
        extract=extract,
        review=review,
        may_review=found.reviewable_by(viewer) or not viewer.is_signed_in and not found.is_retired,
    )


def _requests_version(**_: object) -> Any:
    return prompt_version(PROMPT)


@bp.get("/resources/requests")
@fresh(_requests_version)
def requests() -> ResponseReturnValue:
    """What people miss: `?state=` and `?sort=`; a value that is none is a 404, as no link of ours has it."""
    state, sort = request.args.get("state") or None, request.args.get("sort") or "support"
    number = asked_page(request.args.get("page"))
    if (state is not None and state not in STATES) or sort not in SORTS or number is None:
        abort(404)
    asked = Requests(state, sort)
    count = asked.count()
    last = min(LAST_PAGE, pages_of(count))
    if number > last:
        abort(404)

    def address(n: int) -> str:
        query = {
            "state": state or "",
            "sort": sort if sort != "support" else "",
            "page": str(n) if n > 1 else "",
        }
        kept = urlencode({name: value for name, value in query.items() if value})
        return "/resources/requests" + (f"?{kept}" if kept else "")

    return render_template(
        "resources/requests.html",
        requests=request_rows(asked.page(number)),
        pages=Pages(number, last, address, more=count > LAST_PAGE * PER_PAGE),
        asked=asked,
        states=STATES,
        sorts=SORTS,
    )


# What the templates get


@dataclass(frozen=True, slots=True)
class InShort:
    """A resource as the list shows it; `whole` is None where too few have answered."""

    resource: Resource
    answered: int
    whole: Group | None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as lists show it."""

    thread: ThreadRow
    state: str
    supporters: int
    for_whom: str


def request_rows(threads: list[int]) -> list[RequestRow]:
    """Rows for the requests beside these threads, in this order: three queries, however many."""
    if not threads:
        return []
    found = {
        row[0]: row[1:] for row in db.session.execute(BESIDE.where(ResourceRequest.thread_id.in_(threads)))
    }
    return [RequestRow(row, *found[row.id]) for row in thread_rows(threads)]


BESIDE = select(
    ResourceRequest.thread_id, ResourceRequest.state, ResourceRequest.supporters, ResourceRequest.for_whom
)


LAST_SAID = (
    POSTS.where(
        Post.thread_id == bindparam("thread"),
        Post.number > 1,
        Post.publication == Publication.PUBLISHED,
        Post.moderation == Moderation.CLEAR,
    )
    .order_by(Post.number.desc())
    .limit(LATEST)
)


def latest_posts(thread: int) -> list[PostRow]:
    """What was said last in a thread, without the post that opens it."""
    return [post_row(row) for row in db.session.connection().execute(LAST_SAID, {"thread": thread})]


# What the routes of this package have in common


def found_resource(slug: str) -> Resource:
    return first_or_404(Resource.named(slug))


def resource_url(resource: Resource) -> str:
    return f"/resources/{resource.slug}"


def _talk(resource: Resource) -> Thread | None:
    """The thread, where the viewer may see it."""
    if resource.thread_id is None:
        return None
    return db.session.scalars(Thread.visible_to(me()).where(Thread.id == resource.thread_id)).first()
