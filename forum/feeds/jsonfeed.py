"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), from the same entries as Atom.

`next_url` leads to older entries, so it is the archive page before this one. What JSON Feed has no word for
is in two extensions: `_conversation` says what an item answers and how many answer it, and what an archive
page belongs to; `_deleted` lists the items that were removed.
"""

from collections.abc import Iterable

import msgspec

from forum.feeds.entries import LANGUAGE, Deleted, Entry, Feed, is_blank, printable, rfc3339

MEDIA_TYPE = "application/feed+json"
CONTENT_TYPE = f"{MEDIA_TYPE}; charset=utf-8"
VERSION = "https://jsonfeed.org/version/1.1"


class Author(msgspec.Struct, omit_defaults=True):
    name: str
    url: str | None = None


class Hub(msgspec.Struct):
    type: str
    url: str


class Answered(msgspec.Struct):
    id: str
    url: str


class Threading(msgspec.Struct, omit_defaults=True):
    """An item's `_conversation`."""

    in_reply_to: Answered | None = None
    total: int | None = None
    replies_feed: str | None = None


class History(msgspec.Struct, omit_defaults=True):
    """A feed's `_conversation`."""

    id: str
    updated: str
    archive: bool = False
    current: str | None = None
    next_archive: str | None = None
    rights: str | None = None


class Tombstone(msgspec.Struct, omit_defaults=True):
    id: str
    date_deleted: str
    reason: str | None = None


class Item(msgspec.Struct, omit_defaults=True):
    id: str
    url: str
    content_html: str
    date_published: str
    date_modified: str
    authors: list[Author]
    title: str | None = None
    summary: str | None = None
    tags: list[str] = []
    conversation: Threading | None = msgspec.field(default=None, name="_conversation")


class Document(msgspec.Struct, omit_defaults=True):
    version: str
    title: str
    home_page_url: str
    feed_url: str
    language: str
    items: list[msgspec.Raw]
    conversation: History = msgspec.field(name="_conversation")
    description: str | None = None
    next_url: str | None = None
    icon: str | None = None
    authors: list[Author] = []
    hubs: list[Hub] = []
    deleted: list[msgspec.Raw] = msgspec.field(default_factory=list, name="_deleted")


_encoder = msgspec.json.Encoder()


def document(about: Feed) -> bytes:
    """The whole feed with its own entries."""
    return feed(about, map(entry, about.live()), map(deleted, about.deleted()))


def feed(about: Feed, entries: Iterable[bytes], deleted: Iterable[bytes] = ()) -> bytes:
    """A document of fragments that `entry` and `deleted` made; `about.entries` is not looked at."""
    return _encoder.encode(
        Document(
            version=VERSION,
            title=printable(about.title),
            home_page_url=printable(about.page_url),
            feed_url=printable(about.url),
            language=LANGUAGE,
            items=[msgspec.Raw(item) for item in entries],
            conversation=_history(about),
            description=_words(about.subtitle),
            next_url=_words(about.previous_archive),
            icon=_words(about.icon),
            authors=[Author(printable(about.author))] if about.author else [],
            hubs=[Hub("WebSub", printable(about.hub))] if about.hub else [],
            deleted=[msgspec.Raw(tombstone) for tombstone in deleted],
        )
    )


def entry(entry: Entry) -> bytes:
    """One item as a JSON object."""
    return _encoder.encode(
        Item(
            id=printable(entry.id),
            url=printable(entry.url),
            content_html=printable(entry.html),
            date_published=rfc3339(entry.published),
            date_modified=rfc3339(entry.updated),
            authors=[Author(printable(entry.author), _words(entry.author_url))],
            title=_words(entry.title),
            summary=_words(entry.summary),
            tags=[printable(category.label) for category in entry.categories],
            conversation=_threading(entry),
        )
    )


def deleted(deleted: Deleted) -> bytes:
    """One item of `_deleted` as a JSON object."""
    return _encoder.encode(Tombstone(printable(deleted.id), rfc3339(deleted.when), _words(deleted.reason)))


def _threading(entry: Entry) -> Threading | None:
    answered = entry.in_reply_to
    threading = Threading(
        in_reply_to=Answered(printable(answered.id), printable(answered.url)) if answered else None,
        total=entry.replies,
        replies_feed=_words(entry.replies_feed),
    )
    return None if threading == Threading() else threading


def _history(about: Feed) -> History:
    return History(
        id=printable(about.id),
        updated=rfc3339(about.updated),
        archive=about.is_archive,
        current=_words(about.current),
        next_archive=_words(about.next_archive),
        rights=_words(about.rights),
    )


def _words(text: str | None) -> str | None:
    return None if text is None or is_blank(text) else printable(text)
