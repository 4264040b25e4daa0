"""Posts become a thread of their own, threads are moved, renamed and merged: no link, reply or word is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Barrier

import pytest
from sqlalchemy import select

from forum.accounts.models import User
from forum.activity.models import Activity
from forum.core.db import db
from forum.core.errors import Refused
from forum.discussion.models import Component, Post, Thread
from forum.discussion.models.splitting import split
from forum.discussion.models.threads import Moved
from forum.search.models.upkeep import check
from tests.browser import Site
from tests.factories import (
    make_person,
    make_reply,
    make_review,
    make_study,
    make_suggestion,
    make_thread,
    make_trial,
    post_of,
)
from tests.queries import counted


@pytest.fixture
def tess(site: Site) -> User:
    return make_person("Tess Okafor", role="team")


def grown(replies: int = 6) -> Thread:
    thread = make_thread(title="Marking in pairs", text="How do you mark?")
    for number in range(2, replies + 2):
        make_reply(thread, text=f"Words number {number}.")
    return thread


def ids_of(thread: Thread) -> dict[int, int]:
    rows = db.session.execute(select(Post.number, Post.id).where(Post.thread_id == thread.id))
    return dict(rows.all())


def newest() -> Thread:
    db.session.rollback()
    return db.session.scalars(select(Thread).order_by(Thread.id.desc()).limit(1)).one()


def test_posts_become_a_thread_and_every_link_leads_to_them(site: Site, tess: User) -> None:
    thread = grown()
    ids, old, prompt = ids_of(thread), f"/threads/{thread.id}-{thread.slug}", "/prompts/your-practice"
    answers = thread.reply(make_person(), "An answer to the third.", in_reply_to=post_of(thread, 3))
    db.session.commit()
    make_reply(thread, author=tess, text="The team’s own words.")
    before = site.visitor().get(old).headers["ETag"]
    team, address = site.browser(tess), f"/team/threads/{thread.id}/split"
    form = team.get(address)
    assert len(form.select("//input[@name='posts']")) == 8
    kept = team.post(address, {"posts": "3", "numbers": "x", "note": "Off the point."}, status=422)
    assert "Enter a title" in kept.words and "Enter numbers of posts" in kept.words
    assert kept.select("//input[@value='3']/@checked") and "Off the point." in kept.text
    assert "Select at least one post" in team.post(address, {"title": "T"}, status=422).words
    assert "not the one that opens it" in team.post(address, {"posts": "1", "title": "T"}, status=422).words
    assert "in this thread" in team.post(address, {"numbers": "3-99", "title": "T"}, status=422).words
    said = {
        "posts": ["3"],
        "numbers": "5, 8",
        "title": "Marking on Fridays",
        "components": "school-organisation",
    }
    answer = team.post(address, said)
    new = newest()
    assert answer.location.endswith(f"/threads/{new.id}-marking-on-fridays")
    assert ids_of(new) == {1: ids[3], 2: ids[5], 3: answers.id}
    assert post_of(new, 3).in_reply_to == 1 and (new.posts_count, new.author_id) == (
        3,
        post_of(new, 1).author_id,
    )
    visitor = site.visitor()
    page = visitor.get(f"/threads/{new.id}-marking-on-fridays")
    assert "Words number 3." in page.words and "School organisation" in page.words
    assert visitor.get(f"/posts/{ids[5]}", status=302).location == f"/threads/{new.id}-{new.slug}#post-2"
    left = visitor.get(old)
    assert left.headers["ETag"] != before
    assert "Words number 3." not in left.words and "Post #3 has moved" in left.words
    assert left.select(f"//article[@id='post-5']//a[@href='/posts/{ids[5]}']")
    assert team.get(old).select("//article[@id='post-5']") and not team.get(old).select(
        "//article[@id='post-5']//a[contains(@href, '/team/posts')]"
    )
    make_reply(db.session.get_one(Thread, thread.id), text="After it.")
    assert ids_of(thread)[10]
    # lists, feeds and search
    assert "Marking on Fridays" in visitor.get(prompt).words
    assert "Marking on Fridays" in visitor.get("/feed.atom").text
    feed = visitor.get(f"/threads/{new.id}/feed.atom").text
    assert "Words number 3." in feed and feed.count("<entry>") == 3
    assert "Words number 3." not in visitor.get(f"/threads/{thread.id}/feed.atom").text
    assert "Marking on Fridays" in visitor.get("/search?q=marking+fridays").words
    assert not [part for part in check() if part.faults]
    line = db.session.scalars(select(Activity).where(Activity.verb == "team.thread-split")).one()
    assert line.public and line.detail["into"] == new.id and line.detail["numbers"] == [3, 5, 8]
    assert "split posts off" in team.get("/team/log").words
    with counted() as whole:
        site.visitor().get(f"{old}?page=1")
    assert len([each for each in whole if "moved_posts" in each]) <= 1


def test_what_cannot_go_stays(site: Site, tess: User) -> None:
    thread = grown(3)
    post_of(thread, 2).hide(tess, "spam")
    db.session.commit()
    with pytest.raises(Refused, match="must be shown"):
        split(thread, [2, 3], tess, "T", [])
    db.session.rollback()
    trial = make_trial(make_study())
    review = make_review(body="It helped.", helped_with="Marking")
    suggestion = make_suggestion()
    reply = make_reply(db.session.get_one(Thread, suggestion.thread_id))
    for post in (trial.post_id, review.post_id):
        found = db.session.get_one(Post, post)
        with pytest.raises(Refused, match="stays with"):
            split(db.session.get_one(Thread, found.thread_id), [found.number or 0], tess, "T", [])
        db.session.rollback()
    new = split(db.session.get_one(Thread, suggestion.thread_id), [reply.number or 0], tess, "Apart", [])
    db.session.commit()
    assert new.kind == "discussion"


def test_links_to_posts_survive_each_act_of_the_team(site: Site, tess: User) -> None:
    thread, other = grown(3), make_thread(title="Another one", text="The older one.")
    id, address = ids_of(thread)[3], f"/threads/{thread.id}-{thread.slug}"
    team, base = site.browser(tess), f"/team/threads/{thread.id}"

    def found() -> str:
        page = site.visitor().get(f"/posts/{id}", status=302)
        assert "Words number 3." in site.visitor().get(page.location).words
        at_old = site.visitor().get(address, status=(200, 301))
        assert site.visitor().get(at_old.location or address).status == 200
        return page.location

    acts = [
        ("lock", {}), ("unlock", {}), ("pin", {}), ("unpin", {}),
        ("move", {"prompt": "resources"}),
        ("settings", {"title": "Called otherwise", "slow": "60", "holds": "y", "components": "school-organisation"}),
        ("hide", {"reason": "other"}), ("restore", {}),
        ("merge", {"into": "nowhere"}),
    ]  # fmt: skip
    for act, said in acts:
        team.post(f"{base}/{act}", said, status=422 if said.get("into") else 302)
        if act != "hide":
            found()
    itself = team.post(f"{base}/merge", {"into": str(thread.id)}, status=422)
    assert "cannot be merged into itself" in itself.words
    team.post(
        f"{base}/merge", {"into": f"https://conversation.example.org/threads/{other.id}-x", "note": "One."}
    )
    assert found() == f"/threads/{other.id}-{other.slug}#post-4"
    assert [post for _, post in sorted(ids_of(other).items())][1:] == sorted(ids_of(other).values())[:4]
    team.post(f"/team/threads/{other.id}/split", {"numbers": "4", "title": "Apart again"})
    assert found().endswith("-apart-again#post-1")
    verbs = set(db.session.scalars(select(Activity.verb).where(Activity.verb.startswith("team.thread"))))
    assert verbs == {
        f"team.thread-{did}"
        for did in (
            "locked", "unlocked", "pinned", "unpinned", "moved", "arranged", "hidden", "restored", "merged", "split",
        )
    }  # fmt: skip
    words = team.get("/team/log").words
    assert "One." in words and "merged into another thread" in words
    site.visitor().get(f"/threads/{thread.id}/feed.atom", status=301)


def test_replies_while_a_thread_is_split_or_merged_are_all_there(site: Site, tess: User) -> None:
    """Eight people answer, among them some the very posts that go, while the team divides and then unites."""
    thread, people = grown(6), [make_person(f"Person {n}") for n in range(8)]
    id, team = thread.id, tess.id
    gate = Barrier(len(people) + 1)
    browsers, quoted = [site.browser(person) for person in people], ids_of(thread)[3]
    forms = [browser.get(f"/threads/{id}?quote={quoted}", status=(200, 301)) for browser in browsers]
    assert forms

    def answer(number: int) -> int:
        gate.wait()
        said = {"body": f"Answer {number}.", "disclosure": "named", "in_reply_to": str(quoted)}
        return browsers[number].post(f"/threads/{id}/posts", said, status=(302, 409)).status

    def divide(_: int) -> int:
        with site.app.app_context():
            gate.wait()
            by, here = db.session.get_one(User, team), db.session.get_one(Thread, id)
            split(here, [3, 4], by, "Apart", list(db.session.scalars(select(Component))))
            db.session.commit()
            db.session.remove()
        return 302

    with ThreadPoolExecutor(len(people) + 1) as pool:
        calls = [*((answer, n) for n in range(len(people))), (divide, 0)]
        futures = [pool.submit(copy_context().run, call, n) for call, n in calls]
        assert [future.result() for future in futures] == [302] * len(calls)
    db.session.rollback()
    new = newest()
    said = set(db.session.scalars(select(Post.source).where(Post.thread_id == id, Post.number > 7)))
    assert said == {f"Answer {n}." for n in range(8)}
    assert ids_of(new).keys() == {1, 2}
    numbers = sorted(ids_of(thread))
    assert numbers == [1, 2, 5, 6, 7, *range(8, 16)]
    stale = post_of(new, 1)
    db.session.expunge_all()
    before = db.session.get_one(Thread, id)
    stale = db.session.get_one(Post, stale.id)
    stale.thread = before
    with db.session.no_autoflush, pytest.raises(Moved):
        stale.hold()
    db.session.rollback()
