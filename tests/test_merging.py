"""Two threads become one: nothing that was said is lost, every address leads on, and every count stays right."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from forum.activity.models import Activity
from forum.core.db import db, now
from forum.core.errors import Conflict, Refused
from forum.core.working_time import today
from forum.discussion.models import Component, Post, Thread, ThreadComponent
from forum.discussion.models.drafts import Draft
from forum.discussion.models.lists import Filter
from forum.discussion.models.merging import merge, standing
from forum.discussion.models.order import order_of
from forum.discussion.models.threads import Moved
from forum.pages import sitemap
from forum.search.models.upkeep import check
from forum.suggestions.models import Suggestion, Supporter, Telling, unite
from forum.suggestions.rounds import finish
from tests.browser import Browser, Site
from tests.factories import (
    make_answer,
    make_person,
    make_reply,
    make_suggestion,
    make_thread,
    post_of,
    suggestion_of,
)
from tests.feed_rules import TOMBSTONES, check_atom, check_json_feed, check_rss, parse_xml
from tests.queries import counted


def team() -> Any:
    return make_person("Tea Mem", role="team")


def two(replies: int = 2) -> tuple[Thread, Thread]:
    """A thread to keep and its duplicate, each with replies, made in turn."""
    kept = thread_of(make_suggestion(title="Ask for each number once"))
    duplicate = thread_of(
        make_suggestion(title="One count of pupils", components=["assessment-for-learning"])
    )
    for number in range(replies):
        make_reply(kept, text=f"Kept {number}")
        make_reply(duplicate, text=f"Duplicate {number}")
    return kept, duplicate


def thread_of(suggestion: Suggestion) -> Thread:
    return db.session.get_one(Thread, suggestion.thread_id)


def merged(duplicate: Thread, into: Thread, note: str = "The same.") -> None:
    by = team()
    unite(suggestion_of(duplicate.id), suggestion_of(into.id), by, note)
    db.session.commit()
    db.session.expire_all()


def rows_of(thread: int) -> list[Any]:
    columns = (Post.number, Post.id, Post.in_reply_to, Post.source)
    return list(db.session.execute(select(*columns).where(Post.thread_id == thread).order_by(Post.number)))


# What was said


def test_posts_keep_their_order_under_new_numbers(site: Site) -> None:
    kept, duplicate = two()
    answered = duplicate.reply(make_person(), "To the second.", in_reply_to=post_of(duplicate, 2))
    db.session.commit()
    before = {id: source for _, id, _, source in [*rows_of(kept.id), *rows_of(duplicate.id)]}
    opening, last = post_of(duplicate).id, answered.id
    merged(duplicate, kept)
    after = rows_of(kept.id)
    assert [row.number for row in after] == [1, 2, 3, 4, 5, 6, 7]
    assert {row.id: row.source for row in after} == before
    assert [row.source for row in after[4:]] == ["Duplicate 0", "Duplicate 1", "To the second."]
    assert after[3].id == opening and after[3].in_reply_to is None
    # who named no post answered the opening one, and still does
    assert [row.in_reply_to for row in after[4:]] == [4, 4, 5]
    assert after[6].id == last and rows_of(duplicate.id) == []


def test_a_permalink_finds_the_new_place(site: Site) -> None:
    kept, duplicate = two(replies=21)
    post = post_of(duplicate, 5).id
    merged(duplicate, kept)
    page = site.visitor().get(f"/posts/{post}", status=302)
    assert page.location == f"/threads/{kept.id}-{kept.slug}#post-27"
    assert site.visitor().get(page.location).select("//article[@id='post-27']")


def test_counts_dates_and_components_are_of_both(site: Site) -> None:
    kept, duplicate = two()
    kept_version, late = kept.version, duplicate.last_post_at
    merged(duplicate, kept)
    assert (kept.posts_count, duplicate.posts_count) == (6, 0)
    assert kept.last_post_at == late and kept.version > kept_version
    names = select(Component.slug).join(ThreadComponent).where(ThreadComponent.thread_id == kept.id)
    assert set(db.session.scalars(names)) == {"school-organisation", "assessment-for-learning"}
    dates = select(ThreadComponent.last_post_at).where(ThreadComponent.thread_id == kept.id)
    assert set(db.session.scalars(dates)) == {late}
    kept.reply(make_person(), "After it.")
    assert rows_of(kept.id)[-1].number == 7


def test_an_edited_post_keeps_its_history_and_can_be_edited_where_it_is(site: Site) -> None:
    ada = make_person("Ada Obi")
    kept, duplicate = two()
    post = make_reply(duplicate, ada, "First words.")
    post_of(duplicate, post.number or 0).edit(ada, "Second words.", "named", since=1)
    db.session.commit()
    merged(duplicate, kept)
    assert "First" in site.visitor().get(f"/posts/{post.id}/history").words
    browser = site.browser(ada)
    page = browser.get(f"/posts/{post.id}/edit")
    since = page.select("//input[@name='since']/@value")[0]
    browser.post(f"/posts/{post.id}/edit", {"body": "Third words.", "disclosure": "named", "since": since})
    assert "Third words." in site.visitor().get(f"/threads/{kept.id}-{kept.slug}").words


def test_a_duplicates_own_title_stays_on_the_trail(site: Site) -> None:
    kept, duplicate = two()
    merged(duplicate, kept)
    assert (
        "“One count of pupils” asked for the same"
        in site.visitor().get(f"/threads/{kept.id}-{kept.slug}").words
    )


def test_one_line_of_the_log_is_enough_to_put_it_back(site: Site) -> None:
    kept, duplicate = two()
    before = rows_of(duplicate.id)
    merged(duplicate, kept, note="Both ask for one date.")
    line = db.session.scalars(select(Activity).where(Activity.verb == "team.thread-merged")).one()
    assert line.public and line.thread == duplicate.id and line.note == "Both ask for one date."
    assert line.detail["into"] == kept.id and line.detail["after"] == 3
    assert line.detail["posts"] == [row.id for row in before]
    assert line.detail["numbers"] == [row.number for row in before]
    assert line.detail["unaddressed"] == [row.id for row in before if row.in_reply_to is None]
    page = site.browser(team()).get("/team/log")
    assert "merged" in page.words and "Both ask for one date." in page.words


# Addresses


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/threads/{old}", "/threads/{new}-{slug}#post-4"),
        ("/threads/{old}-one-count-of-pupils", "/threads/{new}-{slug}#post-4"),
        ("/threads/{old}-any-other-slug?page=2", "/threads/{new}-{slug}"),
        ("/threads/{old}-x?quote={post}", "/threads/{new}-{slug}?quote={post}"),
        ("/threads/{old}/feed.atom", "/threads/{new}/feed.atom"),
        ("/threads/{old}/feed.rss", "/threads/{new}/feed.rss"),
        ("/threads/{old}/feed.json?archive=1-50", "/threads/{new}/feed.json"),
        ("/suggestions/{old}", "/threads/{new}-{slug}"),
        ("/suggestions/{old}/trail", "/suggestions/{new}/trail"),
        ("/suggestions/{old}/outcome/feed.atom", "/suggestions/{new}/outcome/feed.atom"),
    ],
)
def test_every_old_address_leads_on_for_good(site: Site, old: str, new: str) -> None:
    kept, duplicate = two()
    names = {"old": duplicate.id, "new": kept.id, "slug": kept.slug, "post": post_of(duplicate).id}
    merged(duplicate, kept)
    for browser in (site.visitor(), site.browser(make_person()), site.browser(team())):
        page = browser.get(old.format(**names), status=301)
        assert page.location == new.format(**names)
        browser.get(page.location)


def test_a_page_that_was_kept_is_not_shown_any_more(site: Site) -> None:
    kept, duplicate = two()
    visitor = site.visitor()
    visitor.get(f"/threads/{duplicate.id}-{duplicate.slug}")
    visitor.get(f"/threads/{duplicate.id}/feed.atom")
    merged(duplicate, kept)
    visitor.get(f"/threads/{duplicate.id}-{duplicate.slug}", status=301)
    visitor.get(f"/threads/{duplicate.id}/feed.atom", status=301)


def test_a_merge_of_a_merge_leads_straight_to_the_end(site: Site) -> None:
    first, second = two(replies=1)
    thread = thread_of(make_suggestion(title="A third count"))
    merged(first, second)
    merged(second, thread)
    for old in (first, second):
        page = site.visitor().get(f"/threads/{old.id}", status=301)
        assert page.location.startswith(f"/threads/{thread.id}-")
        assert standing(old.id) == thread.id
    assert [row.number for row in rows_of(thread.id)] == [1, 2, 3, 4, 5]


def test_where_the_other_is_hidden_the_old_address_says_nothing(site: Site) -> None:
    kept, duplicate = two()
    merged(duplicate, kept)
    kept.hide(team(), "other")
    db.session.commit()
    for path in (
        f"/threads/{duplicate.id}",
        f"/threads/{duplicate.id}/feed.atom",
        f"/suggestions/{duplicate.id}",
    ):
        page = site.visitor().get(path, status=404)
        assert "Location" not in page.headers


def test_no_list_shows_it(site: Site) -> None:
    kept, duplicate = two()
    merged(duplicate, kept)
    assert duplicate.id not in set(db.session.scalars(Filter().ids()))
    assert duplicate.id not in {int(path.split("/")[2].split("-")[0]) for path, _ in sitemap.threads(1)}
    words = "One count of pupils"
    paths = [
        "/",
        "/prompts/what-more",
        "/components/assessment-for-learning",
        "/suggestions",
        f"/people/{duplicate.author_id}",
    ]
    for path in (*paths, "/suggestions?show=newest", "/sitemap-1.xml", "/feed.atom"):
        page = site.visitor().get(path)
        assert f"/threads/{duplicate.id}-" not in page.text, path
        assert f">{words}<" not in page.text, path


def test_search_finds_the_posts_where_they_are(site: Site) -> None:
    kept, duplicate = two()
    make_reply(duplicate, text="Zeppelins count too.")
    merged(duplicate, kept)
    assert [fault for part in check() for fault in part.faults] == []
    page = site.visitor().get("/search?q=zeppelins")
    assert f"/threads/{duplicate.id}-" not in page.text
    assert f"/threads/{kept.id}-{kept.slug}" in page.text or "/posts/" in page.text


# Feeds


@pytest.mark.parametrize(
    "path", ["/feed", "/prompts/what-more/feed", "/components/assessment-for-learning/feed"]
)
def test_a_feed_of_threads_says_that_it_was_merged(site: Site, path: str) -> None:
    kept, duplicate = two()
    merged(duplicate, kept)
    visitor = site.visitor()
    feed = parse_xml(visitor.get(f"{path}.atom").data)
    dead = {each.get("ref"): each for each in feed.findall(f"{TOMBSTONES}deleted-entry")}
    name = f"tag:conversation.example.org,2026:thread/{duplicate.id}"
    assert "Merged into another thread" in dead[name].findtext(f"{TOMBSTONES}comment")
    check_atom(visitor.get(f"{path}.atom").data)
    check_rss(visitor.get(f"{path}.rss").data)
    check_json_feed(visitor.get(f"{path}.json").data)


def test_posts_keep_their_ids_and_dates_in_every_feed(site: Site) -> None:
    kept, duplicate = two()
    visitor = site.visitor()

    def entries(path: str) -> dict[str, tuple[Any, ...]]:
        feed = parse_xml(visitor.get(path).data)
        names = ("published", "updated")
        atom = "{http://www.w3.org/2005/Atom}"
        return {
            each.findtext(f"{atom}id"): tuple(each.findtext(f"{atom}{name}") for name in names)
            for each in feed.findall(f"{atom}entry")
        }

    before = entries("/posts/feed.atom")
    ours = {**entries(f"/threads/{kept.id}/feed.atom"), **entries(f"/threads/{duplicate.id}/feed.atom")}
    merged(duplicate, kept)
    assert entries("/posts/feed.atom") == before
    assert entries(f"/threads/{kept.id}/feed.atom") == ours


# What is being written


def test_drafts_of_replies_follow(site: Site) -> None:
    ada, ben = make_person("Ada Obi"), make_person("Ben Lee")
    kept, duplicate = two()
    for person, thread, words in (
        (ada, duplicate, "Half a thought"),
        (ben, duplicate, "Left"),
        (ben, kept, "Kept"),
    ):
        site.browser(person).post(
            "/drafts", {"key": f"reply:{thread.id}", "body": words, "disclosure": "named"}
        )
    merged(duplicate, kept)
    page = site.browser(ada).get("/drafts")
    assert page.select("//main//h2/a/@href") == [f"/threads/{kept.id}-{kept.slug}#reply"]
    assert "Half a thought" in site.browser(ada).get(f"/threads/{kept.id}-{kept.slug}").text
    form = site.browser(ben).get(f"/threads/{kept.id}-{kept.slug}")
    assert form.select("//textarea[@name='body']/text()")[0].strip() == "Kept\n\nLeft"
    assert (
        db.session.scalar(select(func.count()).select_from(Draft).where(Draft.key == f"reply:{duplicate.id}"))
        == 0
    )


def test_a_page_that_stood_open_loses_no_words(site: Site) -> None:
    ada = make_person("Ada Obi")
    kept, duplicate = two()
    merged(duplicate, kept)
    browser = site.browser(ada)
    browser.post("/drafts", {"key": f"reply:{duplicate.id}", "body": "Saved late", "disclosure": "named"})
    assert Draft.find(ada, f"reply:{kept.id}")
    page = browser.post(f"/threads/{duplicate.id}/posts", {"body": "", "disclosure": "named"}, status=422)
    assert "Enter your reply" in page.words
    page = browser.post(f"/threads/{duplicate.id}/posts", {"body": "Sent late", "disclosure": "named"})
    assert page.location == f"/threads/{kept.id}-{kept.slug}#post-7"
    assert not Draft.find(ada, f"reply:{kept.id}")


def test_the_form_of_a_suggestion_that_was_merged_keeps_its_words(site: Site) -> None:
    ada = make_person("Ada Obi")
    duplicate = thread_of(make_suggestion(ada, title="One count of pupils"))
    kept = thread_of(make_suggestion())
    browser = site.browser(ada)
    fields = {
        "title": "T",
        "body": "Better words",
        "why": "Why",
        "helps": "All",
        "disclosure": "named",
        "since": "1",
    }
    browser.post("/suggestions/draft", {**fields, "about": str(duplicate.id)})
    post = post_of(duplicate).id
    merged(duplicate, kept)
    draft = Draft.find(ada, f"edit:{post}")
    assert draft and draft.path == f"/posts/{post}/edit" and "Better words" in draft.fields["body"]
    assert "Better words" in browser.get(draft.path).text
    page = browser.post(f"/suggestions/{duplicate.id}/edit", fields, status=409)
    assert "Better words" in page.text and page.select(f"//form[@action='/threads/{kept.id}/posts']")
    browser.get(f"/suggestions/{duplicate.id}/edit", status=302)


# Supporters and clocks


def test_supporters_are_united_once_each(site: Site) -> None:
    both, one, other = (make_person(name) for name in ("Bo Th", "On E", "Ot Her"))
    kept, duplicate = make_suggestion(), make_suggestion(title="One count of pupils")
    for person, suggestion in ((both, kept), (both, duplicate), (one, kept), (other, duplicate)):
        suggestion_of(suggestion.thread_id).support(person)
    db.session.commit()
    merged(thread_of(duplicate), thread_of(kept))
    suggestion = suggestion_of(kept.thread_id)
    assert (
        suggestion.supporters == suggestion.thread.supporters_count == 5
    )  # two authors, both, one and other
    assert db.session.scalar(select(func.count()).where(Supporter.thread_id == kept.thread_id)) == 5
    assert db.session.scalar(select(func.count()).where(Supporter.thread_id == duplicate.thread_id)) == 3
    browser = site.browser(other)
    browser.post(f"/suggestions/{duplicate.thread_id}/take-back")  # an old page
    assert suggestion_of(kept.thread_id).supporters == 4
    gone = select(func.count()).where(Supporter.user_id == other.id)
    assert db.session.scalar(gone) == 0
    browser.post(f"/suggestions/{duplicate.thread_id}/support")
    assert suggestion_of(kept.thread_id).supporters == 5


def test_the_earlier_clock_goes_on(site: Site) -> None:
    """Nobody gets more time by merging what is overdue."""
    kept, duplicate = make_suggestion(), make_suggestion(title="One count of pupils")
    for each, days in ((kept, 10), (duplicate, 40)):
        suggestion_of(each.thread_id).owe(now() - timedelta(days=days))
    db.session.commit()
    owed = suggestion_of(duplicate.thread_id).owed_on
    assert owed and owed < today()
    merged(thread_of(duplicate), thread_of(kept))
    suggestion = suggestion_of(kept.thread_id)
    assert suggestion.owed_on == owed and suggestion.is_overdue
    assert suggestion_of(duplicate.thread_id).owed_on is None
    assert "Overdue" in site.visitor().get(f"/threads/{kept.thread_id}-{thread_of(kept).slug}").words


def test_together_they_may_be_owed_an_answer(site: Site) -> None:
    kept, duplicate = make_suggestion(supporters=12), make_suggestion(title="One count", supporters=12)
    assert suggestion_of(kept.thread_id).owed_on is None
    merged(thread_of(duplicate), thread_of(kept))
    assert suggestion_of(kept.thread_id).supporters == 26
    assert suggestion_of(kept.thread_id).owed_on is not None


def test_who_comes_by_a_merge_is_told_of_the_answer_once(site: Site) -> None:
    ada = make_person("Ada Obi", email="ada@example.org")
    kept = make_suggestion()
    make_answer(kept)
    finish()
    before = len(site.mail())
    duplicate = make_suggestion(ada, title="One count of pupils")
    merged(thread_of(duplicate), thread_of(kept))
    finish()
    finish()
    assert [mail["To"] for mail in site.mail()[before:]] == ["ada@example.org"]
    assert db.session.scalar(select(func.count()).select_from(Telling)) == 1


def test_what_is_answered_is_never_merged_away(site: Site) -> None:
    kept, answered, drafted = (
        make_suggestion(),
        make_suggestion(title="Answered"),
        make_suggestion(title="Drafted"),
    )
    make_answer(answered)
    by = team()
    with pytest.raises(Refused, match="has an answer"):
        unite(suggestion_of(answered.thread_id), suggestion_of(kept.thread_id), by)
    db.session.rollback()
    unite(suggestion_of(kept.thread_id), suggestion_of(answered.thread_id), by)
    db.session.commit()
    browser = site.browser(by)
    browser.post(f"/team/suggestions/{drafted.thread_id}/take-up", {"owner": "A unit", "note": "Looked at."})
    browser.post(f"/team/suggestions/{drafted.thread_id}/answer", a_no())
    with pytest.raises(Refused, match="draft of an answer"):
        unite(suggestion_of(drafted.thread_id), suggestion_of(answered.thread_id), by)


def a_no() -> dict[str, str]:
    due = today() + timedelta(days=30)
    date = {"day": str(due.day), "month": str(due.month), "year": str(due.year)}
    return {"status": "will-not", "reason": "cost", "note": "No.", "owner": "A unit", "posts": "1", **date}


# Who may, and what is refused


def test_only_threads_that_are_shown_and_of_one_kind_are_merged(site: Site) -> None:
    kept, by = make_thread(), team()
    hidden, suggestion = make_thread(title="Hidden"), make_suggestion()
    hidden.hide(by, "spam")
    db.session.commit()
    for duplicate, into in ((hidden, kept), (kept, hidden), (kept, thread_of(suggestion)), (kept, kept)):
        with pytest.raises(Refused):
            merge(db.session.get_one(Thread, duplicate.id), db.session.get_one(Thread, into.id), by)
        db.session.rollback()
    other = make_thread(title="Another")
    merge(other, kept, by)
    db.session.commit()
    with pytest.raises(Moved):
        merge(db.session.get_one(Thread, other.id), db.session.get_one(Thread, kept.id), by)
    db.session.rollback()
    for verb in ("lock", "pin", "hide"):
        with pytest.raises(Conflict):
            getattr(db.session.get_one(Thread, other.id), verb)(by, "spam")
        db.session.rollback()


def test_the_team_looks_at_both_before_it_merges(site: Site) -> None:
    kept, duplicate = two()
    path, browser = f"/team/suggestions/{duplicate.id}/merge", site.browser(team())
    for wrong in ("", "nothing", str(duplicate.id), "999999"):
        page = browser.post(path, {"into": wrong}, status=422)
        assert page.select("//title/text()")[0].startswith("Error: ")
    for right in (
        f"/threads/{kept.id}-{kept.slug}",
        f"https://x.example/suggestions/{kept.id}/trail",
        f"#{kept.id}",
    ):
        page = browser.post(path, {"into": right, "note": "The same"}, status=200)
        assert "Merge these two?" in page.words and kept.title in page.words and duplicate.title in page.words
    assert standing(duplicate.id) == duplicate.id
    fields = {"into": str(kept.id), "note": "The same", "sure": "yes"}
    browser.post(path, fields)
    assert standing(duplicate.id) == kept.id
    browser.post(path, fields, status=404)  # the suggestion is not there any more


# At once


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        return contextvars.Context().run(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(run, call) for call in calls]]


def sends(browser: Browser, path: str, fields: dict[str, str]) -> Callable[[], int]:
    data = {**fields, "csrf_token": browser.csrf_token()}
    return lambda: browser.client.post(path, data=data).status_code


@pytest.mark.parametrize("turn", [False, True], ids=["into the older", "into the newer"])
def test_a_merge_while_replies_arrive_loses_none(site: Site, turn: bool) -> None:
    one, other = two()
    kept, duplicate = (one, other) if turn else (other, one)
    people = [make_person(f"Person {n}") for n in range(12)]
    merging = sends(
        site.browser(team()), f"/team/suggestions/{duplicate.id}/merge", {"into": str(kept.id), "sure": "yes"}
    )
    replies = [
        sends(
            site.browser(person),
            f"/threads/{(kept if n % 3 == 0 else duplicate).id}/posts",
            {"body": f"Reply {n}", "disclosure": "named", "submission": f"s{n}"},
        )
        for n, person in enumerate(people)
    ]
    supports = [sends(site.browser(each), f"/suggestions/{duplicate.id}/support", {}) for each in people[:4]]
    db.session.rollback()
    assert set(at_once(*replies[:6], merging, *replies[6:], *supports)) == {302}
    db.session.expire_all()
    rows = rows_of(kept.id)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert [position for _, position in order_of(kept.id)] == list(range(1, len(rows) + 1))
    times = dict(
        db.session.execute(select(Post.number, Post.published_at).where(Post.thread_id == kept.id)).all()
    )
    read = [times[number] for number, _ in order_of(kept.id)]
    assert read[1:] == sorted(read[1:])
    assert {f"Reply {n}" for n in range(12)} <= {row.source for row in rows}
    assert kept.posts_count == len(rows) == 18 and rows_of(duplicate.id) == []
    assert kept.last_post_at == max(
        db.session.scalars(select(Post.published_at).where(Post.thread_id == kept.id))
    )
    assert suggestion_of(kept.id).supporters == 6


def test_two_merges_the_other_way_round_do_not_wait_for_each_other(site: Site) -> None:
    one, other = two()
    first = sends(
        site.browser(team()), f"/team/suggestions/{one.id}/merge", {"into": str(other.id), "sure": "yes"}
    )
    second = sends(
        site.browser(team()), f"/team/suggestions/{other.id}/merge", {"into": str(one.id), "sure": "yes"}
    )
    db.session.rollback()
    answers = at_once(first, second)
    assert answers.count(302) == 1 and set(answers) <= {302, 404, 409, 422}
    db.session.expire_all()
    assert sorted(thread.posts_count for thread in (one, other)) == [0, 6]


def test_an_edit_while_its_thread_is_merged_keeps_its_words(site: Site) -> None:
    ada = make_person("Ada Obi")
    kept, duplicate = two()
    post = make_reply(duplicate, ada, "First words.")
    editing = sends(
        site.browser(ada),
        f"/posts/{post.id}/edit",
        {"body": "Second words.", "disclosure": "named", "since": "1"},
    )
    merging = sends(
        site.browser(team()), f"/team/suggestions/{duplicate.id}/merge", {"into": str(kept.id), "sure": "yes"}
    )
    db.session.rollback()
    edited, _ = at_once(editing, merging)
    db.session.expire_all()
    assert edited == (302 if rows_of(kept.id)[-1].source == "Second words." else 409)


def test_what_a_merge_asks_of_the_database_does_not_grow(site: Site) -> None:
    counts = []
    for replies in (1, 60):
        kept, duplicate = two(replies)
        by = team()
        suggestions = suggestion_of(duplicate.id), suggestion_of(kept.id)
        with counted() as statements:
            unite(*suggestions, by)
            db.session.commit()
        counts.append(len(statements))
    assert counts[0] == counts[1]
