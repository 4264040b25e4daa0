"""Reports, what the team does about them, and the log of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import joinedload

from forum.accounts.models import Role, User, Visitor
from forum.activity.models import Activity
from forum.core.db import db, now
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.moderation.models import ACTS, Act, Decision, Item, Report
from forum.seed.load import load_conversation
from tests.browser import Browser, Page, Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.queries import counted

HOSTILE = "<script>alert(1)</script> {{ 7*7 }} <img src=x onerror=alert(2)>\nsecond line \u202e backwards"
SECRET = "Wellington Bartholomew of 4B"


@pytest.fixture
def ada(site: Site) -> User:
    return make_person("Ada Obi")


@pytest.fixture
def tess(site: Site) -> User:
    return make_person("Tess Okafor", role="team")


@pytest.fixture
def team(site: Site, tess: User) -> Browser:
    return site.browser(tess)


@pytest.fixture
def thread(site: Site, ada: User) -> Thread:
    return make_thread(author=ada, title="Marking in pairs", text="How do you mark?")


@pytest.fixture
def reply(thread: Thread) -> Post:
    return make_reply(thread, text=f"Ask {SECRET}.")


def lines(verb: str = "team.") -> list[Activity]:
    db.session.rollback()
    return list(
        db.session.scalars(select(Activity).where(Activity.verb.startswith(verb)).order_by(Activity.id))
    )


def reports() -> list[Report]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Report).order_by(Report.id).options(joinedload(Report.reporter))))


def report_by(
    browser: Browser, post: Post, reason: str = "spam", detail: str = "", status: int = 302
) -> Page:
    return browser.post(f"/posts/{post.id}/report", {"reason": reason, "detail": detail}, status=status)


def messages(page: Page) -> list[str]:
    return [
        item.text_content().strip()
        for item in page.select("//*[contains(@class, 'error-summary__list')]//li")
    ]


# Reporting


def test_a_visitor_reports_a_post(site: Site, reply: Post) -> None:
    visitor = site.visitor()
    page = visitor.get(f"/posts/{reply.id}/report")
    assert "We talk" not in page.words
    assert f"Ask {SECRET}." in page.words
    assert "999" in page.words
    thanks = visitor.follow(report_by(visitor, reply, "pupil", "It names a child."))
    made = reports()[0]
    assert f"Your reference is {made.id}" in thanks.words
    assert (made.reason, made.detail, made.reporter_id) == ("pupil", "It names a child.", None)
    assert [line.detail for line in lines("post.reported")] == [{"report": made.id, "reason": "pupil"}]


def test_one_address_reports_a_thing_once_a_day(site: Site, reply: Post) -> None:
    report_by(site.visitor(), reply, detail="An advert.")
    report_by(site.visitor(), reply, detail="I said so.")
    assert [report.detail for report in reports()] == ["An advert.\n\nI said so."]


def test_reports_of_one_post_are_one_item(site: Site, reply: Post) -> None:
    report_by(site.visitor(), reply)
    report_by(site.browser(make_person()), reply)
    items = list(db.session.scalars(select(Item)))
    assert [(item.reports_count, item.reason) for item in items] == [(2, "spam")]


def test_a_participant_who_reports_again_adds_to_the_first(site: Site, reply: Post) -> None:
    browser = site.browser(make_person("Grace Hill"))
    first = report_by(browser, reply, "spam", "An advert.")
    again = report_by(browser, reply, "personal", "And it names a child.")
    assert first.location == again.location
    report_by(browser, reply, "personal", "And it names a child.")
    made = reports()
    assert len(made) == 1
    assert made[0].reporter is not None
    assert made[0].reporter.name == "Grace Hill"
    assert made[0].detail == "An advert.\n\nPersonal information about someone\nAnd it names a child."
    assert len(lines("post.reported")) == 1


def test_a_report_made_after_the_first_was_decided_is_a_new_one(
    site: Site, team: Browser, reply: Post
) -> None:
    browser = site.browser(make_person())
    report_by(browser, reply)
    team.post(f"/team/queue/{reports()[0].item_id}/decide", {"act": "leave"})
    report_by(browser, reply)
    assert len(reports()) == 2
    assert [item.is_open for item in db.session.scalars(select(Item).order_by(Item.id))] == [False, True]


def test_a_report_without_a_reason_comes_back_with_every_word(site: Site, reply: Post) -> None:
    for reason in ("", "nonsense"):
        page = report_by(site.visitor(), reply, reason, HOSTILE, status=422)
        assert messages(page) == ["Select a reason"]
        assert page.select("//title")[0].text.startswith("Error: ")
        kept = page.select("//textarea[@name='detail']")[0].text_content().strip()
        assert kept == HOSTILE.replace("\u202e", "")
        assert "<script>alert" not in page.text
    assert reports() == []


def test_a_huge_detail_is_refused_and_kept(site: Site, reply: Post) -> None:
    huge = "word " * 1001
    page = report_by(site.visitor(), reply, "other", huge, status=422)
    assert messages(page) == ["What the team should know must be 5,000 characters or fewer"]
    assert page.select("//textarea[@name='detail']")[0].text_content().strip() == huge.strip()
    assert page.select("//input[@name='reason'][@value='other']/@checked")
    exactly = "a\r\n" * 2499 + "ab"
    report_by(site.visitor(), reply, "other", exactly)


def test_a_report_without_a_token_is_kept(site: Site, reply: Post) -> None:
    page = site.visitor().post(
        f"/posts/{reply.id}/report", {"reason": "spam", "detail": "An advert."}, status=422, csrf=False
    )
    assert "CSRF" not in page.words
    assert page.select("//textarea[@name='detail']")[0].text_content().strip() == "An advert."
    assert page.select("//input[@name='reason'][@value='spam']/@checked")
    assert reports() == []


def test_what_a_person_may_not_see_cannot_be_reported(site: Site, team: Browser, ada: User) -> None:
    thread = make_thread(author=ada)
    make_reply(thread)
    make_reply(thread, author=ada)
    hidden, withdrawn = post_of(thread, 2), post_of(thread, 3)
    hidden.hide(by=ada, reason="spam")
    withdrawn.withdraw(by=ada)
    site.commit()
    gone = make_thread()
    only = post_of(gone)
    gone.hide(by=ada, reason="spam")
    site.commit()
    for post in (hidden.id, withdrawn.id):
        for browser in (site.visitor(), site.browser(ada), team):
            browser.get(f"/posts/{post}/report", status=404)
            browser.post(f"/posts/{post}/report", {"reason": "spam"}, status=404)
    for browser in (site.visitor(), site.browser(ada)):
        browser.get(f"/posts/{only.id}/report", status=404)
        browser.get(f"/posts/{only.id}/reported", status=404)
    site.visitor().get("/posts/987654321/report", status=404)
    assert reports() == []


def test_reports_are_limited_and_the_words_are_kept(site: Site, reply: Post) -> None:
    for _ in range(20):
        report_by(site.visitor(), reply)
    page = report_by(site.visitor(), reply, "spam", "One more.", status=429)
    assert page.select("//textarea[@name='detail']")[0].text_content().strip() == "One more."
    assert int(page.headers["Retry-After"]) > 0
    assert len(reports()) == 1
    site.visitor().get(f"/posts/{reply.id}/report")


# Who may come in


Door = tuple[str, str, dict[str, str]]
PAGES = [
    "",
    "/queue",
    "/queue?why=report&reason=spam&prompt=1",
    "/queue/{item}",
    "/decisions/{decision}/reverse",
    "/people/{person}",
    "/people/{person}/sweep",
    "/members",
    "/rules",
    "/rules/edit",
    "/switches",
    "/threads/{thread}/settings",
    "/log",
    "/hidden",
    "/texts",
    "/posts/{post}/hide",
    "/threads/{thread}/hide",
    "/threads/{thread}/move",
    "/prompts/resources",
    "/components/school-organisation",
]
ACTS_OF_THE_TEAM: list[Door] = [
    ("/posts/{post}/hide", "team.post-hidden", {"reason": "spam", "note": "An advert"}),
    ("/posts/{hidden}/restore", "team.post-restored", {"note": "It was none"}),
    ("/threads/{thread}/hide", "team.thread-hidden", {"reason": "off-topic"}),
    ("/threads/{hidden_thread}/restore", "team.thread-restored", {}),
    ("/threads/{thread}/lock", "team.thread-locked", {}),
    ("/threads/{locked}/unlock", "team.thread-unlocked", {}),
    ("/threads/{thread}/pin", "team.thread-pinned", {}),
    ("/threads/{pinned}/unpin", "team.thread-unpinned", {}),
    ("/threads/{thread}/move", "team.thread-moved", {"prompt": "resources", "note": "It is about one"}),
    ("/queue/{item}/decide", "team.left", {"act": "leave", "note": "It is none"}),
    (
        "/threads/{thread}/settings",
        "team.thread-arranged",
        {"title": "Marking in threes", "slow": "600", "note": "Heated"},
    ),
    ("/switches", "team.switched", {"everywhere": "y"}),
    ("/people/{person}/sanctions", "team.noted", {"kind": "note", "days": "", "note": "Rang the school"}),
    ("/rules/edit", "team.rules-written", {"source": "Be kind.", "since": "1"}),
    (
        "/prompts/resources",
        "team.prompt-edited",
        {"title": "Resources", "question": "Do they help?", "introduction": "Say which.", "since": ""},
    ),
    (
        "/components/school-organisation",
        "team.component-edited",
        {"name": "School organisation", "summary": "The day.", "since": ""},
    ),
]


@pytest.fixture
def ids(site: Site, ada: User, thread: Thread, reply: Post) -> dict[str, int]:
    """One of everything that the team can act on."""
    make_reply(thread)
    hidden = post_of(thread, 3)
    hidden.hide(by=ada, reason="spam")
    locked, pinned, hidden_thread = make_thread(ada), make_thread(ada), make_thread(ada)
    locked.lock(by=ada)
    pinned.pin(by=ada)
    hidden_thread.hide(by=ada, reason="spam")
    report = Report.of_post(reply, ada, "spam", "An advert")
    other = post_of(make_thread())
    decision = Decision.of_post(other, make_person(role="team"), Act.HIDE, "spam")
    site.commit()
    return {
        "post": reply.id,
        "hidden": hidden.id,
        "thread": thread.id,
        "locked": locked.id,
        "pinned": pinned.id,
        "hidden_thread": hidden_thread.id,
        "item": report.item_id,
        "decision": decision.id,
        "person": other.author_id,
    }


def test_the_team_alone_comes_in(site: Site, team: Browser, ada: User, ids: dict[str, int]) -> None:
    administrator = site.browser(make_person(role="administrator"))
    for path in PAGES:
        url = "/team" + path.format(**ids)
        site.visitor().get(url, status=401)
        site.browser(ada).get(url, status=403)
        assert "no-store" in team.get(url).headers["Cache-Control"]
        administrator.get(url)


@pytest.mark.parametrize(("path", "verb", "fields"), ACTS_OF_THE_TEAM)
@pytest.mark.parametrize("role", ["team", "administrator"])
def test_each_act_leaves_one_line_and_is_the_teams_alone(
    site: Site, ada: User, ids: dict[str, int], path: str, verb: str, fields: dict[str, str], role: str
) -> None:
    url, before = "/team" + path.format(**ids), len(lines())
    kept = site.visitor().post(url, fields, status=401)
    for value in fields.values():
        assert value in kept.text
    site.browser(ada).post(url, fields, status=403)
    assert len(lines()) == before
    person = make_person(role=role)
    browser = site.browser(person)
    browser.post(url, fields, status=400, csrf=False)
    assert len(lines()) == before
    done = browser.post(url, fields)
    added = lines()[before:]
    assert [(line.verb, line.actor, line.note) for line in added] == [
        (verb, person.id, fields.get("note", ""))
    ]
    assert done.location.startswith(("/posts/", "/threads/", "/team", "/prompts/", "/components/"))


def test_an_act_done_twice_leaves_one_line(team: Browser, ids: dict[str, int]) -> None:
    for path, verb, fields in ACTS_OF_THE_TEAM[:9]:
        before = len(lines(verb))
        team.post("/team" + path.format(**ids), fields)
        team.post("/team" + path.format(**ids), fields)
        assert len(lines(verb)) == before + 1, verb


def test_every_act_of_the_code_has_its_words() -> None:
    written = set()
    for path in Path("forum").rglob("*.py"):
        written |= set(re.findall(r"""["'](team\.[a-z]+(?:-[a-z]+)*)["']""", path.read_text("utf-8")))
    written |= {f"team.person-{act}" for act in ("warn", "limit", "suspend")}
    written |= {f"team.appeal-{outcome}" for outcome in ("upheld", "reversed")}
    pages = {"team.home", "team.log", "team.hidden", "team.texts", "team.queue", "team.person"}
    assert written - pages - {"team.members"} == set(ACTS)


# Hiding and restoring


def everywhere(site: Site, thread: Thread, reply: Post, history: int = 200) -> str:
    """All that a visitor can read of it; `history` is how its earlier versions answer."""
    visitor = site.visitor()
    pages = [
        visitor.get(url) for url in (f"/threads/{thread.id}-{thread.slug}", "/", "/prompts/your-practice")
    ]
    pages.append(visitor.get(f"/posts/{reply.id}/history", status=history))
    pages.append(visitor.follow(visitor.get(f"/posts/{reply.id}", status=302)))
    return "\n".join(page.text for page in pages)


def test_a_hidden_post_is_nowhere_and_restoring_brings_it_back(
    site: Site, team: Browser, thread: Thread, reply: Post
) -> None:
    assert SECRET in everywhere(site, thread, reply)
    back = team.post(f"/team/posts/{reply.id}/hide", {"reason": "pupil", "note": "It names a child"})
    assert back.location == f"/posts/{reply.id}"
    assert "The post is hidden." in team.follow(team.follow(back, status=302)).words
    assert SECRET not in everywhere(site, thread, reply, history=404)
    assert "a pupil could be identified" in site.visitor().get(f"/threads/{thread.id}-{thread.slug}").words
    team.post(f"/team/posts/{reply.id}/restore")
    assert SECRET in everywhere(site, thread, reply)


def test_a_hidden_thread_is_nowhere_and_restoring_brings_it_back(
    site: Site, team: Browser, ada: User, thread: Thread, reply: Post
) -> None:
    team.post(f"/team/threads/{thread.id}/hide", {"reason": "harassment"})
    for browser in (site.visitor(), site.browser(ada)):
        for url in (
            f"/threads/{thread.id}-{thread.slug}",
            f"/posts/{reply.id}",
            f"/posts/{reply.id}/history",
        ):
            browser.get(url, status=404)
        for url in ("/", "/prompts/your-practice", "/components/assessment-for-learning"):
            assert thread.title not in browser.get(url).text
    team.get(f"/threads/{thread.id}-{thread.slug}")
    team.post(f"/team/threads/{thread.id}/restore")
    assert SECRET in everywhere(site, thread, reply)


def test_hiding_needs_a_reason_and_keeps_the_note(team: Browser, thread: Thread, reply: Post) -> None:
    for url in (f"/team/posts/{reply.id}/hide", f"/team/threads/{thread.id}/hide"):
        page = team.post(url, {"note": HOSTILE}, status=422)
        assert messages(page) == ["Select a reason"]
        assert "<script>alert" not in page.text
        assert page.select("//textarea[@name='note']")[0].text_content().strip().startswith("<script>")
        page = team.post(url, {"reason": "spam", "note": "x" * 2001}, status=422)
        assert messages(page) == ["The note must be 2,000 characters or fewer"]
        assert "x" * 2001 in page.text
    for url in (f"/team/posts/{reply.id}/restore", f"/team/threads/{thread.id}/restore"):
        assert "x" * 2001 in team.post(url, {"note": "x" * 2001}, status=422).text
    assert lines() == []


def test_a_member_of_the_teams_own_post_is_for_a_colleague_to_hide(
    site: Site, team: Browser, tess: User, thread: Thread
) -> None:
    own = make_reply(thread, author=tess, text="From the team.")
    team.post(f"/team/posts/{own.id}/hide", {"reason": "other"}, status=403)
    colleague = site.browser(make_person(role="team"))
    colleague.post(f"/team/posts/{own.id}/hide", {"reason": "other"})
    assert "From the team." not in site.visitor().get(f"/threads/{thread.id}-{thread.slug}").text


def test_what_is_hidden_can_be_found_again(site: Site, team: Browser, thread: Thread, reply: Post) -> None:
    assert "Nothing is hidden" in team.get("/team/hidden").words
    other = make_thread(title="Buy this")
    for again in ("first", "second"):
        team.post(f"/team/posts/{reply.id}/hide", {"reason": "pupil", "note": again})
        if again == "first":
            team.post(f"/team/posts/{reply.id}/restore")
    team.post(f"/team/threads/{other.id}/hide", {"reason": "spam"})
    page = team.get("/team/hidden")
    rows = [row.text_content() for row in page.select("//main//ul[contains(@class, 'thread-list')]/li")]
    assert len(rows) == 2
    assert "Buy this" in rows[0]
    assert "second" in rows[1]
    for form in page.select("//main//form"):
        back = team.post(form.get("action"), dict(form.form_values()), csrf=False)
        assert back.location == "/team/hidden"
    assert "Nothing is hidden" in team.get("/team/hidden").words


def test_going_back_never_leaves_the_site(team: Browser, thread: Thread) -> None:
    for then in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        page = team.post(f"/team/threads/{thread.id}/lock", {"then": then})
        assert page.location == f"/threads/{thread.id}-{thread.slug}"


# Threads


def test_a_locked_thread_takes_no_posts_and_says_so(site: Site, team: Browser, thread: Thread) -> None:
    url = f"/threads/{thread.id}-{thread.slug}"
    back = team.post(f"/team/threads/{thread.id}/lock")
    assert back.location == url
    assert "Locked" in site.visitor().get(url).words
    team.post(f"/team/threads/{thread.id}/unlock")
    assert "Locked" not in site.visitor().get(url).words


def test_a_pinned_thread_stands_first(site: Site, team: Browser, thread: Thread) -> None:
    make_thread(title="A newer one")

    def titles() -> list[str]:
        page = site.visitor().get("/prompts/your-practice")
        return [link.text_content() for link in page.select("//*[contains(@class, 'thread-row__title')]/a")]

    assert titles() == ["A newer one", "Marking in pairs"]
    team.post(f"/team/threads/{thread.id}/pin")
    assert titles() == ["Marking in pairs", "A newer one"]
    team.post(f"/team/threads/{thread.id}/unpin")
    assert titles() == ["A newer one", "Marking in pairs"]


def test_a_moved_thread_keeps_its_address(site: Site, team: Browser, thread: Thread, reply: Post) -> None:
    page = team.get(f"/team/threads/{thread.id}/move")
    assert page.select("//input[@name='prompt']/@value") == ["your-practice", "resources", "what-more"]
    assert page.select("//input[@name='prompt'][@checked]/@value") == ["your-practice"]
    assert messages(team.post(f"/team/threads/{thread.id}/move", {"prompt": "no"}, status=422)) == [
        "Select a prompt"
    ]
    back = team.post(
        f"/team/threads/{thread.id}/move", {"prompt": "what-more", "note": "It asks for something"}
    )
    assert back.location == f"/threads/{thread.id}-{thread.slug}"
    visitor = site.visitor()
    visitor.get(back.location)
    assert thread.title in visitor.get("/prompts/what-more").text
    assert thread.title not in visitor.get("/prompts/your-practice").text
    site.commit()
    assert {post.prompt_id for post in db.session.scalars(select(Post))} == {
        db.session.scalar(select(Prompt.id).where(Prompt.slug == "what-more"))
    }
    words = team.get("/team/log").words
    assert (
        "moved the thread Marking in pairs from “Personalising learning in your school” to “What more"
        in words
    )


# At once


def at_once(*calls: Callable[[], int]) -> list[int]:
    """What the calls return, begun together."""
    start, results = threading.Barrier(len(calls)), []

    def run(call: Callable[[], int]) -> None:
        start.wait()
        results.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sorted(results)


def sender(browser: Browser, url: str, fields: dict[str, str]) -> Callable[[], int]:
    data = {**fields, "csrf_token": browser.csrf_token()}
    return lambda: browser.client.post(url, data=data).status_code


def test_of_two_who_decide_at_once_one_does(site: Site, reply: Post) -> None:
    report_by(site.visitor(), reply)
    people = [make_person(role="team") for _ in range(3)]
    db.session.rollback()
    sends = [
        sender(site.browser(one), "/team/queue/1/decide", {"act": "leave", "note": one.email or ""})
        for one in people
    ]
    db.session.remove()
    assert at_once(*sends) == [302, 409, 409]
    assert len(lines("team.left")) == 1


def test_of_three_who_take_what_nobody_holds_any_more_one_has_it(site: Site, reply: Post) -> None:
    report_by(site.visitor(), reply)
    people = [make_person(role="team") for _ in range(3)]
    site.browser(people[0]).post("/team/queue/1/claim")
    db.session.execute(update(Item).values(claimed_until=now() - timedelta(seconds=1)))
    site.commit()
    sends = [sender(site.browser(one), "/team/queue/1/claim", {}) for one in people]
    db.session.remove()
    assert at_once(*sends) == [302, 409, 409]
    item = db.session.scalars(select(Item)).one()
    assert item.claimed_until is not None and item.claimed_until > now()


def test_of_two_who_hide_at_once_one_does(site: Site, reply: Post) -> None:
    people = [make_person(role="team") for _ in range(3)]
    sends = [sender(site.browser(one), f"/team/posts/{reply.id}/hide", {"reason": "spam"}) for one in people]
    db.session.remove()
    assert at_once(*sends) == [302, 302, 302]
    assert len(lines("team.post-hidden")) == 1


def test_one_person_who_reports_twice_at_once_makes_one_report(site: Site, reply: Post) -> None:
    person = make_person()
    url = f"/posts/{reply.id}/report"
    sends = [sender(site.browser(person), url, {"reason": "spam", "detail": "An advert."}) for _ in range(3)]
    db.session.remove()
    assert at_once(*sends) == [302, 302, 302]
    assert len(reports()) == 1
    assert reports()[0].detail == "An advert."


def test_a_long_queue_goes_on(site: Site, team: Browser, thread: Thread) -> None:
    for number in range(45):
        Report.of_post(make_reply(thread, text=f"number {number}."), Visitor(), "spam", "", key=str(number))
    site.commit()
    assert "45 Recent" in team.get("/team").words
    assert len(walk(team, "/team/queue", r"Spam or advertising: Marking in pairs")) == 45
    for nonsense in ("x", "-1", "9" * 30, "٣"):
        team.get(f"/team/queue?after={nonsense}", status=404)
        team.get(f"/team/log?before={nonsense}", status=404)
        team.get(f"/team/hidden?before={nonsense}", status=404)


def walk(browser: Browser, url: str, pattern: str) -> list[str]:
    """What matches `pattern` on this page and all that it leads on to."""
    found: list[str] = []
    while url:
        page = browser.get(url)
        found += re.findall(pattern, page.words)
        url = next(iter(page.select("//main//a[@rel='next']/@href")), "")
    return found


# The log


def test_the_log_says_what_was_done_in_sentences(
    site: Site, team: Browser, thread: Thread, ada: User
) -> None:
    post = make_reply(thread, author=ada, text="Mine.", disclosure="role-only")
    team.post(f"/team/posts/{post.id}/hide", {"reason": "pupil", "note": "Asked <b>by</b> the school"})
    team.post(f"/team/threads/{thread.id}/pin")
    make_person("Jo Park").make(Role.TEAM, by=None)
    site.commit()
    page = team.get("/team/log")
    assert "Tess Okafor hid post 2 by A teacher, primary in Marking in pairs" in page.words
    assert "Reason: a pupil could be identified" in page.words
    assert "Note: Asked <b>by</b> the school" in page.words
    assert "Tess Okafor pinned the thread Marking in pairs" in page.words
    assert (
        "Whoever runs this site gave a role to Jo Park, personalised learning team: team member" in page.words
    )
    assert "Ada Obi" not in page.words
    for href in page.select("//main//li//a/@href"):
        team.get(href, status=302 if href.startswith("/posts/") else 200)


def test_a_long_log_goes_on(site: Site, team: Browser, tess: User, thread: Thread) -> None:
    for number in range(60):
        (thread.lock if number % 2 == 0 else thread.unlock)(by=tess, note=f"number {number}.")
    site.commit()
    assert walk(team, "/team/log", r"number \d+\.") == [f"number {number}." for number in reversed(range(60))]
    assert "There is nothing before this" in team.get("/team/log?before=1").words


def test_lists_ask_the_same_number_of_questions_for_one_and_for_twenty(
    site: Site, team: Browser, tess: User, thread: Thread
) -> None:
    pages = ("/team", "/team/queue", "/team/queue?why=report&reason=spam", "/team/log", "/team/hidden")
    counts = []
    for _ in (1, 20):
        for number in range(1 if not counts else 19):
            make_reply(thread, author=make_person(f"Person {number}"))
            one, colleague = make_person(), make_person(role="team")
            post = post_of(thread, thread.posts_count)
            Report.of_post(post, one, "spam", "")
            Report.of_post(post_of(make_thread()), Visitor(), "spam", "", key="x")
            Decision.of_post(post_of(make_thread()), colleague, Act.HIDE, "spam")
            make_thread().hide(by=tess, reason="spam")
            site.commit()
        counts.append([])
        for url in pages:
            team.get(url)
            with counted() as seen:
                team.get(url)
            counts[-1].append(len(seen))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 8, dict(zip(pages, counts[0], strict=True))


def test_lines_of_the_log_can_be_neither_changed_nor_taken_out(
    site: Site, tess: User, thread: Thread
) -> None:
    thread.lock(by=tess)
    site.commit()
    for statement in ("UPDATE activity SET note = 'x'", "DELETE FROM activity"):
        with pytest.raises(DatabaseError, match="append-only"):
            db.session.execute(text(statement))
        db.session.rollback()
    assert [line.verb for line in lines()] == ["team.thread-locked"]
    assert lines()[0].note == ""


# The conversation's own words


def fields_of(page: Page) -> dict[str, str]:
    """What the page's form would send as it stands."""
    form = page.select("//main//form")[0]
    return {name: value.lstrip("\n") for name, value in form.form_values() if name != "csrf_token"}


def test_edited_words_appear_and_survive_loading_again(site: Site, team: Browser) -> None:
    fields = fields_of(team.get("/team/prompts/resources"))
    assert fields["question"] == "Are the resources provided to schools helpful?"
    fields |= {"title": "What helps", "introduction": f"Say **which**. {HOSTILE}"}
    assert team.post("/team/prompts/resources", fields).location == "/prompts/resources"
    name = fields_of(team.get("/team/components/school-organisation"))
    team.post("/team/components/school-organisation", name | {"summary": "How the _day_ is laid out."})
    for _ in ("now", "after loading again"):
        page = site.visitor().get("/prompts/resources")
        assert "What helps" in page.text
        assert "<strong>which</strong>" in page.text
        assert "<script>alert" not in page.text
        assert "<em>day</em>" in site.visitor().get("/components/school-organisation").text
        list(load_conversation())
        site.commit()
    assert "Edited by the team" in team.get("/team/texts").words
    edited = lines("team.prompt-edited")[0]
    assert edited.detail["before"]["title"] == "Resources for progress"
    assert "edited the words of the prompt What helps" in team.get("/team/log").words
    assert "edited the words of the component School organisation" in team.get("/team/log").words


def test_a_preview_shows_the_words_and_saves_nothing(site: Site, team: Browser) -> None:
    fields = fields_of(team.get("/team/prompts/resources"))
    fields |= {"introduction": "Say **which**. <script>alert(1)</script>", "preview": "1"}
    page = team.post("/team/prompts/resources", fields, status=200)
    assert "<strong>which</strong>" in page.text
    assert "<script>alert" not in page.text
    assert fields_of(page)["introduction"].startswith("Say **which**.")
    assert lines() == []
    assert "which</strong>" not in site.visitor().get("/prompts/resources").text


def test_two_who_edit_the_same_words_see_both(site: Site, team: Browser) -> None:
    mine = fields_of(team.get("/team/components/school-organisation"))
    colleague = site.browser(make_person(role="team"))
    colleague.post("/team/components/school-organisation", mine | {"summary": "Theirs."})
    page = team.post("/team/components/school-organisation", mine | {"summary": "Mine."}, status=409)
    assert messages(page) == ["A colleague has changed these words since you opened this page"]
    assert "Theirs." in page.words
    assert fields_of(page)["summary"] == "Mine."
    assert len(lines("team.component-edited")) == 1
    previewed = team.post("/team/components/school-organisation", mine | {"preview": "1"}, status=200)
    assert fields_of(previewed)["since"] == mine["since"]
    team.post("/team/components/school-organisation", fields_of(page))
    summary = select(Component.summary).where(Component.slug == "school-organisation")
    db.session.rollback()
    assert db.session.scalar(summary) == "Mine."


def test_words_that_are_missing_or_too_long_come_back(team: Browser) -> None:
    fields = fields_of(team.get("/team/prompts/resources"))
    wrong = fields | {"title": " ", "question": "q" * 501, "introduction": "i" * 20_001}
    page = team.post("/team/prompts/resources", wrong, status=422)
    assert messages(page) == [
        "Enter a title",
        "The question must be 500 characters or fewer",
        "The introduction must be 20,000 characters or fewer",
    ]
    assert "q" * 501 in page.text
    assert "i" * 20_001 in page.text
    team.get("/team/prompts/none", status=404)
    team.get("/team/components/none", status=404)


def test_control_characters_do_no_harm(site: Site, team: Browser, reply: Post) -> None:
    report_by(site.visitor(), reply, "other", "a\x00b\x1b[31m")
    assert reports()[0].detail == "ab[31m"
    team.post(f"/team/posts/{reply.id}/hide", {"reason": "other", "note": "c\x00d"})
    assert lines()[0].note == "cd"


def test_what_other_pages_show_to_the_team(site: Site, thread: Thread, reply: Post) -> None:
    macros = site.app.jinja_env.get_template("components/team.html").module
    with site.app.test_request_context():
        shown = macros.thread_actions(thread, "token")  # type: ignore[attr-defined]
        assert all(word in shown for word in ("Lock", "Pin", "Move…", "Hide…"))
        thread.locked = thread.pinned = True
        thread.moderation = "hidden"
        shown = macros.thread_actions(thread, "token")  # type: ignore[attr-defined]
        assert all(word in shown for word in ("Unlock", "Unpin", "Restore"))
    db.session.rollback()
