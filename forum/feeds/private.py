"""Feeds for one person, opened by a token in their address. What is in them stands beside this package, so it is asked
by name and nothing here knows it; how they are written is the same as for everyone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from flask import Flask, Response, abort, current_app, request
from flask.typing import ResponseReturnValue

from forum.core.db import now
from forum.core.guards import me, signed_in
from forum.core.markup import render
from forum.discussion.models import Post
from forum.discussion.models.catalogue import catalogue
from forum.feeds import opml
from forum.feeds.archives import BLOCKS, WINDOW, Part
from forum.feeds.entries import Entry
from forum.feeds.rows import Item, Names, places
from forum.feeds.streams import Posts
from forum.feeds.views import FEED, FORMATS, bp, description, fragments_of

HIDDEN = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
Outline = Sequence[tuple[str, Sequence[tuple[str, str, str]]]]


class Told(Protocol):
    """One line of a person's news; `post_id` is None where there is no post to show, then `title` says it all."""

    @property
    def id(self) -> int: ...

    @property
    def at(self) -> datetime: ...

    @property
    def path(self) -> str: ...

    @property
    def post_id(self) -> int | None: ...

    @property
    def sentence(self) -> str: ...


class Opened(Protocol):
    """A private feed whose token was right. It has either `posts` or `news`, the newest first."""

    @property
    def title(self) -> str: ...

    @property
    def page(self) -> str: ...

    @property
    def name(self) -> str: ...

    def posts(self, limit: int) -> list[int] | None: ...

    def news(self, limit: int) -> Sequence[Told]: ...


class Keeper(Protocol):
    def open(self, token: str) -> Opened | None:
        """What this token opens. None where it opens nothing (any more)."""

    def outline(self, person: Any) -> Outline:
        """The public feeds of what `person` follows: groups of (title, path of the feed, path of the page)."""


def kept_by(app: Flask, keeper: Keeper) -> None:
    app.extensions["private_feeds"] = keeper


@bp.get(f"/private/<token>/{FEED}")
def private(token: str, format: str) -> ResponseReturnValue:
    """A wrong token is no page of ours, and counts against nobody."""
    keeper: Keeper = current_app.extensions["private_feeds"]
    opened = keeper.open(token) or abort(404)
    stream = _stream(opened, f"/private/{token}/feed")
    part = stream.subscription()
    module = FORMATS[format]
    told = replace(
        description(format, stream, part), id=stream.names.tag("feed", f"private/{opened.name}"), hub=None
    )
    entries = (
        fragments_of(format, stream, part.items)
        if isinstance(stream, PrivatePosts)
        else [module.entry(item.whole(stream.names.site_url)) for item in part.items]
    )
    response = Response(module.feed(told, entries), content_type=module.CONTENT_TYPE)
    response.headers.update(HIDDEN)
    response.add_etag()
    return response.make_conditional(request)


@bp.get("/following.opml", endpoint="own_opml")
@signed_in
def outline() -> ResponseReturnValue:
    """The list that a person takes with them: public addresses only, so that it may be passed on."""
    keeper: Keeper = current_app.extensions["private_feeds"]
    base = current_app.config["FORUM"].site_url
    groups = [
        opml.Group(title, [opml.Subscription(name, base + feed, base + page) for name, feed, page in feeds])
        for title, feeds in keeper.outline(me())
    ]
    document = opml.document(f"What I follow: {catalogue().title}", groups, now())
    response = Response(document, content_type=opml.CONTENT_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="following.opml"'
    return response


@dataclass(frozen=True, kw_only=True)
class PrivatePosts(Posts):
    """The posts that a person's own list has, looked at once more in the table itself, which has the last word on what
    anyone may read. No archive pages: the public feeds have them."""

    opened: Opened

    def subscription(self) -> Part:
        ids = self.opened.posts(WINDOW) or []
        shown = places(self.shown().where(Post.id.in_(ids)).order_by(Post.place.desc())) if ids else []
        wanted = {place.id for place in shown}
        items, _ = self.entries([*wanted])
        return Part([item for item, id in items if id in wanted], [])


@dataclass(frozen=True, kw_only=True)
class PrivateNews(PrivatePosts):
    """A person's notifications: of each its sentence, and the post that it is about."""

    def subscription(self) -> Part:
        news = self.opened.news(WINDOW)
        found, _ = self.entries([each.post_id for each in news if each.post_id])
        posts = {id: item for item, id in found}
        return Part([self._told(each, posts.get(each.post_id or 0)) for each in news], [])

    def _told(self, told: Told, item: Item | None) -> Item:
        names = self.names
        made = Entry(
            id=names.tag("notice", told.id),
            title=told.sentence,
            url=names.address(told.path),
            published=told.at,
            updated=told.at,
            author=catalogue().organisation,
            html="",
        )
        if item is None:
            return Item(made, 0, render(""))
        entry = item.entry
        made = replace(
            made,
            author=entry.author,
            author_url=entry.author_url,
            categories=entry.categories,
            updated=max(told.at, entry.updated),
        )
        return Item(made, item.version, item.html)


def _stream(opened: Opened, path: str) -> PrivatePosts:
    config = current_app.config["FORUM"]
    kind: Callable[..., PrivatePosts] = PrivateNews if opened.posts(0) is None else PrivatePosts
    return kind(
        names=Names(config.site_url, config.host_name, config.feed_started),
        title=opened.title,
        path=path,
        page=opened.page,
        sizes=BLOCKS["site posts"],
        opened=opened,
    )
