"""Suggestions that are answered: made, supported, owed an answer, answered by two people, told once, followed up."""

from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from forum.accounts.letters import deliver_due
from forum.accounts.models import Letter
from forum.activity.models import Activity
from forum.core.db import db, now
from forum.core.errors import Refused
from forum.core.working_time import bank_holidays, between, days_after, today
from forum.discussion.models import Post, Revision, Thread
from forum.discussion.models.drafts import Draft
from forum.suggestions.models import (
    AnswerDraft,
    Outcome,
    Step,
    Suggestion,
    Supporter,
    Telling,
    Told,
)
from forum.suggestions.models.composition import closed
from forum.suggestions.models.lists import GROUPS, SHOWS, Answered, Listing
from forum.suggestions.models.outcomes import STEPS, Status, answers_to
from forum.suggestions.models.steps import take_up
from forum.suggestions.models.telling import PAGE, tell_page
from forum.suggestions.rounds import finish, go_round
from tests.browser import Browser, Page, Site
from tests.factories import make_answer, make_person, make_reply, make_suggestion, post_of, suggestion_of
from tests.feed_rules import TOMBSTONES, check_atom, check_json_feed, check_rss, parse_xml
from tests.queries import counted
from tests.served import one_database

WORDS = {
    "title": "Ask for each number once",
    "body": "One **collection**, on one date.",
    "why": "Nine forms a year.",
    "helps": "Every school office.",
    "components": ["school-organisation"],
    "disclosure": "named",
    "submission": "s",
}
ATOM = "{http://www.w3.org/2005/Atom}"
CHECKS = {"atom": check_atom, "rss": check_rss, "json": check_json_feed}
ATTACKS = Path(__file__).parents[2] / "shared" / "data" / "xss.jsonl"


def team(name: str = "Tea Mem") -> Any:
    return make_person(name, role="team")


def url_of(suggestion: Suggestion) -> str:
    thread = db.session.get_one(Thread, suggestion.thread_id)
    return f"/threads/{thread.id}-{thread.slug}"


def answered(days: int = 30, **more: str) -> dict[str, str]:
    """The fields of an answer, as the form sends them."""
    due = today() + timedelta(days=days)
    fields = {
        "status": "will-do",
        "reason": "",
        "note": "We **will**.",
        "owner": "Workforce Unit",
        "posts": "1",
    }
    return {
        **fields,
        "day": str(due.day),
        "month": str(due.month),
        "year": str(due.year),
        "since": "",
        **more,
    }


def drafted(suggestion: Suggestion, by: Any, **more: Any) -> AnswerDraft:
    """A draft of an answer, made by `by`, that nobody has read."""
    suggestion = suggestion_of(suggestion.thread_id)
    if suggestion.status == "heard":
        take_up(suggestion, by, "Workforce Unit", "We look at it.")
    opening = select(Post.id).where(Post.thread_id == suggestion.thread_id, Post.number == 1)
    said = {"status": "will-do", "due_on": today() + timedelta(days=30), "note": "We will.", **more}
    posts = (db.session.scalars(opening).one(),)
    draft = AnswerDraft.begin(suggestion, by, Outcome(owner="Workforce Unit", posts=posts, **said))
    db.session.commit()
    return draft


def draft_of(id: int) -> AnswerDraft:
    query = AnswerDraft.whole().where(AnswerDraft.id == id).execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def count_of(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# Making one


def test_a_suggestion_is_made_after_seeing_the_nearest(site: Site) -> None:
    ada = make_person("Ada Obi", school="Hillview School")
    other = make_suggestion(title="Each number from one place", supporters=3)
    browser = site.browser(ada)
    assert browser.get("/suggestions/new").select("//form[@action='/suggestions/new']")
    page = browser.post("/suggestions/new", WORDS, status=200)
    assert "Has somebody suggested this already?" in page.words
    assert "Each number from one place" in page.words and "4 supporters" in page.words
    assert page.select(f"//form[@action='/suggestions/{other.thread_id}/support']")
    assert count_of(Suggestion) == 1, "nothing is published before they are seen"
    assert Draft.find(ada, "suggestion:new").fields["why"] == "Nine forms a year."  # type: ignore[union-attr]
    hidden = {
        each.get("name"): each.get("value") for each in page.select("//form[.//input[@name='seen']]//input")
    }
    assert (
        hidden["title"] == WORDS["title"]
        and hidden["seen"] == "yes"
        and hidden["components"] == "school-organisation"
    )
    page = browser.post("/suggestions/new", {**WORDS, "seen": "yes"})
    thread = db.session.scalars(select(Thread).order_by(Thread.id.desc())).first()
    assert (
        thread
        and thread.kind == "suggestion"
        and page.location == f"/threads/{thread.id}-ask-for-each-number-once"
    )
    read = site.visitor().get(page.location)
    assert read.select("//div[@class='post__body']/h3/text()") == ["Why it matters", "Who it would help"]
    for words in ("Nine forms a year.", "Every school office.", "Ada Obi, teacher, Hillview School", "Heard"):
        assert words in read.words
    assert Draft.find(ada, "suggestion:new") is None
    assert thread.supporters_count == suggestion_of(thread.id).supporters == 1


def test_the_nearest_that_one_supports_already_are_not_offered_again(site: Site) -> None:
    ada = make_person("Ada Obi")
    make_suggestion(author=ada, title="Each number from one place")
    other = make_suggestion(title="Each number once and for all")
    browser = site.browser(ada)
    offered = "//form[contains(@action, '/support')]/@action"
    page = browser.post("/suggestions/new", WORDS, status=200)
    assert "Each number from one place" in page.words and "Each number once and for all" in page.words
    assert page.select(offered) == [f"/suggestions/{other.thread_id}/support"]
    assert page.words.count("You support this one already.") == 1
    browser.post(f"/suggestions/{other.thread_id}/support")
    page = browser.post("/suggestions/new", WORDS, status=200)
    assert page.select(offered) == [] and page.words.count("You support this one already.") == 2


def test_changing_it_after_seeing_the_nearest_loses_nothing(site: Site) -> None:
    make_suggestion(title="Each number from one place")
    browser = site.browser(make_person())
    page = browser.post("/suggestions/new", {**WORDS, "change": "yes"}, status=200)
    assert page.select("//input[@name='title']/@value") == [WORDS["title"]]
    assert page.select("//textarea[@name='helps']/text()")[0].strip() == WORDS["helps"]
    assert page.select("//input[@name='components'][@checked]/@value") == ["school-organisation"]


def test_where_nothing_is_like_it_it_is_published_at_once(site: Site) -> None:
    page = site.browser(make_person()).post("/suggestions/new", {**WORDS, "title": "Zzz qqq"})
    assert page.location.startswith("/threads/")


def test_sent_twice_it_is_made_once(site: Site) -> None:
    browser = site.browser(make_person())
    first = browser.post("/suggestions/new", WORDS)
    assert browser.post("/suggestions/new", {**WORDS, "seen": "yes"}).location == first.location
    assert count_of(Suggestion) == count_of(Supporter) == 1


@pytest.mark.parametrize("field", ["title", "body", "why", "helps"])
def test_a_field_that_is_missing_gives_the_form_back_whole(site: Site, field: str) -> None:
    browser = site.browser(make_person())
    for empty in ("", " \u200b "):
        page = browser.post("/suggestions/new", {**WORDS, field: empty}, status=422)
        assert page.select("//title/text()")[0].startswith("Error: ")
        assert page.select(f"//div[@class='govuk-error-summary__body']//a[@href='#{field}']")
        typed = page.select("//input[@name='title']/@value") + page.select("//textarea/text()")
        for other in {"title", "body", "why", "helps"} - {field}:
            assert WORDS[other] in [each.strip() for each in typed]
    assert count_of(Suggestion) == 0


def test_unconfirmed_people_save_a_draft_and_publish_later(site: Site) -> None:
    una = make_person("Una Firm", confirmed=False)
    browser = site.browser(una)
    page = browser.post("/suggestions/new", WORDS, status=422)
    assert "Confirm your email address" in page.words and WORDS["why"] in page.text
    browser.post("/suggestions/draft", WORDS)
    assert "Ask for each number once" in browser.get("/drafts").words
    assert WORDS["helps"] in browser.get("/suggestions/new").text


def test_a_draft_is_saved_by_script_and_only_for_those_signed_in(site: Site) -> None:
    browser, headers = site.browser(make_person()), {"Accept": "application/json"}
    saved = browser.post("/suggestions/draft", WORDS, status=200, headers=headers)
    assert json.loads(saved.text)["saved_at"]
    site.visitor().post("/suggestions/draft", WORDS, status=401, headers=headers)
    stranger = make_suggestion()
    browser.post("/suggestions/draft", {**WORDS, "about": "99999"}, status=404)
    browser.post("/suggestions/draft", {**WORDS, "about": str(stranger.thread_id)}, status=302)


def test_editing_keeps_the_words_before_and_tells_of_a_conflict(site: Site) -> None:
    ada = make_person("Ada Obi")
    suggestion = make_suggestion(ada)
    browser, path = site.browser(ada), f"/suggestions/{suggestion.thread_id}/edit"
    opening = post_of(db.session.get_one(Thread, suggestion.thread_id))
    assert browser.get(f"/posts/{opening.id}/edit", status=302).location == path
    page = browser.get(path)
    since = page.select("//input[@name='since']/@value")[0]
    assert page.select("//textarea[@name='why']/text()")[0].strip() == "Nine forms a year."
    fields = {**WORDS, "why": "Eleven forms a year.", "title": "Each number once", "since": since}
    page = browser.post(path, fields)
    read = site.visitor().get(page.location)
    assert "Eleven forms" in read.words and "Each number once" in read.words
    revision = db.session.scalars(select(Revision)).one()
    assert "Nine forms" in revision.source and revision.title == "Ask for each number once"
    assert suggestion_of(suggestion.thread_id).why == "Eleven forms a year."
    page = browser.post(path, {**fields, "why": "Twelve forms."}, status=409)
    assert "has changed since you began" in page.words and "Twelve forms." in page.text
    again = page.select("//input[@name='since']/@value")[0]
    browser.post(path, {**fields, "why": "Twelve forms.", "since": again})
    for stranger, status in ((make_person(), 403), (team(), 403)):
        site.browser(stranger).get(path, status=status)
        site.browser(stranger).post(path, fields, status=status)


def test_an_open_code_fence_does_not_swallow_what_follows(site: Site) -> None:
    for body in ("Like\n```\nso", "~~~ python\nx = 1\n```", "````\n```\nx", "a\n```\nb\n```\nc\n```"):
        page = site.browser(make_person()).post(
            "/suggestions/new", {**WORDS, "title": body[:9] + "é", "body": body, "seen": "yes"}
        )
        read = site.visitor().get(page.location)
        assert read.select("//div[@class='post__body']/h3/text()") == ["Why it matters", "Who it would help"]
    assert closed("```\na\n```") == "```\na\n```" and closed("``` a`b") == "``` a`b"


# Supporting


def test_support_is_counted_once_and_taken_back(site: Site) -> None:
    suggestion, ben = make_suggestion(), make_person("Ben Secret")
    browser, path = site.browser(ben), f"/suggestions/{suggestion.thread_id}"
    page = browser.get(url_of(suggestion))
    assert page.select(f"//form[@action='{path}/support']") and "1 person supports this" in page.words
    for _ in range(2):
        browser.post(f"{path}/support")
    page = browser.get(url_of(suggestion))
    assert "2 people support this" in page.words and "You are one of them" in page.words
    assert "2 people support this" in site.visitor().get(url_of(suggestion)).words
    for _ in range(2):
        browser.post(f"{path}/take-back")
    assert suggestion_of(suggestion.thread_id).thread.supporters_count == 1
    assert "1 person supports this" in browser.get(url_of(suggestion)).words
    assert count_of(Supporter) == 1


def test_who_supports_is_told_to_nobody(site: Site) -> None:
    suggestion, ben = make_suggestion(), make_person("Ben Secret", email="ben@example.org")
    site.browser(ben).post(f"/suggestions/{suggestion.thread_id}/support")
    line = db.session.scalars(select(Activity).where(Activity.verb == "suggestion.supported")).one()
    assert not line.public
    id = suggestion.thread_id
    paths = [
        url_of(suggestion),
        "/suggestions",
        f"/suggestions/{id}/trail",
        f"/people/{ben.id}",
        "/",
        "/posts/feed.atom",
    ]
    for browser, more in (
        (site.visitor(), []),
        (site.browser(team()), ["/team/log", f"/team/suggestions/{id}"]),
    ):
        for path in (*paths, *more):
            if path != f"/people/{ben.id}":
                assert "Ben Secret" not in browser.get(path).text, path
    assert url_of(suggestion) not in site.visitor().get(f"/people/{ben.id}").text


def test_the_author_supports_it_for_good(site: Site) -> None:
    ada = make_person("Ada Obi")
    suggestion = make_suggestion(ada)
    browser = site.browser(ada)
    assert "You made this suggestion" in browser.get(url_of(suggestion)).words
    browser.post(f"/suggestions/{suggestion.thread_id}/support")
    browser.post(f"/suggestions/{suggestion.thread_id}/take-back", status=403)
    assert suggestion_of(suggestion.thread_id).supporters == 1


def test_what_is_not_shown_takes_no_support(site: Site) -> None:
    ada, by = make_person("Ada Obi"), team()
    hidden, withdrawn, silent = (make_suggestion(ada, title=title) for title in ("One", "Two", "Three"))
    ids = [each.thread_id for each in (hidden, withdrawn, silent)]
    make_reply(db.session.get_one(Thread, ids[2]))
    db.session.get_one(Thread, ids[0]).hide(by, "spam")
    for id in ids[1:]:
        post_of(db.session.get_one(Thread, id)).withdraw(ada)
    db.session.commit()
    browser = site.browser(make_person())
    for id, status in zip(ids, (404, 404, 403), strict=True):
        browser.post(f"/suggestions/{id}/support", status=status)
        assert suggestion_of(id).supporters == 1
    thread = db.session.get_one(Thread, ids[2])
    assert "It takes no more support" in browser.get(f"/threads/{thread.id}-{thread.slug}").words
    site.browser(make_person(confirmed=False)).post(
        f"/suggestions/{make_suggestion().thread_id}/support", status=403
    )


def test_fifty_who_support_at_once_are_fifty(site: Site) -> None:
    suggestion = make_suggestion()
    people = [make_person(f"Person {n}") for n in range(50)]
    calls = [sends(site.browser(each), f"/suggestions/{suggestion.thread_id}/support") for each in people]
    db.session.rollback()
    assert set(at_once(*calls)) == {302}
    found = suggestion_of(suggestion.thread_id)
    assert found.supporters == found.thread.supporters_count == count_of(Supporter) == 51
    assert found.owed_on is not None


def test_one_who_presses_twice_at_once_is_one(site: Site) -> None:
    suggestion, ben = make_suggestion(), make_person()
    calls = [sends(site.browser(ben), f"/suggestions/{suggestion.thread_id}/support") for _ in range(4)]
    db.session.rollback()
    assert set(at_once(*calls)) == {302}
    assert suggestion_of(suggestion.thread_id).supporters == 2


# The clock


def test_enough_supporters_are_owed_an_answer_in_twenty_working_days(site: Site) -> None:
    with time_machine.travel(datetime(2026, 12, 17, 23, 30, tzinfo=UTC), tick=False):
        suggestion = make_suggestion(supporters=23)
        assert suggestion_of(suggestion.thread_id).owed_on is None
        site.browser(make_person()).post(f"/suggestions/{suggestion.thread_id}/support")
        # from Thursday: without weekends, 25 and 28 December and 1 January
        assert suggestion_of(suggestion.thread_id).owed_on == date(2027, 1, 19)
        assert "An answer is owed by 19 January 2027" in site.visitor().get(url_of(suggestion)).words
        site.browser(make_person()).post(f"/suggestions/{suggestion.thread_id}/support")
    assert suggestion_of(suggestion.thread_id).owed_on == date(2027, 1, 19)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 2), 20, date(2026, 11, 30)),
        (date(2026, 11, 7), 1, date(2026, 11, 9)),  # a Saturday
        (date(2027, 3, 25), 1, date(2027, 3, 30)),  # Easter
        (date(2027, 12, 24), 1, date(2027, 12, 29)),  # two days stand in
        (date(2022, 6, 1), 1, date(2022, 6, 6)),  # the two days of 2022 that no rule has
        (date(2026, 11, 6), 0, date(2026, 11, 6)),
    ],
)
def test_working_days_are_those_of_england(start: date, days: int, end: date) -> None:
    assert days_after(start, days) == end
    assert between(start, end) == days
    assert date(2026, 11, 30) not in bank_holidays(2026)  # St Andrew's Day is Scotland's


def test_a_day_begins_in_london(site: Site) -> None:
    with time_machine.travel(
        datetime(2027, 6, 1, 23, 30, tzinfo=UTC), tick=False
    ):  # half past midnight there
        suggestion = make_suggestion()
        by = team()
        take_up(suggestion_of(suggestion.thread_id), by, "A unit", "Looked at.")
        db.session.commit()
        assert suggestion_of(suggestion.thread_id).owed_on == days_after(date(2027, 6, 2), 20)


def test_taking_it_up_starts_the_clock_and_never_moves_it(site: Site) -> None:
    by = team()
    early, late = make_suggestion(), make_suggestion(title="Another", supporters=24)
    with time_machine.travel(now() + timedelta(days=9)):
        for suggestion in (early, late):
            path = f"/team/suggestions/{suggestion.thread_id}/take-up"
            site.browser(by).post(path, {"owner": "Workforce Unit", "note": "We ask the nine."})
    took, supported = suggestion_of(early.thread_id), suggestion_of(late.thread_id)
    assert took.status == supported.status == "considered"
    assert supported.owed_on == days_after(today(), 20) and took.owed_on and took.owed_on > supported.owed_on
    page = site.visitor().get(url_of(early))
    assert "Under consideration" in page.words and "We ask the nine." in page.words
    assert count_of(Telling) == 0, "nobody is written to when it is taken up"


def test_taken_up_twice_it_is_one_step(site: Site) -> None:
    suggestion, by, other = make_suggestion(), team(), team("Other Mem")
    path, fields = (
        f"/team/suggestions/{suggestion.thread_id}/take-up",
        {"owner": "A unit", "note": "Looked at."},
    )
    site.browser(by).post(path, fields)
    site.browser(by).post(path, fields)
    page = site.browser(other).post(path, {**fields, "note": "My words"}, status=409)
    assert "A colleague has taken this suggestion up" in page.words and "My words" in page.text
    assert count_of(Step) == 1
    site.browser(other).post(path, {"owner": "", "note": ""}, status=422)


def test_nobody_hides_what_is_overdue(site: Site) -> None:
    """No filter, and nothing that the team may do short of answering it, takes it from the top of the page."""
    by = team()
    suggestion, other = make_suggestion(supporters=24), make_suggestion(title="Another")
    id = suggestion.thread_id
    with time_machine.travel(now() + timedelta(days=60)):
        visitor, browser = site.visitor(), site.browser(by)

        def stands(path: str = "/suggestions") -> bool:
            return bool(
                visitor.get(path).select(
                    f"//section[@aria-labelledby='overdue']//a[@href='{url_of(suggestion)}']"
                )
            )

        narrow = [
            "show=newest",
            "show=waiting",
            "show=answered",
            "status=done",
            "component=assessment-for-learning",
        ]
        assert all(stands(f"/suggestions?{query}") for query in narrow)
        assert url_of(suggestion) in visitor.get("/suggestions?show=overdue").text
        assert "Overdue" in visitor.get(url_of(suggestion)).words
        for act in ("lock", "pin"):
            browser.post(f"/team/threads/{id}/{act}")
            assert stands(), act
        browser.post(f"/team/threads/{id}/move", {"prompt": "resources", "note": ""})
        assert stands(), "moved"
        browser.post(f"/team/suggestions/{id}/take-up", {"owner": "A unit", "note": "Looked at."})
        assert stands(), "taken up"
        browser.post(f"/team/suggestions/{id}/answer", answered())
        assert stands(), "drafted"
        draft = db.session.scalars(select(AnswerDraft)).one().id
        site.browser(team("Reza Read")).post(f"/team/answers/{draft}/read", {"since": "1"})
        assert stands(), "read"
        browser.post(f"/team/threads/{id}/hide", {"reason": "personal", "note": ""})
        page = visitor.get("/suggestions")
        assert url_of(suggestion) not in page.text
        assert "1 is hidden by the team" in page.words, "what is hidden is still counted"
        browser.post(f"/team/threads/{id}/restore", {"note": ""})
        assert stands()
        browser.post(f"/team/answers/{draft}/publish")
        assert not stands(), "answered"
        words = visitor.get(f"/suggestions/{id}/trail").words
        assert "This answer was owed by" in words and "later" in words
    assert other.thread_id != id


def test_pages_turn_by_the_calendar_alone(site: Site) -> None:
    """A page that was kept yesterday says today that it is overdue, and the log has it for good."""
    suggestion = make_suggestion(supporters=24)
    owed = suggestion_of(suggestion.thread_id).owed_on
    assert owed
    visitor = site.visitor()
    before = visitor.get(url_of(suggestion))
    assert "Overdue" not in before.words
    morning = datetime(owed.year, owed.month, owed.day, 0, 1, tzinfo=UTC) + timedelta(days=1)
    with time_machine.travel(morning):
        assert go_round() is False
        page = visitor.get(url_of(suggestion), headers={"If-None-Match": before.headers["ETag"]})
        assert "Overdue" in page.words
        finish()
    lines = db.session.scalars(select(Activity).where(Activity.verb == "suggestion.overdue")).all()
    assert len(lines) == 1 and lines[0].public and suggestion_of(suggestion.thread_id).turns_on is None


# Two people


def test_an_answer_takes_two_people_and_is_published_once(site: Site) -> None:
    dora, reza = team("Dora Draft"), team("Reza Read")
    suggestion = make_suggestion(make_person("Ada Obi", email="ada@example.org"))
    id = suggestion.thread_id
    one, two = site.browser(dora), site.browser(reza)
    one.post(f"/team/suggestions/{id}/take-up", {"owner": "Workforce Unit", "note": "We look at it."})
    page = one.post(f"/team/suggestions/{id}/answer", {**answered(), "preview": "yes"}, status=200)
    assert "It rests on:" in page.words and count_of(AnswerDraft) == 0
    one.post(f"/team/suggestions/{id}/answer", answered())
    draft = db.session.scalars(select(AnswerDraft)).one()
    assert "We will." not in site.visitor().get(url_of(suggestion)).words
    page = one.get(f"/team/suggestions/{id}")
    assert "You drafted this answer" in page.words and not page.select("//form[contains(@action, '/read')]")
    one.post(f"/team/answers/{draft.id}/read", {"since": "1"}, status=403)
    two.post(f"/team/answers/{draft.id}/publish", status=403)
    two.post(f"/team/answers/{draft.id}/read", {"since": "1"})
    # a change makes the reading void
    two.post(f"/team/suggestions/{id}/answer", answered(note="We will, soon.", since="1"))
    two.post(f"/team/answers/{draft.id}/publish", status=403)
    two.post(f"/team/answers/{draft.id}/read", {"since": "2"}, status=403)
    page = one.post(f"/team/answers/{draft.id}/read", {"since": "1"}, status=409)
    assert "changed this draft" in page.words
    one.post(f"/team/answers/{draft.id}/read", {"since": "2"})
    receipts = {one.post(f"/team/answers/{draft.id}/publish").location for _ in range(2)}
    receipts.add(two.post(f"/team/answers/{draft.id}/publish").location)
    assert len(receipts) == 1 and count_of(Telling) == 1
    page = two.get(receipts.pop())
    for words in ("Receipt A-", "Dora Draft", "Reza Read", "Will do"):
        assert words in page.words
    step = db.session.scalars(select(Step).where(Step.status == "will-do")).one()
    assert (step.drafted_by_id, step.read_by_id, step.published_by_id) == (reza.id, dora.id, dora.id)
    read = site.visitor().get(url_of(suggestion))
    assert "We will, soon." in read.words and read.select(
        "//*[@id='post-3']//a[starts-with(@href, '/posts/')]"
    )
    assert suggestion_of(id).owed_on is None and suggestion_of(id).answered_at is not None
    site.browser(make_person()).get(f"/team/suggestions/{id}", status=403)


def test_the_database_itself_wants_two_people(site: Site) -> None:
    step = make_answer(make_suggestion())
    for change in ("read_by_id = drafted_by_id", "read_by_id = NULL"):
        with pytest.raises(IntegrityError):
            db.session.execute(text(f"UPDATE steps SET {change} WHERE id = {step.id}"))
        db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(text(f"UPDATE steps SET draft_id = {step.draft_id} WHERE number = 1"))
    db.session.rollback()


def test_of_two_who_draft_at_once_one_does(site: Site) -> None:
    suggestion, people = make_suggestion(), [team("One Mem"), team("Two Mem")]
    path = f"/team/suggestions/{suggestion.thread_id}"
    site.browser(people[0]).post(f"{path}/take-up", {"owner": "A unit", "note": "Looked at."})
    calls = [sends(site.browser(each), f"{path}/answer", answered(note=each.name)) for each in people]
    db.session.rollback()
    assert sorted(at_once(*calls)) == [302, 409]
    page = site.browser(people[0]).post(f"{path}/answer", answered(note="Third words"), status=409)
    assert "The draft as it is now" in page.words and "Third words" in page.text
    since = page.select("//input[@name='since']/@value")[0]
    site.browser(people[0]).post(f"{path}/answer", answered(note="Third words", since=since))


def test_published_at_once_in_many_browsers_it_is_one(site: Site) -> None:
    dora, reza = team("Dora Draft"), team("Reza Read")
    suggestion = make_suggestion(supporters=5)
    draft = drafted(suggestion, dora).id
    draft_of(draft).read(reza, 1)
    db.session.commit()
    browsers = [site.browser(each) for each in (dora, reza, dora, reza)]
    calls = [sends(each, f"/team/answers/{draft}/publish") for each in browsers]
    db.session.rollback()
    assert set(at_once(*calls)) == {302}
    assert count_of(Telling) == 1
    assert db.session.scalar(select(func.count()).where(Step.draft_id == draft)) == 1
    finish()
    assert len(site.mail()) == 6


@pytest.mark.parametrize("status", [str(each) for each in Status])
def test_steps_follow_each_other_as_the_table_says(site: Site, status: str) -> None:
    by = team()
    suggestion = make_suggestion()
    if status != "heard":
        take_up(suggestion_of(suggestion.thread_id), by, "A unit", "Looked at.")
    found = suggestion_of(suggestion.thread_id)
    found.status = status
    db.session.commit()
    due = today() + timedelta(days=5)
    for next_one in Status:
        found = suggestion_of(suggestion.thread_id)
        said = Outcome(next_one, "A unit", "Words.", due, "cost")
        if next_one in answers_to(status):
            AnswerDraft.begin(found, by, said)
        elif next_one != Status.CONSIDERED:
            with pytest.raises(Refused, match="cannot follow"):
                AnswerDraft.begin(found, by, said)
        db.session.rollback()
        if next_one not in (status, Status.CONSIDERED):
            assert (next_one in STEPS[status]) == (next_one in answers_to(status))
    assert not STEPS[Status.CHECKED]


@one_database
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"status": ""}, "status"),
        ({"status": "done"}, "status"),
        ({"status": "will-not", "reason": ""}, "reason"),
        ({"status": "not-ours", "reason": "made up"}, "reason"),
        ({"note": " "}, "note"),
        ({"owner": ""}, "owner"),
        ({"owner": "x" * 121}, "owner"),
        ({"day": ""}, "day"),
        ({"day": "", "month": "", "year": ""}, "day"),
        ({"day": "31", "month": "2"}, "day"),
        ({"year": "2020"}, "day"),
        ({"day": "٣"}, "day"),
        ({"posts": ""}, "posts"),
        ({"posts": "all"}, "posts"),
        ({"posts": "1, 99"}, "posts"),
        ({"posts": " ".join(map(str, range(1, 23)))}, "posts"),
    ],
)
def test_an_answer_that_lacks_something_comes_back_whole(
    site: Site, wrong: dict[str, str], field: str
) -> None:
    suggestion, by = make_suggestion(), team()
    browser, path = site.browser(by), f"/team/suggestions/{suggestion.thread_id}"
    browser.post(f"{path}/take-up", {"owner": "A unit", "note": "Looked at."})
    page = browser.post(f"{path}/answer", {**answered(note="Kept words"), **wrong}, status=422)
    assert page.select(f"//div[@class='govuk-error-summary__body']//a[@href='#{field}']"), page.words
    assert "note" in wrong or "Kept words" in page.text
    assert count_of(AnswerDraft) == 0


def test_a_post_that_is_not_shown_is_not_rested_on(site: Site) -> None:
    by, suggestion = team(), make_suggestion()
    thread = db.session.get_one(Thread, suggestion.thread_id)
    make_reply(thread, text="A secret")
    post_of(thread, 2).hide(by, "pupil")
    db.session.commit()
    browser, path = site.browser(by), f"/team/suggestions/{suggestion.thread_id}"
    browser.post(f"{path}/take-up", {"owner": "A unit", "note": "Looked at."})
    assert "no post 2" in browser.post(f"{path}/answer", answered(posts="1, 2"), status=422).words


def test_a_date_that_has_passed_while_it_waited_is_not_published(site: Site) -> None:
    dora, reza = team("Dora Draft"), team("Reza Read")
    draft = drafted(make_suggestion(), dora).id
    draft_of(draft).read(reza, 1)
    db.session.commit()
    with time_machine.travel(now() + timedelta(days=40)):
        page = site.browser(dora).post(f"/team/answers/{draft}/publish", status=403)
        assert "The date must be today or later" in page.words


def test_a_draft_that_is_dropped_can_be_begun_again(site: Site) -> None:
    suggestion, dora = make_suggestion(), team("Dora Draft")
    draft = drafted(suggestion, dora).id
    browser = site.browser(dora)
    browser.post(f"/team/answers/{draft}/drop")
    browser.post(f"/team/answers/{draft}/publish", status=409)
    browser.post(f"/team/suggestions/{suggestion.thread_id}/answer", answered())
    assert count_of(AnswerDraft) == 2
    words = browser.get("/team/log").words
    for act in ("took up", "drafted an answer to", "dropped the draft of an answer to"):
        assert act in words


def test_a_published_step_is_not_edited(site: Site) -> None:
    suggestion = make_suggestion()
    step = make_answer(suggestion)
    author = db.session.scalars(select(Post).where(Post.id == step.post_id)).one().author_id
    dora = db.session.get_one(type(make_person()), author)
    page = site.browser(dora).get(f"/posts/{step.post_id}/edit", status=302)
    assert page.location == f"/suggestions/{suggestion.thread_id}/trail"


def test_what_was_refused_can_be_taken_up_again(site: Site) -> None:
    suggestion, by = make_suggestion(), team()
    make_answer(suggestion, "will-not", reason="cost")
    assert "Will not do" in site.visitor().get("/suggestions?show=answered").words
    site.browser(by).post(
        f"/team/suggestions/{suggestion.thread_id}/take-up", {"owner": "A unit", "note": "Again."}
    )
    found = suggestion_of(suggestion.thread_id)
    assert found.status == "considered" and found.owed_on is not None and found.answered_at is None


# Told once


def test_those_who_asked_are_told_once_by_letter(site: Site) -> None:
    ada, una = (
        make_person("Ada Obi", email="ada@example.org"),
        make_person("Una Firm", email="una@example.org"),
    )
    suggestion = make_suggestion(ada)
    suggestion_of(suggestion.thread_id).support(una)
    db.session.commit()
    make_answer(suggestion, note="We will, *all* of it.")
    assert count_of(Letter) == 0, "publishing itself writes to nobody"
    for _ in range(3):
        finish()
    letters = site.mail()
    assert sorted(each["To"] for each in letters) == ["ada@example.org", "una@example.org"]
    body = letters[0].get_content()
    for words in ("Ask for each number once", "Will do", "Workforce Unit", "We will, all of it.", "/posts/"):
        assert words in body
    assert letters[0]["Subject"] == "Will do: Ask for each number once"
    make_answer(suggestion, "under-way")
    finish()
    assert len(site.mail()) == 4


def test_people_are_told_in_pages_and_a_broken_round_tells_nobody_twice(site: Site) -> None:
    suggestion = make_suggestion()
    people = [make_person(f"Person {n}") for n in range(PAGE + 30)]
    db.session.add_all(Supporter(thread_id=suggestion.thread_id, user_id=each.id) for each in people)
    db.session.commit()
    make_answer(suggestion)
    assert tell_page()
    db.session.rollback()  # the machine stops before it is committed
    assert count_of(Letter) == 0 and count_of(Told) == 0
    assert go_round() and count_of(Letter) == PAGE
    telling = db.session.scalars(select(Telling)).one()
    telling.reached = 0  # even if it forgot how far it was
    db.session.commit()
    finish()
    assert count_of(Letter) == count_of(Told) == PAGE + 31
    assert db.session.scalars(select(Telling)).one().told == PAGE + 31


def test_two_machines_tell_nobody_twice(site: Site) -> None:
    suggestion = make_suggestion()
    people = [make_person(f"Person {n}") for n in range(3 * PAGE)]
    db.session.add_all(Supporter(thread_id=suggestion.thread_id, user_id=each.id) for each in people)
    db.session.commit()
    make_answer(suggestion)
    db.session.remove()

    def machine() -> int:
        with site.app.app_context():
            return finish()

    at_once(machine, machine, machine)
    finish()
    assert count_of(Letter) == count_of(Told) == 3 * PAGE + 1
    to = db.session.scalars(select(Letter.to)).all()
    assert len(set(to)) == len(to)


def test_publishing_costs_the_same_whoever_supports_it(site: Site) -> None:
    counts = []
    for many in (1, 100):
        suggestion, dora, reza = make_suggestion(supporters=many), team("Dora Draft"), team("Reza Read")
        draft = drafted(suggestion, dora).id
        draft_of(draft).read(reza, 1)
        db.session.commit()
        browser = site.browser(dora)
        token = browser.csrf_token()
        with counted() as statements:
            browser.post(f"/team/answers/{draft}/publish", {"csrf_token": token})
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_telling_stops_where_it_is_not_shown_any_more_and_goes_on_when_it_is(site: Site) -> None:
    suggestion, by = make_suggestion(supporters=3), team()
    step = make_answer(suggestion)
    thread = db.session.get_one(Thread, suggestion.thread_id)
    thread.hide(by, "personal")
    db.session.commit()
    finish()
    assert count_of(Letter) == 0 and db.session.scalars(select(Telling)).one().stopped
    thread.restore(by)
    db.session.commit()
    browser, path = site.browser(by), f"/team/suggestions/{suggestion.thread_id}/receipts/{step.id}"
    assert "Stopped" in browser.get(path).words
    browser.post(f"{path}/tell")
    finish()
    assert len(site.mail()) == 4 and "has been told once" in browser.get(path).words


def test_a_letter_on_its_way_stays_here_when_its_answer_is_hidden(site: Site) -> None:
    suggestion, by = make_suggestion(supporters=3), team()
    step = make_answer(suggestion)
    finish()
    assert count_of(Letter) == 4
    post = db.session.scalars(select(Post).where(Post.id == step.post_id)).one()
    post_of(db.session.get_one(Thread, suggestion.thread_id), post.number or 0).hide(by, "personal")
    db.session.commit()
    deliver_due()
    assert site.mail() == [] and count_of(Told) == 0
    assert not db.session.scalars(select(Letter.text).where(Letter.text != "")).all()
    post_of(db.session.get_one(Thread, suggestion.thread_id), post.number or 0).publish(by)
    db.session.commit()
    browser, path = site.browser(by), f"/team/suggestions/{suggestion.thread_id}/receipts/{step.id}"
    browser.post(f"{path}/tell")
    finish()
    assert len(site.mail()) == 4


# Followed up


def test_the_trail_goes_from_what_was_said_to_what_was_done(site: Site) -> None:
    suggestion = make_suggestion(supporters=2)
    for status in ("will-do", "under-way", "under-way", "done", "checked"):
        make_answer(suggestion, status, None if status == "checked" else 30, note=f"Now {status}.")
    for path in (url_of(suggestion), f"/suggestions/{suggestion.thread_id}/trail"):
        page = site.visitor().get(path)
        marks = [each.text_content().strip() for each in page.select("//ol[@class='trail']//strong")]
        assert marks == [
            "Heard", "Under consideration", "Will do", "Under way", "Under way", "Done", "Checked with those who asked",
        ]  # fmt: skip
    words = page.words
    assert "It rests on post 1, by Ada Obi, teacher" in words and "Workforce Unit" in words
    make_more = [make_answer(s, "exists", note="There.") for s in (make_suggestion(title="Other"),)]
    assert make_more[0].number == 2


def test_a_long_trail_has_pages_of_its_own(site: Site) -> None:
    suggestion = make_suggestion()
    make_answer(suggestion)
    for _ in range(53):
        make_answer(suggestion)
    page = site.visitor().get(url_of(suggestion))
    assert len(page.select("//ol[@class='trail']/li[starts-with(@id, 'step-')]")) == 6
    assert "49 earlier steps" in page.words
    first = site.visitor().get(f"/suggestions/{suggestion.thread_id}/trail")
    assert len(first.select("//ol[@class='trail']/li[starts-with(@id, 'step-')]")) == 50
    second = site.visitor().get(f"/suggestions/{suggestion.thread_id}/trail?page=2")
    assert [each.get("id") for each in second.select("//ol[@class='trail']/li")] == [
        f"step-{n}" for n in range(51, 56)
    ]
    for wrong in ("3", "0", "x"):
        site.visitor().get(f"/suggestions/{suggestion.thread_id}/trail?page={wrong}", status=404)


def test_a_hidden_answer_leaves_its_step_without_its_words(site: Site) -> None:
    suggestion, by = make_suggestion(), team()
    step = make_answer(suggestion, note="A secret word.")
    number = db.session.scalars(select(Post.number).where(Post.id == step.post_id)).one()
    post_of(db.session.get_one(Thread, suggestion.thread_id), number or 0).hide(by, "personal")
    db.session.commit()
    for path in (url_of(suggestion), f"/suggestions/{suggestion.thread_id}/trail", "/answers"):
        page = site.visitor().get(path)
        assert "secret" not in page.text and "Will do" in page.words and "Hidden by the team" in page.words, (
            path
        )
    for format in CHECKS:
        assert "secret" not in site.visitor().get(f"/answers/feed.{format}").text


def test_you_said_we_did(site: Site) -> None:
    ada = make_person("Ada Obi", school="Hillview School")
    suggestion = make_suggestion(ada, body="One collection, on one date.", disclosure="role-only")
    make_answer(suggestion, "will-do", 5, note="We will by the summer.")
    other = make_suggestion(title="A longer lunch")
    make_answer(other, "will-not", reason="schools", note="It is yours to decide.")
    page = site.visitor().get("/answers")
    assert "One collection, on one date." in page.words and "We will by the summer." in page.words
    assert "A teacher, primary" in page.words and "Hillview" not in page.text and "Ada Obi" not in page.text
    assert "Workforce Unit" in page.words and "A longer lunch" not in page.words
    assert "It is for each school to decide" in site.visitor().get("/answers?show=other").words
    assert "Nothing is late" in site.visitor().get("/answers?show=late").words
    with time_machine.travel(now() + timedelta(days=9)):
        finish()
        for path in ("/answers", "/answers?show=late", "/answers?show=promised"):
            late = site.visitor().get(path)
            assert "Late" in late.words and late.select("//article[contains(@class, 'commitment--late')]"), (
                path
            )
        make_answer(suggestion, "will-do", 30, note="By the autumn.")
        page = site.visitor().get("/answers")
        assert not page.select("//article[contains(@class, 'commitment--late')]")
        history = page.select("//article//details//ol/li")
        assert len(history) == 4, "the date that was not kept stays in the history"
    for wrong in ("/answers?show=x", "/answers?page=2", "/suggestions?show=x", "/suggestions?status=x"):
        site.visitor().get(wrong, status=404)


def test_what_happened_to_what_i_said(site: Site) -> None:
    ada, ben = make_person("Ada Obi"), make_person("Ben Lee")
    mine, theirs = make_suggestion(ada), make_suggestion(ben, title="A longer lunch")
    thread = db.session.get_one(Thread, theirs.thread_id)
    reply = make_reply(thread, ada, "Ours is forty minutes.", disclosure="role-only")
    third = make_suggestion(ben, title="Warmer rooms")
    suggestion_of(third.thread_id).support(ada)
    db.session.commit()
    make_answer(mine, "will-do", 20)
    make_answer(mine, "under-way", 20)
    make_answer(theirs, "exists", posts=(reply.id,))
    page = site.browser(ada).get("/account/what-happened")
    for words in (
        "One collection, on one date.", "Ours is forty minutes.", "Will do", "Under way", "Already exists",
        "rests on what you said", "Warmer rooms", "None yet",
    ):  # fmt: skip
        assert words in page.words, words
    other = site.browser(make_person()).get("/account/what-happened").words
    assert "forty minutes" not in other and "You have not said anything" in other
    site.visitor().get("/account/what-happened", status=401)
    assert "no-store" in page.headers["Cache-Control"]
    assert "What happened" in site.browser(ada).get(f"/people/{ada.id}").words
    assert "What happened" not in site.browser(ben).get(f"/people/{ada.id}").words


def test_what_happened_has_older_pages(site: Site) -> None:
    ada = make_person("Ada Obi")
    for number in range(21):
        make_suggestion(ada, title=f"Mine {number}")
        suggestion_of(make_suggestion(title=f"Theirs {number}").thread_id).support(ada)
    db.session.commit()
    browser = site.browser(ada)
    page = browser.get("/account/what-happened")
    assert "Mine 20" in page.words and "Mine 0 " not in page.words
    older = page.select("//a[@rel='next']/@href")
    assert "Mine 0" in browser.get(older[0].split("#")[0]).words
    assert "Theirs 0" in browser.get(older[1].split("#")[0]).words
    browser.get("/account/what-happened?before=x", status=404)


def test_home_and_the_prompt_lead_to_them(site: Site) -> None:
    suggestion = make_suggestion()
    assert "What has been answered" not in site.visitor().get("/").words
    make_answer(suggestion)
    home = site.visitor().get("/")
    assert "What has been answered" in home.words and url_of(suggestion) in home.text
    prompt = site.visitor().get("/prompts/what-more")
    assert prompt.select("//a[@href='/suggestions/new']") and prompt.select("//a[@href='/suggestions']")
    assert not site.visitor().get("/prompts/resources").select("//main//a[@href='/suggestions/new']")


# Feeds


@pytest.mark.parametrize("format", CHECKS)
def test_feeds_of_answers_are_valid_and_say_what_the_pages_say(site: Site, format: str) -> None:
    visitor = site.visitor()
    CHECKS[format](visitor.get(f"/answers/feed.{format}").data)
    suggestion = make_suggestion(title="]]> <b>&amp;</b> \u202e 👩🏽‍🏫")
    CHECKS[format](visitor.get(f"/suggestions/{suggestion.thread_id}/outcome/feed.{format}").data)
    make_answer(suggestion, note="]]> <script>alert(1)</script> [us](/about)")
    make_answer(suggestion, "under-way")
    for path in ("/answers/feed", f"/suggestions/{suggestion.thread_id}/outcome/feed"):
        page = visitor.get(f"{path}.{format}")
        CHECKS[format](page.data)
        for step in (1, 2, 3):
            assert f"tag:conversation.example.org,2026:answer/{step}" in page.text
        assert "https://conversation.example.org/about" in page.text
        assert visitor.get(f"{path}.{format}", status=304, headers={"If-None-Match": page.headers["ETag"]})
    assert visitor.get("/suggestions/999/outcome/feed.atom", status=404)


def test_an_entry_goes_with_its_thread_and_comes_back(site: Site) -> None:
    suggestion, by = make_suggestion(), team()
    make_answer(suggestion)
    thread = db.session.get_one(Thread, suggestion.thread_id)
    names = [f"tag:conversation.example.org,2026:answer/{n}" for n in (2, 1)]
    first = entries(site.visitor().get("/answers/feed.atom"))
    assert list(first) == names
    thread.hide(by, "personal")
    db.session.commit()
    page = site.visitor().get("/answers/feed.atom")
    assert not entries(page)
    assert {each.get("ref") for each in parse_xml(page.data).findall(f"{TOMBSTONES}deleted-entry")} == set(
        names
    )
    site.visitor().get(f"/suggestions/{suggestion.thread_id}/outcome/feed.atom", status=404)
    thread.restore(by)
    db.session.commit()
    again = entries(site.visitor().get("/answers/feed.atom"))
    assert list(again) == names
    assert all(again[name]["published"] == first[name]["published"] for name in names)
    assert all(again[name]["updated"] >= first[name]["updated"] for name in names)


def test_the_whole_history_of_answers_is_in_archives(site: Site) -> None:
    suggestion = make_suggestion()
    for _ in range(124):
        make_answer(suggestion)
    seen: set[str] = set()
    path = "/answers/feed.atom"
    while path:
        page = site.visitor().get(path)
        check_atom(page.data)
        seen |= set(entries(page))
        links = parse_xml(page.data).findall(f"{ATOM}link")
        before = [each.get("href") for each in links if each.get("rel") == "prev-archive"]
        path = before[0].removeprefix("https://conversation.example.org") if before else ""
    assert seen == {f"tag:conversation.example.org,2026:answer/{n}" for n in range(1, 126)}


def entries(page: Page) -> dict[str, dict[str, str]]:
    return {
        each.findtext(f"{ATOM}id"): {
            name: each.findtext(f"{ATOM}{name}") for name in ("published", "updated")
        }
        for each in parse_xml(page.data).findall(f"{ATOM}entry")
    }


# What it costs


@pytest.fixture
def crowded(site: Site) -> None:
    """100 suggestions at every stage, some overdue, with posts and steps."""
    _fill(range(100))


def _fill(numbers: range) -> None:
    authors = [make_person(f"Author {n}") for n in range(5)]
    made = [make_suggestion(authors[n % 5], title=f"Suggestion {n}").thread_id for n in numbers]
    for n, id in zip(numbers, made, strict=True):
        if n % 3 == 0:
            found = suggestion_of(id)
            found.owe(now() - timedelta(days=50))
            db.session.commit()
        elif n % 3 == 1:
            make_answer(suggestion_of(id), ("will-do", "exists")[n % 2], 40 + n)


PAGES = [
    "/suggestions",
    "/suggestions?show=newest&component=school-organisation",
    "/suggestions?show=waiting&status=heard",
    "/answers",
    "/answers?show=promised",
    "/answers?show=other",
    "/",
    "/answers/feed.atom",
]


def test_the_number_of_queries_is_the_same_at_1_and_at_100(site: Site) -> None:
    def asked() -> list[int]:
        counts = []
        for path in PAGES:
            site.app.wsgi_app.forget()  # type: ignore[attr-defined]
            with counted() as statements:
                site.visitor().get(path)
            counts.append(len(statements))
        return counts

    _fill(range(6))
    few = asked()
    _fill(range(6, 100))
    assert asked() == few


def test_the_page_of_one_suggestion_asks_the_same_with_many_steps(site: Site) -> None:
    few, many = make_suggestion(), make_suggestion(title="Many")
    make_answer(few)
    for _ in range(20):
        make_answer(many)
    ada = make_person("Ada Obi")
    site.browser(ada).get("/about")
    counts: dict[str, set[int]] = {}
    for suggestion in (few, many):
        site.visitor().get(url_of(suggestion))  # its neighbours are found once and kept
        for name, path in (
            ("thread", url_of(suggestion)),
            ("trail", f"/suggestions/{suggestion.thread_id}/trail"),
        ):
            for browser in (site.visitor(), site.browser(ada)):
                site.app.wsgi_app.forget()  # type: ignore[attr-defined]
                with counted() as statements:
                    browser.get(path)
                ours = [each for each in statements if re.search(r"\b(suggestions|steps|supporters)\b", each)]
                counts.setdefault(f"{name} {browser.client.get_cookie('session') is None}", set()).add(
                    len(ours)
                )
    assert all(len(each) == 1 for each in counts.values()), counts


@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize(
    "narrow", [{}, {"status": "heard"}, {"component": 4}], ids=["all", "status", "component"]
)
def test_each_list_is_a_range_of_an_index(site: Site, show: str, narrow: dict[str, Any]) -> None:
    plan = explained(Listing(show, **narrow).ids().limit(20))
    if show != "newest":  # which is the table's own order
        assert not [line for line in plan if line.endswith("SCAN suggestions")], plan
    assert not any("Seq Scan" in line for line in plan), plan
    if not narrow:
        assert not any("TEMP B-TREE FOR ORDER BY" in line or "Sort Key" in line for line in plan), plan


@pytest.mark.parametrize("group", GROUPS)
def test_each_list_of_answers_is_a_range_of_an_index(site: Site, group: str) -> None:
    plan = explained(Answered(group).ids(20))
    scans = [line for line in plan if "SCAN suggestions" in line and "USING" not in line]
    assert not scans and not any("Seq Scan on suggestions" in line for line in plan), plan


def explained(query: Any) -> list[str]:
    """The plan, on PostgreSQL as it is where tables are large."""
    sqlite = db.engine.dialect.name == "sqlite"
    if not sqlite:
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        db.session.execute(text("SET LOCAL enable_sort = off"))
        db.session.execute(text("SET LOCAL enable_hashjoin = off"))
        db.session.execute(text("SET LOCAL enable_bitmapscan = off"))
    said = query.compile(db.engine, compile_kwargs={"literal_binds": True})
    rows = db.session.execute(
        text(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + str(said).replace(":", "\\:"))
    )
    return [str(row[-1]) for row in rows]


# Hostile words


@one_database
@pytest.mark.skipif(not ATTACKS.exists(), reason=f"the attacks are not here: {ATTACKS}")
def test_attacks_stay_words_in_every_field(site: Site) -> None:
    """Each of them in two of the long fields, as many together as the forms let pass; some in each of the short ones.
    What lists them all is looked at when all are there."""
    lines = ATTACKS.read_text("utf-8").rstrip("\n").split("\n")
    samples = dict.fromkeys(json.loads(line)["payload"] for line in lines)
    by, reader = team(), team("Reza Read")
    ada = make_person("Ada Obi", role="team")  # nothing of hers is held
    author, browser, public = site.browser(ada), site.browser(by), site.visitor()
    parts = fillings(samples, 9_500)
    for number in range(0, len(parts), 3):
        one, two, three = (parts[(number + n) % len(parts)] for n in range(3))
        line = " ".join(three.split())[:100]
        words = {"title": f"{line} a{number}", "body": f"{one}\n\n{two}", "why": three, "helps": one}
        made = {**WORDS, **words, "submission": f"x{number}", "seen": "y", "go_on": "publish"}
        page = author.post("/suggestions/new", made)
        id = int(page.location.split("/")[2].split("-")[0])
        browser.post(f"/team/suggestions/{id}/take-up", {"owner": f"{line} a", "note": two})
        browser.post(f"/team/suggestions/{id}/answer", answered(note=three, owner=f"{line} a"))
        draft = db.session.scalars(select(AnswerDraft.id).order_by(AnswerDraft.id.desc())).first()
        site.browser(reader).post(f"/team/answers/{draft}/read", {"since": "1"})
        harmless(browser.get(f"/team/suggestions/{id}/answer"))
        browser.post(f"/team/answers/{draft}/publish")
        for path in (page.location, f"/suggestions/{id}/trail"):
            harmless(public.get(path))
        harmless(browser.get(f"/team/suggestions/{id}"))
        harmless(author.get(f"/suggestions/{id}/edit"))
        for format, check in CHECKS.items():
            check(public.get(f"/suggestions/{id}/outcome/feed.{format}").data)
    again = {"note": one, "owner": line, "posts": line}
    harmless(browser.post(f"/team/suggestions/{id}/answer", again, status=422))
    harmless(browser.post(f"/team/suggestions/{id}/merge", {"into": line, "note": two}, status=422))
    for path in ("/suggestions", "/answers", "/"):
        harmless(public.get(path))
    for path in ("/team/suggestions", "/team/log"):
        harmless(browser.get(path))
    harmless(author.get("/account/what-happened"))
    finish()
    assert all("\n" not in (mail["Subject"] or "") for mail in site.mail())


def fillings(samples: Iterable[str], most: int) -> list[str]:
    """All of them, one after the other, in texts of `most` letters at the most. No text ends in white space."""
    texts = [""]
    for sample in samples:
        if len(texts[-1]) + len(sample) > most:
            texts.append("")
        texts[-1] += f"{sample}\n\n"
    return [f"{text}a" for text in texts]


def harmless(page: Page) -> None:
    assert not page.select(
        "//main//script | //main//iframe | //main//img | //main//object | //main//style | //main//base"
    )
    for name in page.select("//main//@*"):
        assert not name.attrname.startswith("on") and name.attrname != "style", name.attrname
        if name.attrname in ("href", "action", "src"):
            assert not name.strip().lower().startswith(("javascript:", "data:", "vbscript:")), str(name)


# At once


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        return contextvars.Context().run(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(run, call) for call in calls]]


def sends(browser: Browser, path: str, fields: dict[str, str] | None = None) -> Callable[[], int]:
    data = {**(fields or {}), "csrf_token": browser.csrf_token()}
    return lambda: browser.client.post(path, data=data).status_code
