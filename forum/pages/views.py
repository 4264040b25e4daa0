"""The plain pages: home, the standing ones, a person's public page, and what machines ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ScalarSelect, Select, and_, bindparam, func, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from forum.accounts.models import PHASES, POSITIONS, User
from forum.core.db import db, first_or_404
from forum.core.freshness import fresh
from forum.core.guards import me
from forum.core.markup import extract
from forum.discussion.models import Conversation, Post, Prompt, Thread, listed
from forum.discussion.models.catalogue import catalogue, conversation_version
from forum.discussion.models.lists import Filter, person_version, site_version, thread_rows
from forum.discussion.models.words import Moderation, Publication
from forum.pages import metrics, sitemap
from forum.resources.models import Resource
from forum.suggestions.models.lists import latest_answers
from forum.worker.models import Heartbeat

bp = Blueprint("pages", __name__)
bp.record_once(metrics.follow)

NEWEST = 10
ANSWERED = 5
POSTS_SHOWN = 20
COUNTED = 1000
LAST_ID = 2**31 - 1  # the largest that PostgreSQL gives a row
EXTRACTED = 3000  # characters of HTML that an extract is made from


@bp.get("/")
@fresh(site_version)
def home() -> ResponseReturnValue:
    newest = db.session.scalars(NEWEST_THREADS).all()
    counted = {prompt: _at_most(threads) for prompt, threads in db.session.execute(THREADS_OF_PROMPTS)}
    return render_template(
        "pages/home.html",
        prompts=[(prompt, counted.get(prompt.id, "0")) for prompt in catalogue().prompts],
        components=catalogue().components,
        threads=thread_rows(list(newest)),
        answered=latest_answers(ANSWERED),
    )


@bp.get("/about")
@fresh(conversation_version)
def about() -> ResponseReturnValue:
    return render_template("pages/about.html", prompts=catalogue().prompts, components=catalogue().components)


@bp.get("/how-we-moderate")
@fresh(conversation_version)
def moderation() -> ResponseReturnValue:
    return render_template("pages/moderation.html")


@bp.get("/child-in-danger")
@fresh(conversation_version)
def child_in_danger() -> ResponseReturnValue:
    return render_template("pages/child_in_danger.html")


@bp.get("/accessibility")
@fresh(conversation_version)
def accessibility() -> ResponseReturnValue:
    return render_template("pages/accessibility.html")


@bp.get("/privacy")
@fresh(conversation_version)
def privacy() -> ResponseReturnValue:
    return render_template("pages/privacy.html")


@bp.get("/cookies")
@fresh(conversation_version)
def cookies() -> ResponseReturnValue:
    return render_template("pages/cookies.html")


@bp.get("/people/<int:id>")
@fresh(person_version)
def person(id: int) -> ResponseReturnValue:
    """Someone's public page: what they wrote under their name, newest first. Nothing role-only shows here, in
    no list and no count."""
    user = first_or_404(User.visible_to(me()).where(User.id == id))
    before = _asked_before(request.args.get("before"))
    asked = {"author": id, "before": before or LAST_ID}
    posts = [PersonalPost.of(row) for row in db.session.execute(NAMED_POSTS, asked)]
    more = len(posts) > POSTS_SHOWN
    return render_template(
        "pages/person.html",
        user=user,
        position=POSITIONS.get(user.position or ""),
        phase=PHASES.get(user.phase or ""),
        counts=[_at_most(n) for n in db.session.execute(COUNTS, {"author": id}).one()],
        posts=posts[:POSTS_SHOWN],
        older=posts[POSTS_SHOWN - 1].place if more else None,
        before=before,
    )


@bp.get("/robots.txt")
@fresh(conversation_version, public=True)
def robots() -> ResponseReturnValue:
    return Response(render_template("robots.txt") + "\n", mimetype="text/plain")


@bp.get("/sitemap.xml", endpoint="sitemap")
@fresh(site_version, public=True)
def sitemap_index() -> ResponseReturnValue:
    return _xml(render_template("sitemap_index.xml", parts=sitemap.parts()))


@bp.get(f"/sitemap-<int(max={LAST_ID // sitemap.BLOCK}):part>.xml")
@fresh(site_version, public=True)
def sitemap_part(part: int) -> ResponseReturnValue:
    """Part 0 is the standing pages, each further part a block of threads."""
    threads: list[tuple[str, datetime]] = []
    addresses: list[str] = []
    if part:
        threads = sitemap.threads(part) or abort(404)
    else:
        addresses = _standing_addresses()
    return _xml(render_template("sitemap.xml", addresses=addresses, threads=threads))


@bp.get("/health")
def health() -> ResponseReturnValue:
    """The process answers. It asks nothing of the database."""
    return _plainly("alive")


@bp.get("/ready")
def ready() -> ResponseReturnValue:
    """The site can serve pages, and does what it owes: the database answers and holds a conversation, and a worker
    lives."""
    try:
        loaded = db.session.scalar(select(Conversation.version))
    except SQLAlchemyError as error:
        current_app.logger.error("not ready: %s", error)
        return _plainly("not ready: the database does not answer, or is not set up (flask db upgrade)", 503)
    if loaded is None:
        return _plainly("not ready: there is no conversation yet (flask conversation load)", 503)
    if not Heartbeat.alive():
        return _plainly("not ready: no worker has been alive for two minutes (flask worker)", 503)
    return _plainly("ready")


@bp.get("/metrics", endpoint="metrics")
def metrics_page() -> ResponseReturnValue:
    """For Prometheus, on this machine alone: for everyone else it is not there."""
    if not metrics.asked_on_this_machine(request):
        abort(404)
    return metrics.answer(current_app)


# Queries


def _public(query: Select[Any]) -> Select[Any]:
    """What anyone may read that the person `author` wrote under their own name."""
    return query.where(
        Post.author_id == bindparam("author"),
        Post.disclosure == "named",
        Post.publication == Publication.PUBLISHED,
        Post.moderation == Moderation.CLEAR,
        Post.place.is_not(None),
        listed(),
    )


def _counted(query: Select[Any]) -> ScalarSelect[int]:
    """How many rows `query` has, counted to a bound."""
    return select(func.count()).select_from(query.limit(COUNTED + 1).subquery()).scalar_subquery()


NAMED_POSTS = (
    _public(
        select(
            Post.id,
            Post.place,
            Post.number,
            Post.published_at,
            func.substr(Post.html, 1, EXTRACTED),
            Thread.title,
            Prompt.title,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(Prompt, Prompt.id == Thread.prompt_id)
    )
    .where(Post.place < bindparam("before"))
    .order_by(Post.place.desc())
    .limit(POSTS_SHOWN + 1)
)
THEIR_POSTS = _public(select(Post.id).join(Thread, Thread.id == Post.thread_id))
THEIR_THREADS = _public(
    select(Thread.id)
    .join(Post, and_(Post.thread_id == Thread.id, Post.number == 1))
    .where(Thread.author_id == bindparam("author"))
)
THREADS_OF_PROMPTS = select(
    Prompt.id,
    _counted(
        select(literal_column("1"))
        .select_from(Thread)
        .where(Thread.prompt_id == Prompt.id, listed())
        .correlate(Prompt)
    ),
)
RESOURCES = select(Resource.slug).order_by(Resource.order, Resource.id)
NEWEST_THREADS = Filter().ids().limit(NEWEST)
COUNTS = select(_counted(THEIR_POSTS), _counted(THEIR_THREADS))


# What the templates get


@dataclass(slots=True)
class PersonalPost:
    """A post as it stands on its author's page."""

    id: int
    place: int
    number: int
    published_at: datetime
    extract: str
    thread: str
    prompt: str

    @classmethod
    def of(cls, row: Any) -> PersonalPost:
        id, place, number, published_at, html, thread, prompt = row
        return cls(id, place, number, published_at, extract(html), thread, prompt)


def _at_most(count: int) -> str:
    """A bounded count in words: we do not count further than a reader would."""
    return f"{count:,}" if count <= COUNTED else f"more than {COUNTED:,}"


def _asked_before(text: str | None) -> int | None:
    """The place that a page of older posts begins below; nonsense is a page that is not there."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LAST_ID):
        abort(404)
    return int(text)


def _standing_addresses() -> list[str]:
    pages = ("home", "about", "moderation", "accessibility", "privacy", "cookies")
    return [
        *(url_for(f"pages.{page}") for page in pages),
        *(url_for("discussion.prompt", slug=prompt.slug) for prompt in catalogue().prompts),
        *(url_for("discussion.component", slug=component.slug) for component in catalogue().components),
        url_for("case_studies.library"),
        url_for("resources.index"),
        *([url_for("resources.requests")] if catalogue().prompt("resources") else []),
        *(url_for("resources.resource", slug=slug) for slug in db.session.scalars(RESOURCES)),
        url_for("suggestions.index"),
        url_for("suggestions.answers"),
        url_for("feeds.page"),
    ]


def _xml(document: str) -> Response:
    return Response(document, mimetype="application/xml")


def _plainly(words: str, status: int = 200) -> Response:
    response = Response(words + "\n", status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
