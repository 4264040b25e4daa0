# ruff: noqa: S101
"""Every format says the same, is valid whatever people type, and can be put together from kept fragments."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from typing import Any

import feedparser  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.feeds import atom, jsonfeed, opml, rss
from forum.feeds.entries import (
    Category,
    Deleted,
    Entry,
    Feed,
    Link,
    Reference,
    element,
    optional,
    rfc822,
    rfc3339,
    tag_uri,
)
from tests.feed_rules import (
    ATOM,
    CONTENT,
    DUBLIN_CORE,
    FORBIDDEN,
    HISTORY,
    THREADING,
    TOMBSTONES,
    XML,
    check_atom,
    check_json_feed,
    check_rss,
    parse_xml,
)

SITE = "https://conversation.example.org"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FORMATS = [(atom, check_atom), (rss, check_rss), (jsonfeed, check_json_feed)]
each_format = pytest.mark.parametrize(("format", "check"), FORMATS, ids=["atom", "rss", "json"])

HOSTILE = "]]> <b>&amp;</b> \x00\x08\x0b\x1f\ufffe\uffff \ud800 \u202eשלום\u202c 👩🏽‍🏫 \ufdd0 \r\n\t \"'"

any_text = st.text() | st.sampled_from([HOSTILE, "]]>", "\x85\x9f", "&#0;"])
some_text = any_text.map(lambda text: f"x{text}")


def make_entry(number: int = 1, **changes: Any) -> Entry:
    entry = Entry(
        id=tag_uri("conversation.example.org", "2026", "post", number),
        title="Re: Marking that pupils read",
        url=f"{SITE}/threads/12-marking-that-pupils-read#post-{number}",
        published=NOON + timedelta(minutes=number),
        updated=NOON + timedelta(hours=1, minutes=number),
        author="Ada Brook, teacher, Little Wood School",
        author_url=f"{SITE}/people/7",
        html=f'<p>We tried it &amp; it <a href="{SITE}/resources">worked</a>.</p>',
        summary="We tried it & it <worked>.",
        categories=(
            Category(f"{SITE}/prompts", "your-practice", "Your practice"),
            Category(f"{SITE}/components", "assessment-for-learning", "Assessment for learning"),
        ),
        in_reply_to=Reference(
            tag_uri("conversation.example.org", "2026", "thread", 12), f"{SITE}/threads/12-x"
        ),
        replies=3,
        replies_feed=f"{SITE}/threads/12/feed.atom",
    )
    return replace(entry, **changes)


def bare_entry(number: int = 1) -> Entry:
    return Entry(
        id=tag_uri("conversation.example.org", "2026", "post", number),
        title="",
        url=f"{SITE}/posts/{number}",
        published=NOON,
        updated=NOON,
        author="A governor, primary, North East",
        html="<p>Yes.</p>",
    )


def make_feed(**changes: Any) -> Feed:
    feed = Feed(
        id=tag_uri("conversation.example.org", "2026", "feed", "prompts/your-practice"),
        title="Your practice – posts",
        subtitle="Every post under the prompt",
        url=f"{SITE}/prompts/your-practice/feed",
        page_url=f"{SITE}/prompts/your-practice",
        updated=NOON + timedelta(days=1),
        author="The personalised learning team",
    )
    return replace(feed, **changes)


def full_feed(**changes: Any) -> Feed:
    wanted: dict[str, Any] = {
        "entries": [
            make_entry(1),
            Deleted(
                id=tag_uri("conversation.example.org", "2026", "post", 2),
                when=NOON,
                reason="It named a pupil.",
            ),
            bare_entry(3),
        ],
        "previous_archive": f"{SITE}/prompts/your-practice/feed?archive=4",
        "hub": f"{SITE}/hub",
        "rights": "Their authors’ own words",
        "icon": f"{SITE}/static/icon.png",
        "alternates": (Link(f"{SITE}/prompts/your-practice/feed.other", "application/example+xml"),),
    }
    return make_feed(**(wanted | changes))


# Validity


@each_format
def test_empty_feed_is_valid(format: Any, check: Any) -> None:
    check(format.document(make_feed()))
    check(format.document(make_feed(author=None, subtitle="")))


@each_format
def test_full_feed_is_valid(format: Any, check: Any) -> None:
    check(format.document(full_feed()))


@each_format
def test_archive_page_is_valid(format: Any, check: Any) -> None:
    check(
        format.document(
            full_feed(
                is_archive=True,
                url=f"{SITE}/prompts/your-practice/feed?archive=3",
                current=f"{SITE}/prompts/your-practice/feed",
                previous_archive=f"{SITE}/prompts/your-practice/feed?archive=2",
                next_archive=f"{SITE}/prompts/your-practice/feed?archive=4",
            )
        )
    )


@each_format
def test_hostile_feed_is_valid(format: Any, check: Any) -> None:
    entry = make_entry(
        title=HOSTILE,
        author=HOSTILE,
        html=f"<p>{escape(HOSTILE)}</p>",
        summary=HOSTILE,
        categories=(Category(f"{SITE}/prompts", HOSTILE, HOSTILE),),
    )
    tombstone = Deleted(id="tag:conversation.example.org,2026:post/9", when=NOON, reason=HOSTILE)
    feed = full_feed(
        title=HOSTILE, subtitle=HOSTILE, rights=HOSTILE, author=HOSTILE, entries=[entry, tombstone]
    )
    check(format.document(feed))


@pytest.mark.parametrize("format", [atom, rss], ids=["atom", "rss"])
@pytest.mark.parametrize(
    "feed",
    [
        make_feed(),
        full_feed(),
        full_feed(title=HOSTILE, entries=[make_entry(title=HOSTILE, html=f"<p>{escape(HOSTILE)}</p>")]),
    ],
    ids=["empty", "full", "hostile"],
)
def test_feedparser_reads_it(format: Any, feed: Feed) -> None:
    read = feedparser.parse(format.document(feed), response_headers={"content-type": format.CONTENT_TYPE})
    assert read.bozo == 0
    assert read.encoding == "utf-8"
    assert read.version == {atom: "atom10", rss: "rss20"}[format]
    assert read.feed.link == feed.page_url
    assert [entry.id for entry in read.entries] == [entry.id for entry in feed.live()]
    assert [entry.link for entry in read.entries] == [entry.url for entry in feed.live()]


def test_feedparser_reads_what_an_entry_says() -> None:
    for format in (atom, rss):
        [read] = feedparser.parse(format.document(make_feed(entries=[make_entry()]))).entries
        assert read.title == "Re: Marking that pupils read"
        assert read.author == "Ada Brook, teacher, Little Wood School"
        assert read.published_parsed[:5] == (2026, 11, 23, 12, 1)
        assert read.updated_parsed[:5] == (2026, 11, 23, 13, 1)
        assert read.content[0].value == make_entry().html
        assert [tag.term for tag in read.tags] == ["your-practice", "assessment-for-learning"]
        assert read.thr_total == "3"


# What each format says


def test_atom_says_everything() -> None:
    data = atom.document(full_feed())
    root = parse_xml(data)
    entry, bare = root.findall(f"{ATOM}entry")
    assert root.get(f"{XML}lang") == "en-GB"
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "The personalised learning team"
    assert links(root) == {
        ("self", "application/atom+xml", f"{SITE}/prompts/your-practice/feed"),
        ("alternate", "text/html", f"{SITE}/prompts/your-practice"),
        ("alternate", "application/example+xml", f"{SITE}/prompts/your-practice/feed.other"),
        ("hub", None, f"{SITE}/hub"),
        ("prev-archive", "application/atom+xml", f"{SITE}/prompts/your-practice/feed?archive=4"),
    }
    assert entry.findtext(f"{ATOM}published") == "2026-11-23T12:01:00Z"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-23T13:01:00Z"
    assert entry.findtext(f"{ATOM}author/{ATOM}uri") == f"{SITE}/people/7"
    assert entry.findtext(f"{ATOM}summary") == "We tried it & it <worked>."
    content = entry.find(f"{ATOM}content")
    assert (content.get("type"), content.text) == ("html", make_entry().html)
    assert dict(entry.find(f"{ATOM}category").attrib) == {
        "scheme": f"{SITE}/prompts",
        "term": "your-practice",
        "label": "Your practice",
    }
    assert dict(entry.find(f"{THREADING}in-reply-to").attrib) == {
        "ref": "tag:conversation.example.org,2026:thread/12",
        "href": f"{SITE}/threads/12-x",
        "type": "text/html",
    }
    assert entry.findtext(f"{THREADING}total") == "3"
    [replies] = [link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "replies"]
    assert replies.get(f"{THREADING}count") == "3"
    tombstone = root.find(f"{TOMBSTONES}deleted-entry")
    assert dict(tombstone.attrib) == {
        "ref": "tag:conversation.example.org,2026:post/2",
        "when": "2026-11-23T12:00:00Z",
    }
    assert tombstone.findtext(f"{TOMBSTONES}comment") == "It named a pupil."
    assert bare.findtext(f"{ATOM}title") == "Post by A governor, primary, North East"
    assert bare.find(f"{THREADING}total") is None
    assert b"CDATA" not in data


def test_rss_says_what_it_can() -> None:
    channel = parse_xml(rss.document(full_feed())).find("channel")
    item, bare = channel.findall("item")
    assert channel.findtext("lastBuildDate") == "Tue, 24 Nov 2026 12:00:00 GMT"
    assert channel.findtext("image/link") == channel.findtext("link") == f"{SITE}/prompts/your-practice"
    assert ("self", "application/rss+xml", f"{SITE}/prompts/your-practice/feed") in links(channel)
    assert channel.find(f"{TOMBSTONES}deleted-entry").get("ref") == "tag:conversation.example.org,2026:post/2"
    assert item.find("guid").get("isPermaLink") == "false"
    assert item.findtext("pubDate") == "Mon, 23 Nov 2026 12:01:00 GMT"
    assert item.findtext(f"{DUBLIN_CORE}creator") == "Ada Brook, teacher, Little Wood School"
    assert [(c.get("domain"), c.text) for c in item.findall("category")] == [
        (f"{SITE}/prompts", "your-practice"),
        (f"{SITE}/components", "assessment-for-learning"),
    ]
    assert item.findtext("description") == "We tried it &amp; it &lt;worked&gt;."
    assert item.findtext(f"{CONTENT}encoded") == make_entry().html
    assert bare.find("title") is None
    assert bare.findtext("description") == "<p>Yes.</p>"
    assert bare.find(f"{CONTENT}encoded") is None


def test_json_feed_says_everything() -> None:
    feed = json.loads(jsonfeed.document(full_feed()))
    item, bare = feed["items"]
    assert feed["next_url"] == f"{SITE}/prompts/your-practice/feed?archive=4"
    assert feed["hubs"] == [{"type": "WebSub", "url": f"{SITE}/hub"}]
    assert feed["authors"] == [{"name": "The personalised learning team"}]
    assert feed["_deleted"] == [
        {
            "id": "tag:conversation.example.org,2026:post/2",
            "date_deleted": "2026-11-23T12:00:00Z",
            "reason": "It named a pupil.",
        }
    ]
    assert item["authors"] == [{"name": "Ada Brook, teacher, Little Wood School", "url": f"{SITE}/people/7"}]
    assert item["tags"] == ["Your practice", "Assessment for learning"]
    assert item["_conversation"] == {
        "in_reply_to": {
            "id": "tag:conversation.example.org,2026:thread/12",
            "url": f"{SITE}/threads/12-x",
        },
        "total": 3,
        "replies_feed": f"{SITE}/threads/12/feed.atom",
    }
    assert bare.keys() == {"id", "url", "content_html", "date_published", "date_modified", "authors"}


def test_archive_pages_say_so_and_subscriptions_do_not() -> None:
    archive = full_feed(is_archive=True, current=f"{SITE}/feed", next_archive=f"{SITE}/feed?archive=9")
    for format, path in ((atom, ""), (rss, "channel/")):
        page = parse_xml(format.document(archive))
        assert page.find(f"{path}{HISTORY}archive") is not None
        found = {relation: url for relation, _, url in links(page.find("channel") if path else page)}
        assert found["current"] == f"{SITE}/feed"
        assert found["next-archive"] == f"{SITE}/feed?archive=9"
        assert parse_xml(format.document(full_feed())).find(f"{path}{HISTORY}archive") is None
    said = json.loads(jsonfeed.document(archive))["_conversation"]
    assert (said["archive"], said["current"]) == (True, f"{SITE}/feed")


def test_archive_without_its_feed_is_refused() -> None:
    with pytest.raises(ValueError, match="current"):
        make_feed(is_archive=True)


@each_format
def test_document_is_its_fragments(format: Any, check: Any) -> None:
    feed = full_feed()
    entries = [format.entry(entry) for entry in feed.live()]
    deleted = [format.deleted(tombstone) for tombstone in feed.deleted()]
    assert format.feed(replace(feed, entries=()), entries, deleted) == format.document(feed)


def test_namespace_of_tombstones_is_named_only_where_there_are_any() -> None:
    for format in (atom, rss):
        assert b"tombstones" not in format.document(make_feed(entries=[make_entry()]))


def links(holder: Any) -> set[tuple[str, str | None, str]]:
    return {(link.get("rel"), link.get("type"), link.get("href")) for link in holder.findall(f"{ATOM}link")}


# Whatever people type


def kept(text: str) -> str:
    """What XML can carry of a text."""
    return FORBIDDEN.sub("", text)


@settings(deadline=None)
@given(any_text, any_text, any_text, any_text)
def test_any_text_reads_back_from_xml(text: str, value: str, before: str, after: str) -> None:
    inner = element(b"before", before) + element(b"inner", text, {b"value": value}) + element(b"after", after)
    root = parse_xml(element(b"root", inner))
    assert [root[0].text or "", root[1].text or "", root[2].text or ""] == [
        kept(before),
        kept(text),
        kept(after),
    ]
    assert root[1].get("value") == kept(value)


@settings(max_examples=60, deadline=None)
@given(some_text, some_text, some_text, some_text, some_text, any_text)
def test_any_text_reads_back_from_every_format(
    title: str, author: str, words: str, summary: str, term: str, reason: str
) -> None:
    entry = make_entry(
        title=title,
        author=author,
        html=escape(words),
        summary=summary,
        categories=(Category(f"{SITE}/prompts", term, term),),
    )
    tombstone = Deleted(id="tag:conversation.example.org,2026:post/9", when=NOON, reason=reason)
    feed = full_feed(title=title, subtitle=summary, rights=words, author=author, entries=[entry, tombstone])
    for format, check in FORMATS:
        check(format.document(feed))

    found = parse_xml(atom.document(feed)).find(f"{ATOM}entry")
    assert found.findtext(f"{ATOM}title") == kept(title)
    assert found.findtext(f"{ATOM}author/{ATOM}name") == kept(author)
    assert found.findtext(f"{ATOM}content") == escape(kept(words))
    assert found.findtext(f"{ATOM}summary") == kept(summary)
    assert found.find(f"{ATOM}category").get("label") == kept(term)
    assert parse_xml(atom.document(feed)).findtext(f"{ATOM}rights") == kept(words)

    item = parse_xml(rss.document(feed)).find("channel/item")
    assert item.findtext("title") == kept(title)
    assert item.findtext(f"{DUBLIN_CORE}creator") == kept(author)
    assert item.findtext(f"{CONTENT}encoded") == escape(kept(words))
    assert item.findtext("description") == escape(kept(summary), quote=False)
    assert item.findtext("category") == kept(term)

    told = json.loads(jsonfeed.document(feed))["items"][0]
    assert told["title"] == kept(title)
    assert told["authors"][0]["name"] == kept(author)
    assert told["content_html"] == escape(kept(words))
    assert told["summary"] == kept(summary)
    assert told["tags"] == [kept(term)]


@pytest.mark.parametrize("title", ["", " \n", "\x00", "\ud800\uffff"])
def test_title_of_nothing_is_no_title(title: str) -> None:
    feed = make_feed(entries=[replace(bare_entry(), title=title)])
    assert b"<title>Post by A governor" in atom.document(feed)
    assert parse_xml(rss.document(feed)).find("channel/item/title") is None
    assert "title" not in json.loads(jsonfeed.document(feed))["items"][0]


def test_text_is_escaped_and_finished_xml_is_not() -> None:
    assert element(b"a", "<b/>") == b"<a>&lt;b/&gt;</a>"
    assert element(b"a", b"<b/>") == b"<a><b/></a>"
    assert element(b"a", attributes={b"b": None, b"c": '"<\n'}) == b'<a c="&quot;&lt;&#10;"/>'
    assert optional(b"a", "\x00") == b""


def test_typed_escapes_are_words_like_any_other() -> None:
    check_json_feed(jsonfeed.document(make_feed(entries=[make_entry(title="\\u0007 &#7;")])))


# Names and dates


def test_tag_uri() -> None:
    assert (
        tag_uri("Conversation.example.org", "2026", "post", 12) == "tag:conversation.example.org,2026:post/12"
    )
    assert (
        tag_uri("example.org", "2026-11", "feed", "search/é?")
        == "tag:example.org,2026-11:feed/search/%C3%A9%3F"
    )


@pytest.mark.parametrize(
    ("host", "started"),
    [
        ("localhost:5000", "2026"),
        ("", "2026"),
        ("a b", "2026"),
        ("example.org", "26"),
        ("example.org", "2026-13"),
    ],
)
def test_tag_uri_refuses_what_is_no_name(host: str, started: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        tag_uri(host, started, "post", 1)


def test_dates_are_told_in_utc() -> None:
    summer = datetime(2026, 7, 1, 0, 30, 15, 999999, tzinfo=timezone(timedelta(hours=1)))
    assert rfc3339(summer) == "2026-06-30T23:30:15Z"
    assert rfc822(summer) == "Tue, 30 Jun 2026 23:30:15 GMT"
    with pytest.raises(ValueError, match="zone"):
        rfc3339(datetime(2026, 7, 1))


# OPML


def test_opml_lists_every_feed_in_its_group() -> None:
    groups = [
        opml.Group("Prompts", [opml.Subscription(HOSTILE, f"{SITE}/feed.atom?a=1&b=2", f"{SITE}/")]),
        opml.Group(
            "Components", [opml.Subscription("Strong partnership", f"{SITE}/c/feed.rss", f"{SITE}/c", "rss")]
        ),
    ]
    root = parse_xml(opml.document("Feeds of the conversation", groups, NOON))
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/dateCreated") == "Mon, 23 Nov 2026 12:00:00 GMT"
    assert [group.get("text") for group in root.findall("body/outline")] == ["Prompts", "Components"]
    assert dict(root.find("body/outline/outline").attrib) == {
        "type": "rss",
        "text": kept(HOSTILE),
        "title": kept(HOSTILE),
        "xmlUrl": f"{SITE}/feed.atom?a=1&b=2",
        "htmlUrl": f"{SITE}/",
    }


# The rules themselves


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"<updated>2026-11-23T13:01:00Z", b"<updated>2026-11-23T13:01:00", "is no date"),
        (b"<updated>2026-11-23T13:01:00Z", b"<updated>2026-11-23T11:01:00Z", "before it was published"),
        (b'rel="self"', b'rel="via"', "0 self links"),
        (b"post/3</id>", b"post/1</id>", "stands 2 times"),
        (
            b'ref="tag:conversation.example.org,2026:post/2"',
            b'ref="tag:conversation.example.org,2026:post/1"',
            "2 times",
        ),
        (b"<id>tag:", b"<id>tag ", "no absolute address"),
        (b"<author><name>Ada Brook", b"<author><name/></author><author><name>Ada Brook", "is empty"),
        (b'<content type="html">', b'<content type="html"><b/>', "has child elements"),
        (b"</generator>", b"</generator><fh:archive/>", "no link to the current feed"),
        (b"</generator>", b'</generator><link rel="next-archive" href="http://a.example/"/>', "no archive"),
        (b"</generator>", b'</generator><link rel="current" href="http://a.example/"/>', "does not say"),
        (b"2005/Atom", b"2005/atom", "the root is"),
        (b"</feed>", b"</feed", "line"),
        (b'href="https://conversation.example.org/resources"', b'href="/resources"', "relative address"),
        (b"</generator>", b"</generator><summary>x</summary>", "unknown <summary>"),
        (b"<thr:total>3", b"<thr:total>three", "thr:total"),
    ],
)
def test_atom_rules_notice(old: bytes, new: bytes, complaint: str) -> None:
    data = atom.document(full_feed())
    assert old in data
    with pytest.raises(AssertionError, match=complaint):
        check_atom(data.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"Mon, 23 Nov", b"Sun, 23 Nov", "is no date"),
        (b' isPermaLink="false"', b"", "isPermaLink"),
        (b'rel="self"', b'rel="via"', "0 self links"),
        (b"<description>Every post under the prompt</description>", b"", "0 of description"),
        (b"dc:creator>", b"author>", "no address"),
        (b"</channel>", b"<ttl>5</ttl></channel>", "after the first item"),
        (b"<ttl>15</ttl>", b"<ttl>soon</ttl>", "ttl"),
        (b"post/3</guid>", b"post/1</guid>", "stands 2 times"),
        (b"<ttl>", b"<author>ada@example.org</author><ttl>", "unknown <author>"),
    ],
)
def test_rss_rules_notice(old: bytes, new: bytes, complaint: str) -> None:
    data = rss.document(full_feed())
    assert old in data
    with pytest.raises(AssertionError, match=complaint):
        check_rss(data.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"version/1.1", b"version/1", "version"),
        (b'"date_modified":"2026-11-23T13', b'"date_modified":"2026-11-23 13', "is no date"),
        (b'"content_html"', b'"content"', "no content"),
        (b"post/3", b"post/1", "stands 2 times"),
        (b'"feed_url"', b'"self"', "no feed_url"),
        (b'"tags":["Your practice"', b'"tags":[1', "is no text"),
        (b"?archive=4", b"", "next_url leads"),
        (b'"authors":[{"name":"A gov', b'"authors":[{"role":"A gov', "an author without"),
        (b'"version"', b'"title":"Twice","version"', "twice"),
        (b"It named", b"\\u0007It named", "could not carry"),
    ],
)
def test_json_rules_notice(old: bytes, new: bytes, complaint: str) -> None:
    data = jsonfeed.document(full_feed())
    assert old in data
    with pytest.raises(AssertionError, match=complaint):
        check_json_feed(data.replace(old, new))
