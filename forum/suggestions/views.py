"""Reading suggestions, what was answered, and what happened to what one said oneself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.core.db import db, first_or_404
from forum.core.freshness import fresh
from forum.core.guards import me, signed_in
from forum.core.paging import PER_PAGE, Pages, asked_page, id_asked, pages_of
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.lists import LAST_PAGE, site_version, thread_version
from forum.discussion.models.merging import address, gone_on_in
from forum.suggestions.models import Suggestion
from forum.suggestions.models.lists import COUNTED, GROUPS, SHOWS, Answered, Listing, Standing, overdue
from forum.suggestions.models.outcomes import STATUSES
from forum.suggestions.models.own import PER_LIST, latest_steps, said_by, supported_by
from forum.suggestions.models.trail import A_PAGE, said_for, trail_of

bp = Blueprint("suggestions", __name__)

PROMPT = "what-more"
OVERDUE_FIRST = 5
SAID = 4  # posts that an answer is shown to rest on
LAST_ID = 2**31 - 1


@bp.get("/suggestions")
@fresh(site_version)
def index() -> ResponseReturnValue:
    """Suggestions. What is overdue stands above every list, whatever the list is narrowed to."""
    chosen = {name: request.args.get(name) or None for name in ("component", "status")}
    show = request.args.get("show") or "supported"
    component = catalogue().component(chosen["component"])
    if (
        show not in SHOWS
        or (chosen["status"] or "heard") not in STATUSES
        or (chosen["component"] and not component)
    ):
        abort(404)
    listing = Listing(show, component.id if component else None, chosen["status"])
    count = listing.count()
    pages = _pages("/suggestions", count)
    return render_template(
        "suggestions/index.html",
        rows=listing.page(pages.number),
        pages=pages,
        overdue=overdue(OVERDUE_FIRST),
        standing=Standing.now(),
        counted=COUNTED,
        show=show,
        shows=SHOWS,
        chosen=chosen,
        narrowed=bool(chosen["component"] or chosen["status"]),
        statuses=STATUSES,
        component_choices={row.slug: row.name for row in catalogue().components},
    )


@bp.get("/answers")
@fresh(site_version)
def answers() -> ResponseReturnValue:
    """You said, we did: each commitment with what it rests on and its history."""
    group = request.args.get("show", "")
    if group not in GROUPS:
        abort(404)
    listed = Answered(group)
    pages = _pages("/answers", listed.count())
    rows = listed.page(pages.number)
    steps = latest_steps({row.id for row in rows})
    rests: dict[int, dict[int, Any]] = {}
    threads = {step.id: thread for thread, each in steps.items() for step in each}
    for step, post in said_for(threads):
        rests.setdefault(threads[step], {})[post.id] = post
    return render_template(
        "suggestions/answers.html",
        rows=rows,
        steps=steps,
        said={thread: list(posts.values())[:SAID] for thread, posts in rests.items()},
        pages=pages,
        group=group,
        groups=GROUPS,
        standing=Standing.now(),
        counted=COUNTED,
    )


@bp.get("/suggestions/<int:id>")
def suggestion(id: int) -> ResponseReturnValue:
    """A short address for its thread."""
    return redirect(address(suggestion_for_viewer(id, "").thread), 301)


@bp.get("/suggestions/<int:id>/trail")
@fresh(thread_version)
def trail(id: int) -> ResponseReturnValue:
    """Every step, the oldest first."""
    found = suggestion_for_viewer(id, "/trail")
    number, last = asked_page(request.args.get("page")), pages_of(found.steps, A_PAGE)
    if number is None or number > last:
        abort(404)
    path = f"/suggestions/{id}/trail"
    pages = Pages(number, last, lambda n: path if n == 1 else f"{path}?page={n}")
    shown = trail_of(found, (number - 1) * A_PAGE + 1, number * A_PAGE)
    return render_template("suggestions/trail.html", thread=found.thread, trail=shown, pages=pages)


@bp.get("/account/what-happened")
@signed_in
def what_happened() -> ResponseReturnValue:
    """What happened to what this person said."""
    before, supported = id_asked("before"), id_asked("supported")
    posts, others = said_by(me(), before or LAST_ID), supported_by(me(), supported or LAST_ID)
    return render_template(
        "suggestions/what_happened.html",
        posts=posts[:PER_LIST],
        others=others[:PER_LIST],
        older=posts[PER_LIST - 1].id if len(posts) > PER_LIST else None,
        older_supported=others[PER_LIST - 1][0].id if len(others) > PER_LIST else None,
        before=before,
        supported=supported,
    )


def suggestion_for_viewer(id: int, below: str) -> Suggestion:
    """The suggestion as one that the viewer may see. One that was merged leads to where it goes on, at the address
    `below` it."""
    found: Suggestion | None = db.session.scalar(
        Suggestion.visible_to(me()).where(Suggestion.thread_id == id)
    )
    if found is None:
        into = first_or_404(gone_on_in(id, me()))
        abort(redirect(f"/suggestions/{into.id}{below}" if below else address(into), 301))
    return found


def _pages(path: str, count: int) -> Pages:
    number, last = asked_page(request.args.get("page")), min(LAST_PAGE, pages_of(count))
    if number is None or number > last:
        abort(404)
    kept = {name: value for name, value in request.args.items() if name != "page" and value}

    def at(n: int) -> str:
        query = urlencode({**kept, **({"page": str(n)} if n > 1 else {})})
        return path + (f"?{query}" if query else "")

    return Pages(number, last, at, more=count > LAST_PAGE * PER_PAGE)
