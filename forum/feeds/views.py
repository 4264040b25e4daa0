"""Following the conversation in a reader of feeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.accounts.models import User, Visitor
from forum.case_studies.models.facets import Asked
from forum.core.db import db, first_or_404
from forum.core.freshness import changed_at, fresh, versions
from forum.core.limits import limiter
from forum.core.porch import Kept
from forum.discussion.models import Post, Thread, ThreadComponent, listed
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.lists import person_version, prompt_version, site_version, thread_version
from forum.discussion.models.merging import gone_on_in
from forum.feeds import atom, jsonfeed, opml, rss
from forum.feeds.archives import BLOCKS, Block, Part, Stream
from forum.feeds.decisions import Decisions, ledger_version
from forum.feeds.entries import Deleted, Entry, Feed, Link
from forum.feeds.hub import announce, hub_of
from forum.feeds.outcomes import Answers, OutcomeOfOne
from forum.feeds.rows import Item, Names
from forum.feeds.searches import Search, SearchPosts, asked_search
from forum.feeds.streams import (
    CaseStudies,
    ComponentPosts,
    ComponentThreads,
    Posts,
    ThreadPosts,
    Threads,
    carried_by_its_thread,
    opened_by_name,
)
from forum.suggestions.models import Step, Suggestion

bp = Blueprint("feeds", __name__)

ARCHIVES_PER_MINUTE = 120
SEARCHES_PER_MINUTE = 300
FRAGMENTS = 4 * 1024 * 1024  # bytes


class Format(Protocol):
    """What each of the format modules has."""

    MEDIA_TYPE: str
    CONTENT_TYPE: str

    def feed(self, about: Feed, entries: Iterable[bytes], deleted: Iterable[bytes] = ()) -> bytes: ...

    def entry(self, entry: Entry) -> bytes: ...

    def deleted(self, deleted: Deleted) -> bytes: ...


FORMATS: dict[str, Format] = {"atom": atom, "rss": rss, "json": jsonfeed}
FEED = "feed.<any(atom, rss, json):format>"


Answer = ResponseReturnValue


# Feeds


@bp.get(f"/{FEED}")
@fresh(site_version, public=True)
def site(format: str) -> Answer:
    about = _told("/", f"New threads: {catalogue().title}", "site threads")
    return _answer(format, Threads(**about))


@bp.get(f"/posts/{FEED}")
@fresh(site_version, public=True)
def site_posts(format: str) -> Answer:
    about = _told("/", f"All posts: {catalogue().title}", "site posts", "/posts")
    return _answer(format, Posts(**about))


@bp.get(f"/prompts/<slug>/{FEED}")
@fresh(prompt_version, public=True)
def prompt(slug: str, format: str) -> Answer:
    asked = catalogue().prompt(slug) or abort(404)
    about = _told(f"/prompts/{slug}", f"New threads: {asked.title}", "prompt threads")
    return _answer(format, Threads(**about, where=(Thread.prompt_id == asked.id,)))


@bp.get(f"/prompts/<slug>/posts/{FEED}")
@fresh(prompt_version, public=True)
def prompt_posts(slug: str, format: str) -> Answer:
    asked = catalogue().prompt(slug) or abort(404)
    about = _told(f"/prompts/{slug}", f"All posts: {asked.title}", "prompt posts", "/posts")
    return _answer(format, Posts(**about, where=(Post.prompt_id == asked.id,)))


@bp.get(f"/components/<slug>/{FEED}")
@fresh(site_version, public=True)
def component(slug: str, format: str) -> Answer:
    asked = catalogue().component(slug) or abort(404)
    about = _told(f"/components/{slug}", f"New threads: {asked.name}", "component threads")
    return _answer(format, ComponentThreads(**about, where=(ThreadComponent.component_id == asked.id,)))


@bp.get(f"/components/<slug>/posts/{FEED}")
@fresh(site_version, public=True)
def component_posts(slug: str, format: str) -> Answer:
    asked = catalogue().component(slug) or abort(404)
    about = _told(f"/components/{slug}", f"All posts: {asked.name}", "component posts", "/posts")
    return _answer(
        format, ComponentPosts(**about, component=asked.id, where=(carried_by_its_thread(asked.id),))
    )


@bp.get(f"/case-studies/{FEED}")
@fresh(site_version, public=True)
def case_studies(format: str) -> Answer:
    """The view of the library that has the same query."""
    asked = Asked.of(request.args)
    narrowed = f": {', '.join(asked.words())}" if asked.narrows else ""
    about = _told("/case-studies", f"New case studies{narrowed}", "case studies")
    about["page"] += f"?{asked.query}" if asked.query else ""
    return _answer(format, CaseStudies(**about, query=asked.query, where=tuple(asked.conditions())))


@bp.get(f"/people/<int:id>/{FEED}")
@fresh(person_version, public=True)
def person(id: int, format: str) -> Answer:
    """What someone wrote under their own name. Nothing role-only is here, nor anything that tells of it."""
    about = _told(f"/people/{id}", f"Posts by {_name_of(id)}", "person posts")
    return _answer(
        format, Posts(**about, personal=True, where=(Post.author_id == id, Post.disclosure == "named"))
    )


@bp.get(f"/people/<int:id>/threads/{FEED}")
@fresh(person_version, public=True)
def person_threads(id: int, format: str) -> Answer:
    about = _told(f"/people/{id}", f"Threads by {_name_of(id)}", "person threads", "/threads")
    return _answer(format, Threads(**about, personal=True, where=(Thread.author_id == id, opened_by_name())))


@bp.get(f"/threads/<int:id>/{FEED}")
@fresh(thread_version, public=True)
def thread(id: int, format: str) -> Answer:
    found = db.session.execute(select(Thread.title, Thread.slug).where(Thread.id == id, listed())).first()
    if found is None:  # of a merged thread: readers follow where it goes on
        into = first_or_404(gone_on_in(id, Visitor()))
        return redirect(f"/threads/{into.id}/feed.{format}", 301)
    title, slug = found
    about = _told(f"/threads/{id}-{slug}", f"Posts in: {title}", "thread posts")
    about["path"] = f"/threads/{id}/feed"
    return _answer(format, ThreadPosts(**about, where=(Post.thread_id == id,)))


@bp.get(f"/answers/{FEED}")
@fresh(site_version, public=True)
def answers(format: str) -> Answer:
    """Each step that was published about a suggestion."""
    about = _told("/answers", f"Answers to suggestions: {catalogue().title}", "site answers")
    return _answer(format, Answers(**about))


@bp.get(f"/suggestions/<int:id>/outcome/{FEED}")
@fresh(thread_version, public=True)
def outcome(id: int, format: str) -> Answer:
    """What comes of one suggestion."""
    found = db.session.execute(
        select(Thread.title)
        .join(Suggestion, Suggestion.thread_id == Thread.id)
        .where(Thread.id == id, listed())
    ).first()
    if found is None:
        into = first_or_404(gone_on_in(id, Visitor()))
        return redirect(f"/suggestions/{into.id}/outcome/feed.{format}", 301)
    about = _told(f"/suggestions/{id}/trail", f"What comes of: {found.title}", "thread answers")
    about["path"] = f"/suggestions/{id}/outcome/feed"
    return _answer(format, OutcomeOfOne(**about, where=(Step.thread_id == id,)))


@bp.get(f"/moderation/{FEED}")
@fresh(ledger_version, public=True)
def ledger(format: str) -> Answer:
    """Each decision of the team that may be told."""
    about = _told("/moderation", f"Decisions of the team: {catalogue().title}", "site decisions")
    return _answer(format, Decisions(**about))


@bp.get(f"/search/{FEED}")
@fresh(site_version, public=True)
def search(format: str) -> Answer:
    """What anyone may look for, the newest posts first."""
    asked = _asked(request.args)
    about = _told("/search", f"Search: {asked.title}: {catalogue().title}", "search posts")
    about["page"] += f"?{asked.query}"
    return _answer(format, SearchPosts(**about, query=asked.query, search=asked))


# All of them


@bp.get("/feeds")
@fresh(site_version)
def page() -> Answer:
    return render_template("feeds/page.html", groups=_followable())


@bp.get("/feeds.opml", endpoint="opml")
@fresh(site_version, public=True)
def outline() -> Answer:
    """Every feed of the conversation, to take into a reader at once."""
    groups = [
        opml.Group(group, [feed for title, page in followed for feed in _subscriptions(title, page)])
        for group, followed in _followable()
    ]
    base = current_app.config["FORUM"].site_url
    library = opml.Subscription("New case studies", f"{base}/case-studies/feed.atom", f"{base}/case-studies")
    groups.append(opml.Group("Case studies", [library]))
    answered = opml.Subscription(
        f"Answers to suggestions: {catalogue().title}", f"{base}/answers/feed.atom", f"{base}/answers"
    )
    groups.append(opml.Group("Answers", [answered]))
    decisions = opml.Subscription(
        f"Decisions of the team: {catalogue().title}", f"{base}/moderation/feed.atom", f"{base}/moderation"
    )
    groups.append(opml.Group("Moderation", [decisions]))
    changed = changed_at(versions().read(site_version()) or (0,))
    document = opml.document(catalogue().title, groups, datetime.fromtimestamp(changed, UTC))
    return Response(document, content_type=opml.CONTENT_TYPE)


def _subscriptions(title: str, page: str) -> Iterable[opml.Subscription]:
    base = current_app.config["FORUM"].site_url
    for stream, below in (("New threads", ""), ("All posts", "/posts")):
        address = f"{base}{page.rstrip('/')}{below}/feed.atom"
        yield opml.Subscription(f"{stream}: {title}", address, base + page)


def _followable() -> list[tuple[str, list[tuple[str, str]]]]:
    """What has a feed of its threads and one of its posts: groups of (title, page)."""
    return [
        ("The whole conversation", [(catalogue().title, "/")]),
        ("Prompts", [(prompt.title, f"/prompts/{prompt.slug}") for prompt in catalogue().prompts]),
        ("Components", [(each.name, f"/components/{each.slug}") for each in catalogue().components]),
    ]


# From a stream to a document


def _told(page: str, title: str, blocks: str, below: str = "") -> dict[str, Any]:
    """What every stream is told. `below` is where its feed stands under its page."""
    config = current_app.config["FORUM"]
    return {
        "names": Names(config.site_url, config.host_name, config.feed_started),
        "title": title,
        "path": f"{page.rstrip('/')}{below}/feed",
        "page": page,
        "sizes": BLOCKS[blocks],
    }


def _name_of(id: int) -> str:
    """The name on a person's page, for those who have one that everyone may see."""
    return first_or_404(User.visible_to(Visitor()).where(User.id == id)).name


def _answer(format: str, stream: Stream) -> Response:
    """The document that was asked for: the newest entries, or an archive page."""
    asked = request.args.get("archive")
    part = stream.subscription() if asked is None else _archive(stream, asked)
    if part is None:
        abort(404)
    module = FORMATS[format]
    hub = hub_of(stream.path, stream.query, part.block is not None)
    about = replace(description(format, stream, part), hub=hub)
    entries = fragments_of(format, stream, part.items)
    document = module.feed(about, entries, map(module.deleted, part.deleted))
    return announce(Response(document, content_type=module.CONTENT_TYPE), hub, stream.address(format))


@limiter.shared_limit(f"{ARCHIVES_PER_MINUTE} per minute", scope="feed archives")
def _archive(stream: Stream, asked: str) -> Part | None:
    """Whoever walks the whole history may do so at a walk. What the porch keeps does not count."""
    block = Block.named(asked)
    return stream.archive(block) if block else None


@limiter.shared_limit(f"{SEARCHES_PER_MINUTE} per minute", scope="search feeds")
def _asked(parameters: Mapping[str, str]) -> Search:
    return asked_search(parameters)


def description(format: str, stream: Stream, part: Part) -> Feed:
    names, block = stream.names, part.block

    def address(block: Block | None) -> str | None:
        return stream.address(format, block) if block else None

    name = stream.path.removeprefix("/").removesuffix("feed").rstrip("/") or "threads"
    moments = [*(item.entry.updated for item in part.items), *(each.when for each in part.deleted)]
    return Feed(
        id=names.tag("feed", name + (f"?{stream.query}" if stream.query else "")),
        title=stream.title,
        url=stream.address(format, block),
        page_url=names.address(stream.page),
        updated=max(moments, default=datetime.fromtimestamp(changed_at(catalogue().version or (0,)), UTC)),
        author=catalogue().organisation,
        current=stream.address(format) if block else None,
        previous_archive=address(part.previous),
        next_archive=address(part.next),
        is_archive=block is not None,
        alternates=tuple(
            Link(stream.address(other), module.MEDIA_TYPE)
            for other, module in FORMATS.items()
            if other != format and block is None
        ),
    )


def fragments_of(format: str, stream: Stream, items: Iterable[Item]) -> Iterable[bytes]:
    """Entries as bytes. One that is as it was is not made again: a reply to a busy prompt costs one entry."""
    kept: Kept[bytes] = current_app.extensions["feed_fragments"]
    for item in items:
        key = (format, item.entry, item.version)
        found = kept.get(key)
        if found is None:
            found = FORMATS[format].entry(item.whole(stream.names.site_url))
            kept.put(key, found, len(found) + 2000)
        yield found


@bp.record_once
def _keep_fragments(state: BlueprintSetupState) -> None:
    state.app.extensions["feed_fragments"] = Kept[bytes](FRAGMENTS)
