"""Threads that were merged are read in the order of time. Numbers stay names: each link finds its post, and what one
has not read is unread wherever it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urldefrag

import pytest
from sqlalchemy import select, text, update

from forum.accounts.models import User
from forum.core.db import db
from forum.core.paging import page_of
from forum.discussion.models import MovedPost, Post, Thread
from forum.discussion.models.lists import BEGAN, OF_A_PAGE, stood_here
from forum.discussion.models.merging import goes_on_at, merge
from forum.discussion.models.order import number_at, order_of, positions_of
from forum.discussion.models.splitting import split
from forum.following.models import Reading, reading
from tests.browser import Browser, Page, Site
from tests.conftest import After
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.queries import counted

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def written(title: str, hours: list[int]) -> Thread:
    """A thread whose posts were published so many hours after START; each says its title and hour."""
    author = make_person("Ada Obi")
    thread = make_thread(author, title=title, text=f"{title} at {hours[0]}.")
    for hour in hours[1:]:
        make_reply(thread, author, text=f"{title} at {hour}.")
    for number, hour in enumerate(hours, 1):
        when = {"published_at": START + timedelta(hours=hour)}
        db.session.execute(
            update(Post).where(Post.thread_id == thread.id, Post.number == number).values(**when)
        )
    db.session.commit()
    return db.session.get_one(Thread, thread.id)


def put_together(duplicate: int, into: int) -> None:
    by = make_person("Tea Mem", role="team")
    merge(db.session.get_one(Thread, duplicate), db.session.get_one(Thread, into), by)
    db.session.commit()
    db.session.expire_all()


def hours_of(thread: int) -> list[int]:
    """When what stands in a thread was written, in the order of reading; positions have no gap."""
    query = select(Post.position, Post.source).where(Post.thread_id == thread).order_by(Post.position)
    rows = db.session.execute(query).all()
    places = set(db.session.scalars(select(MovedPost.position).where(MovedPost.thread_id == thread)))
    assert {row.position for row in rows} | places == set(range(1, len(rows) + len(places) + 1))
    return [int(re.findall(r"at (-?\d+)\.", row.source)[0]) for row in rows]


def read_to(browser: Browser, thread: Thread, number: int) -> None:
    browser.post(f"/threads/{thread.id}/read", {"number": str(number), "quiet": "yes"}, status=204)


EVENS, ODDS = list(range(0, 50, 2)), list(range(-1, 47, 2))


def a_merge() -> dict[str, Any]:
    """25 posts of one thread and 24 of another, in turn; four people have read of them."""
    kept, duplicate = written("Evens", EVENS), written("Odds", ODDS)
    duplicate_posts = list(
        db.session.scalars(select(Post.id).where(Post.thread_id == duplicate.id).order_by(Post.number))
    )
    kept_posts = list(
        db.session.scalars(select(Post.id).where(Post.thread_id == kept.id).order_by(Post.number))
    )
    people = [make_person(name).id for name in ("First", "Second", "Third", "Fourth")]
    for person, (ours, theirs) in zip(people, ((25, 0), (0, 10), (25, 24), (20, 5)), strict=True):
        for thread, number in ((kept, ours), (duplicate, theirs)):
            if number:
                Reading.move(db.session.get_one(User, person), thread, number)
    db.session.commit()
    ids = {"kept": kept.id, "duplicate": duplicate.id}
    put_together(duplicate.id, kept.id)
    return {**ids, "kept_posts": kept_posts, "duplicate_posts": duplicate_posts, "people": people}


def page(site: Site, path: str) -> Page:
    return site.visitor().get(urldefrag(path).url)


def test_pages_show_them_by_time_and_the_opening_post_first(site: Site, after: After) -> None:
    made = after(a_merge)
    thread = db.session.get_one(Thread, made["kept"])
    path = f"/threads/{thread.id}-{thread.slug}"
    assert hours_of(thread.id) == [0, *sorted({*EVENS, *ODDS} - {0})] and thread.posts_count == 49
    numbers = [
        int(id.removeprefix("post-"))
        for number in (1, 2, 3)
        for id in page(site, f"{path}?page={number}").select("//article/@id")
    ]
    assert numbers[:6] == [1, 26, 27, 2, 28, 3] and sorted(numbers) == list(range(1, 50))
    assert len(page(site, f"{path}?page=3").select("//article")) == 9
    assert page(site, f"{path}?page=2").select("//p[@data-elsewhere]/a/@id") == [
        f"post-{n}" for n in range(21, 26)
    ]
    first = page(site, path)
    assert "Posts stand in the order in which they were written" in first.words
    assert first.select("//article[@id='post-26']//p[contains(., 'This began “Odds”')]")
    assert "This began" not in page(site, f"{path}?page=2").words
    assert (
        "Threads have been merged here"
        not in site.visitor().get(f"/threads/{written('Alone', [1, 2]).id}-alone").words
    )
    make_reply(thread, text="The next one.")
    last = page(site, f"{path}?page=3").select("//article")[-1]
    assert last.get("id") == "post-50" and post_of(thread, 50).position == 50


def test_every_link_from_before_finds_its_post(site: Site, after: After) -> None:
    made = after(a_merge)
    kept, duplicate = made["kept"], made["duplicate"]
    address = f"/threads/{kept}-evens"
    pages = {number: page(site, f"{address}?page={number}") for number in (1, 2, 3)}
    for number, id in enumerate(made["kept_posts"], 1):  # its page as it was, and its anchor
        there = pages[page_of(number)].select(f"//*[@id='post-{number}']")
        assert len(there) == 1
        if there[0].tag == "a":
            assert there[0].get("href") == f"/posts/{id}"
    for number, id in enumerate([*made["kept_posts"], *made["duplicate_posts"]], 1):
        found = site.visitor().get(f"/posts/{id}", 302).location
        assert found.endswith(f"#post-{number}")
        shown = pages[int((re.findall(r"page=(\d+)", found) or ["1"])[0])]
        assert shown.select(f"//article[@id='post-{number}']"), found
    for old, number in ((f"/threads/{duplicate}", 26), (f"/threads/{duplicate}-odds?page=2", 46)):
        found = site.visitor().get(old, 301).location
        assert found.endswith(f"#post-{number}") and page(site, found).select(
            f"//article[@id='post-{number}']"
        )
    site.visitor().get(f"/threads/{duplicate}?page=x", 404)
    assert site.visitor().get(f"/threads/{duplicate}?page=9", 301).location == address
    for shown in pages.values():  # what answers another leads to it
        for link in shown.select("//header/a[contains(., 'in reply to')]/@href"):
            path, name = urldefrag(link)
            assert page(site, path).select(f"//article[@id='{name}']"), link


def test_links_of_search_and_feeds_find_it(site: Site, after: After) -> None:
    made = after(a_merge)
    post = made["kept_posts"][14]
    found = page(site, "/search?q=%22evens+at+28%22")
    link = found.select("//h2/a/@href | //h3/a/@href")[0]
    assert link.endswith("?page=2#post-15") and page(site, link).select("//article[@id='post-15']")
    feed = json.loads(site.visitor().get(f"/threads/{made['kept']}/feed.json").text)
    links = {entry["id"].rsplit("/")[-1]: entry["url"] for entry in feed["items"]}
    assert links[str(post)].endswith(f"/posts/{post}") and links[str(made["kept_posts"][0])].endswith(
        "-evens#post-1"
    )


def test_what_was_not_read_is_unread_wherever_it_stands(site: Site, after: After) -> None:
    made = after(a_merge)
    kept = db.session.get_one(Thread, made["kept"])
    path = f"/threads/{kept.id}-evens"
    browsers = [site.browser(db.session.get_one(User, person)) for person in made["people"]]

    def unread(browser: Browser) -> tuple[int, str]:
        counts = re.findall(r"(\d+) unread in Evens", browser.get("/").words)
        return int((counts or ["0"])[0]), browser.get(f"/threads/{kept.id}/unread", 302).location

    first, second, third, fourth = browsers
    assert unread(first) == (24, f"{path}#post-26")
    assert unread(second) == (39, f"{path}#post-1")
    assert unread(third) == (0, f"{path}?page=3#post-25")
    assert unread(fourth) == (49 - 25, f"{path}#post-31")
    # They go on reading: a page at a time, from wherever.
    last = page(site, path).select("//article/@id")[-1].removeprefix("post-")
    read_to(first, kept, int(last))
    assert unread(first) == (24 - 10, f"{path}?page=2#post-36")
    read_to(fourth, kept, int(last))
    assert unread(fourth) == (24 - 5, f"{path}?page=2#post-36")
    read_to(fourth, kept, 1)
    assert unread(fourth)[0] == 19, "never back"
    make_reply(kept)
    assert unread(third) == (1, f"{path}?page=3#post-50")
    second.post("/following/read")
    assert unread(second) == (0, f"{path}?page=3#post-50")
    assert db.session.scalars(select(Reading.thread_id).distinct()).all() == [kept.id]


def test_a_page_from_before_the_merge_marks_nothing(site: Site, after: After) -> None:
    made = after(a_merge)
    reader = site.browser(make_person("Fifth"))
    said = {"number": "20", "position": "20"}  # post 20 stands elsewhere now
    told = reader.post(f"/threads/{made['kept']}/read", said)
    assert "Threads have been merged here since" in reader.follow(told).words
    reader.post(f"/threads/{made['duplicate']}/read", {"number": "3", "position": "3", "quiet": "y"}, 204)
    assert "unread" not in reader.get("/").words
    fields = reader.get(f"/threads/{made['kept']}-evens?page=2").select("//form[@data-read]//input")
    said = {field.get("name"): field.get("value") for field in fields if field.get("name") != "csrf_token"}
    assert said["position"] == "40"
    reader.post(f"/threads/{made['kept']}/read", said)
    assert "9 unread in Evens" in reader.get("/").words


def test_merged_again_and_split_apart_nothing_is_lost(site: Site) -> None:
    """A merge of a merge, with what was split off before and after, and a post dated before the one it follows."""
    one, two, three = (
        written("One", [0, 30, 60]),
        written("Two", [10, 40, 35, 70]),
        written("Three", [5, 36, 80]),
    )
    tess = make_person("Tess Okafor", role="team")
    reader = make_person("Rea Der")
    apart = split(two, [4], tess, "Apart", [])
    for thread, number in ((one, 2), (two, 3), (three, 1)):
        Reading.move(reader, thread, number)
    db.session.commit()
    gone, ids = post_of(apart).id, [one.id, two.id, three.id]
    put_together(ids[1], ids[0])
    assert hours_of(ids[0]) == [0, 10, 30, 40, 35, 60], "nobody’s own order is turned round"
    assert order_of(ids[0])[-1] == (7, 7), "what is left of what was split off keeps its place by time"
    put_together(ids[0], ids[2])
    thread = db.session.get_one(Thread, ids[2])
    assert hours_of(ids[2]) == [5, 0, 10, 30, 36, 40, 35, 60, 80]
    path = f"/threads/{thread.id}-three"
    shown = page(site, path)
    assert "This began “One”" in shown.words and "This began “Two”" in shown.words
    assert shown.select(f"//article[@id='post-10']//a[@href='/posts/{gone}']")
    for id, number in ((ids[0], 4), (ids[1], 7)):
        assert site.visitor().get(f"/threads/{id}", 301).location == f"{path}#post-{number}"
    # One 1 and 2, Two 1 to 3 and Three 1 were read; what is left of the one that was split off was not.
    browser = site.browser(reader)
    assert "4 unread in Three" in browser.get("/").words
    assert browser.get(f"/threads/{thread.id}/unread", 302).location == f"{path}#post-2"
    numbers = dict(order_of(ids[2]))
    chosen = [number for number, position in numbers.items() if position in (3, 6, 7)]
    new = split(thread, sorted(chosen, reverse=True), tess, "Two again", [])
    db.session.commit()
    assert hours_of(new.id) == [10, 40, 35] and [number for number, _ in order_of(new.id)] == [1, 2, 3]
    left = page(site, path)
    assert [each.get("id") for each in left.select("//article")] == [
        each.get("id") for each in shown.select("//article")
    ]
    assert len(left.select("//article[contains(., 'has moved')]")) == 4
    put_together(new.id, thread.id)
    assert "Read it where it is now" in page(site, path).words
    assert hours_of(thread.id) == [5, 0, 10, 30, 36, 40, 35, 60, 80]


def test_too_many_to_keep_are_read_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_MISSED", 3)
    one, two = written("One", [0, 1, 6, 7]), written("Two", [2, 3, 4, 5])
    reader = make_person("Rea Der")
    Reading.move(reader, one, 4)
    db.session.commit()
    put_together(two.id, one.id)
    browser = site.browser(reader)
    assert "6 unread in One" in browser.get("/").words
    assert browser.get(f"/threads/{one.id}/unread", 302).location.endswith("#post-5")


def test_a_page_costs_the_same_wherever_it_is_and_whatever_was_merged(site: Site, after: After) -> None:
    made = after(a_merge)
    kept, alone = made["kept"], written("Alone", list(range(41)))
    counts = []
    for path in (
        f"/threads/{alone.id}-alone?page=2",
        f"/threads/{kept}-evens?page=1",
        f"/threads/{kept}-evens?page=2",
    ):
        site.visitor().get(f"{path}&warm")  # its neighbours are found once and kept
        make_reply(db.session.get_one(Thread, kept if "evens" in path else alone.id))
        with counted() as statements:
            site.visitor().get(path)
        counts.append(len(statements))
    assert counts[1] == counts[2] == counts[0] + 2
    thread = db.session.get_one(Thread, kept)
    asked: list[Callable[[], Any]] = [
        lambda: db.session.connection().execute(OF_A_PAGE, {"thread": kept, "first": 21, "last": 40}).all(),
        lambda: db.session.connection().execute(BEGAN, {"thread": kept, "posts": [1, 2]}).all(),
        lambda: stood_here(kept, 2),
        lambda: goes_on_at(made["duplicate"], thread, 2),
        lambda: positions_of(kept, [7]),
        lambda: number_at(kept, 7),
    ]
    for ask in asked:
        plan = plan_of(ask)
        assert not re.search(r"Seq Scan|SCAN (?!\(subquery)|MATERIALIZE", plan), plan
        if ask is asked[0]:
            assert re.search(r"thread_id_position.*position|position\W+>=", plan, re.DOTALL), plan


def plan_of(ask: Callable[[], Any]) -> str:
    """How the database goes about what `ask` asks, on a table that is worth an index."""
    sent: list[tuple[str, Any]] = []
    db.event.listen(db.engine, "before_cursor_execute", note := lambda *said: sent.append((said[2], said[3])))
    ask()
    db.event.remove(db.engine, "before_cursor_execute", note)
    postgresql = db.engine.dialect.name == "postgresql"
    if postgresql:
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN "
    rows = [db.session.connection().exec_driver_sql(explain + sql, values) for sql, values in sent]
    return "\n".join(str(row[-1]) for result in rows for row in result)
