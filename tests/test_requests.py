"""Resources that people miss: asked for, supported, answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import joinedload

from forum.activity.models import Activity
from forum.core.db import db
from forum.core.errors import Refused
from forum.discussion.models import Post, Prompt, Revision, Thread
from forum.resources.models import RequestStep, RequestSupporter, ResourceRequest
from forum.resources.models.requests import Requests
from tests.browser import Page, Site
from tests.factories import make_person, make_reply, make_request, make_thread, post_of
from tests.queries import counted
from tests.served import one_database

NEW = "/resources/requests/new"
WISH: dict[str, Any] = {
    "title": "A list of questions",
    "for_whom": "new governors",
    "body": "At ten o’clock at night *nobody* answers.",
    "components": ["school-organisation"],
    "disclosure": "named",
    "submission": "a",
}
ANSWER = {
    "state": "planned",
    "owner": "Governors’ unit",
    "due-day": "31",
    "due-month": "3",
    "due-year": "2027",
    "note": "We **will**.",
    "since": "0",
    "submission": "b",
}


def the_request(id: int | None = None) -> ResourceRequest:
    """The only one, or that beside the thread `id`."""
    query = select(ResourceRequest).options(joinedload(ResourceRequest.thread).joinedload(Thread.prompt))
    if id is not None:
        query = query.where(ResourceRequest.thread_id == id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def the_thread() -> Thread:
    return the_request().thread


def path_of(thread: Thread) -> str:
    return f"/threads/{thread.id}-{thread.slug}"


def typed(page: Page, name: str) -> str:
    found: str = page.select(f"//input[@name='{name}']/@value")[0]
    return found


# Asking


def test_a_request_is_a_thread_under_the_prompt_of_resources(site: Site) -> None:
    ada = make_person("Ada Obi", position="governor")
    browser = site.browser(ada)
    browser.get(NEW)
    answer = browser.post(NEW, WISH)
    assert browser.post(NEW, WISH).location == answer.location
    thread = the_thread()
    assert (thread.kind, thread.title, thread.posts_count) == ("discussion", "A list of questions", 1)
    assert "<strong>For whom:</strong> new governors" in post_of(thread).html
    page = site.visitor().follow(answer)
    assert "A resource that people miss" in page.words and "Waiting for an answer" in page.words
    assert "Nobody supports it yet" in page.words and "Sign in to support it" in page.words
    assert "You asked for it" in browser.follow(answer).words
    for path in (
        "/resources",
        "/resources/requests",
        "/prompts/resources",
        "/components/school-organisation",
    ):
        assert "A list of questions" in site.visitor().get(path).words
    assert "A list of questions" in site.visitor().get("/prompts/resources/feed.atom").text
    assert "A list of questions" in site.browser(make_person()).get(NEW).words


def test_a_role_only_request_names_nobody(site: Site) -> None:
    site.browser(make_person("Ada Obi")).post(NEW, {**WISH, "disclosure": "role-only"})
    for path in ("/resources", "/resources/requests", path_of(the_thread())):
        page = site.visitor().get(path).text
        assert "A teacher, primary" in page and "Ada Obi" not in page


@one_database
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": ""}, "Enter what you miss"),
        ({"title": "…"}, "Enter some words"),
        ({"title": "x" * 151}, "What you miss must be 150 characters or fewer"),
        ({"for_whom": " "}, "Enter who it is for"),
        ({"body": ""}, "Enter why it is needed"),
        ({"body": "x" * 10_001}, "Why it is needed must be 10,000 characters or fewer"),
    ],
)
def test_a_request_that_fails_comes_back_whole(site: Site, fields: dict[str, str], message: str) -> None:
    sent = {**WISH, **fields}
    page = site.browser(make_person()).post(NEW, sent, status=422)
    assert message in page.words and page.select("//title/text()")[0].startswith("Error: ")
    assert typed(page, "title") == sent["title"].strip()
    assert page.select("//textarea[@name='body']/text()")[0].strip() == sent["body"]
    assert len(page.select("//input[@name='components'][@checked]")) == 1
    assert not db.session.scalars(select(ResourceRequest)).all()


def test_who_may_ask(site: Site) -> None:
    site.visitor().get(NEW, status=401)
    page = site.browser(make_person(confirmed=False)).post(NEW, WISH, status=422)
    assert "Confirm your email address" in page.words and typed(page, "title") == WISH["title"]


def test_a_request_is_edited_where_it_was_asked_and_keeps_what_it_said(site: Site) -> None:
    ada = make_person()
    browser = site.browser(ada)
    browser.post(NEW, WISH)
    thread = the_thread()
    edit = f"/resources/requests/{thread.id}/edit"
    assert browser.get(f"/posts/{post_of(thread).id}/edit", status=302).location == edit
    since = typed(browser.get(edit), "since")
    answer = browser.post(edit, {**WISH, "title": "An index", "since": since, "components": []})
    assert answer.location == path_of(the_thread()) and the_thread().title == "An index"
    assert db.session.scalars(select(Revision)).one().title == "A list of questions"
    late = browser.post(edit, {**WISH, "for_whom": "clerks", "since": since}, status=409)
    assert typed(late, "for_whom") == "clerks" and "has changed since you began" in late.words
    browser.post(edit, {**WISH, "for_whom": "clerks", "since": typed(late, "since")})
    assert the_request().for_whom == "clerks"
    site.browser(make_person()).get(edit, status=403)
    site.visitor().get(edit, status=401)
    reply = make_reply(the_thread(), ada)
    browser.get(f"/posts/{reply.id}/edit")


def test_any_other_discussion_is_none(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada, prompt="resources")
    page = site.browser(ada).get(path_of(thread))
    assert "A resource that people miss" not in page.words
    site.browser(ada).get(f"/posts/{post_of(thread).id}/edit")
    site.browser(ada).get(f"/resources/requests/{thread.id}/edit", status=404)
    site.browser(make_person()).post(f"/resources/requests/{thread.id}/support", status=404)


# Supporting


def test_support_is_given_once_and_can_be_taken_back(site: Site) -> None:
    address, thread = path_of(make_request().thread), the_thread().id
    browser, visitor = site.browser(make_person("Ben Lee")), site.visitor()
    before = visitor.get(address).headers["ETag"]
    assert "I miss it too" in browser.get(address).words
    for _ in range(2):
        browser.post(f"/resources/requests/{thread}/support")
    assert (the_request().supporters, the_thread().supporters_count) == (1, 1)
    page = visitor.get(address, headers={"If-None-Match": before})
    assert "1 person supports it" in page.words and "Ben Lee" not in page.text
    assert "You are one of them" in browser.get(address).words
    assert "You are one of them" not in site.browser(make_person()).get(address).words
    for _ in range(2):
        browser.post(f"/resources/requests/{thread}/take-back")
    assert (the_request().supporters, the_thread().supporters_count) == (0, 0)
    lines = [line for line in db.session.scalars(select(Activity)) if "support" in line.verb]
    assert len(lines) == 2 and not any(line.public for line in lines)


def test_many_at_once_are_all_counted_and_a_double_click_once(site: Site) -> None:
    thread = make_request().thread_id
    people = [make_person() for _ in range(4)]
    browsers = [site.browser(person) for person in [*people, *people]]
    tokens = [browser.csrf_token() for browser in browsers]
    db.session.rollback()
    with ThreadPoolExecutor(8) as pool:
        path = f"/resources/requests/{thread}/support"
        list(pool.map(lambda browser, token: browser.post(path, {"csrf_token": token}), browsers, tokens))
    assert (the_request().supporters, the_thread().supporters_count) == (4, 4)
    assert db.session.scalar(select(func.count()).select_from(RequestSupporter)) == 4


def test_who_may_support(site: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    request = make_request(ada)
    path = f"/resources/requests/{request.thread_id}/support"
    site.visitor().post(path, status=401)
    assert "You asked for this" in site.browser(ada).post(path, status=403).words
    assert "does not support" in site.browser(team).post(path, status=403).words
    site.browser(make_person(confirmed=False)).post(path, status=403)
    assert "I miss it too" not in site.browser(ada).get(path_of(the_thread())).words
    ben = site.browser(make_person())
    ben.post(path)
    the_thread().lock(team)
    site.commit()
    site.browser(make_person()).post(path, status=403)
    ben.post(f"/resources/requests/{request.thread_id}/take-back")
    assert the_request().supporters == 0


def test_what_is_there_by_now_takes_no_new_support(site: Site) -> None:
    ben, team = make_person(), make_person(role="team")
    request = make_request()
    request.support(ben)
    request.answer(team, "made", "Unit", None, "Here it is.", since=0)
    site.commit()
    path = f"/resources/requests/{request.thread_id}"
    assert "This is there by now" in site.browser(make_person()).post(f"{path}/support", status=403).words
    assert "I miss it too" not in site.browser(make_person()).get(path_of(the_thread())).words
    site.browser(ben).post(f"{path}/take-back")


# Answering


def test_the_team_answers_and_the_trail_says_every_step(site: Site) -> None:
    request = make_request()
    colleague = make_person("Tea Mem", role="team")
    team, path = site.browser(colleague), f"/team/resources/requests/{request.thread_id}"
    assert typed(team.get(path), "since") == "0"
    for _ in range(2):
        assert team.post(path, ANSWER).location == path_of(the_thread())
    page = site.visitor().get(path_of(the_thread()))
    lead = page.select("//section[@aria-labelledby='request']")[0].text_content()
    assert "Planned" in lead and "Governors’ unit, by 31 March 2027" in lead and "We will." in lead
    assert the_thread().posts_count == 2 and the_thread().answered_at is not None
    team.post(path, {**ANSWER, "state": "made", "since": "1", "submission": "c", "note": "Here it is."})
    page = site.visitor().get(path_of(the_thread()))
    trail = page.select("//section[@aria-labelledby='trail']//li")
    assert [row.text_content().split(" on ")[0].strip() for row in trail] == ["Made", "Planned"]
    assert "Here it is." in page.select("//div[@id='answer']")[0].text_content()
    assert [step.state for step in db.session.scalars(select(RequestStep).order_by(RequestStep.id))] == [
        "planned",
        "made",
    ]
    assert "We <strong>will</strong>" in site.visitor().get(
        f"/threads/{request.thread_id}/feed.atom"
    ).text.replace("&lt;", "<").replace("&gt;", ">")
    assert "answered a request for a resource" in team.get("/team/log").words
    line = db.session.scalars(select(Activity).where(Activity.verb == "team.request-answered")).first()
    assert (
        line
        and line.public
        and line.detail == {"state": "planned", "owner": "Governors’ unit", "due": "2027-03-31"}
    )


def test_two_of_the_team_at_once_make_one_answer_and_a_conflict(site: Site) -> None:
    request = make_request()
    ruth, daniel = (site.browser(make_person(role="team")) for _ in range(2))
    path = f"/team/resources/requests/{request.thread_id}"
    ruth.post(path, ANSWER)
    late = daniel.post(path, {**ANSWER, "state": "not-planned", "note": "No.", "submission": "z"}, status=409)
    assert "A colleague has answered" in late.words and typed(late, "owner") == "Governors’ unit"
    assert late.select("//textarea[@name='note']/text()")[0].strip() == "No."
    assert [typed(late, f"due-{part}") for part in ("day", "month", "year")] == ["31", "3", "2027"]
    assert the_request().state == "planned"
    daniel.post(path, {**ANSWER, "state": "considering", "submission": "z", "since": typed(late, "since")})
    assert the_request().steps_count == 2


@one_database
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"state": ""}, "Select what will become of it"),
        ({"state": "asked"}, "Select what will become of it"),
        ({"owner": ""}, "Enter who sees to it"),
        ({"note": " "}, "Enter what you say to those who asked"),
        ({"due-day": "30", "due-month": "2"}, "By when (optional) must be a real date"),
        ({"due-year": "27"}, "must be a real date"),
        ({"due-month": "March"}, "must be a real date"),
        ({"due-day": ""}, "must be a real date"),
        ({"due-day": "٣"}, "must be a real date"),
        ({"due-year": "9" * 30}, "must be a real date"),
    ],
)
def test_an_answer_that_fails_comes_back_whole(site: Site, fields: dict[str, str], message: str) -> None:
    request, sent = make_request(), {**ANSWER, **fields}
    team = site.browser(make_person(role="team"))
    page = team.post(f"/team/resources/requests/{request.thread_id}", sent, status=422)
    assert message in page.words
    assert typed(page, "owner") == sent["owner"] and typed(page, "due-month") == sent["due-month"]
    assert not db.session.scalars(select(RequestStep)).all()


def test_an_answer_needs_no_date(site: Site) -> None:
    request = make_request()
    sent = {**ANSWER, "due-day": "", "due-month": "", "due-year": ""}
    site.browser(make_person(role="team")).post(f"/team/resources/requests/{request.thread_id}", sent)
    assert db.session.scalars(select(RequestStep)).one().due is None


def test_only_the_team_answers(site: Site) -> None:
    request = make_request()
    with pytest.raises(Refused):
        request.answer(make_person(), "planned", "Unit", date(2027, 3, 31), "Yes.", since=0)
    site.browser(make_person()).post(f"/team/resources/requests/{request.thread_id}", ANSWER, status=403)


def test_a_hidden_answer_is_not_read_out_and_the_trail_says_so(site: Site) -> None:
    team = make_person(role="team")
    request = make_request()
    request.answer(team, "planned", "Unit", None, "Secret words.", since=0)
    db.session.flush()
    post_of(the_thread(), 2).hide(team, "other")
    site.commit()
    page = site.visitor().get(path_of(the_thread()))
    assert "Secret words" not in page.text and "Hidden by the team" in page.words and "Planned" in page.words


# Lists


def test_the_list_is_by_support_or_by_age_and_can_be_narrowed(site: Site) -> None:
    team, *others = make_person(role="team"), make_person(), make_person()
    _, second, third = [make_request(what=what).thread_id for what in ("Old one", "Loved one", "New one")]
    for other in others:
        the_request(second).support(other)
    the_request(third).answer(team, "not-planned", "Unit", None, "No.", since=0)
    site.commit()

    def listed(query: str) -> list[str]:
        return (
            site.visitor().get(f"/resources/requests{query}").select("//li[@class='thread-row']/h3/a/text()")
        )

    assert listed("") == ["Loved one", "New one", "Old one"]
    assert listed("?sort=newest") == ["New one", "Loved one", "Old one"]
    assert listed("?state=not-planned") == ["New one"]
    assert listed("?state=asked&sort=newest") == ["Loved one", "Old one"]
    assert listed("?state=made") == []
    for query in ("?state=x", "?sort=x", "?page=x", "?page=2", "?page=0"):
        site.visitor().get(f"/resources/requests{query}", status=404)


def test_the_list_has_pages(site: Site) -> None:
    ada = make_person()
    for number in range(21):
        make_request(ada, what=f"Request {number}")
    page = site.visitor().get("/resources/requests?sort=newest&page=2")
    assert "Request 0" in page.words and "Request 20" not in page.words
    assert "/resources/requests?sort=newest" in page.select("//nav//a/@href")


def test_what_is_hidden_withdrawn_or_moved_away_is_not_listed(site: Site) -> None:
    team, ada = make_person(role="team"), make_person()
    ids = [make_request(ada, what=what).thread_id for what in ("Hidden", "Withdrawn", "Moved")]
    hidden, withdrawn, moved = (the_request(id).thread for id in ids)
    elsewhere = db.session.scalars(select(Prompt).where(Prompt.slug == "what-more")).one()
    hidden.hide(team, "spam")
    post_of(withdrawn).withdraw(ada)
    moved.move(team, elsewhere)
    moved_to = ids[2]
    site.commit()
    for path in ("/resources", "/resources/requests"):
        words = site.visitor().get(path).words
        assert not any(what in words for what in ("Hidden", "Withdrawn", "Moved"))
    page = site.visitor().get(f"/threads/{moved_to}-moved")
    assert "A resource that people miss" not in page.words
    site.browser(make_person()).post(f"/resources/requests/{moved_to}/support", status=404)


def test_pages_ask_the_same_of_the_database_for_one_and_for_a_hundred(site: Site) -> None:
    browser, team = site.browser(make_person()), make_person(role="team")
    supporters = [make_person() for _ in range(30)]
    first = make_request()
    id, path = first.thread_id, path_of(first.thread)

    def fill(times: int) -> None:
        for number in range(times):
            make_request(what=f"Request {number}")
            request = the_request(id)
            request.support(supporters.pop())
            note = f"Note {number}."
            request.answer(team, "considering", "Unit", None, note, since=request.steps_count)
            db.session.flush()
        site.commit()

    def asked() -> list[int]:
        counts = []
        for each in (path, "/resources/requests", "/resources/requests?state=asked&sort=newest", NEW):
            site.app.wsgi_app.forget()  # type: ignore[attr-defined]
            with counted() as statements:
                browser.get(each)
            counts.append(len(statements))
        return counts

    fill(1)
    asked()
    fill(1)
    few = asked()
    fill(18)
    assert asked() == few


def test_lists_of_requests_are_ranges_of_an_index(site: Site) -> None:
    make_request()
    kind = db.engine.dialect.name
    if kind == "postgresql":
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        db.session.execute(text("SET LOCAL enable_sort = off"))
        db.session.execute(text("SET LOCAL enable_bitmapscan = off"))
    for asked in (Requests(), Requests(sort="newest"), Requests("asked"), Requests("asked", "newest")):
        query = asked.ids().limit(20).compile(db.engine, compile_kwargs={"literal_binds": True})
        how = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "EXPLAIN"
        plan = "\n".join(str(row[-1]) for row in db.session.execute(text(f"{how} {query}")))
        assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan
        assert "resource_requests" in plan


def test_words_of_a_request_are_posts(site: Site) -> None:
    """So they are reported, hidden and followed as any other."""
    team = make_person(role="team")
    request = make_request(why="Words that count.")
    request.answer(team, "planned", "Unit", None, "An answer that counts.", since=0)
    site.commit()
    sources = " ".join(db.session.scalars(select(Post.source).where(Post.thread_id == request.thread_id)))
    assert "Words that count." in sources and "An answer that counts." in sources
