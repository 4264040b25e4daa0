"""Bringing a list of feeds from a reader (OPML): what of it is ours is followed from now on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from forum.core.errors import Refused
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.following.forms import ImportForm
from forum.following.models import Follow, Kind
from forum.following.targets import Target, named_targets
from forum.following.views import WRITES, bp

LARGEST = 1024 * 1024  # bytes
MOST = 1_000  # feeds in one file
FEED = r"feed\.(?:atom|rss|json)"
PAGES = (  # the address of a page says the most: a resource's feed is that of its thread
    (Kind.RESOURCE, re.compile(r"/resources/(?P<target>[a-z0-9-]+)")),
)
FEEDS = (
    (Kind.THREAD, re.compile(rf"/threads/(?P<target>\d{{1,9}})/{FEED}")),
    (Kind.PROMPT, re.compile(rf"/prompts/(?P<target>[a-z0-9-]+)/(?:posts/)?{FEED}")),
    (Kind.COMPONENT, re.compile(rf"/components/(?P<target>[a-z0-9-]+)/(?:posts/)?{FEED}")),
    (Kind.PERSON, re.compile(rf"/people/(?P<target>\d{{1,9}})/(?:threads/)?{FEED}")),
    (Kind.OUTCOME, re.compile(rf"/suggestions/(?P<target>\d{{1,9}})/outcome/{FEED}")),
    (Kind.ANSWERS, re.compile(rf"/answers/{FEED}")),
    (Kind.LIBRARY, re.compile(rf"/case-studies/{FEED}")),
    (Kind.SEARCH, re.compile(rf"/search/{FEED}")),
)


class NotAList(Exception):
    """The file is no OPML that we can read; the message says why."""


@dataclass
class Brought:
    """What came of a file."""

    followed: list[Target] = field(default_factory=list)
    already: int = 0
    others: int = 0  # feeds of other sites, or of what is not here


@bp.route("/following/import", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def bring() -> ResponseReturnValue:
    form, brought = ImportForm(), None
    if form.validate_on_submit():
        try:
            brought = _follow_all(addresses(form.file.data.read(LARGEST + 1)))
        except (NotAList, Refused) as problem:
            form.file.errors = (str(problem),)
    errors = bool(form.errors or form.file.errors)
    page = render_template("following/import.html", form=form, brought=brought, form_errors=errors)
    return page, 422 if errors else 200


def addresses(data: bytes) -> list[tuple[str, str]]:
    """The feeds in an OPML document, each with its page: (xmlUrl, htmlUrl). Raises NotAList."""
    if len(data) > LARGEST:
        raise NotAList("The file must be 1 MB or smaller")
    if not data.strip():
        raise NotAList("The file is empty")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise NotAList(
            "The file declares entities or a document type, which a list of feeds does not need"
        ) from None
    except (ParseError, ValueError, LookupError):
        raise NotAList("The file is not OPML: it cannot be read as XML") from None
    if root.tag.lower() != "opml":
        raise NotAList("The file is not OPML: choose the file that your feed reader has exported")
    found = [
        (each.get("xmlUrl", ""), each.get("htmlUrl", ""))
        for each in root.iter("outline")
        if each.get("xmlUrl")
    ]
    if not found:
        raise NotAList("There is no feed in this file")
    if len(found) > MOST:
        raise NotAList(f"There are more than {MOST:,} feeds in this file. Divide it first")
    return found


def _follow_all(feeds: list[tuple[str, str]]) -> Brought:
    asked = [_meant(feed, page) for feed, page in feeds]
    named = named_targets({each for each in asked if each}, me())
    brought = Brought()
    for each in asked:
        target = named.get(each) if each else None
        if target is None:
            brought.others += 1
        elif Follow.find(me(), target.kind, target.target):
            brought.already += 1
        else:
            Follow.begin(me(), target.kind, target.target)
            brought.followed.append(target)
    return brought


def _meant(feed: str, page: str) -> tuple[str, str] | None:
    """The thing of ours that a feed follows."""
    for address, patterns in ((page, PAGES), (feed, FEEDS)):
        parts = _ours(address)
        for kind, pattern in patterns:
            if parts is not None and (found := pattern.fullmatch(parts.path)):
                return kind, found.groupdict().get("target", parts.query)[:1000]
    return None


def _ours(address: str) -> Any:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    ours = urlsplit(current_app.config["FORUM"].site_url)
    return parts if (parts.scheme in ("http", "https") and parts.netloc == ours.netloc) else None
