"""What makes a feed valid, as checks that any test can ask of the bytes it fetched.

Each check raises AssertionError with every broken rule at once. The rules are those of RFC 4287 (Atom), RFC
4685 (threading), RFC 5005 (archives), RFC 6721 (tombstones), RSS 2.0 with the W3C validator's advice, and
JSON Feed 1.1; and two of our own: ids never repeat, and links inside the words of an entry are absolute.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]

ATOM = "{http://www.w3.org/2005/Atom}"
THREADING = "{http://purl.org/syndication/thread/1.0}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
XML = "{http://www.w3.org/XML/1998/namespace}"

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(;.*)?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_NAMES = {
    "feed": "author category contributor entry generator icon id link logo rights subtitle title updated",
    "entry": "author category content contributor id link published rights source summary title updated",
    "channel": "title link description language copyright managingEditor webMaster pubDate lastBuildDate "
    "category generator docs cloud ttl image rating textInput skipHours skipDays item",
    "item": "title link description author category comments enclosure guid pubDate source",
}

Problems = Iterator[str]


def check_atom(data: bytes) -> None:
    """Raise AssertionError unless `data` is a valid Atom feed document."""
    _report("Atom", data, _atom)


def check_rss(data: bytes) -> None:
    """Raise AssertionError unless `data` is a valid RSS 2.0 document."""
    _report("RSS", data, _rss)


def check_json_feed(data: bytes) -> None:
    """Raise AssertionError unless `data` is a valid JSON Feed 1.1 document."""
    _report("JSON Feed", data, _json_feed)


def parse_xml(data: bytes) -> Any:
    """The root of a document, or the parser's own error: nothing is mended, nothing is fetched."""
    return etree.fromstring(data, etree.XMLParser(recover=False, resolve_entities=False, no_network=True))


def _report(format: str, data: bytes, rules: Callable[[bytes], Problems]) -> None:
    problems = list(rules(data))
    if problems:
        raise AssertionError(f"not valid {format}:\n- " + "\n- ".join(problems))


# Atom


def _atom(data: bytes) -> Problems:
    root, problems = _document(data)
    yield from problems
    if root is None:
        return
    if root.tag != f"{ATOM}feed":
        yield f"the root is {root.tag}"
        return
    yield from _atom_children(root, "feed")
    yield from _once(root, f"{ATOM}id", f"{ATOM}title", f"{ATOM}updated")
    yield from _at_most_once(
        root, *(ATOM + name for name in ("generator", "icon", "logo", "rights", "subtitle"))
    )
    yield from _texts(root, f"{ATOM}title", f"{ATOM}id", f"{ATOM}generator", filled=True)
    yield from _iris(_values(root, f"{ATOM}id"), "feed id")
    yield from _iris(_values(root, f"{ATOM}icon"), "icon")
    yield from _dates(_values(root, f"{ATOM}updated"), _from_rfc3339, "feed updated")
    if not _LANGUAGE.fullmatch(root.get(f"{XML}lang", "")):
        yield "the feed does not say its language"
    yield from _people(root)
    yield from _links(root, "feed")
    yield from _feed_links(root, root.findall(f"{ATOM}link"), "application/atom+xml")
    for entry in root.findall(f"{ATOM}entry"):
        yield from _atom_entry(entry, root)
    yield from _tombstones(root, _values(root, f"{ATOM}entry/{ATOM}id"))


def _atom_entry(entry: Any, feed: Any) -> Problems:
    yield from _atom_children(entry, "entry")
    yield from _once(entry, f"{ATOM}id", f"{ATOM}title", f"{ATOM}updated")
    yield from _at_most_once(
        entry, *(ATOM + name for name in ("published", "content", "summary", "rights", "source"))
    )
    yield from _texts(entry, f"{ATOM}title", f"{ATOM}id", filled=True)
    yield from _iris(_values(entry, f"{ATOM}id"), "entry id")
    yield from _links(entry, "entry")
    if not any(link.get("rel", "alternate") == "alternate" for link in entry.findall(f"{ATOM}link")):
        yield "an entry has no alternate link"
    yield from _people(entry)
    if entry.find(f"{ATOM}author") is None and feed.find(f"{ATOM}author") is None:
        yield "an entry has no author"
    published, updated = _values(entry, f"{ATOM}published"), _values(entry, f"{ATOM}updated")
    yield from _dates(published + updated, _from_rfc3339, "entry date")
    yield from _in_order(published, updated, _from_rfc3339)
    for category in entry.findall(f"{ATOM}category"):
        if not category.get("term"):
            yield "a category has no term"
        if category.get("scheme") is not None:
            yield from _iris([category.get("scheme")], "category scheme")
    yield from _atom_content(entry)
    yield from _threading(entry)


def _atom_children(parent: Any, name: str) -> Problems:
    known = _NAMES[name].split()
    for child in parent:
        if not isinstance(child.tag, str):
            continue
        if not child.tag.startswith("{"):
            yield f"<{child.tag}> is in no namespace"
        elif child.tag.startswith(ATOM) and child.tag.removeprefix(ATOM) not in known:
            yield f"{name} holds an unknown <{child.tag.removeprefix(ATOM)}>"


def _atom_content(entry: Any) -> Problems:
    content = entry.find(f"{ATOM}content")
    if content is None:
        if entry.find(f"{ATOM}summary") is None:
            yield "an entry has neither content nor summary"
        return
    type = content.get("type", "text")
    if content.get("src") is not None:
        if (content.text or "").strip() or len(content):
            yield "content has both a src and words"
        yield from _iris([content.get("src")], "content src")
    elif type in ("text", "html"):
        if len(content):
            yield f"content of type {type} has child elements"
        if type == "html":
            yield from _html(content.text or "")
    elif type == "xhtml":
        if len(content) != 1 or content[0].tag != "{http://www.w3.org/1999/xhtml}div":
            yield "content of type xhtml is not one div"
    elif not _MEDIA_TYPE.fullmatch(type):
        yield f"content is of an unknown type {type!r}"


def _people(parent: Any) -> Problems:
    for person in [*parent.findall(f"{ATOM}author"), *parent.findall(f"{ATOM}contributor")]:
        yield from _once(person, f"{ATOM}name")
        yield from _texts(person, f"{ATOM}name", filled=True)
        yield from _at_most_once(person, f"{ATOM}uri", f"{ATOM}email")
        yield from _iris(_values(person, f"{ATOM}uri"), "author uri")


def _links(parent: Any, where: str) -> Problems:
    alternates: Counter[tuple[str | None, str | None]] = Counter()
    for link in parent.findall(f"{ATOM}link"):
        yield from _iris([link.get("href", "")], f"link of {where}")
        if len(link) or (link.text or "").strip():
            yield "a link is not empty"
        if link.get("type") is not None and not _MEDIA_TYPE.fullmatch(link.get("type")):
            yield f"a link has the type {link.get('type')!r}"
        if link.get("rel", "alternate") == "alternate":
            alternates[link.get("type"), link.get("hreflang")] += 1
        count = link.get(f"{THREADING}count")
        if count is not None and (link.get("rel") != "replies" or not count.isdecimal()):
            yield f"thr:count {count!r} on a link {link.get('rel')!r}"
        history = ("current", "first", "last", "next", "next-archive", "prev-archive", "previous")
        if where == "entry" and link.get("rel") in history:
            yield f"an entry has a link {link.get('rel')!r}, which belongs to a feed"
    for (type, language), times in alternates.items():
        if times > 1:
            yield f"{times} alternate links of type {type!r} and language {language!r} in one {where}"


def _threading(entry: Any) -> Problems:
    for answered in entry.findall(f"{THREADING}in-reply-to"):
        yield from _iris([answered.get("ref", "")], "thr:in-reply-to ref")
        yield from _iris(
            [answered.get(name) for name in ("href", "source") if answered.get(name)], "thr:in-reply-to"
        )
    yield from _at_most_once(entry, f"{THREADING}total")
    for total in _values(entry, f"{THREADING}total"):
        if not total.isdecimal():
            yield f"thr:total is {total!r}"


# Atom and RSS


def _document(data: bytes) -> tuple[Any, list[str]]:
    try:
        text = data.decode("utf-8")
        root = parse_xml(data)
    except (UnicodeDecodeError, etree.XMLSyntaxError) as error:
        return None, [str(error)]
    problems = []
    if FORBIDDEN.search(text):
        problems.append("a character that XML 1.0 forbids")
    if root.getroottree().docinfo.doctype:
        problems.append("a document type")
    if root.getroottree().docinfo.encoding.lower() != "utf-8":
        problems.append("an encoding other than UTF-8")
    return root, problems


def _feed_links(holder: Any, links: Iterable[Any], media_type: str) -> Problems:
    """The links that a feed has once, and what RFC 5005 asks of them."""
    found: dict[str, list[str]] = {}
    for link in links:
        found.setdefault(link.get("rel", "alternate"), []).append(link.get("href", ""))
        if link.get("rel") == "self" and link.get("type") != media_type:
            yield f"the self link has the type {link.get('type')!r}"
    if len(found.get("self", [])) != 1:
        yield f"{len(found.get('self', []))} self links"
    for relation in ("current", "prev-archive", "next-archive"):
        if len(found.get(relation, [])) > 1:
            yield f"more than one link {relation}"
        if relation != "current" and set(found.get(relation, [])) & set(found.get("self", [])):
            yield f"the link {relation} leads to the document itself"
    yield from _at_most_once(holder, f"{HISTORY}archive", f"{HISTORY}complete")
    if holder.find(f"{HISTORY}archive") is None:
        if "next-archive" in found:
            yield "next-archive in a document that is no archive"
        if found.get("current", found.get("self")) != found.get("self"):
            yield "a document with another current one does not say that it is an archive"
    elif "current" not in found:
        yield "an archive has no link to the current feed"
    elif found["current"] == found.get("self"):
        yield "an archive says that it is the current feed"
    for archive in holder.findall(f"{HISTORY}archive"):
        if len(archive) or archive.text:
            yield "fh:archive is not empty"


def _tombstones(holder: Any, live: list[str]) -> Problems:
    dead = holder.findall(f"{TOMBSTONES}deleted-entry")
    for tombstone in dead:
        yield from _iris([tombstone.get("ref", "")], "at:deleted-entry ref")
        yield from _dates([tombstone.get("when", "")], _from_rfc3339, "at:deleted-entry when")
        yield from _at_most_once(tombstone, f"{TOMBSTONES}by", f"{TOMBSTONES}comment")
    if len(list(holder.iter(f"{TOMBSTONES}deleted-entry"))) != len(dead):
        yield "at:deleted-entry in a place that is not its own"
    yield from _unique([*live, *(tombstone.get("ref", "") for tombstone in dead)])


# RSS


_CHANNEL = [
    "title",
    "link",
    "description",
    "language",
    "copyright",
    "managingEditor",
    "webMaster",
    "pubDate",
    "lastBuildDate",
    "category",
    "generator",
    "docs",
    "cloud",
    "ttl",
    "image",
    "rating",
    "textInput",
    "skipHours",
    "skipDays",
    "item",
]
_ITEM = [
    "title",
    "link",
    "description",
    "author",
    "category",
    "comments",
    "enclosure",
    "guid",
    "pubDate",
    "source",
]


def _rss(data: bytes) -> Problems:
    root, problems = _document(data)
    yield from problems
    if root is None:
        return
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None or len(root) != 1:
        yield "the root is not <rss version='2.0'> with one channel"
        return
    known = _NAMES["channel"].split()
    yield from _once(channel, "title", "link", "description")
    yield from _at_most_once(channel, *(name for name in known if name not in ("category", "item")))
    yield from _texts(channel, "title", "link", "description", filled=True)
    yield from _texts(channel, *(name for name in known if name not in ("image", "item")))
    yield from _iris(_values(channel, "link") + _values(channel, "image/url"), "channel link")
    yield from _dates(
        _values(channel, "lastBuildDate") + _values(channel, "pubDate"), _from_rfc822, "channel date"
    )
    yield from (
        f"language {value!r}" for value in _values(channel, "language") if not _LANGUAGE.fullmatch(value)
    )
    yield from (
        f"ttl {value!r}" for value in _values(channel, "ttl") if not value.isdecimal() or int(value) == 0
    )
    for image in channel.findall("image"):
        yield from _once(image, "url", "title", "link")
        if _values(image, "title") + _values(image, "link") != _values(channel, "title") + _values(
            channel, "link"
        ):
            yield "the image has not its channel's title and link"
    yield from _links(channel, "channel")
    yield from _feed_links(channel, channel.findall(f"{ATOM}link"), "application/rss+xml")
    tags = [child.tag for child in channel if isinstance(child.tag, str)]
    yield from (f"channel holds an unknown <{tag}>" for tag in tags if tag[0] != "{" and tag not in known)
    if "item" in tags and set(tags[tags.index("item") :]) != {"item"}:
        yield "metadata after the first item"
    for item in channel.findall("item"):
        yield from _rss_item(item)
    yield from _tombstones(channel, _values(channel, "item/guid"))


def _rss_item(item: Any) -> Problems:
    known = _NAMES["item"].split()
    tags = [child.tag for child in item if isinstance(child.tag, str)]
    yield from (f"item holds an unknown <{tag}>" for tag in tags if tag[0] != "{" and tag not in known)
    yield from _at_most_once(item, *(name for name in known if name != "category"))
    yield from _once(item, "guid", "link", "pubDate", f"{DUBLIN_CORE}creator")
    yield from _at_most_once(item, f"{CONTENT}encoded", f"{ATOM}updated")
    yield from _texts(item, *known, f"{DUBLIN_CORE}creator", f"{CONTENT}encoded")
    yield from _texts(item, "title", "guid", "category", f"{DUBLIN_CORE}creator", filled=True)
    if "title" not in tags and "description" not in tags:
        yield "an item has neither title nor description"
    if f"{CONTENT}encoded" in tags and "description" not in tags[: tags.index(f"{CONTENT}encoded")]:
        yield "content:encoded without a description before it"
    for guid in item.findall("guid"):
        if guid.get("isPermaLink") != "false":
            yield "a guid that is no address does not say isPermaLink='false'"
        yield from _iris([guid.text or ""], "guid")
    yield from _iris(_values(item, "link"), "item link")
    yield from _iris(
        [c.get("domain") for c in item.findall("category") if c.get("domain")], "category domain"
    )
    published, updated = _values(item, "pubDate"), _values(item, f"{ATOM}updated")
    yield from _dates(published, _from_rfc822, "pubDate")
    yield from _dates(updated, _from_rfc3339, "atom:updated")
    yield from _in_order(published, updated, _from_rfc822)
    yield from (
        f"the author {value!r} has no address" for value in _values(item, "author") if "@" not in value
    )
    for words in _values(item, "description") + _values(item, f"{CONTENT}encoded"):
        yield from _html(words)
    yield from _links(item, "entry")
    yield from _threading(item)


# JSON Feed


_FEED_KEYS: dict[str, type] = {
    "version": str,
    "title": str,
    "home_page_url": str,
    "feed_url": str,
    "description": str,
    "user_comment": str,
    "next_url": str,
    "icon": str,
    "favicon": str,
    "authors": list,
    "language": str,
    "expired": bool,
    "hubs": list,
    "items": list,
}
_ITEM_KEYS: dict[str, type] = {
    "id": str,
    "url": str,
    "external_url": str,
    "title": str,
    "content_html": str,
    "content_text": str,
    "summary": str,
    "image": str,
    "banner_image": str,
    "date_published": str,
    "date_modified": str,
    "authors": list,
    "tags": list,
    "language": str,
    "attachments": list,
}


def _json_feed(data: bytes) -> Problems:
    try:
        feed = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except ValueError as error:
        yield str(error)
        return
    if not isinstance(feed, dict):
        yield "not an object"
        return
    if any(FORBIDDEN.search(string) for string in _strings(feed)):
        yield "a character that the other formats could not carry"
    yield from _keys(feed, _FEED_KEYS, "feed")
    yield from (
        f"the feed has no {name}" for name in ("version", "title", "feed_url", "items") if name not in feed
    )
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        yield f"version {feed.get('version')!r}"
    if not str(feed.get("title", "")).strip():
        yield "the title is empty"
    if not _LANGUAGE.fullmatch(feed.get("language", "en")):
        yield f"language {feed.get('language')!r}"
    addresses = ("home_page_url", "feed_url", "next_url", "icon", "favicon")
    yield from _iris([feed[name] for name in addresses if name in feed], "feed address")
    if feed.get("next_url") == feed.get("feed_url"):
        yield "next_url leads to the feed itself"
    yield from _json_authors(feed)
    for hub in feed.get("hubs", []):
        yield from (f"a hub has no {name}" for name in ("type", "url") if not hub.get(name))
        yield from _iris([hub.get("url", "")], "hub")
    for item in feed.get("items", []):
        yield from _json_item(item, feed)
    dead = feed.get("_deleted", [])
    for tombstone in dead:
        yield from _iris([tombstone.get("id", "")], "_deleted id")
        yield from _dates([tombstone.get("date_deleted", "")], _from_rfc3339, "date_deleted")
    yield from _unique([str(thing.get("id")) for thing in [*feed.get("items", []), *dead]])


def _json_item(item: dict[str, Any], feed: dict[str, Any]) -> Problems:
    yield from _keys(item, _ITEM_KEYS, "item")
    yield from _iris([item.get("id", "")], "item id")
    yield from _iris(
        [item[name] for name in ("url", "external_url", "image") if name in item], "item address"
    )
    if "content_html" not in item and "content_text" not in item:
        yield "an item has no content"
    yield from _html(item.get("content_html", ""))
    if not str(item.get("title", "x")).strip():
        yield "an empty title"
    published = [item[name] for name in ("date_published",) if name in item]
    updated = [item[name] for name in ("date_modified",) if name in item]
    yield from _dates(published + updated, _from_rfc3339, "item date")
    yield from _in_order(published, updated, _from_rfc3339)
    yield from _json_authors(item)
    if not item.get("authors") and not feed.get("authors"):
        yield "an item has no author"
    yield from (f"the tag {tag!r} is no text" for tag in item.get("tags", []) if not isinstance(tag, str))
    threading = item.get("_conversation", {})
    if "in_reply_to" in threading:
        yield from _iris([threading["in_reply_to"].get(name, "") for name in ("id", "url")], "in_reply_to")
    if threading.get("total", 0) < 0:
        yield "a negative total"


def _json_authors(holder: dict[str, Any]) -> Problems:
    if "author" in holder:
        yield "author is of JSON Feed 1.0"
    for author in holder.get("authors", []):
        if not (author.keys() & {"name", "url", "avatar"}):
            yield "an author without name, url or avatar"
        if not str(author.get("name", "x")).strip():
            yield "an author with an empty name"
        yield from _iris([author["url"]] if "url" in author else [], "author url")


def _keys(holder: dict[str, Any], known: dict[str, type], where: str) -> Problems:
    for key, value in holder.items():
        if key in known:
            if not isinstance(value, known[key]):
                yield f"{where}.{key} is a {type(value).__name__}"
        elif not re.fullmatch(r"_[A-Za-z][^.]*", key):
            yield f"{where} has an unknown {key!r}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (string for member in value for string in _strings(member))
    elif isinstance(value, dict):
        yield from (string for member in value.values() for string in _strings(member))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# Of every format


def _values(parent: Any, path: str) -> list[str]:
    return ["".join(found.itertext()) for found in parent.findall(path)]


def _once(parent: Any, *tags: str) -> Problems:
    for tag in tags:
        if len(parent.findall(tag)) != 1:
            yield f"{parent.tag} has {len(parent.findall(tag))} of {tag}"


def _at_most_once(parent: Any, *tags: str) -> Problems:
    yield from (f"{parent.tag} has more than one {tag}" for tag in tags if len(parent.findall(tag)) > 1)


def _texts(parent: Any, *tags: str, filled: bool = False) -> Problems:
    """These elements hold text and no other element, and text there must be where they are to be `filled`."""
    for found in (found for tag in tags for found in parent.findall(tag)):
        if len(found):
            yield f"{found.tag} holds elements"
        if filled and not (found.text or "").strip():
            yield f"{found.tag} is empty"


def _iris(values: Iterable[str], what: str) -> Problems:
    for value in values:
        if not isinstance(value, str) or not _IRI.fullmatch(value):
            yield f"{what} is no absolute address: {value!r}"


def _unique(ids: list[str]) -> Problems:
    yield from (f"{id} stands {times} times" for id, times in Counter(ids).items() if times > 1)


def _dates(values: Iterable[str], read: Callable[[str], datetime], what: str) -> Problems:
    for value in values:
        try:
            read(value)
        except ValueError:
            yield f"{what} is no date: {value!r}"


def _in_order(published: list[str], updated: list[str], read: Callable[[str], datetime]) -> Problems:
    """`published` is not later than `updated`, which is always RFC 3339. Others tell of unreadable dates."""
    if not published or not updated or [*_dates(published, read, ""), *_dates(updated, _from_rfc3339, "")]:
        return
    if read(published[0]) > _from_rfc3339(updated[0]):
        yield f"updated {updated[0]} before it was published, {published[0]}"


def _from_rfc3339(value: str) -> datetime:
    if not _RFC3339.fullmatch(value):
        raise ValueError(value)
    return datetime.fromisoformat(value)


def _from_rfc822(value: str) -> datetime:
    at = parsedate_to_datetime(value)
    if at.tzinfo is None or at.strftime("%a") != value[:3]:
        raise ValueError(value)
    return at


def _html(text: str) -> Problems:
    """What a reader is given to show: no script, no handler, no relative address."""
    for found in html.fromstring(f"<div>{text}</div>").iter():
        if found.tag in ("script", "style", "iframe", "object", "embed", "form"):
            yield f"content holds a <{found.tag}>"
        for name, value in found.attrib.items():
            if name.startswith("on") or name == "style":
                yield f"content holds the attribute {name}"
            if name in ("href", "src", "cite") and not _IRI.fullmatch(value):
                yield f"content has a relative address: {value!r}"
