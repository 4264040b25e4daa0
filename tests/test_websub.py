"""WebSub: a real hub hears of new entries once they are public, whatever happens to it meanwhile."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import feedparser
import lxml.etree
import pytest
import time_machine
from sqlalchemy import func, select

from forum.core.db import db, now
from forum.feeds.hub import PAUSES, ping
from forum.feeds.models import Announcement
from tests.browser import Site
from tests.factories import make_person, make_reply, make_thread, post_of


class Hub:
    """The publish side of a hub: takes the topics that it is told of, and answers 204 (or what a test sets)."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.calls = 0
        self.answer = "204 No Content"

    def __call__(self, environ, start_response):
        self.calls += 1
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        said = parse_qs(body.decode())
        good = environ["REQUEST_METHOD"] == "POST" and said.get("hub.mode") == ["publish"]
        good = good and environ["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
        if good and self.answer.startswith("2"):
            self.topics += said["hub.url"]
        start_response(self.answer if good else "400 Bad Request", [("Content-Length", "0")])
        return [b""]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def hub(site: Site) -> Iterator[Hub]:
    hub, before = Hub(), site.app.config["FORUM"]
    with make_server("127.0.0.1", 0, hub, handler_class=Quiet) as server:
        address = f"http://127.0.0.1:{server.server_port}/hub"
        site.app.config["FORUM"] = dataclasses.replace(before, websub_hub=address)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield hub
        site.app.config["FORUM"] = before
        server.shutdown()
        thread.join()


def test_the_hub_hears_of_each_feed_that_has_a_new_entry(site: Site, hub: Hub) -> None:
    thread = make_thread(make_person())
    ping()
    told = {topic.removeprefix("https://conversation.example.org") for topic in hub.topics}
    assert len(hub.topics) == len(told) and hub.calls == 1
    base = {
        f"/threads/{thread.id}/feed", "/feed", "/posts/feed", "/prompts/your-practice/feed",
        "/prompts/your-practice/posts/feed", "/components/assessment-for-learning/feed",
        "/components/assessment-for-learning/posts/feed", f"/people/{thread.author_id}/feed",
        f"/people/{thread.author_id}/threads/feed",
    }  # fmt: skip
    assert told == {f"{path}.{format}" for path in base for format in ("atom", "rss", "json")}
    for topic in told:  # each is a feed that is there, and names the hub in its own words and in the header
        page = site.visitor().get(topic)
        address = site.app.config["FORUM"].websub_hub
        assert f'<{address}>; rel="hub"' in page.headers["Link"], topic
        assert f'<https://conversation.example.org{topic}>; rel="self"' in page.headers["Link"]
        if topic.endswith(".json"):
            assert page.response.json["hubs"] == [{"type": "WebSub", "url": address}]
        else:
            lxml.etree.fromstring(page.data)
            links = feedparser.parse(page.data).feed.links
            assert address in [link.href for link in links if link.rel == "hub"]
    again = site.visitor().get("/feed.atom")  # from the porch, which keeps what was said with the page
    assert 'rel="hub"' in again.headers["Link"]
    assert db.session.scalar(select(func.count(Announcement.id))) == 0
    ping()
    assert hub.calls == 1, "nothing new, no call"


def test_what_is_said_by_role_only_or_hidden_by_now_is_not_told_of(site: Site, hub: Hub) -> None:
    author, moderator = make_person(), make_person(role="team")
    thread = make_thread()
    ping()
    hub.topics.clear()
    make_reply(thread, author, disclosure="role-only")
    ping()
    assert hub.topics and not [topic for topic in hub.topics if "/people/" in topic]
    hub.topics.clear()
    make_reply(thread, author)
    post_of(thread, 3).hide(moderator, "other")
    db.session.commit()
    ping()
    assert hub.topics == []
    page = site.visitor().get("/search/feed.atom?q=marking")
    assert "Link" not in page.headers and 'rel="hub"' not in page.text


def test_a_hub_that_is_away_hears_later(site: Site, hub: Hub) -> None:
    hub.answer, at = "503 Service Unavailable", now()
    make_thread()
    for pause in [timedelta(0), *PAUSES]:
        at += pause + timedelta(seconds=1)
        with time_machine.travel(at, tick=False):
            ping()
            ping()
    assert hub.calls == 1 + len(PAUSES)
    assert len(db.session.scalars(Announcement.given_up()).all()) == 1
    db.session.rollback()
    hub.answer = "202 Accepted"
    make_thread(title="Another")
    ping()
    assert hub.topics


def test_without_a_hub_nothing_is_kept_or_said(site: Site) -> None:
    make_thread()
    assert db.session.scalar(select(func.count(Announcement.id))) == 0
    page = site.visitor().get("/feed.atom")
    assert "Link" not in page.headers and "hub" not in page.text
