"""“We tried this”: what other schools say came of it, who hears of it, and what counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from forum.case_studies.models import CaseStudy, Trial
from forum.core.db import db
from forum.core.errors import Refused
from forum.discussion.models import Post, Revision, Thread
from forum.discussion.models.drafts import Draft
from tests.browser import Browser, Page, Site
from tests.factories import make_person, make_reply, make_study, make_trial, post_of

SAID = {
    "phase": "secondary",
    "school": "Fern Bank School",
    "school_type": "community",
    "school_size": "",
    "region": "london",
    "outcome": "not",
    "changed": "Once a *week* only",
    "saw": "Nobody wrote more than before",
    "disclosure": "named",
    "submission": "one",
    "since": "",
}


def address(study: CaseStudy) -> str:
    return f"/case-studies/{study.thread_id}/tried"


def url_of(study: CaseStudy) -> str:
    thread = db.session.get_one(Thread, study.thread_id)
    return f"/threads/{thread.id}-{thread.slug}"


def counts(study: CaseStudy) -> tuple[int, ...]:
    db.session.rollback()
    db.session.refresh(study)
    return (study.tried_count, study.tried_same, study.tried_partly, study.tried_not, study.tried_early)


def report_of(study: CaseStudy) -> Post:
    """The newest post of the study's thread."""
    last = db.session.scalar(select(func.max(Post.number)).where(Post.thread_id == study.thread_id))
    return post_of(study.opening().thread, last or 1)


def test_anyone_who_takes_part_says_what_came_of_it(site: Site) -> None:
    study, ben = make_study(), make_person("Ben Lee", phase="secondary")
    browser = site.browser(ben)
    assert address(study) in site.visitor().get(url_of(study)).select("//section[@id='tried']//a/@href")
    form = browser.get(address(study))
    assert form.select("//input[@name='phase'][@checked]/@value") == ["secondary"], "as their settings say"
    done = browser.post(address(study), SAID)
    read = browser.follow(browser.follow(done, status=302))
    post = report_of(study)
    assert "We tried this. It did not work for us." in post.source
    assert read.select("//article[@id='post-2']//em/text()") == ["week"]
    section = read.select("string(//section[@id='tried'])")
    for words in ("1 other school", "Did not work", "Fern Bank School", "Nobody wrote more", "Ben Lee"):
        assert words in section, words
    assert counts(study) == (1, 0, 0, 1, 0)


def test_the_page_shows_the_spread_by_phase_and_where_it_failed(site: Site) -> None:
    study = make_study(school="Larkhill")
    for phase, outcome, school in (
        ("primary", "same", ""),
        ("primary", "same", "Fern Bank"),
        ("primary", "partly", "fern bank"),
        ("secondary", "not", ""),
        ("secondary", "early", "LARKHILL"),
    ):
        make_trial(study, outcome=outcome, phase=phase, school=school)
    page = site.visitor().get(url_of(study))
    rows = [
        [cell.text_content() for cell in row.xpath("th|td")]
        for row in page.select("//section[@id='tried']//tbody/tr")
    ]
    assert rows == [
        ["Primary", "2", "1", "0", "0"],
        ["Secondary", "0", "0", "1", "1"],
        ["All", "2", "1", "1", "1"],
    ]
    section = page.select("string(//section[@id='tried'])")
    assert "3 other schools, and others in the same school" in section, (
        "a school that two people name is one school"
    )
    assert len(page.select("//ul[@class='setbacks']/li")) == 2
    assert counts(study) == (5, 2, 1, 1, 1)


def test_a_report_says_what_is_missing_and_keeps_what_is_there(site: Site) -> None:
    study, browser = make_study(), site.browser(make_person())
    page = browser.post(address(study), {**SAID, "outcome": "", "phase": ""}, status=422)
    assert "Select what came of it" in page.words and "Nobody wrote more" in page.text
    browser.post(address(study), {**SAID, "outcome": "splendid"}, status=422)
    page = browser.post(address(study), {**SAID, "saw": "x" * 8001}, status=422)
    assert "8,000 characters or fewer" in page.words
    page = browser.post(address(study), {**SAID, "disclosure": "role-only"}, status=422)
    assert "Leave the name of the school empty" in page.words
    browser.post(address(study), {**SAID, "disclosure": "role-only", "school": ""})
    read = site.visitor().get(url_of(study))
    assert "A teacher, primary" in read.select("string(//ul[@class='setbacks'])")


def test_one_person_has_one_report_and_changes_it(site: Site) -> None:
    study, ben = make_study(), make_person("Ben Lee")
    browser = site.browser(ben)
    browser.post(address(study), {**SAID, "outcome": "early"})
    assert "Change what you said of it" in browser.get(url_of(study)).words
    post = report_of(study)
    assert browser.get(f"/posts/{post.id}/edit", status=302).location == address(study)
    form = browser.get(address(study))
    assert form.select("//input[@name='outcome'][@checked]/@value") == ["early"]
    since = form.select("//input[@name='since']/@value")[0]
    browser.post(address(study), {**SAID, "outcome": "partly", "since": since})
    assert counts(study) == (1, 0, 1, 0, 0)
    assert db.session.scalar(select(func.count(Trial.id))) == 1
    assert db.session.scalar(select(Post.number).order_by(Post.id.desc())) == 2
    assert "too early" in db.session.scalars(select(Revision)).one().source, "what was said is kept"
    make_reply(study.opening().thread, ben, "An ordinary reply")
    assert browser.get(f"/posts/{report_of(study).id}/edit").select("//textarea[@name='body']")


def test_two_devices_that_change_one_report_are_told(site: Site) -> None:
    study, browser = make_study(), site.browser(make_person())
    browser.post(address(study), SAID)
    since = browser.get(address(study)).select("//input[@name='since']/@value")[0]
    browser.post(address(study), {**SAID, "saw": "From the desk", "since": since})
    page = browser.post(address(study), {**SAID, "saw": "From the phone", "since": since}, status=409)
    assert "desk" in page.select("string(//del)") and "From the phone" in page.text
    since = page.select("//input[@name='since']/@value")[0]
    browser.post(address(study), {**SAID, "saw": "From the phone", "since": since})
    assert "From the phone" in site.visitor().get(url_of(study)).words


def test_reporting_twice_makes_one(site: Site) -> None:
    study, ben = make_study(), make_person("Ben Lee")
    browsers = [site.browser(ben) for _ in range(4)]
    tokens = [browser.csrf_token() for browser in browsers]
    path, start = address(study), Barrier(4)

    def press(browser: Browser, token: str) -> str:
        start.wait()
        return browser.post(path, {**SAID, "csrf_token": token}).location

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(press, browsers, tokens))
    assert len(places) == 1
    assert counts(study)[0] == db.session.scalar(select(func.count(Trial.id))) == 1
    assert db.session.scalar(select(func.count(Post.id))) == 2


def test_reports_of_many_at_once_are_all_counted(site: Site) -> None:
    study = make_study()
    people = [make_person(f"Person {n}") for n in range(4)]
    browsers = [site.browser(person) for person in people]
    tokens = [browser.csrf_token() for browser in browsers]
    path, start = address(study), Barrier(4)

    def press(browser: Browser, token: str) -> None:
        start.wait()
        browser.post(path, {**SAID, "csrf_token": token})

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(press, browsers, tokens))
    assert counts(study) == (4, 0, 0, 4, 0)


def test_reports_count_while_their_posts_are_shown(site: Site) -> None:
    study, ben, team = make_study(), make_person("Ben Lee"), make_person(role="team")
    make_trial(study, ben, outcome="partly")
    for act, expected in (
        (lambda post: post.withdraw(ben), 0),
        (lambda post: post.bring_back(ben), 1),
        (lambda post: post.hide(team, "spam"), 0),
        (lambda post: post.publish(team), 1),
    ):
        act(report_of(study))
        site.commit()
        assert counts(study) == (expected, 0, expected, 0, 0)
        section = site.visitor().get(url_of(study)).select("string(//section[@id='tried'])")
        assert ("Worked in part" in section) is bool(expected)


def test_a_report_that_was_taken_back_makes_room_for_another(site: Site) -> None:
    study, ben = make_study(), make_person("Ben Lee")
    browser = site.browser(ben)
    browser.post(address(study), SAID)
    report_of(study).withdraw(ben)
    site.commit()
    assert not browser.get(address(study)).select("//input[@name='outcome'][@checked]")
    browser.post(address(study), {**SAID, "outcome": "same", "submission": "two"})
    assert counts(study) == (1, 1, 0, 0, 0)
    first = post_of(study.opening().thread, 2)
    first.bring_back(ben)
    site.commit()
    assert counts(study) == (1, 1, 0, 0, 0), "the older one is words in the thread, and counts no more"


def test_a_hidden_report_is_not_replaced_by_another(site: Site) -> None:
    study, ben = make_study(), make_person("Ben Lee")
    browser = site.browser(ben)
    browser.post(address(study), SAID)
    team = make_person(role="team")
    report_of(study).hide(team, "pupil")
    site.commit()
    page = browser.post(address(study), {**SAID, "submission": "two"}, status=422)
    assert "You can edit only your own posts" in page.words and "Nobody wrote more" in page.text
    assert counts(study)[0] == 0


def test_who_may_not_report_is_told_why_and_keeps_the_words(site: Site) -> None:
    ada = make_person("Ada Obi")
    study = make_study(ada)
    page = site.browser(ada).get(address(study), status=403)
    assert "your own case study" in page.words
    assert "We tried this" not in site.browser(ada).get(url_of(study)).words
    newcomer = site.browser(make_person(confirmed=False))
    page = newcomer.post(address(study), SAID, status=422)
    assert "Confirm your email address" in page.words and "Nobody wrote more" in page.text
    site.visitor().post(address(study), SAID, status=401)
    with pytest.raises(Refused):
        Trial.report(study, ada, SAID)
    study.opening().thread.lock(make_person(role="team"))
    site.commit()
    assert "locked" in site.browser(make_person()).get(address(study), status=403).words


def test_a_report_is_left_and_resumed(site: Site) -> None:
    study, ben = make_study(title="Talking first"), make_person(confirmed=False)
    desk, phone = site.browser(ben), site.browser(ben)
    half: dict[str, Any] = {**SAID, "outcome": "", "saw": "Half of a sen", "later": "yes"}
    assert desk.post(address(study), half).location == "/drafts"
    assert address(study) in phone.get("/drafts").select("//main//h2/a/@href")
    assert "Half of a sen" in phone.get(address(study)).text
    script = {"headers": {"Accept": "application/json"}}
    phone.post(address(study), {**half, "saw": "Half of a sentence"}, status=200, **script)
    assert "Half of a sentence" in desk.get(address(study)).text
    ben = db.session.merge(ben)
    ben.confirm()
    site.commit()
    desk.post(address(study), SAID)
    assert not db.session.scalar(select(func.count(Draft.id)))


def test_a_draft_of_a_change_does_not_hide_what_was_changed_since(site: Site) -> None:
    study, browser = make_study(), site.browser(make_person())
    browser.post(address(study), SAID)
    since = browser.get(address(study)).select("//input[@name='since']/@value")[0]
    browser.post(address(study), {**SAID, "saw": "Kept for later", "since": since, "later": "yes"})
    trial = db.session.scalars(select(Trial)).one()
    post = report_of(study)
    trial = db.session.scalars(Trial.of(post.author, study)).one()
    trial.revise(post.author, {**SAID, "saw": "From the phone"}, post.version)
    site.commit()
    form = browser.get(address(study))
    assert "Kept for later" in form.text
    kept = form.select("//input[@name='since']/@value")[0]
    page = browser.post(address(study), {**SAID, "saw": "Kept for later", "since": kept}, status=409)
    assert "phone" in page.select("string(//del)")


def test_more_setbacks_than_a_page_holds_are_counted(site: Site) -> None:
    study = make_study()
    for n in range(12):
        make_trial(study, make_person(f"Person {n}"), outcome="not")
    page = site.visitor().get(url_of(study))
    assert len(page.select("//ul[@class='setbacks']/li")) == 10
    assert "The newest of 12 reports" in page.words


# Who hears of it


def letters(site: Site, to: str) -> list[Any]:
    return [mail for mail in site.mail() if mail["To"] == to]


def test_the_author_is_told_once_of_each_school_that_tried_it(site: Site) -> None:
    study = make_study(make_person("Ada Obi", "ada@example.org"), title="Talking first")
    browser = site.browser(make_person("Ben Lee"))
    browser.post(address(study), SAID)
    told = letters(site, "ada@example.org")
    assert len(told) == 1 and "Talking first" in told[0]["Subject"]
    words = told[0].get_content()
    assert "It did not work for us." in words and f"/posts/{report_of(study).id}" in words
    assert "Ben Lee" not in words, "who said it is for the page to say, as they wish to be shown"
    browser.post(address(study), SAID)
    since = browser.get(address(study)).select("//input[@name='since']/@value")[0]
    browser.post(address(study), {**SAID, "outcome": "same", "since": since})
    assert len(letters(site, "ada@example.org")) == 1


def test_an_author_without_a_confirmed_address_is_not_written_to(site: Site) -> None:
    ada = make_person("Ada Obi", "ada@example.org")
    study = make_study(ada)
    ada = db.session.merge(ada)
    ada.confirmed_at = None
    site.commit()
    site.browser(make_person("Ben Lee")).post(address(study), SAID)
    assert not letters(site, "ada@example.org")


def test_of_a_report_that_waits_the_author_hears_when_it_is_let_out(site: Site) -> None:
    study = make_study(make_person("Ada Obi", "ada@example.org"))
    trial = make_trial(study, outcome="not")
    for state, heard in (("held", 0), ("published", 1), ("held", 1), ("published", 1)):
        post = db.session.get_one(Post, trial.post_id)
        post.publication = state
        db.session.flush()
        site.commit()
        assert counts(study)[0] == (state == "published")
        assert len(letters(site, "ada@example.org")) == heard


def test_a_page_of_a_report_shows_each_answer(site: Site) -> None:
    study = make_study()
    make_trial(study, school="", outcome="same")
    page: Page = site.visitor().get(url_of(study))
    text = page.select("string(//article[@id='post-2'])")
    assert "A school like ours (secondary)" in text and text.count("Not provided") == 2
