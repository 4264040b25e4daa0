"""RSS 2.0, from the same entries as Atom, for readers that know nothing else.

What RSS has no word for is said in Atom's words under their own namespaces. Metadata comes before the first
item, and a description before the content it sums up, as the W3C validator asks.
"""

from collections.abc import Iterable
from html import escape as escape_html

from forum.feeds.atom import feed_links, replies_link
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
    rfc822,
    rfc3339,
    tombstone,
    total,
)

MEDIA_TYPE = "application/rss+xml"
CONTENT_TYPE = f"{MEDIA_TYPE}; charset=utf-8"
MINUTES_TO_LIVE = 15

DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
SPECIFICATION = "http://www.rssboard.org/rss-specification"


def document(about: Feed) -> bytes:
    """The whole feed with its own entries."""
    return feed(about, map(entry, about.live()), map(deleted, about.deleted()))


def feed(about: Feed, entries: Iterable[bytes], deleted: Iterable[bytes] = ()) -> bytes:
    """A document of fragments that `entry` and `deleted` made; `about.entries` is not looked at."""
    parts = [
        element(b"title", about.title),
        element(b"link", about.page_url),
        element(b"description", about.title if is_blank(about.subtitle) else about.subtitle),
        element(b"language", LANGUAGE),
        optional(b"copyright", about.rights),
        element(b"lastBuildDate", rfc822(about.updated)),
        element(b"generator", GENERATOR),
        element(b"docs", SPECIFICATION),
        element(b"ttl", str(MINUTES_TO_LIVE)),
        _image(about),
        optional(b"dc:creator", about.author),
        feed_links(b"atom:link", about, MEDIA_TYPE),
        element(b"fh:archive") if about.is_archive else b"",
        *deleted,
        *entries,
    ]
    return PROLOGUE + element(b"rss", element(b"channel", b"\n".join(filter(None, parts))), _ROOT)


def entry(entry: Entry) -> bytes:
    """One `item`, which rests on nothing but what `feed` declares."""
    return element(
        b"item",
        b"".join(
            (
                optional(b"title", entry.title),
                element(b"link", entry.url),
                element(b"guid", entry.id, {b"isPermaLink": "false"}),
                element(b"pubDate", rfc822(entry.published)),
                element(b"atom:updated", rfc3339(entry.updated)),
                element(b"dc:creator", entry.author),
                *map(_category, entry.categories),
                replies_link(b"atom:link", entry),
                in_reply_to(entry),
                total(entry),
                *_content(entry),
            )
        ),
    )


def deleted(deleted: Deleted) -> bytes:
    """What stands in a channel for an item that was removed. RSS readers that do not know it pass over it."""
    return tombstone(deleted)


_ROOT = {
    b"version": "2.0",
    b"xmlns:atom": ATOM,
    b"xmlns:content": CONTENT,
    b"xmlns:dc": DUBLIN_CORE,
    b"xmlns:fh": HISTORY,
    b"xmlns:thr": THREADING,
}


def _content(entry: Entry) -> tuple[bytes, ...]:
    """The words of an entry. A description is HTML, so a summary, which is not, is escaped once more."""
    if entry.summary is None or is_blank(entry.summary):
        return (element(b"description", entry.html),)
    return (
        element(b"description", escape_html(entry.summary, quote=False)),
        element(b"content:encoded", entry.html),
    )


def _category(category: Category) -> bytes:
    return element(b"category", category.term, {b"domain": category.scheme})


def _image(about: Feed) -> bytes:
    if not about.icon:
        return b""
    return element(
        b"image",
        element(b"url", about.icon) + element(b"title", about.title) + element(b"link", about.page_url),
    )
