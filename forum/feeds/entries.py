"""What a feed holds, before it is Atom, RSS or JSON, and how text becomes XML.

In these modules `str` is text as a person wrote it and `bytes` is finished XML. `element` is the one way from
the first to the second, so text that has not been escaped cannot reach a document: Python refuses to join the
two.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote

GENERATOR = "National Conversation"
LANGUAGE = "en-GB"

ATOM = "http://www.w3.org/2005/Atom"
THREADING = "http://purl.org/syndication/thread/1.0"  # RFC 4685
HISTORY = "http://purl.org/syndication/history/1.0"  # RFC 5005
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721

PROLOGUE = b'<?xml version="1.0" encoding="utf-8"?>\n'
NO_ATTRIBUTES: Mapping[bytes, str | None] = MappingProxyType({})

# XML 1.0 §2.2. Lone surrogates have no UTF-8 form, so encoding drops them.
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))
_FFFE, _FFFF = "\ufffe".encode(), "\uffff".encode()

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


@dataclass(frozen=True, slots=True)
class Link:
    """The address of the same feed in another format."""

    url: str
    type: str


@dataclass(frozen=True, slots=True)
class Category:
    """What an entry is about: a prompt, a component or a kind.

    `scheme` is an IRI that names the list the term comes from, `term` the slug in it, `label` what people
    read.
    """

    scheme: str
    term: str
    label: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The entry that another one answers (RFC 4685 §3)."""

    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thread or post. Every URL is absolute; `html` is already safe and has absolute URLs of its own.

    `title` may be empty: RSS and JSON Feed then have none, and Atom, which must have one, says whose post it
    is. `summary` is plain text. `replies_feed` is the address of an Atom feed.
    """

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime
    author: str
    author_url: str | None = None
    html: str
    summary: str | None = None
    categories: tuple[Category, ...] = ()
    in_reply_to: Reference | None = None
    replies: int | None = None
    replies_feed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What is left of an entry that was removed: its id, when, and what they may know of why (RFC 6721)."""

    id: str
    when: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed in one format, or one of its archive pages (RFC 5005).

    `url` is its own address in this format, `page_url` the page that people read, `author` whoever runs the
    conversation. `current`, `previous_archive` and `next_archive` are in the same format as `url`. An archive
    page must say which feed it belongs to: ValueError where `current` is missing.
    """

    id: str
    title: str
    subtitle: str = ""
    url: str
    page_url: str
    updated: datetime
    author: str | None = None
    entries: Sequence[Entry | Deleted] = ()
    current: str | None = None
    previous_archive: str | None = None
    next_archive: str | None = None
    is_archive: bool = False
    hub: str | None = None
    rights: str | None = None
    icon: str | None = None
    alternates: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        if self.is_archive and not self.current:
            raise ValueError("an archive page needs the address of its current feed")

    def live(self) -> list[Entry]:
        return [entry for entry in self.entries if isinstance(entry, Entry)]

    def deleted(self) -> list[Deleted]:
        return [entry for entry in self.entries if isinstance(entry, Deleted)]


def tag_uri(host: str, started: str, kind: str, id: int | str) -> str:
    """A name that outlives every URL: `tag:conversation.example.org,2026:post/12` (RFC 4151).

    `host` is a domain name without a port; `started` is a year, month or day on which the site owned it.
    Neither may ever change. ValueError where either is not what the RFC allows.
    """
    return f"{_authority(host, started)}:{quote(kind, safe='')}/{quote(str(id), safe='/')}"


@lru_cache(maxsize=16)
def _authority(host: str, started: str) -> str:
    host = host.lower()
    if not _HOST.fullmatch(host):
        raise ValueError(f"not a domain name: {host!r}")
    if not _DATE.fullmatch(started):
        raise ValueError(f"not a year, month or day: {started!r}")
    return f"tag:{host},{started}"


def rfc3339(at: datetime) -> str:
    """`2026-11-23T14:05:00Z`. ValueError where `at` has no time zone."""
    return _in_utc(at).isoformat(timespec="seconds")[:-6] + "Z"


def rfc822(at: datetime) -> str:
    """`Mon, 23 Nov 2026 14:05:00 GMT`. ValueError where `at` has no time zone."""
    return format_datetime(_in_utc(at), usegmt=True)


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at}")
    return at.astimezone(UTC)


def printable(text: str) -> str:
    """`text` without the characters that XML 1.0 forbids, so that every format says the same."""
    return _encode(text).decode()


def is_blank(text: str | None) -> bool:
    return text is None or not printable(text).strip()


def element(
    name: bytes, content: str | bytes = b"", attributes: Mapping[bytes, str | None] = NO_ATTRIBUTES
) -> bytes:
    """An XML element. A `str` is text and is escaped; `bytes` are elements made here before.

    An attribute whose value is None is left out.
    """
    start = name
    for key, value in attributes.items():
        if value is not None:
            start += b' %b="%b"' % (key, _escape_attribute(value))
    inner = escape(content) if isinstance(content, str) else content
    return b"<%b>%b</%b>" % (start, inner, name) if inner else b"<%b/>" % start


def optional(name: bytes, text: str | None) -> bytes:
    """An element where there is text for it, and nothing where there is none."""
    return b"" if is_blank(text) else element(name, text or "")


def escape(text: str) -> bytes:
    """Text as XML character data. A carriage return is named, because a parser would make it a line feed."""
    return (
        _encode(text)
        .replace(b"&", b"&amp;")
        .replace(b"<", b"&lt;")
        .replace(b">", b"&gt;")
        .replace(b"\r", b"&#13;")
    )


def _escape_attribute(text: str) -> bytes:
    return escape(text).replace(b'"', b"&quot;").replace(b"\t", b"&#9;").replace(b"\n", b"&#10;")


def _encode(text: str) -> bytes:
    data = text.encode("utf-8", "ignore").translate(None, _CONTROLS)
    return data if text.isascii() else data.replace(_FFFE, b"").replace(_FFFF, b"")


def tombstone(deleted: Deleted) -> bytes:
    """An `at:deleted-entry` (RFC 6721 §3), for Atom and for RSS, which has no word of its own.

    It declares its own namespace: the W3C validator warns of one it does not know, so a feed names it only
    when used.
    """
    return element(
        b"at:deleted-entry",
        optional(b"at:comment", deleted.reason),
        {b"xmlns:at": TOMBSTONES, b"ref": deleted.id, b"when": rfc3339(deleted.when)},
    )


def in_reply_to(entry: Entry) -> bytes:
    """What an entry answers (RFC 4685 §3), for Atom and RSS."""
    if entry.in_reply_to is None:
        return b""
    answered = entry.in_reply_to
    return element(
        b"thr:in-reply-to", attributes={b"ref": answered.id, b"href": answered.url, b"type": "text/html"}
    )


def total(entry: Entry) -> bytes:
    """How many replies an entry has (RFC 4685 §5), for Atom and RSS."""
    return b"" if entry.replies is None else element(b"thr:total", str(entry.replies))
