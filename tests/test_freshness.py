"""Validators, the porch, and that nothing which has gone is ever shown again."""

from __future__ import annotations

import dataclasses
import gzip
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from forum import create_app
from forum.core.db import db, now
from forum.core.freshness import Mark, Rests
from forum.core.limits import limiter
from forum.core.porch import Kept, Porch
from forum.discussion.models import Thread
from tests.browser import Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.queries import counted
from tests.servers import redis_server

PAGES = [
    "THREAD",
    "/prompts/your-practice",
    "/components/assessment-for-learning",
    "/",
    "/about",
    "/feed.atom",
    "/posts/feed.rss",
    "THREAD-FEED",
]


def path_of(name: str, thread: Thread) -> str:
    return {
        "THREAD": f"/threads/{thread.id}-{thread.slug}",
        "THREAD-FEED": f"/threads/{thread.id}/feed.json",
    }.get(name, name)


def porch_of(site: Site) -> Porch:
    porch = site.app.wsgi_app
    assert isinstance(porch, Porch)
    return porch


@pytest.mark.parametrize("name", PAGES)
def test_a_visitor_gets_a_kept_page_that_is_the_same(site: Site, name: str) -> None:
    path = path_of(name, make_thread())
    first = site.visitor().get(path)
    assert "Set-Cookie" not in first.headers and "Cookie" not in first.headers.get("Vary", "")
    assert first.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=")
    with counted() as queries:
        second = site.visitor().get(path)
    assert not queries
    assert second.data == first.data
    same = {
        "Content-Type",
        "Cache-Control",
        "ETag",
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "Vary",
    }
    assert {n: second.headers.get(n) for n in same} == {n: first.headers.get(n) for n in same}


@pytest.mark.parametrize("name", PAGES)
def test_a_reader_who_has_it_is_told_so(site: Site, name: str) -> None:
    path = path_of(name, make_thread())
    visitor = site.visitor()
    zipped = visitor.get(path, headers={"Accept-Encoding": "gzip"})
    plain = visitor.get(path)
    assert gzip.decompress(zipped.data) == plain.data
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    for etag in (
        zipped.headers["ETag"],
        plain.headers["ETag"],
        "W/" + plain.headers["ETag"],
        '"x", ' + plain.headers["ETag"],
    ):
        for kept in (True, False):
            if not kept:
                porch_of(site).forget()
                with counted():
                    pass
            answer = visitor.get(path, status=304, headers={"If-None-Match": etag})
            assert answer.data == b"" and answer.headers["ETag"]
    visitor.get(path, headers={"If-None-Match": '"other"'})


def test_a_date_is_honoured_once_its_second_is_over(site: Site) -> None:
    thread = make_thread()
    path, visitor = path_of("THREAD", thread), site.visitor()
    visitor.get(path)
    time.sleep(1.05)
    page = visitor.get(path)
    date = page.headers["Last-Modified"]
    visitor.get(path, status=304, headers={"If-Modified-Since": date})
    visitor.get(path, headers={"If-Modified-Since": date, "If-None-Match": '"other"'})
    make_reply(thread)
    visitor.get(path, headers={"If-Modified-Since": date})


def test_a_date_of_this_very_second_is_not_said() -> None:
    at = now()
    mark = Mark(Rests(""), (), "e", at.timestamp())
    with time_machine.travel(at + timedelta(milliseconds=300), tick=False):
        assert not mark.is_settled
    with time_machine.travel(at + timedelta(seconds=1), tick=False):
        assert mark.is_settled


@pytest.mark.parametrize("signed_in", [False, True])
def test_what_is_hidden_is_gone_at_the_next_request_and_no_304_revives_it(
    site: Site, signed_in: bool
) -> None:
    thread = make_thread()
    make_reply(thread, text="words to hide")
    team = make_person(role="team")
    paths = [
        path_of(name, thread)
        for name in ("THREAD", "/prompts/your-practice", "/", "THREAD-FEED", "/posts/feed.rss")
    ]
    reader = site.browser(make_person()) if signed_in else site.visitor()
    held = {path: reader.get(path).headers["ETag"] for path in paths}
    post_of(thread, 2).hide(team, "personal")
    site.commit()
    for path, etag in held.items():
        page = reader.get(path, headers={"If-None-Match": etag})
        assert "words to hide" not in page.text
    db.session.get_one(Thread, thread.id).hide(db.session.merge(team), "personal")
    site.commit()
    reader.get(paths[0], status=404, headers={"If-None-Match": held[paths[0]]})


def test_signed_in_pages_are_personal_and_not_kept(site: Site) -> None:
    thread = make_thread()
    path = path_of("THREAD", thread)
    ada, ben = make_person("Ada Obi"), make_person("Ben Lee")
    hers = site.browser(ada).get(path)
    assert hers.headers["Cache-Control"] == "private, no-store"
    assert not porch_of(site).pages.used
    his = site.browser(ben).get(path)
    assert his.headers["ETag"] != hers.headers["ETag"]
    assert "Ada Obi</a>" not in his.text.split("<main")[0]
    site.browser(ben).get(path, headers={"If-None-Match": hers.headers["ETag"]})
    assert "csrf_token" not in site.visitor().get(path).text


def test_readers_share_a_page_and_nothing_of_each_other(site: Site) -> None:
    thread = make_thread(make_person("Wyn Ash"), text="We mark in green.")
    path = path_of("THREAD", thread)
    ada, eve = make_person("Ada Obi"), make_person('Eve <b>&"</b> name-0')
    pages = [(site.browser(person), person) for person in (ada, eve, ada)]
    seen = [(browser.get(path), person.name, person.id) for browser, person in pages]
    tokens: list[str] = []
    for page, name, id in seen:
        assert (
            page.select("//header[@class='site-header']//a[starts-with(@href, '/people/')]")[0].text_content()
            == name
        )
        assert page.select("//header[@class='site-header']//a/@href[starts-with(., '/people/')]") == [
            f"/people/{id}"
        ]
        assert "id-" not in page.text.split("</header>")[0].replace("grid-", "")
        tokens += set(page.select("//input[@name='csrf_token']/@value"))
        tokens += page.select("//input[@name='submission']/@value")
    assert len(tokens) == len(set(tokens)) == 6
    assert "Ada" not in seen[1][0].text
    browser, page = pages[1][0], seen[1][0]
    fields = {field.get("name"): field.get("value") for field in page.select("//section[@id='reply']//input")}
    browser.post(f"/threads/{thread.id}/posts", {**fields, "disclosure": "named", "body": "Mine"}, csrf=False)
    assert "Eve <b>" in site.browser(ada).get(path).words


def test_who_has_something_of_their_own_on_the_page_gets_their_own(site: Site) -> None:
    ada, ben, una = make_person("Ada Obi"), make_person("Ben Lee"), make_person(confirmed=False)
    team = make_person(role="team")
    thread = make_thread(ada)
    path = path_of("THREAD", thread)
    assert "Edit" not in site.browser(ben).get(path).words
    assert "Edit" in site.browser(ada).get(path).words
    assert "Confirm your email address" in site.browser(una).get(path).words
    assert "Confirm your email address" not in site.browser(ben).get(path).words
    assert "Lock" in site.browser(team).get(path).words
    site.browser(ben).post("/drafts", {"key": f"reply:{thread.id}", "body": "half a thought"})
    assert "half a thought" in site.browser(ben).get(path).text
    assert "half a thought" not in site.browser(make_person("Cy Day")).get(path).text


def test_a_visitor_with_a_session_is_not_served_from_the_porch(site: Site) -> None:
    visitor = site.visitor()
    visitor.get("/account/sign-in")
    page = visitor.get("/about")
    assert not porch_of(site).pages.used
    assert page.status == 200


def test_head_answers_as_get_without_the_body(site: Site) -> None:
    path = path_of("THREAD", make_thread())
    fresh = site.visitor().head(path)
    site.visitor().get(path)
    kept = site.visitor().head(path)
    assert kept.data == b"" and kept.headers["ETag"] == fresh.headers["ETag"]


def test_what_is_not_there_is_not_kept(site: Site) -> None:
    for path in ("/threads/99-x", "/prompts/none", "/threads/99/feed.atom"):
        site.visitor().get(path, status=404)
    assert not porch_of(site).pages.used


def test_the_porch_finds_its_way_back_to_the_database(site: Site) -> None:
    path = path_of("THREAD", make_thread())
    site.visitor().get(path)
    porch = porch_of(site)
    porch.versions._mine.connection.close()
    assert site.visitor().get(path).status == 200


def test_machines_share_what_one_has_rendered(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "init_app", lambda app: None)  # a process has one: it stays the test's own
    with redis_server(tmp_path) as url:
        config = dataclasses.replace(site.app.config["FORUM"], redis_url=url)
        machines = [create_app(config) for _ in range(2)]
        thread = make_thread()
        path = path_of("THREAD", thread)
        one, two = (Site(app) for app in machines)
        first = one.visitor().get(path)
        with counted() as queries:
            assert two.visitor().get(path).data == first.data
        assert not queries and two.app.wsgi_app.pages.used  # type: ignore[attr-defined]
        make_reply(thread, text="Something new")
        assert "Something new" in two.visitor().get(path).text
    assert "Something new" in one.visitor().get(path).text, "without the shelf every machine serves itself"
    for app in machines:
        with app.app_context():
            db.engine.dispose()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), max_size=60))
def test_what_is_kept_never_grows_past_its_size(puts: list[tuple[int, int]]) -> None:
    kept: Kept[int] = Kept(100)
    for key, weight in puts:
        kept.put(key, key * 2, weight)
        assert kept.used <= 100
        assert kept.used == sum(weight for _, weight in kept._things.values())
        if weight <= 100 // 8:
            assert kept.get(key) == key * 2


def test_the_least_recently_used_goes_first() -> None:
    kept: Kept[str] = Kept(80)
    for key in "abcdefgh":
        kept.put(key, key, 10)
    kept.get("a")
    kept.put("i", "i", 10)
    assert kept.get("a") == "a" and kept.get("b") is None
