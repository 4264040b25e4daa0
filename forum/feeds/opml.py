"""OPML 2.0 (http://opml.org/spec2.opml): every feed there is, in one file that a reader can import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forum.feeds.entries import PROLOGUE, element, rfc822

MEDIA_TYPE = "text/x-opml"
CONTENT_TYPE = f"{MEDIA_TYPE}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One feed. `type` is `rss` for every format of feed, because readers of OPML know no other."""

    title: str
    xml_url: str
    html_url: str
    type: str = "rss"


@dataclass(frozen=True, slots=True)
class Group:
    """Feeds under one heading."""

    title: str
    feeds: Sequence[Subscription]


def document(title: str, groups: Sequence[Group], made: datetime) -> bytes:
    head = element(b"head", element(b"title", title) + element(b"dateCreated", rfc822(made)))
    body = element(b"body", b"\n".join(map(_group, groups)))
    return PROLOGUE + element(b"opml", head + b"\n" + body, {b"version": "2.0"})


def _group(group: Group) -> bytes:
    return element(
        b"outline", b"\n".join(map(_subscription, group.feeds)), {b"text": group.title, b"title": group.title}
    )


def _subscription(feed: Subscription) -> bytes:
    attributes = {
        b"type": feed.type,
        b"text": feed.title,
        b"title": feed.title,
        b"xmlUrl": feed.xml_url,
        b"htmlUrl": feed.html_url,
    }
    return element(b"outline", attributes=attributes)
