"""The feeds as readers fetch them: valid, whole, never more than an anonymous page shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser  # type: ignore[import-untyped]
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from config import Config
from forum.accounts.models import User
from forum.core.db import db, now
from forum.discussion.models import Component, Conversation, Post, Prompt, Thread, ThreadComponent
from forum.discussion.models.words import Publication
from forum.feeds.archives import Stream
from forum.feeds.rows import Names
from forum.feeds.streams import (
    CaseStudies,
    ComponentPosts,
    ComponentThreads,
    Posts,
    ThreadPosts,
    Threads,
    carried_by_its_thread,
    opened_by_name,
)
from forum.feeds.views import ARCHIVES_PER_MINUTE
from tests.browser import Browser, Page, Site
from tests.factories import make_person, make_reply, make_study, make_thread, post_of
from tests.feed_rules import ATOM, HISTORY, TOMBSTONES, check_atom, check_json_feed, check_rss, parse_xml
from tests.queries import counted
from tests.test_moderation import at_once
from tests.test_suggestions import explained

HOME = "https://conversation.example.org"
ATTACKS = Path(__file__).parents[2] / "shared/data/xss.jsonl"
CHECKS = {"atom": check_atom, "rss": check_rss, "json": check_json_feed}
TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
HOSTILE = "]]> <b>&amp;</b> \x01\x08\x0b\ufffe \u202eשלום\u202c 👩🏽‍🏫 <script>alert(1)</script> \"'"
COMPONENT = "assessment-for-learning"
STANDING = [
    "/feed",
    "/posts/feed",
    "/prompts/your-practice/feed",
    "/prompts/your-practice/posts/feed",
    f"/components/{COMPONENT}/feed",
    f"/components/{COMPONENT}/posts/feed",
]
EVERY = [*STANDING, "/people/{person}/feed", "/people/{person}/threads/feed", "/threads/{thread}/feed"]
each_format = pytest.mark.parametrize("format", CHECKS)


class Read:
    """A feed document, checked by the rules of its format and looked into."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.page = browser.get(url)
        self.format = urlsplit(url).path.rpartition(".")[2]
        CHECKS[self.format](self.page.data)
        assert self.page.headers["Content-Type"].startswith(TYPES[self.format])
        self.feed: Any = parse_xml(self.page.data) if self.format == "atom" else None

    @property
    def entries(self) -> dict[str, Any]:
        """Atom's entries by id, without the owner of the tag."""
        return {short(entry.findtext(f"{ATOM}id")): entry for entry in self.feed.findall(f"{ATOM}entry")}

    @property
    def tombstones(self) -> dict[str, str | None]:
        """Atom's tombstones, with what they say of why."""
        return {
            short(stone.get("ref")): stone.findtext(f"{TOMBSTONES}comment")
            for stone in self.feed.findall(f"{TOMBSTONES}deleted-entry")
        }

    def link(self, relation: str) -> str | None:
        found = self.feed.find(f"{ATOM}link[@rel='{relation}']")
        return None if found is None else str(found.get("href")).removeprefix(HOME)


def short(id: str) -> str:
    assert id.startswith("tag:conversation.example.org,2026:")
    return id.partition(":")[2].partition(":")[2]


def read(site: Site, path: str) -> Read:
    return Read(site.visitor(), path)


def walk(site: Site, path: str) -> list[Read]:
    """The subscription document and every archive page that it leads back to."""
    documents = [read(site, f"{path}.atom")]
    while (before := documents[-1].link("prev-archive")) is not None:
        documents.append(read(site, before))
        assert len(documents) < 100
    return documents


def history(site: Site, path: str) -> list[str]:
    """Every entry that the whole history of a feed has."""
    return [id for document in walk(site, path) for id in document.entries]


def path_of(feed: str, thread: Thread) -> str:
    return feed.format(thread=thread.id, person=thread.author_id)


def shown(*where: Any) -> list[str]:
    """The posts that anyone may read, as a feed names them."""
    query = select(Post.id).join(Thread, Thread.id == Post.thread_id).where(
        Post.publication == "published", Post.moderation == "clear",
        Thread.publication == "published", Thread.moderation == "clear", *where,
    )  # fmt: skip
    return sorted(f"post/{id}" for id in db.session.scalars(query))


def threads_shown(*where: Any) -> list[str]:
    query = select(Thread.id).where(Thread.publication == "published", Thread.moderation == "clear", *where)
    return sorted(f"thread/{id}" for id in db.session.scalars(query))


def long_ago(days: int = 60) -> None:
    """All that is there was written then."""
    then = now() - timedelta(days=days)
    db.session.execute(update(Post).values(published_at=then, updated_at=then))
    db.session.execute(update(Thread).values(created_at=then, last_post_at=then))
    db.session.commit()


def fill(thread: Thread, count: int, *authors: User, text: str = "Number {}.") -> list[Post]:
    """More posts of `thread`, written in turn."""
    posts = [
        thread.reply(authors[n % len(authors)], text.format(n), "role-only" if n % 5 == 4 else "named")
        for n in range(count)
    ]
    db.session.commit()
    return posts


def refreshed(site: Site, path: str) -> Read:
    site.commit()
    return read(site, path)


# What a document is


@each_format
def test_an_empty_feed_is_valid(site: Site, format: str) -> None:
    person = make_person()
    for feed in EVERY[:-1]:
        page = read(site, f"{feed.format(person=person.id)}.{format}").page
        assert "Set-Cookie" not in page.headers
        if format != "json":
            parsed = feedparser.parse(page.data)
            assert not parsed.bozo
            assert parsed.entries == []
            assert parsed.feed.title


@each_format
def test_a_feed_says_the_same_to_everyone_and_can_be_kept(site: Site, format: str) -> None:
    ada = make_person(role="team")
    thread = make_thread(ada)
    make_reply(thread)
    visitor, signed_in = site.visitor(), site.browser(ada)
    for feed in EVERY:
        address = f"{path_of(feed, thread)}.{format}"
        page, theirs = visitor.get(address), signed_in.get(address)
        assert theirs.data == page.data
        assert theirs.headers["ETag"] == page.headers["ETag"]
        assert page.headers["Vary"] == "Accept-Encoding"
        for answer in (page, theirs):
            assert answer.headers["Cache-Control"].startswith("public")
            assert "Set-Cookie" not in answer.headers
        head = visitor.head(address)
        assert head.data == b""
        assert head.headers["Content-Type"] == page.headers["Content-Type"]
        for browser in (visitor, signed_in):
            assert browser.get(address, 304, headers={"If-None-Match": page.headers["ETag"]}).data == b""


@each_format
def test_a_reader_that_knows_only_the_date_is_told_that_nothing_is_new(site: Site, format: str) -> None:
    make_thread()
    settled = now() - timedelta(minutes=1)
    for model in (Prompt, Conversation):
        db.session.execute(update(model).values(changed_at=settled))
    db.session.commit()
    address = f"/prompts/your-practice/posts/feed.{format}"
    page = site.visitor().get(address)
    same = {"If-Modified-Since": page.headers["Last-Modified"]}
    site.visitor().get(address, 304, headers=same)
    make_thread()
    site.visitor().get(address, 200, headers=same)


@each_format
def test_readers_understand_an_entry(site: Site, format: str) -> None:
    ada = make_person("Ada Obi", school="Little Wood School")
    thread = make_thread(ada, title="Marking that pupils read", text="See [what](/resources) we did.")
    make_reply(thread, make_person("Grace Lee", position="governor"), "It **worked**.", "role-only")
    data = read(site, f"/posts/feed.{format}").page.data
    if format == "json":
        reply, opening = json.loads(data)["items"]
        said = [
            (item["title"], item["authors"][0]["name"], item["content_html"].strip())
            for item in (reply, opening)
        ]
        assert reply["_conversation"]["in_reply_to"]["id"] == opening["id"]
        assert "url" not in reply["authors"][0]
        tags = opening["tags"]
    else:
        parsed = feedparser.parse(data)
        assert not parsed.bozo
        said = [(entry.title, entry.author, entry.content[0].value) for entry in parsed.entries]
        tags = [tag.get("label") or tag.term for tag in parsed.entries[1].tags]
    assert said[0] == (
        "Re: Marking that pupils read",
        "A governor, primary",
        "<p>It <strong>worked</strong>.</p>",
    )
    assert said[1][:2] == ("Marking that pupils read", "Ada Obi, teacher, Little Wood School")
    assert f'href="{HOME}/resources"' in said[1][2]
    assert len(tags) == 3
    assert b"Grace" not in data


def test_an_entry_has_a_name_of_its_own_and_leads_to_its_place(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada)
    first = fill(thread, 25, ada)[0]
    answer = thread.reply(ada, "To the second.", in_reply_to=first)
    db.session.commit()
    document = read(site, f"/threads/{thread.id}/feed.atom")
    entry = document.entries[f"post/{answer.id}"]
    assert entry.find(f"{ATOM}link").get("href") == f"{HOME}/threads/{thread.id}-{thread.slug}?page=2#post-27"
    answered = entry.find("{http://purl.org/syndication/thread/1.0}in-reply-to")
    assert short(answered.get("ref")) == f"post/{first.id}"
    assert answered.get("href") == f"{HOME}/threads/{thread.id}-{thread.slug}#post-2"
    assert short(document.feed.findtext(f"{ATOM}id")) == f"feed/threads/{thread.id}"
    schemes = [category.get("scheme") for category in entry.findall(f"{ATOM}category")]
    assert schemes == [f"{HOME}/prompts", f"{HOME}/components", f"{HOME}/kinds"]


def test_the_two_streams_are_not_mixed(site: Site) -> None:
    thread = make_thread()
    before = read(site, "/feed.atom").entries[f"thread/{thread.id}"]
    make_reply(thread)
    after = read(site, "/feed.atom")
    assert list(after.entries) == [f"thread/{thread.id}"]
    entry = after.entries[f"thread/{thread.id}"]
    assert entry.findtext(f"{ATOM}updated") == before.findtext(f"{ATOM}updated")
    assert entry.findtext("{http://purl.org/syndication/thread/1.0}total") == "1"
    assert all(id.startswith("post/") for id in read(site, "/posts/feed.atom").entries)


def test_only_a_real_edit_moves_updated(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada)
    post = post_of(thread)

    def dates() -> tuple[str, str]:
        entry = refreshed(site, "/posts/feed.atom").entries[f"post/{post.id}"]
        return entry.findtext(f"{ATOM}published"), entry.findtext(f"{ATOM}updated")

    long_ago()
    first = dates()
    make_reply(thread)
    thread.pin(make_person(role="team"))
    assert dates() == first
    post = post_of(thread)
    post.edit(ada, "Other words.", "named", post.version, title="Another title")
    published, updated = dates()
    assert published == first[0]
    assert updated > first[1]
    entry = read(site, "/feed.atom").entries[f"thread/{thread.id}"]
    assert entry.findtext(f"{ATOM}title") == "Another title"
    assert entry.findtext(f"{ATOM}updated") == updated


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000",
                                 "https://Conversation.Example.ORG", "https://prüfung.example"])  # fmt: skip
def test_every_host_can_own_a_name(tmp_path: Path, url: str) -> None:
    env = {"FORUM_ENV": "development", "INSTANCE": str(tmp_path), "SITE_URL": url, "FIRST_POSTS_HELD": "0"}
    config = Config.from_environment(env)
    tag = Names(config.site_url, config.host_name, config.feed_started).tag("post", 12)
    assert re.fullmatch(r"tag:[a-z0-9]([a-z0-9.-]*[a-z0-9])?,2026:post/12", tag)


@each_format
def test_whatever_people_type_the_feeds_are_valid(site: Site, format: str) -> None:
    ada = make_person(name=f"Ada {HOSTILE}", school=HOSTILE)
    thread = make_thread(ada, title=HOSTILE, text=HOSTILE)
    attacks = [
        json.loads(line)["payload"].replace("\0", "")
        for line in ATTACKS.read_text("utf-8").splitlines()[:300]
    ]
    for attack in attacks:
        thread.reply(ada, attack)
    db.session.commit()
    for attack in attacks[:20]:
        make_thread(ada, title=attack.replace("\n", " ")[:200] or "x", text=attack)
    for feed in EVERY:
        address = f"{path_of(feed, thread)}.{format}"
        page = read(site, address).page
        if format != "json":
            assert not feedparser.parse(page.data).bozo
        elif "archive" not in address:
            assert json.loads(page.data)["items"]
    if format == "atom":
        assert len(history(site, f"/threads/{thread.id}/feed")) == 301


# The whole history


@pytest.fixture
def grown(site: Site) -> Thread:
    """A site with a past: 130 posts in one thread, 105 threads, and something taken away here and there."""
    ada, team = make_person("Ada Obi"), make_person("Grace Lee", role="team")
    others = [make_person(f"Person {n}") for n in range(3)]
    long = make_thread(ada, title="The long one")
    prompts = list(db.session.scalars(Prompt.in_order()))
    components = list(db.session.scalars(Component.in_order()))
    posts = fill(long, 129, ada, others[0])
    threads = []
    for n in range(104):
        by, carried = (ada, *others)[n % 4], components[:1] if n % 2 else components[1 : n % 5]
        disclosure = "role-only" if n % 7 == 0 else "named"
        threads.append(Thread.start(prompts[n % 3 and 1], by, f"Thread {n}", "Words.", carried, disclosure))
        if n % 4 == 0:
            posts.append(threads[-1].reply(others[n % 3], "A reply."))
    db.session.commit()
    for n in (3, 40, 99, 128, 140):
        post_of(db.session.get_one(Thread, posts[n].thread_id), posts[n].number or 1).hide(team, "spam")
    for n in (5, 50, 90):
        threads[n].hide(team, "off-topic")
    post_of(threads[9]).hide(team, "personal")
    post_of(long, 50).withdraw(post_of(long, 50).author)
    db.session.commit()
    long_ago()
    return long


def test_each_feed_leads_back_to_its_whole_history_and_to_nothing_else(site: Site, grown: Thread) -> None:
    prompt = db.session.scalars(select(Prompt).where(Prompt.slug == "your-practice")).one()
    component = db.session.scalars(select(Component).where(Component.slug == COMPONENT)).one()
    carried = Thread.id.in_(_carrying(component))
    ada = grown.author_id
    by_name = Thread.id.in_(select(Post.thread_id).where(
        Post.number == 1, Post.disclosure == "named", Post.moderation == "clear"
    ))  # fmt: skip
    expected = {
        "/posts/feed": shown(),
        "/prompts/your-practice/posts/feed": shown(Post.prompt_id == prompt.id),
        f"/components/{COMPONENT}/posts/feed": shown(carried),
        f"/people/{ada}/feed": shown(Post.author_id == ada, Post.disclosure == "named"),
        f"/threads/{grown.id}/feed": shown(Post.thread_id == grown.id),
        "/feed": threads_shown(),
        "/prompts/your-practice/feed": threads_shown(Thread.prompt_id == prompt.id),
        f"/components/{COMPONENT}/feed": threads_shown(carried),
        f"/people/{ada}/threads/feed": threads_shown(Thread.author_id == ada, by_name),
    }
    assert len(expected["/posts/feed"]) > 240
    assert len(expected["/feed"]) == 102
    for path, ids in expected.items():
        assert sorted(history(site, path)) == ids, path
    for path in ("/posts/feed", "/feed", f"/components/{COMPONENT}/posts/feed", f"/threads/{grown.id}/feed"):
        assert len(walk(site, path)) > 1, path


def _carrying(component: Component) -> list[int]:
    page = select(Thread.id).where(
        db.text("id IN (SELECT thread_id FROM thread_components WHERE component_id = :c)")
    )
    return list(db.session.scalars(page, {"c": component.id}))


def test_archive_pages_are_linked_both_ways_and_keep_what_they_hold(site: Site, grown: Thread) -> None:
    documents = walk(site, "/posts/feed")
    assert documents[0].link("current") is None
    assert documents[0].feed.find(f"{HISTORY}archive") is None
    for later, archive in zip(documents, documents[1:], strict=False):
        assert archive.feed.find(f"{HISTORY}archive") is not None
        assert archive.link("current") == "/posts/feed.atom"
        assert archive.link("self") == later.link("prev-archive")
        expected = later.link("self") if later.feed.find(f"{HISTORY}archive") is not None else None
        assert archive.link("next-archive") == expected
    before = {document.url: document for document in documents[1:]}
    fill(grown, 150, db.session.get_one(User, grown.author_id))
    after = walk(site, "/posts/feed")
    assert len(after) == len(documents) + 1
    for document in after:
        if document.url in before:
            assert list(document.entries) == list(before[document.url].entries)
            assert document.tombstones == before[document.url].tombstones


def test_archive_pages_are_valid_in_every_format_and_others_do_not_exist(site: Site, grown: Thread) -> None:
    pages = (("/posts/feed", "1-100"), ("/feed", "1-50"), (f"/threads/{grown.id}/feed", "1-50"))
    for path, block in pages:
        for format in CHECKS:
            page = read(site, f"{path}.{format}?archive={block}").page
            assert page.text.count(f"{HOME}{path}.{format}?archive={block}") == 1
            if format == "json":
                assert json.loads(page.data)["_conversation"]["current"] == f"{HOME}{path}.{format}"
    blocks = ["", "1", "0-99", "1-99", "2-101", "1-200", "301-400", "901-1000", "100-1", "1-100-200", "١-١٠٠"]
    for block in (*blocks, "99999999901-99999999999999"):
        site.visitor().get("/posts/feed.atom", query_string={"archive": block}, status=404)


def test_what_is_new_this_week_is_in_the_feed_up_to_a_limit(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada)
    fill(thread, 149, ada)
    assert len(read(site, "/posts/feed.atom").entries) == 150
    fill(thread, 100, ada)
    assert len(read(site, "/posts/feed.atom").entries) == 150
    assert len(read(site, f"/threads/{thread.id}/feed.atom").entries) == 200
    long_ago()
    site.commit()
    _touch(thread)
    assert len(read(site, "/posts/feed.atom").entries) == 50
    assert len(read(site, f"/threads/{thread.id}/feed.atom").entries) == 50


def _touch(thread: Thread) -> None:
    thread.hold()
    thread.touched()
    db.session.commit()


def test_a_seldom_used_component_is_followed_over_a_long_silence(site: Site) -> None:
    ada = make_person()
    quiet = make_thread(ada, components=("school-organisation",))
    fill(quiet, 9, ada)
    loud = make_thread(ada)
    for start in (6_000, 12_000, 18_000):
        loud.hold()
        loud.posts_count += 1
        post = Post(place=start, thread=loud, prompt_id=loud.prompt_id, author=ada, number=loud.posts_count, source="x",
                    html=post_of(loud).html)  # fmt: skip
        db.session.add(post)
        db.session.commit()
    path = "/components/school-organisation/posts/feed"
    assert history(site, path) == [f"post/{id}" for id in range(10, 0, -1)]
    quiet.hold()
    late = Post(place=18_001, thread=quiet, prompt_id=quiet.prompt_id, author=ada, number=11, source="x",
                html=post_of(loud).html)  # fmt: skip
    quiet.posts_count = 11
    db.session.add(late)
    _touch(quiet)
    assert history(site, path) == [f"post/{late.id}", *(f"post/{id}" for id in range(10, 0, -1))]


def test_a_feed_asks_the_same_of_the_database_for_one_entry_and_for_fifty(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada)
    paths = [path_of(feed, thread) for feed in EVERY]
    for path in paths:
        read(site, f"{path}.atom")
    asked = {}
    for count in (1, 50):
        for n in range(count - 1):
            make_reply(make_thread(ada) if n % 2 else thread, ada)
        for path in paths:
            _touch(thread)
            with counted() as statements:
                read(site, f"{path}.atom")
            asked[path, count] = len(statements)
    for path in paths:
        assert asked[path, 1] == asked[path, 50] <= 8, path


# What is taken away


@pytest.fixture
def removal(site: Site) -> Thread:
    ada = make_person("Ada Obi")
    thread = make_thread(ada, title="Our secret title", text="A secret.")
    make_reply(thread, ada, "Another secret.")
    return thread


def feeds_of(thread: Thread) -> Iterator[str]:
    for feed in EVERY:
        yield f"{path_of(feed, thread)}.atom"


def is_posts(feed: str) -> bool:
    return "posts/" in feed or re.match(r"/(people|threads)/\d+/feed", feed) is not None


def test_a_withdrawn_post_leaves_a_tombstone_and_comes_back(site: Site, removal: Thread) -> None:
    reply = post_of(removal, 2)
    name, was = f"post/{reply.id}", reply.updated_at
    reply.withdraw(reply.author)
    for feed in feeds_of(removal):
        document = refreshed(site, feed)
        assert "Another secret" not in document.page.text
        if is_posts(feed):
            why = None if "/people/" in feed else "Withdrawn by its author"
            assert document.tombstones == {name: why}
            assert name not in document.entries
        else:
            assert document.tombstones == {}
    for format, check in CHECKS.items():
        check(site.visitor().get(f"/posts/feed.{format}").data)
    reply = post_of(removal, 2)
    reply.bring_back(reply.author)
    for feed in feeds_of(removal):
        document = refreshed(site, feed)
        assert document.tombstones == {}
        if is_posts(feed):
            assert document.entries[name].findtext(f"{ATOM}updated") >= was.isoformat(timespec="seconds")[:19]


def test_a_hidden_post_leaves_a_tombstone_and_comes_back(site: Site, removal: Thread) -> None:
    team = make_person(role="team")
    long_ago(1)
    before = read(site, "/posts/feed.atom").entries[f"post/{post_of(removal).id}"].findtext(f"{ATOM}updated")
    opening = post_of(removal)
    opening.hide(team, "pupil", "Names a child.")
    for feed in feeds_of(removal):
        document = refreshed(site, feed)
        assert "A secret" not in document.page.text
        assert "Names a child" not in document.page.text
        if feed.startswith(f"/people/{removal.author_id}/threads"):
            assert document.tombstones == {f"thread/{removal.id}": None}
        elif is_posts(feed):
            assert list(document.tombstones) == [f"post/{opening.id}"]
        else:
            words = document.entries[f"thread/{removal.id}"].findtext(f"{ATOM}content")
            assert words == "<p>Hidden by the team: a pupil could be identified</p>\n"
    said = read(site, "/posts/feed.atom").tombstones[f"post/{opening.id}"]
    assert said == "Hidden by the team: a pupil could be identified"
    post_of(removal).publish(team)
    for feed in feeds_of(removal):
        assert refreshed(site, feed).tombstones == {}
    after = read(site, "/posts/feed.atom").entries[f"post/{opening.id}"].findtext(f"{ATOM}updated")
    assert after > before


def test_a_hidden_thread_leaves_tombstones_and_comes_back(site: Site, removal: Thread) -> None:
    team = make_person(role="team")
    long_ago(1)
    posts = {f"post/{post_of(removal, number).id}" for number in (1, 2)}
    removal.hide(team, "spam")
    site.commit()
    for feed in feeds_of(removal):
        if feed.startswith("/threads/"):
            site.visitor().get(feed, 404)
            continue
        document = read(site, feed)
        assert "secret" not in document.page.text
        assert document.entries == {}
        assert set(document.tombstones) == (posts if is_posts(feed) else {f"thread/{removal.id}"})
        assert set(document.tombstones.values()) == {
            None if "/people/" in feed else "Hidden by the team: spam or advertising"
        }
    removal.restore(team)
    for feed in feeds_of(removal):
        document = refreshed(site, feed)
        assert document.tombstones == {}
        assert set(document.entries) == (posts if is_posts(feed) else {f"thread/{removal.id}"})
    updated = read(site, "/feed.atom").entries[f"thread/{removal.id}"].findtext(f"{ATOM}updated")
    assert updated >= now().date().isoformat()


def test_a_thread_that_its_author_withdrew_leaves_a_tombstone(site: Site) -> None:
    thread = make_thread()
    post = post_of(thread)
    post.withdraw(post.author)
    site.commit()
    assert read(site, "/feed.atom").tombstones == {f"thread/{thread.id}": "Withdrawn by its author"}
    assert read(site, "/posts/feed.atom").tombstones == {f"post/{post.id}": "Withdrawn by its author"}


def test_removals_of_a_month_are_told_however_old_the_post(site: Site, grown: Thread) -> None:
    team = make_person(role="team")
    old = post_of(grown, 2)
    old.hide(team, "personal")
    site.commit()
    for path in (
        "/posts/feed.atom",
        "/prompts/your-practice/posts/feed.atom",
        f"/threads/{grown.id}/feed.atom",
    ):
        document = read(site, path)
        assert f"post/{old.id}" in document.tombstones
        assert f"post/{old.id}" not in document.entries
    db.session.execute(update(Post).where(Post.id == old.id).values(gone_at=now() - timedelta(days=31)))
    _touch(grown)
    assert f"post/{old.id}" not in read(site, "/posts/feed.atom").tombstones
    archive = read(site, "/posts/feed.atom?archive=1-100")
    assert f"post/{old.id}" in archive.tombstones


def test_a_post_made_role_only_tells_no_feed_who_wrote_it(site: Site) -> None:
    ada = make_person("Ada Obi")
    thread = make_thread(ada)
    make_thread(ada, title="By name")
    own = [f"/people/{ada.id}/feed.atom", f"/people/{ada.id}/threads/feed.atom"]
    for feed in feeds_of(thread):
        assert "Ada Obi" in read(site, feed).page.text
    post = post_of(thread)
    post.edit(ada, post.source, "role-only", post.version)
    site.commit()
    for feed in own:
        document = read(site, feed)
        assert document.tombstones == {}
        assert [entry.findtext(f"{ATOM}title") for entry in document.entries.values()] == ["By name"]
    document = read(site, f"/threads/{thread.id}/feed.atom")
    for words in (
        document.page.text,
        *(site.visitor().get(f"/threads/{thread.id}/feed.{f}").text for f in CHECKS),
    ):
        assert "Ada" not in words
        assert f"/people/{ada.id}" not in words
    entry = read(site, "/posts/feed.atom").entries[f"post/{post.id}"]
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "A teacher, primary"
    assert entry.find(f"{ATOM}author/{ATOM}uri") is None
    team = make_person(role="team")
    post_of(thread).hide(team, "spam")
    assert refreshed(site, own[0]).tombstones == {}
    assert refreshed(site, own[1]).tombstones == {}


def test_a_new_name_is_in_every_feed_at_once(site: Site) -> None:
    ada = make_person("Ada Obi")
    thread = make_thread(ada)
    for feed in feeds_of(thread):
        assert "Ada Obi, teacher" in read(site, feed).page.text
    ada.describe(name="Ada King", position="headteacher", phase="primary", school="Elm", disclosure="named")
    site.commit()
    for feed in feeds_of(thread):
        words = read(site, feed).page.text
        assert "Ada King, headteacher, Elm" in words
        assert "Ada Obi" not in words


def test_what_was_never_public_is_in_no_feed(site: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    thread = make_thread(ada)
    held = make_reply(thread, ada, "Held back.")
    held.publication, held.number = Publication.HELD, None
    draft = make_thread(ada, title="Not yet")
    draft.publication = Publication.DRAFT
    site.commit()
    for gone in (None, now()):
        db.session.execute(update(Post).where(Post.id == held.id).values(gone_at=gone))
        _touch(thread)
        for feed in feeds_of(thread):
            document = read(site, feed)
            assert "Held back" not in document.page.text
            assert "Not yet" not in document.page.text
            assert document.tombstones == {}
            assert len(document.entries) == 1
    draft.hide(team, "spam")
    assert refreshed(site, "/feed.atom").tombstones == {}


# The same as the pages


def numbers_on_pages(site: Site, thread: Thread) -> list[int]:
    found: list[int] = []
    for page in range(1, -(-thread.posts_count // 20) + 1):
        seen = site.visitor().get(f"/threads/{thread.id}-{thread.slug}?page={page}")
        found += [int(id.removeprefix("post-")) for id in seen.select(
            "//article[contains(@class, 'post') and not(contains(@class, 'post--gone'))]/@id"
        )]  # fmt: skip
    return found


def links_on_pages(site: Site, path: str) -> set[str]:
    """The threads that the pages of a list link to."""
    found: set[str] = set()
    for number in range(1, 20):
        page = site.visitor().client.get(path, query_string={"page": number})
        if page.status_code == 404:
            break
        found |= set(Page(page).select("//li[@class='thread-row']//a[starts-with(@href, '/threads/')]/@href"))
    return found


def test_a_feed_has_what_the_anonymous_pages_show_and_nothing_more(site: Site, grown: Thread) -> None:
    places = [
        entry.find(f"{ATOM}link").get("href")
        for document in walk(site, f"/threads/{grown.id}/feed")
        for entry in document.entries.values()
    ]
    assert sorted(int(place.rpartition("-")[2]) for place in places) == numbers_on_pages(site, grown)
    for path in ("/prompts/your-practice", "/prompts/resources", f"/components/{COMPONENT}"):
        places = [
            entry.find(f"{ATOM}link").get("href").removeprefix(HOME)
            for document in walk(site, f"{path}/feed")
            for entry in document.entries.values()
        ]
        assert set(places) == links_on_pages(site, path)
    in_prompts = set()
    for slug in ("your-practice", "resources", "what-more"):
        in_prompts |= set(history(site, f"/prompts/{slug}/posts/feed"))
    assert in_prompts == set(history(site, "/posts/feed"))
    shown_on_pages: list[str] = []
    address = f"/people/{grown.author_id}"
    while address:
        page = site.visitor().get(address)
        shown_on_pages += page.select("//li[@class='thread-row']//a[starts-with(@href, '/posts/')]/@href")
        older = page.select("//div[contains(@class, 'pagination__next')]/a/@href")
        address = older[0] if older else ""
    ids = [f"/{id.replace('post/', 'posts/')}" for id in history(site, f"/people/{grown.author_id}/feed")]
    assert ids == shown_on_pages


# Which feeds there are


def test_what_is_no_feed_is_not_found(site: Site) -> None:
    thread = make_thread()
    ghost = make_person(confirmed=False)
    for path in (
        "/feed.xml", "/feed", "/posts/feed.html", "/prompts/none/feed.atom", "/components/none/feed.rss",
        "/people/999/feed.atom", f"/people/{ghost.id}/feed.atom", f"/people/{ghost.id}/threads/feed.json",
        "/threads/999/feed.atom", f"/threads/{thread.id}/threads/feed.atom",
        f"/threads/{thread.id}-{thread.slug}/feed.atom", "/threads/99999999999999999999/feed.atom",
        "/people/2147483648/feed.atom", "/feed.atom?archive=1-50", "/prompts/a%00b/feed.atom",
    ):  # fmt: skip
        site.visitor().get(path, 404)


def test_the_page_of_feeds_leads_to_each_of_them(site: Site) -> None:
    make_thread()
    page = site.visitor().get("/feeds")
    links = [link for link in page.select("//main//a/@href") if "/feed." in link]
    assert len(links) == len(set(links)) == (9 * 2 + 3) * 3
    for link in links:
        read(site, link)
    assert "/feeds.opml" in page.select("//main//a/@href")
    assert len(page.select("//link[@rel='alternate']")) == 9


def test_opml_lists_every_feed(site: Site) -> None:
    page = site.visitor().get("/feeds.opml")
    assert page.headers["Content-Type"] == "text/x-opml; charset=utf-8"
    assert page.headers["Cache-Control"].startswith("public")
    outline = parse_xml(page.data)
    assert [group.get("text") for group in outline.findall("body/outline")] == [
        "The whole conversation", "Prompts", "Components", "Case studies", "Answers", "Moderation",
    ]  # fmt: skip
    feeds = outline.findall("body/outline/outline")
    assert len(feeds) == 21
    for feed in feeds:
        assert read(site, feed.get("xmlUrl").removeprefix(HOME)).feed.findtext(f"{ATOM}title") == feed.get(
            "text"
        )
        site.visitor().get(feed.get("htmlUrl").removeprefix(HOME) or "/")


def test_pages_say_which_feeds_follow_them(site: Site) -> None:
    thread = make_thread()
    pages = ["/", "/prompts/your-practice", f"/components/{COMPONENT}", f"/threads/{thread.id}-{thread.slug}",
             f"/people/{thread.author_id}"]  # fmt: skip
    for path in pages:
        links = site.visitor().get(path).select("//head/link[@rel='alternate']")
        assert links, path
        for link in links:
            format = link.get("href").rpartition(".")[2]
            assert link.get("type") == TYPES[format]
            read(site, link.get("href"))


def test_whoever_hurries_through_the_archives_is_asked_to_wait(site: Site) -> None:
    make_thread()
    hasty = site.visitor()
    for n in range(ARCHIVES_PER_MINUTE):
        assert hasty.client.get(f"/feed.atom?archive=1-50&n={n}").status_code == 404
    refused = site.visitor().get("/posts/feed.rss?archive=1-100", 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    site.visitor().get("/feed.atom")


# What waited for the team


STREAMS = [*STANDING, "/people/{person}/feed", "/people/{person}/threads/feed"]


def whole(post: int) -> Post:
    return db.session.scalars(select(Post).where(Post.id == post).options(joinedload(Post.thread))).one()


def let_out(post: int, by: User) -> None:
    whole(post).publish(by)
    db.session.commit()


@pytest.fixture
def waited(site: Site) -> tuple[Thread, int, Thread]:
    """A reply and a thread that wait, and have since before archives were filled, by a person who says other things."""
    ada = make_person("Ada Obi")
    quiet = make_thread(ada, title="A quiet thread")
    make_study(ada)
    db.session.execute(update(Conversation).values(holds=True))
    held, new = quiet.reply(ada, "It waited.").id, make_thread(ada, title="A thread that waited")
    db.session.execute(update(Conversation).values(holds=False))
    fill(make_thread(ada, title="A busy thread"), 230, ada)
    for number in range(60):
        make_thread(ada, title=f"Thread {number}")
    long_ago()
    return quiet, held, new


def test_what_waited_is_told_as_new_and_no_archive_changes(
    site: Site, waited: tuple[Thread, int, Thread]
) -> None:
    """A reader who only subscribes learns of it at once; whoever was away for months walks back until they meet an
    archive page that they have; each gets everything once."""
    (quiet, held, new), tess = waited, make_person("Tess Okafor", role="team")
    feeds = [path_of(feed, quiet) for feed in STREAMS]
    opening, thread = post_of(new).id, new.id
    late = {f"post/{held}", f"post/{opening}", f"thread/{thread}"}
    before = {feed: walk(site, feed) for feed in feeds}
    assert not late & {id for documents in before.values() for each in documents for id in each.entries}
    for id in (opening, held):
        let_out(id, tess)
    for feed in feeds:
        new_ids = [f"post/{held}", f"post/{opening}"] if is_posts(feed) else [f"thread/{thread}"]
        assert list(read(site, f"{feed}.atom").entries)[: len(new_ids)] == new_ids, feed
    ada = db.session.get_one(User, quiet.author_id)
    fill(quiet, 230, ada)
    for number in range(60):
        make_thread(ada, title=f"Later {number}")
    long_ago(40)
    for feed in feeds:
        known = {each.url: each for each in before[feed][1:]}
        seen, address = [], f"{feed}.atom"
        documents = walk(site, feed)
        for document in documents:
            if document.url in known:
                assert list(document.entries) == list(known[document.url].entries), document.url
                assert document.tombstones == known[document.url].tombstones
        while address and address not in known:
            seen.append(read(site, address))
            address = seen[-1].link("prev-archive") or ""
        assert address in known or not known, feed
        met = {id for each in (*seen, *before[feed]) for id in each.entries}
        told = [id for each in documents for id in each.entries]
        assert len(told) == len(set(told)) and set(told) == met, feed
    assert sorted(history(site, "/posts/feed")) == shown()
    assert sorted(history(site, "/feed")) == threads_shown()
    assert post_of(quiet, 2).id == held and history(site, f"/threads/{quiet.id}/feed")[-2] == f"post/{held}"


def test_lists_have_what_waited_where_its_date_says(site: Site, waited: tuple[Thread, int, Thread]) -> None:
    (quiet, held, new), tess = waited, make_person("Tess Okafor", role="team")
    let_out(post_of(new).id, tess)
    let_out(held, tess)
    for narrowed in ("", f"&component={COMPONENT}"):
        page = site.visitor().get(f"/prompts/your-practice?sort=newest{narrowed}")
        first = page.select("//li[@class='thread-row']//a[starts-with(@href, '/threads/')]/@href")[0]
        assert first == f"/threads/{new.id}-{new.slug}", narrowed
    page = site.visitor().get(f"/people/{quiet.author_id}")
    links = page.select("//li[@class='thread-row']//a[starts-with(@href, '/posts/')]/@href")
    assert links[:2] == [f"/posts/{held}", f"/posts/{post_of(new).id}"]


def test_what_was_withdrawn_while_it_waited_was_never_told(site: Site) -> None:
    ada = make_person("Ada Obi")
    quiet = make_thread(ada)
    db.session.execute(update(Conversation).values(holds=True))
    held, new = quiet.reply(ada, "It waited.").id, make_thread(ada, title="It waited too")
    opening = post_of(new).id
    for id in (held, opening):
        whole(id).withdraw(ada)
    db.session.execute(update(Conversation).values(holds=False))
    site.commit()
    make_reply(quiet, ada)
    feeds = [f"{path_of(feed, quiet)}.atom" for feed in STREAMS]
    for feed in feeds:
        assert read(site, feed).tombstones == {}, feed
    for id in (held, opening):
        whole(id).bring_back(ada)
        db.session.commit()
    for feed in feeds:
        new_ids = [f"post/{opening}", f"post/{held}"] if is_posts(feed.replace(".atom", "")) else []
        assert list(read(site, feed).entries)[: len(new_ids)] == new_ids, feed
    assert threads_shown() == sorted(history(site, "/feed")) and shown() == sorted(
        history(site, "/posts/feed")
    )


def test_of_many_that_are_let_out_at_once_each_has_its_own_place(site: Site) -> None:
    ada, tess = make_person("Ada Obi"), make_person("Tess Okafor", role="team")
    threads = [make_thread(ada, title=f"Thread {number}") for number in range(3)]
    db.session.execute(update(Conversation).values(holds=True))
    held = [each.reply(ada, "It waited.").id for each in threads]
    held.append(post_of(make_thread(ada, title="A thread that waited")).id)
    db.session.execute(update(Conversation).values(holds=False))
    db.session.commit()
    team, open_to_all = tess.id, [each.id for each in threads]
    db.session.remove()

    def release(id: int) -> int:
        with site.app.app_context():
            let_out(id, db.session.get_one(User, team))
        return 0

    def write(id: int) -> int:
        with site.app.app_context():
            make_reply(db.session.get_one(Thread, id), db.session.get_one(User, team))
        return 0

    at_once(*(partial(release, id) for id in held * 2), *(partial(write, id) for id in open_to_all))
    found = db.session.scalars(select(Post.place).where(Post.publication == "published")).all()
    assert sorted(place or 0 for place in found) == list(range(1, 11))
    assert sorted(history(site, "/posts/feed")) == shown()


def test_each_feed_is_a_range_of_an_index(site: Site) -> None:
    names = Names(HOME, "conversation.example.org", "2026")
    about = {"names": names, "title": "", "path": "", "page": "", "sizes": (50,)}
    carried = (ThreadComponent.component_id == 1,)
    streams: list[Stream] = [
        Posts(**about),
        Posts(**about, where=(Post.prompt_id == 1,)),
        Posts(**about, where=(Post.author_id == 1, Post.disclosure == "named")),
        ThreadPosts(**about, where=(Post.thread_id == 1,)),
        Threads(**about),
        Threads(**about, where=(Thread.prompt_id == 1,)),
        Threads(**about, where=(Thread.author_id == 1, opened_by_name())),
        ComponentThreads(**about, where=carried),
        CaseStudies(**about),
    ]
    for stream in streams:
        newest = stream.shown().order_by(stream.position.desc()).limit(201)
        below = stream.shown().where(stream.position < 500).order_by(stream.position.desc()).limit(1)
        block = (
            stream.ever().where(stream.position.between(1, 50)).order_by(stream.position.desc()).limit(501)
        )
        for query in (newest, below, block):
            plan = "\n".join(explained(query))
            assert "TEMP B-TREE" not in plan and "Sort" not in plan and "Seq Scan" not in plan, plan
            whole = [line for line in plan.splitlines() if "SCAN" in line and "INDEX" not in line]
            assert not whole, plan
    component = ComponentPosts(**about, component=1, where=(carried_by_its_thread(1),))
    looked = component.shown().where(Post.place.between(1, 5_000)).order_by(Post.place.desc()).limit(201)
    plan = "\n".join(explained(looked))
    assert "ix_posts_place" in plan and "TEMP B-TREE" not in plan and "Sort" not in plan, plan
    db.session.rollback()
