"""What the headers of mail say: who wrote, when, and about what."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from forum.seed.digest import digest
from forum.seed.encodings import decoded_words, mended

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

_REPLY = re.compile(r"(?:\s*re(?:\[\d+\]|\^\d+)?\s*:)+\s*", re.IGNORECASE)
_NAME_FIRST = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>\s*")
_NAME_AFTER = re.compile(r"(?P<address>[^\s()]*)\s*\((?P<name>.*)\)[^()]*")
_ADDRESS = re.compile(r"<[^<>]*>|\S*@\S*")


def date_of(written: Any) -> datetime | None:
    """A date as RFC 3339 or RFC 2822 writes it, with two digits of year or four, UTC where it names no zone.
    None where it cannot be understood or is before 1970."""
    if not isinstance(written, str):
        return None
    try:
        at = datetime.fromisoformat(written.strip())
    except ValueError:
        try:
            at = parsedate_to_datetime(written)
        except (ValueError, IndexError, OverflowError):
            return None
    if at.year < 100:
        at = at.replace(year=at.year + (1900 if at.year > 68 else 2000))
    try:
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None
    return at if at >= EARLIEST else None


def name_and_key(author: str) -> tuple[str, str]:
    """The name to show for `author`, never a mail address, and what an account made for it is known by.

    Understands `a@b (Ada Obi)`, `"Ada Obi" <a@b>` and an address or a name alone; both forms are one person.
    """
    text = " ".join(mended(decoded_words(author)).split())
    found = _NAME_FIRST.fullmatch(text) or _NAME_AFTER.fullmatch(text)
    if found is None:
        address, name = ("", text) if " " in text or not re.search("[@!]", text) else (text, "")
    else:
        address, name = found["address"].strip(), found["name"]
    shown = _ADDRESS.sub("", name)
    shown = re.sub(r"^([\"'])(.*)\1$", r"\2", shown.strip(" ;,:()")).strip(" ;,:()")
    if not re.search(r"[^\W_]", shown):
        shown = address.split("@")[0].rpartition("!")[2]
    shown = shown[:120].strip() or "Name not given"
    return shown, "author:" + digest(address.casefold(), name.strip("\"' ").casefold())


def topic_of(subject: str) -> str:
    """`subject` on one line and without the `Re:` of answers; empty where that is all it says."""
    text = " ".join(mended(decoded_words(subject)).split())
    return _REPLY.sub("", text, count=1) if _REPLY.match(text) else text
