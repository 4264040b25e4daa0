"""Atom 1.0 (RFC 4287): the master format, from which the others take their meaning.

With it come archive pages (RFC 5005), threading (RFC 4685) and tombstones (RFC 6721). `entry` makes a
fragment that can be kept as long as the entry stands; `feed` puts fragments into a document.
"""

from collections.abc import Iterable

from forum.feeds.entries import (
    ATOM,
    GENERATOR,
    HISTORY,
    LANGUAGE,
    PROLOGUE,
    THREADING,
    Category,
    Deleted,
    Entry,
    Feed,
    element,
    in_reply_to,
    is_blank,
    optional,
    rfc3339,
    tombstone,
    total,
)

MEDIA_TYPE = "application/atom+xml"
CONTENT_TYPE = f"{MEDIA_TYPE}; charset=utf-8"


def document(about: Feed) -> bytes:
    """The whole feed with its own entries."""
    return feed(about, map(entry, about.live()), map(deleted, about.deleted()))


def feed(about: Feed, entries: Iterable[bytes], deleted: Iterable[bytes] = ()) -> bytes:
    """A document of fragments that `entry` and `deleted` made; `about.entries` is not looked at."""
    parts = [
        element(b"id", about.id),
        element(b"title", about.title),
        optional(b"subtitle", about.subtitle),
        element(b"updated", rfc3339(about.updated)),
        _person(about.author) if about.author else b"",
        element(b"generator", GENERATOR),
        optional(b"icon", about.icon),
        optional(b"rights", about.rights),
        feed_links(b"link", about, MEDIA_TYPE),
        element(b"fh:archive") if about.is_archive else b"",
        *deleted,
        *entries,
    ]
    return PROLOGUE + element(b"feed", b"\n".join(filter(None, parts)), _ROOT)


def entry(entry: Entry) -> bytes:
    """One `entry`, which rests on nothing but what `feed` declares."""
    title = f"Post by {entry.author}" if is_blank(entry.title) else entry.title
    return element(
        b"entry",
        b"".join(
            (
                element(b"id", entry.id),
                element(b"title", title),
                element(b"link", attributes={b"rel": "alternate", b"type": "text/html", b"href": entry.url}),
                replies_link(b"link", entry),
                element(b"published", rfc3339(entry.published)),
                element(b"updated", rfc3339(entry.updated)),
                _person(entry.author, entry.author_url),
                *map(_category, entry.categories),
                in_reply_to(entry),
                total(entry),
                optional(b"summary", entry.summary),
                element(b"content", entry.html, {b"type": "html"}),
            )
        ),
    )


def deleted(deleted: Deleted) -> bytes:
    """What stands in a feed for an entry that was removed."""
    return tombstone(deleted)


def feed_links(name: bytes, about: Feed, media_type: str) -> bytes:
    """The links of a feed as Atom's `link`, under the name that the document gives it."""
    links = [
        ("self", about.url, media_type),
        ("alternate", about.page_url, "text/html"),
        *(("alternate", link.url, link.type) for link in about.alternates),
        ("hub", about.hub, None),
        ("current", about.current, media_type),
        ("prev-archive", about.previous_archive, media_type),
        ("next-archive", about.next_archive, media_type),
    ]
    return b"\n".join(
        element(name, attributes={b"rel": relation, b"type": type, b"href": url})
        for relation, url, type in links
        if url
    )


def replies_link(name: bytes, entry: Entry) -> bytes:
    """Where the replies to an entry can be followed (RFC 4685 §4)."""
    if entry.replies_feed is None:
        return b""
    count = None if entry.replies is None else str(entry.replies)
    return element(
        name,
        attributes={b"rel": "replies", b"type": MEDIA_TYPE, b"href": entry.replies_feed, b"thr:count": count},
    )


_ROOT = {b"xmlns": ATOM, b"xmlns:thr": THREADING, b"xmlns:fh": HISTORY, b"xml:lang": LANGUAGE}


def _person(name: str, url: str | None = None) -> bytes:
    return element(b"author", element(b"name", name) + optional(b"uri", url))


def _category(category: Category) -> bytes:
    return element(
        b"category", attributes={b"scheme": category.scheme, b"term": category.term, b"label": category.label}
    )
