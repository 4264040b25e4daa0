"""Whole stories of moderation: from what was written to the ledger, the appeal and what came of it."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, select, update

from forum.accounts.models import RecoveryCode, SecondFactor, User
from forum.core.db import db, now
from forum.discussion.models import Conversation, Post, Thread
from forum.discussion.models.words import REASONS, URGENT
from forum.moderation.models import Appeal, Decision, Item, Report, Sanction
from forum.moderation.models.sanctions import Kind
from tests.browser import Browser, Page, Site
from tests.factories import make_person, make_reply, make_thread, post_of

SECRET = "Wellington Bartholomew of 4B"
WORD = "Wellington"  # searches mark the word they look for, so they ask for the one beside it
KINDS_OF_FEED = ("atom", "rss", "json")
ANY = (200, 302, 303, 401, 403, 404)
TEAM = {"member", "colleague", "administrator"}


@pytest.fixture
def ada(site: Site) -> User:
    return make_person("Ada Obi", email="ada@example.org")


@pytest.fixture
def tess(site: Site) -> User:
    return make_person("Tess Okafor", role="team")


@pytest.fixture
def jo(site: Site) -> User:
    return make_person("Jo Park", role="team")


@pytest.fixture
def thread(site: Site) -> Thread:
    return make_thread(title="Marking in pairs", text="How do you mark?")


@pytest.fixture
def post(thread: Thread, ada: User) -> Post:
    return make_reply(thread, author=ada, text=f"Ask {SECRET}.")


@pytest.fixture
def holding(site: Site) -> Iterator[None]:
    """The first two posts of a new person wait."""
    before = site.app.config["FORUM"]
    site.app.config["FORUM"] = replace(before, first_posts_held=2)
    yield
    site.app.config["FORUM"] = before


def url_of(thread: Thread) -> str:
    return f"/threads/{thread.id}-{thread.slug}"


def waiting() -> list[Item]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(Item.waiting()))


def last_decision() -> Decision:
    db.session.rollback()
    return db.session.scalars(select(Decision).order_by(Decision.id.desc()).limit(1)).one()


def decide(browser: Browser, item: int, act: str, status: int = 302, **fields: str) -> Page:
    return browser.post(f"/team/queue/{item}/decide", {"act": act, **fields}, status=status)


def words_to(site: Site, address: str) -> str:
    return "\n".join(str(mail.get_content()) for mail in site.mail() if mail["To"] == address)


def places(site: Site, thread: Thread) -> list[str]:
    """All that the public is given of a thread: pages, and the feeds in every format."""
    feeds = ("/feed", "/posts/feed", f"/threads/{thread.id}/feed", "/prompts/your-practice/posts/feed")
    pages = ["/", url_of(thread), "/prompts/your-practice", "/moderation"]
    return [*pages, *(f"{feed}.{kind}" for feed in feeds for kind in ("atom", "rss", "json"))]


def public_words(site: Site, thread: Thread) -> str:
    visitor = site.visitor()
    return "\n".join(visitor.get(url).text for url in places(site, thread))


class Readers:
    """Six people who keep what they are given, and ask for it again as a browser does: by the ETag of their copy."""

    def __init__(self, site: Site, thread: Thread, post: Post, people: dict[str, User]) -> None:
        self.browsers = {"visitor": site.visitor()} | {
            name: site.browser(who) for name, who in people.items()
        }
        self.kept: dict[tuple[str, str], Page] = {}
        self.posts = f"/posts/{post.id}/history"
        found = ["/search?q=Bartholomew", *(f"/search/feed.{kind}?q=Bartholomew" for kind in KINDS_OF_FEED)]
        near = "/search?q=Wellingtun"  # a correction would give the word away
        self.public = [*places(site, thread), *found, near, self.posts, f"/people/{post.author_id}"]
        self.always = [url_of(thread), found[0], found[-1], self.posts]

    def look(self) -> set[tuple[str, str]]:
        """Who reads the secret word where."""
        found = set()
        for name, browser in self.browsers.items():
            for url in self.public if name == "visitor" else self.always:
                if self._asked(name, browser, url):
                    found.add((name, url))
        return found

    def _asked(self, name: str, browser: Browser, url: str) -> bool:
        kept = self.kept.get((name, url))
        headers = {"If-None-Match": kept.headers["ETag"]} if kept else {}
        page = browser.get(url, status=(200, 304, 404), headers=headers)
        if page.status == 304 and kept:
            page = kept
        elif "ETag" in page.headers:
            self.kept[name, url] = page
        return WORD in page.text

    def at(self, url: str) -> set[str]:
        """Who reads it at a page that is not for everyone."""
        pages = {name: browser.get(url, status=ANY) for name, browser in self.browsers.items()}
        return {name for name, page in pages.items() if WORD in page.text}


# From report to ledger, appeal and reversal


@pytest.mark.parametrize("reason", list(REASONS))
def test_a_report_is_decided_told_appealed_and_reversed(
    site: Site, thread: Thread, post: Post, ada: User, tess: User, jo: User, reason: str
) -> None:
    number, id = post.number, post.id
    post_of(thread, number).edit(ada, f"You could ask {SECRET}.", "named", post.version)
    site.commit()
    grace = make_person("Grace Hill", email="grace@example.org")
    boss = make_person("Bea Boss", role="administrator")
    people = {"author": ada, "reporter": grace, "member": tess, "colleague": jo, "administrator": boss}
    readers = Readers(site, thread, post, people)
    before = readers.look()
    assert {(name, url) for name in readers.browsers for url in readers.always} <= before
    site.browser(grace).post(f"/posts/{id}/report", {"reason": reason, "detail": "Look at this."})
    urgent = reason in URGENT
    teams = {(name, readers.posts) for name in TEAM}  # the team has the history of what is hidden
    assert readers.look() == (teams if urgent else before)
    assert ("Being checked by the team" in site.visitor().get(url_of(thread)).words) is urgent
    alarm = words_to(site, site.app.config["FORUM"].contact)
    assert ("out of sight at once" in alarm) is urgent
    assert SECRET not in alarm

    (item,) = waiting()
    team, colleague = site.browser(tess), site.browser(jo)
    decide(team, item.id, "remove", reason=reason, words="Please write it again without that part.")
    decision = last_decision().id
    assert readers.look() == teams
    assert readers.at(f"/account/decisions/{decision}") == {"author"}
    assert readers.at(f"/team/queue/{item.id}") == TEAM
    assert "removed by the team" in site.visitor().get(url_of(thread)).words.lower()
    tombstone = site.visitor().get(f"/threads/{thread.id}/feed.atom").text
    assert "deleted-entry" in tombstone
    told = words_to(site, "ada@example.org")
    assert "Please write it again without that part." in told
    assert REASONS[reason] in told
    assert "Grace" not in told
    heard = words_to(site, "grace@example.org")
    assert "something had to be done" in heard
    assert "Please write it again" not in heard

    ledger = site.visitor().get("/moderation")
    csv = site.visitor().get("/moderation.csv").text
    listed = f"Decision {decision} ·" in ledger.words
    assert listed is not urgent
    assert (REASONS[reason] in csv) is not urgent
    for name in ("Ada", "Grace", "Tess", SECRET, "Marking in pairs"):
        assert name not in ledger.words + csv

    author = site.browser(ada)
    assert SECRET in author.get(f"/account/decisions/{decision}").words
    site.browser(make_person()).get(f"/account/decisions/{decision}", status=404)
    author.post(f"/account/decisions/{decision}/appeal", {"text": "It is an invented name."})
    author.post(f"/account/decisions/{decision}/appeal", {"text": "Once more."})
    (appeal,) = waiting()
    assert "It is an invented name." in colleague.get(f"/team/queue/{appeal.id}").words
    answer = {"outcome": "reversed", "answer": "You are right."}
    team.post(f"/team/queue/{appeal.id}/appeal", answer, status=403)
    colleague.post(f"/team/queue/{appeal.id}/appeal", answer)
    assert waiting() == []
    assert readers.look() == before
    back = site.visitor().get(url_of(thread))
    assert SECRET in back.words
    assert back.select(f"//article[@id='post-{number}']")
    assert "You were right" in words_to(site, "ada@example.org")
    after = site.visitor().get("/moderation").words
    assert ("Reversed on appeal" in after) is not urgent
    assert "1, of which 1 (100%) reversed the decision" in after


def test_an_appeal_that_is_upheld_changes_nothing(
    site: Site, thread: Thread, post: Post, ada: User, tess: User, jo: User
) -> None:
    site.browser(tess).post(f"/team/posts/{post.id}/hide", {"reason": "harassment"})
    decision = last_decision().id
    site.browser(ada).post(f"/account/decisions/{decision}/appeal", {"text": "I was provoked."})
    (item,) = waiting()
    browser = site.browser(jo)
    browser.post(f"/team/queue/{item.id}/appeal", {"outcome": "upheld"}, status=422)
    browser.post(f"/team/queue/{item.id}/appeal", {"outcome": "upheld", "answer": "The words stand."})
    assert SECRET not in public_words(site, thread)
    assert "The decision stands" in words_to(site, "ada@example.org")
    assert "The words stand." in site.browser(ada).get(f"/account/decisions/{decision}").words
    assert "Upheld on appeal" in site.visitor().get("/moderation").words


def test_a_reporter_whose_report_was_left_can_appeal(
    site: Site, thread: Thread, post: Post, tess: User, jo: User
) -> None:
    grace = make_person("Grace Hill", email="grace@example.org")
    site.browser(grace).post(f"/posts/{post.id}/report", {"reason": "personal"})
    decide(site.browser(tess), waiting()[0].id, "leave")
    decision = last_decision().id
    assert "leave it as it is" in words_to(site, "grace@example.org")
    page = site.browser(grace).get("/account/reports")
    assert "Left as it is" in page.words
    site.browser(grace).post(f"/account/decisions/{decision}/appeal", {"text": "It gives a name."})
    (item,) = waiting()
    site.browser(jo).post(f"/team/queue/{item.id}/appeal", {"outcome": "reversed", "answer": "So it does."})
    assert SECRET not in public_words(site, thread)
    assert "Hidden by the team: personal information" in site.visitor().get(url_of(thread)).words


def test_an_appeal_needs_words_and_keeps_them(site: Site, post: Post, ada: User, tess: User) -> None:
    site.browser(tess).post(f"/team/posts/{post.id}/hide", {"reason": "spam"})
    decision, browser = last_decision().id, site.browser(ada)
    browser.post(f"/account/decisions/{decision}/appeal", {"text": " "}, status=422)
    page = browser.post(f"/account/decisions/{decision}/appeal", {"text": "x" * 5001}, status=422)
    assert "x" * 5001 in page.text
    assert db.session.scalar(select(func.count(Appeal.id))) == 0


# What waits


def test_a_new_persons_first_two_posts_wait_and_take_their_numbers_when_published(
    site: Site, thread: Thread, holding: None, tess: User
) -> None:
    new = make_person("Nia New")
    browser, address = site.browser(new), url_of(thread)
    before = browser.get(address).headers["ETag"]
    page = browser.follow(browser.post(f"/threads/{thread.id}/posts", {"body": "First words."}))
    assert "First words." in page.words
    assert "Waiting for the team" in page.words
    for other in (site.visitor(), site.browser(make_person())):
        assert "First words." not in other.get(address).words
    assert site.visitor().get(address).headers["ETag"] != before  # a visitor's own; nothing of it changed
    assert "First words." not in public_words(site, thread)
    held = db.session.scalars(select(Post).where(Post.publication == "held")).one()
    assert held.number is None
    make_reply(thread, author=tess, text="Meanwhile.")

    (item,) = waiting()
    assert "One of this person’s first posts" in site.browser(tess).get("/team/queue").words
    decide(site.browser(tess), item.id, "publish")
    assert "First words." in site.visitor().get(address).words
    db.session.expire_all()
    assert db.session.get_one(Post, held.id).number == thread.posts_count == 3
    assert "First words." in site.visitor().get("/posts/feed.atom").text
    assert "it is public now" in words_to(site, new.email or "")

    browser.post(f"/threads/{thread.id}/posts", {"body": "Second words."})
    decide(site.browser(tess), waiting()[0].id, "publish")
    browser.post(f"/threads/{thread.id}/posts", {"body": "Third words."})
    assert waiting() == []
    assert "Third words." in site.visitor().get(address).words


def test_a_held_thread_is_its_authors_and_the_teams_until_it_is_published(
    site: Site, holding: None, tess: User
) -> None:
    new = make_person("Nia New")
    browser = site.browser(new)
    answer = browser.post(
        "/prompts/your-practice/threads/new",
        {"title": "A question of mine", "body": "What is it?", "disclosure": "named"},
    )
    assert "A question of mine" in browser.get(answer.location).words
    site.visitor().get(answer.location, status=404)
    assert "A question of mine" not in site.visitor().get("/").text
    decide(site.browser(tess), waiting()[0].id, "publish")
    assert "What is it?" in site.visitor().get(answer.location).words
    assert "A question of mine" in site.visitor().get("/feed.atom").text


def test_what_waits_can_be_edited_and_taken_back(site: Site, thread: Thread, holding: None) -> None:
    browser = site.browser(make_person("Nia New"))
    browser.post(f"/threads/{thread.id}/posts", {"body": "First words."})
    held = db.session.scalars(select(Post).where(Post.publication == "held")).one()
    id, version = held.id, held.version
    browser.post(f"/posts/{id}/edit", {"body": "Better words.", "since": str(version)})
    assert "Better words." in browser.get(url_of(thread)).words
    assert len(waiting()) == 1
    browser.post(f"/posts/{id}/delete")
    assert waiting() == []
    browser.post(f"/posts/{id}/restore")
    assert [item.post_id for item in waiting()] == [id]
    assert "Better words." not in site.visitor().get(url_of(thread)).words


def test_the_team_can_vouch_and_its_own_posts_never_wait(
    site: Site, thread: Thread, holding: None, tess: User
) -> None:
    new = make_person("Nia New")
    site.browser(tess).post(f"/team/people/{new.id}/vouch")
    site.browser(new).post(f"/threads/{thread.id}/posts", {"body": "Known words."})
    site.browser(tess).post(f"/threads/{thread.id}/posts", {"body": "The team’s words."})
    assert waiting() == []


@pytest.mark.parametrize("where", ["everywhere", "under a prompt", "in a thread"])
def test_switches_hold_what_is_written(site: Site, thread: Thread, tess: User, where: str) -> None:
    team, id = site.browser(tess), thread.id
    if where == "everywhere":
        team.post("/team/switches", {"everywhere": "y"})
    elif where == "under a prompt":
        team.post("/team/switches", {"under": str(thread.prompt_id)})
    else:
        team.post(f"/team/threads/{id}/settings", {"title": thread.title, "slow": "0", "holds": "y"})
    site.browser(make_person()).post(f"/threads/{id}/posts", {"body": "Held words."})
    assert [item.reason for item in waiting()] == ["switch"]
    assert db.session.scalars(select(Conversation)).one().holds is (where == "everywhere")


def test_a_thread_that_is_slowed_down_makes_a_person_wait(site: Site, thread: Thread, tess: User) -> None:
    site.browser(tess).post(f"/team/threads/{thread.id}/settings", {"title": thread.title, "slow": "600"})
    browser = site.browser(make_person())
    browser.post(f"/threads/{thread.id}/posts", {"body": "One."})
    page = browser.post(f"/threads/{thread.id}/posts", {"body": "And two."}, status=422)
    assert "slowed down: you can post again in 10 minutes" in page.words
    assert page.select("//textarea[@name='body']")[0].text_content().strip() == "And two."
    site.browser(make_person()).post(f"/threads/{thread.id}/posts", {"body": "Someone else."})


# Deciding


def test_a_change_that_is_asked_for_comes_back_to_the_queue(
    site: Site, thread: Thread, post: Post, ada: User, tess: User
) -> None:
    report = Report.of_post(post_of(thread, 2), make_person(), "personal", "")
    site.commit()
    team, id = site.browser(tess), post.id
    page = decide(team, report.item_id, "change", status=422, reason="personal")
    assert "Say what its author should change" in page.words
    decide(team, report.item_id, "change", reason="personal", words="Leave out the name.")
    assert SECRET not in public_words(site, thread)
    assert "Waiting for its author to change it" in site.visitor().get(url_of(thread)).words
    author = site.browser(ada)
    assert "Leave out the name." in words_to(site, "ada@example.org")
    version = db.session.get_one(Post, id).version
    author.post(f"/posts/{id}/edit", {"body": "Ask a colleague.", "since": str(version)})
    assert "Ask a colleague." not in site.visitor().get(url_of(thread)).words
    (item,) = waiting()
    assert item.reason == "changed"
    decide(team, item.id, "publish")
    words = site.visitor().get(url_of(thread)).words
    assert "Ask a colleague." in words
    assert SECRET not in words


def test_what_a_colleague_holds_is_theirs_until_the_claim_runs_out(
    site: Site, post: Post, tess: User, jo: User
) -> None:
    Report.of_post(post, make_person(), "spam", "")
    site.commit()
    (item,) = waiting()
    id = item.id
    site.browser(tess).post(f"/team/queue/{id}/claim")
    other = site.browser(jo)
    assert "Tess Okafor is looking at this" in other.get(f"/team/queue/{id}").words
    other.post(f"/team/queue/{id}/claim", status=409)
    kept = decide(other, id, "remove", status=409, reason="spam", note="An advert, twice.")
    assert "An advert, twice." in kept.text
    db.session.execute(update(Item).values(claimed_until=now() - timedelta(seconds=1)))
    db.session.commit()
    decide(other, id, "remove", reason="spam")
    page = decide(site.browser(tess), id, "leave", status=409)
    assert "A colleague has decided this already" in page.words


def test_nobody_decides_about_themselves_their_report_or_an_administrator(
    site: Site, thread: Thread, tess: User, jo: User
) -> None:
    boss = make_person("Bea Boss", role="administrator")
    own, reported, bosses = (make_reply(thread, author=author) for author in (tess, make_person(), boss))
    for each, by in ((own, make_person()), (reported, tess), (bosses, make_person())):
        Report.of_post(post_of(thread, each.number or 0), by, "spam", "")
    site.commit()
    ids = {item.post_id: item.id for item in waiting()}
    mine = site.browser(tess)
    for each in (own, reported, bosses):
        page = decide(mine, ids[each.id], "remove", status=403, reason="spam")
        assert "You cannot decide" in page.words
    for each in (own, reported):
        decide(site.browser(jo), ids[each.id], "leave")
    decide(site.browser(make_person(role="administrator")), ids[bosses.id], "leave")
    mine.post(f"/team/posts/{own.id}/hide", {"reason": "spam"}, status=403)


@pytest.mark.parametrize("act", ["publish", "leave", "hide", "remove", "change"])
@pytest.mark.parametrize("held", [False, True])
def test_a_decision_can_be_undone_within_the_hour(
    site: Site, thread: Thread, tess: User, act: str, held: bool
) -> None:
    if held:
        db.session.execute(update(Thread).values(holds=True))
        db.session.commit()
    author = make_person()
    site.browser(author).post(f"/threads/{thread.id}/posts", {"body": "Some words."})
    id = db.session.scalars(select(Post.id).where(Post.author_id == author.id)).one()
    if not held:
        Report.of_post(post_of(thread, 2), make_person(), "spam", "")
        site.commit()
    (item,) = waiting()
    number, team = item.id, site.browser(tess)
    decide(team, number, act, reason="spam", words="So.")
    team.post(f"/team/decisions/{last_decision().id}/undo")
    assert [item.id for item in waiting()] == [number]
    assert ("Some words." in site.visitor().get(url_of(thread)).words) is not held
    decide(team, number, "publish")
    assert "Some words." in site.visitor().get(url_of(thread)).words
    assert db.session.get_one(Post, id, populate_existing=True).number == 2
    db.session.execute(update(Decision).values(at=now() - timedelta(hours=2)))
    db.session.commit()
    team.post(f"/team/decisions/{last_decision().id}/undo", status=403)


def test_a_decision_can_be_reversed_later_with_a_reason(
    site: Site, thread: Thread, post: Post, tess: User
) -> None:
    team = site.browser(tess)
    team.post(f"/team/posts/{post.id}/hide", {"reason": "off-topic"})
    id = last_decision().id
    db.session.execute(update(Decision).values(at=now() - timedelta(days=3)))
    db.session.commit()
    team.post(f"/team/decisions/{id}/reverse", {"why": ""}, status=422)
    team.post(f"/team/decisions/{id}/reverse", {"why": "It was about marking after all."})
    assert SECRET in public_words(site, thread)
    assert "It was about marking after all." in words_to(site, "ada@example.org")
    team.post(f"/team/decisions/{id}/reverse", {"why": "Again."}, status=409)


def test_a_second_opinion_is_asked_of_a_colleague(site: Site, post: Post, tess: User, jo: User) -> None:
    Report.of_post(post, make_person(), "personal", "")
    site.commit()
    (item,) = waiting()
    team, id = site.browser(tess), item.id
    team.post(f"/team/queue/{id}/pass", {"to": ""}, status=422)
    team.post(f"/team/queue/{id}/pass", {"to": str(jo.id), "note": "Is this a real name?"})
    assert "Jo Park was asked" in site.browser(jo).get("/team/queue?mine=passed").words
    assert "Is this a real name?" in team.get("/team/log").words


def test_spam_is_removed_in_one_go_but_for_what_a_colleague_holds(
    site: Site, thread: Thread, tess: User, jo: User
) -> None:
    for number in range(3):
        Report.of_post(make_reply(thread, text=f"Buy {number}"), make_person(), "spam", "")
    site.commit()
    ids = [item.id for item in waiting()]
    site.browser(jo).post(f"/team/queue/{ids[0]}/claim")
    team = site.browser(tess)
    page = team.follow(team.post("/team/queue/spam", {"items": [str(id) for id in [*ids, 999_999]]}))
    assert "2 removed as spam." in page.words
    assert [item.id for item in waiting()] == ids[:1]


def together(count: int, call: Callable[[int], int]) -> list[int]:
    """What `call` returns for each number, all begun at once."""
    start, results = threading.Barrier(count), []

    def run(number: int) -> None:
        start.wait()
        results.append(call(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sorted(results)


def test_fifty_reporters_at_once_make_one_item(site: Site, post: Post) -> None:
    browsers = [site.browser(make_person()) for _ in range(50)]
    tokens = [browser.csrf_token() for browser in browsers]
    url = f"/posts/{post.id}/report"
    db.session.remove()

    def send(number: int) -> int:
        form = {"reason": "spam", "csrf_token": tokens[number]}
        environ = {"REMOTE_ADDR": f"10.0.0.{number}"}
        return browsers[number].client.post(url, data=form, environ_overrides=environ).status_code

    assert together(50, send) == [302] * 50
    (item,) = waiting()
    assert item.reports_count == 50
    assert db.session.scalar(select(func.count(Report.id))) == 50


# People


def test_someone_who_is_suspended_reads_sees_why_and_can_appeal(
    site: Site, thread: Thread, post: Post, ada: User, tess: User, jo: User
) -> None:
    team, author = site.browser(tess), site.browser(ada)
    fields = {"kind": "suspension", "days": "7", "reason": "harassment", "words": "Please stop."}
    team.post(f"/team/people/{ada.id}/sanctions", {**fields, "reason": ""}, status=422)
    team.post(f"/team/people/{ada.id}/sanctions", fields)
    assert "Please stop." in words_to(site, "ada@example.org")
    page = author.follow(author.post(f"/threads/{thread.id}/posts", {"body": "But"}, status=303))
    for shown in ("Your account is suspended", "until", "Please stop.", "appeal"):
        assert shown in page.words
    assert author.get("/account/settings", status=303).location == "/account/suspended"
    assert SECRET in author.get(url_of(thread)).words
    decision = last_decision().id
    author.post(f"/account/decisions/{decision}/appeal", {"text": "I said sorry."})
    (item,) = waiting()
    site.browser(jo).post(
        f"/team/queue/{item.id}/appeal", {"outcome": "reversed", "answer": "That is enough."}
    )
    author.post(f"/threads/{thread.id}/posts", {"body": "Thank you."})
    assert "Thank you." in site.visitor().get(url_of(thread)).words


def test_a_suspension_ends_by_itself_and_another_outlasts_it(site: Site, ada: User, tess: User) -> None:
    for days in (7, 30):
        until = now() + timedelta(days=days)
        Sanction.impose(ada, tess, Kind.SUSPENSION, reason="spam", until=until)
    site.commit()
    longer = db.session.scalars(Sanction.of(ada)).first()
    assert longer is not None
    longer.lift(tess, "Too long.")
    site.commit()
    assert ada.suspended_until is not None
    assert ada.suspended_until < now() + timedelta(days=8)
    ada.suspended_until = now() - timedelta(seconds=1)
    assert ada.may_post


def test_a_person_can_be_held_and_lifted(site: Site, thread: Thread, ada: User, tess: User) -> None:
    team = site.browser(tess)
    team.post(f"/team/people/{ada.id}/sanctions", {"kind": "hold", "days": "", "reason": "personal"})
    site.browser(ada).post(f"/threads/{thread.id}/posts", {"body": "Held words."})
    assert [item.reason for item in waiting()] == ["person"]
    sanction = db.session.scalars(select(Sanction)).one().id
    team.post(f"/team/sanctions/{sanction}/lift", {"why": "They asked nicely."})
    site.browser(ada).post(f"/threads/{thread.id}/posts", {"body": "Free words."})
    assert "Free words." in site.visitor().get(url_of(thread)).words
    team.post(f"/team/sanctions/{sanction}/lift", {"why": "Again."}, status=409)


def test_all_that_a_person_wrote_goes_and_comes_back_together(
    site: Site, thread: Thread, post: Post, ada: User, tess: User
) -> None:
    kept = make_reply(thread, author=ada, text="Hidden before.").id
    make_thread(author=ada, title="Another of hers")
    post_of(thread, 3).hide(tess, "spam")
    site.commit()
    team = site.browser(tess)
    team.post(f"/team/people/{ada.id}/sweep", {"reason": ""}, status=422)
    team.post(f"/team/people/{ada.id}/sweep", {"reason": "spam"})
    assert SECRET not in public_words(site, thread)
    team.post(f"/team/decisions/{last_decision().id}/reverse", {"why": "It was not her."})
    assert SECRET in public_words(site, thread)
    assert db.session.get_one(Post, kept, populate_existing=True).moderation == "hidden"


def test_the_team_cannot_act_on_itself_or_on_an_administrator(site: Site, tess: User) -> None:
    boss, team = make_person(role="administrator"), site.browser(tess)
    for id in (tess.id, boss.id):
        fields = {"kind": "suspension", "days": "1", "reason": "spam"}
        team.post(f"/team/people/{id}/sanctions", fields, status=403)
        team.post(f"/team/people/{id}/sweep", {"reason": "spam"}, status=403)


# The team itself


def test_administrators_change_the_team_and_the_others_are_told(site: Site, tess: User) -> None:
    boss = make_person("Bea Boss", role="administrator")
    other = make_person("Cy Chief", role="administrator", email="cy@example.org")
    grace = make_person("Grace Hill", email="grace@example.org")
    site.browser(tess).post("/team/members", {"email": "grace@example.org", "role": "team"}, status=403)
    browser = site.browser(boss)
    page = browser.post("/team/members", {"email": "nobody@example.org", "role": "team"}, status=422)
    assert "Nobody with a confirmed account has this address" in page.words
    browser.post("/team/members", {"email": "grace@example.org", "role": "team"})
    assert "Bea Boss made Grace Hill" in words_to(site, "cy@example.org")
    site.browser(grace).get("/team")
    browser.post(f"/team/members/{boss.id}/remove", status=403)
    browser.post(f"/team/members/{grace.id}/remove")
    site.browser(grace).get("/team", status=403)
    site.browser(other).post(f"/team/members/{boss.id}/remove")


@pytest.fixture
def guarded(site: Site) -> Iterator[None]:
    """The team's pages ask for a second factor."""
    before = site.app.config["FORUM"]
    site.app.config["FORUM"] = replace(before, second_factor=True)
    yield
    site.app.config["FORUM"] = before


def test_the_teams_pages_ask_for_a_second_factor(site: Site, guarded: None, tess: User) -> None:
    team, door = site.browser(tess), "/account/second-factor"
    away = team.get("/team/queue", status=302)
    assert away.location.startswith(door)
    team.post("/team/switches", {"everywhere": "y"}, status=403)
    assert db.session.scalars(select(Conversation)).one().holds is False
    site.browser(make_person()).get(door, status=403)
    team.post(f"{door}/begin", {"then": "/team/queue"})
    factor = db.session.scalars(select(SecondFactor)).one()
    secret = factor.secret
    assert secret[:4] in team.get(door).words
    assert team.get(f"{door}/picture.svg").headers["Content-Type"].startswith("image/svg+xml")
    team.post(door, {"code": "000000"}, status=422)
    digits = pyotp.TOTP(secret).now()
    page = team.post(door, {"code": digits, "then": "/team/queue"}, status=200)
    codes = [code.text_content() for code in page.select("//main//code")]
    assert len(codes) == 10
    team.get("/team/queue")
    assert secret[:4] not in team.get(door).words
    team.get(f"{door}/picture.svg", status=404)

    again = site.browser(tess)
    again.get("/team/queue", status=302)
    again.post(door, {"code": digits}, status=422)  # used already
    again.post(door, {"code": codes[0].upper(), "then": "https://elsewhere.example/"})
    again.get("/team/queue")
    third = site.browser(tess)
    third.post(door, {"code": codes[0]}, status=422)
    assert RecoveryCode.left(tess) == 9
    SecondFactor.forget(tess, by=None)
    site.commit()
    assert "Set it up" in third.get(door).words


def test_the_rules_stay_in_every_version(site: Site, tess: User, jo: User) -> None:
    first = site.visitor().get("/rules")
    assert "You are told the reason, and you can appeal" in first.words
    team = site.browser(tess)
    page = team.post("/team/rules/edit", {"source": "Be **kind**.", "since": "1", "preview": "1"}, status=200)
    assert "Be kind." in page.words
    team.post("/team/rules/edit", {"source": "Be **kind**.", "since": "1"})
    late = site.browser(jo).post("/team/rules/edit", {"source": "Be brief.", "since": "1"}, status=409)
    assert "Be brief." in late.text
    assert "Be kind." in site.visitor().get("/rules").words
    assert "You are told the reason" in site.visitor().get("/rules/1").words
    assert "What changed then" in site.visitor().get("/rules/2").words
    site.visitor().get("/rules/99", status=404)


def test_wordings_are_the_administrators(site: Site, tess: User) -> None:
    site.browser(tess).get("/team/wordings", status=403)
    boss = site.browser(make_person(role="administrator"))
    boss.post("/team/wordings", {"spam": "Please do not advertise here."})
    assert "Please do not advertise here." in site.browser(tess).get("/team/rules").words


def test_records_hold_everything_but_secrets_and_reporters(
    site: Site, thread: Thread, post: Post, ada: User, tess: User
) -> None:
    grace = make_person("Grace Hill", email="grace@example.org")
    site.browser(grace).post(f"/posts/{post.id}/report", {"reason": "personal", "detail": "A name."})
    decide(site.browser(tess), waiting()[0].id, "hide", reason="personal", words="Leave it out.")
    reader = site.browser(ada)
    reader.post("/following", {"kind": "person", "target": str(grace.id), "act": "mute"})
    reader.post("/following/feeds", {"what": "following"}, status=200)
    reader.post("/account/notifications", {"pace": "weekly", "hour": "7", "weekday": "2"})
    for url in (f"/team/records/people/{ada.id}", f"/team/records/posts/{post.id}"):
        site.browser(grace).post(url, status=403)
        answer = site.browser(tess).post(url, status=200)
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            data = archive.read("records.json").decode()
            page = archive.read("records.html").decode()
        for words in (SECRET, "A name.", "Leave it out."):
            assert words in data
            assert words in page
        assert "argon2" not in data
        assert "grace@example.org" not in data
        reports = json.loads(data).get("reports") or json.loads(data)["reports of their posts and page"]
        assert "reporter_id" not in reports[0]
        if "person" in json.loads(data):
            theirs = json.loads(data)
            muted = [each["target"] for each in theirs["follows and mutes"] if each["level"] == "muted"]
            assert muted == [str(grace.id)]
            assert theirs["choices of notifications and mail"][0]["pace"] == "weekly"
            assert (
                theirs["private feeds"][0]["kind"] == "following"
                and "digest" not in theirs["private feeds"][0]
            )
